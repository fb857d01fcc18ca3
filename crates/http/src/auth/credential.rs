//! Reading the `Authorization` header (contract 5.1). Schemes are compared without regard to case; one
//! blank follows; the rest of the line is the credential.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What an `Authorization` header holds.
#[derive(PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// A ticket (contract 5.2).
    Ticket(&'a str),
    /// A login name with its password, or a ticket in place of the name.
    Basic(Basic),
    /// An API token, or a token of a configured issuer.
    Bearer(&'a str),
}

/// The decoded text of the Basic scheme.
#[derive(PartialEq, Eq)]
pub(super) struct Basic(String);

/// Nothing longer than this is looked at.
const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

impl<'a> Credential<'a> {
    /// `None` when the header is of no scheme that opens anything here.
    pub(super) fn parse(header: &'a [u8]) -> Option<Self> {
        let header = str::from_utf8(header)
            .ok()
            .filter(|h| h.len() <= MAX_CREDENTIAL_BYTES)?;
        let (scheme, rest) = header.split_once(' ')?;
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty())?;
        let is = |name| scheme.eq_ignore_ascii_case(name);
        if is("basic") {
            let decoded = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            Some(Self::Basic(Basic(decoded)))
        } else if is("soticket") {
            Some(Self::Ticket(rest))
        } else if is("bearer") {
            Some(Self::Bearer(rest))
        } else {
            None
        }
    }
}

impl Basic {
    /// The user name that may be a ticket: one with a colon in it, and a blank password behind the
    /// last one (contract 5.1).
    pub(super) fn ticket(&self) -> Option<&str> {
        self.0.strip_suffix(':').filter(|user| user.contains(':'))
    }

    /// The login name and the password, at the first colon.
    pub(super) fn user_and_password(&self) -> Option<(&str, &str)> {
        let pair = self.0.split_once(':');
        pair.filter(|(user, _)| !user.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(header: &str) -> Option<(String, String)> {
        match Credential::parse(header.as_bytes()) {
            Some(Credential::Basic(basic)) => basic
                .user_and_password()
                .map(|(user, password)| (user.to_owned(), password.to_owned())),
            _ => None,
        }
    }

    fn as_ticket(decoded: &str) -> Option<String> {
        let header = format!("Basic {}", STANDARD.encode(decoded));
        match Credential::parse(header.as_bytes()) {
            Some(Credential::Basic(basic)) => basic.ticket().map(ToOwned::to_owned),
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
    fn a_user_name_with_a_colon_and_a_blank_password_may_be_a_ticket() {
        assert_eq!(as_ticket("7T:abc==:").as_deref(), Some("7T:abc=="));
        assert_eq!(as_ticket("a:b:c:").as_deref(), Some("a:b:c"));
        assert_eq!(as_ticket("::").as_deref(), Some(":"));
        for no_ticket in ["ADM0:", "kari:s3cret", "7T:abc==", ":", ""] {
            assert_eq!(as_ticket(no_ticket), None, "{no_ticket}");
        }
        // And if it is none, it is a user with a password that ends with a colon.
        let header = format!("Basic {}", STANDARD.encode("kari:a:"));
        assert_eq!(basic(&header), Some(("kari".into(), "a:".into())));
    }

    #[test]
    fn the_rest_of_the_line_is_the_token_in_any_case_of_the_scheme() {
        assert!(Credential::parse(b"BEARER 8A:abc.def") == Some(Credential::Bearer("8A:abc.def")));
        for scheme in ["SoTicket", "SOTicket", "SOTICKET", "soticket"] {
            let header = format!("{scheme} 7T:abc==");
            assert!(
                Credential::parse(header.as_bytes()) == Some(Credential::Ticket("7T:abc==")),
                "{scheme}"
            );
        }
    }

    #[test]
    fn what_is_no_credential_opens_nothing() {
        let long = format!("Bearer {}", "a".repeat(9_000));
        let no_colon = format!("Basic {}", STANDARD.encode("kari"));
        let no_user = format!("Basic {}", STANDARD.encode(":secret"));
        let not_utf8 = format!("Basic {}", STANDARD.encode([0xff, b':', 0xfe]));
        for header in ["Basic !!!", &no_colon, &no_user, &not_utf8] {
            assert_eq!(basic(header), None, "{header}");
        }
        for header in [
            "",
            " ",
            "Basic",
            "Basic ",
            "Bearer",
            "Bearer ",
            "SoTicket",
            "SoTicket ",
            "Digest abc",
            "Negotiate abc",
            "dGplMDpUamUw",
            &long,
        ] {
            assert!(Credential::parse(header.as_bytes()).is_none(), "{header}");
        }
        assert!(Credential::parse(b"Bearer \xff").is_none());
    }
}
