//! Reading the `Authorization` header (contract 5.1). Schemes are compared without regard to case; one
//! blank follows; the rest of the line is the credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a caller shows.
#[derive(PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// A login name with its password, which may be empty.
    Basic {
        /// Login name.
        user: String,
        /// Password.
        password: String,
    },
    /// An API token.
    Bearer(&'a str),
}

/// Nothing longer than this is looked at.
const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

impl<'a> Credential<'a> {
    /// `None` when the header is of no scheme that opens anything here.
    pub(super) fn parse(header: &'a [u8]) -> Option<Self> {
        let header = str::from_utf8(header)
            .ok()
            .filter(|h| h.len() <= MAX_CREDENTIAL_BYTES)?;
        let (scheme, rest) = header.split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            let (user, password) = decoded.split_once(':')?;
            return (!user.is_empty()).then(|| Self::Basic {
                user: user.to_owned(),
                password: password.to_owned(),
            });
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            return (!rest.is_empty()).then_some(Self::Bearer(rest));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(header: &str) -> Option<(String, String)> {
        match Credential::parse(header.as_bytes()) {
            Some(Credential::Basic { user, password }) => Some((user, password)),
            _ => None,
        }
    }

    #[test]
    fn the_headers_of_the_sample_pages_are_read() {
        assert_eq!(
            basic("Basic dGplMDpUamUw"),
            Some(("tje0".into(), "Tje0".into()))
        );
        assert_eq!(
            basic("Basic QURNMDo="),
            Some(("ADM0".into(), String::new()))
        );
        assert_eq!(
            basic("bAsIc QURNMDo="),
            Some(("ADM0".into(), String::new()))
        );
    }

    #[test]
    fn a_password_may_hold_colons_and_any_character() {
        let header = format!("Basic {}", STANDARD.encode("kari:a:b ü"));
        assert_eq!(basic(&header), Some(("kari".into(), "a:b ü".into())));
    }

    #[test]
    fn the_rest_of_the_line_is_the_token() {
        assert!(Credential::parse(b"BEARER 8A:abc.def") == Some(Credential::Bearer("8A:abc.def")));
    }

    #[test]
    fn what_is_no_credential_opens_nothing() {
        let long = format!("Bearer {}", "a".repeat(9_000));
        let no_colon = format!("Basic {}", STANDARD.encode("kari"));
        let no_user = format!("Basic {}", STANDARD.encode(":secret"));
        let not_utf8 = format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe]));
        for header in [
            "",
            " ",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Bearer",
            "Bearer ",
            "Digest abc",
            "Negotiate abc",
            "dGplMDpUamUw",
            &long,
            &no_colon,
            &no_user,
            &not_utf8,
        ] {
            assert!(Credential::parse(header.as_bytes()).is_none(), "{header}");
        }
        assert!(Credential::parse(b"Bearer \xff").is_none());
    }
}
