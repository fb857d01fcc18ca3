//! Mail addresses outside of a save: the same grammar for an associate's address and for rows that
//! somebody else wrote, and the domains that an installation may write to (threats H1, H3, H6).

use super::shape;

/// Judges a mail address as `ErrorEmails` are judged.
///
/// # Errors
/// What is wrong with it, as a clause that follows the name of where it stands.
pub fn check_mail_address(address: &str) -> Result<(), String> {
    shape::check_email(address).map_err(|fault| fault.message.unwrap_or(fault.code).into_owned())
}

/// The domains that mail may go to; the default is every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailDomains(Option<Vec<String>>);

impl MailDomains {
    /// Only these, each as it stands behind the `@`. None at all allows every domain.
    pub fn only(domains: impl IntoIterator<Item = String>) -> Self {
        let domains: Vec<_> = domains
            .into_iter()
            .map(|domain| domain.to_ascii_lowercase())
            .collect();
        Self((!domains.is_empty()).then_some(domains))
    }

    /// Whether mail may go to this address, compared without regard to case. A domain does not stand
    /// for those below it.
    #[must_use]
    pub fn allow(&self, address: &str) -> bool {
        let Some(domains) = &self.0 else {
            return true;
        };
        address
            .rsplit_once('@')
            .is_some_and(|(_, domain)| domains.contains(&domain.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h6_only_domains_of_the_list_are_allowed_and_without_a_list_all_are() {
        assert!(MailDomains::default().allow("a@anywhere.example"));
        assert!(MailDomains::only([]).allow("a@anywhere.example"));
        let domains = MailDomains::only(["Example.com".to_owned()]);
        for (address, allowed) in [
            ("a@example.com", true),
            ("a@EXAMPLE.COM", true),
            ("a@sub.example.com", false),
            ("a@badexample.com", false),
            ("a@example.com.evil.example", false),
            ("example.com", false),
            ("a@example.com@evil.example", false),
        ] {
            assert_eq!(domains.allow(address), allowed, "{address}");
        }
    }

    #[test]
    fn h1_an_address_is_judged_as_at_a_save() {
        assert_eq!(check_mail_address("kari@example.com"), Ok(()));
        for bad in [
            "",
            "kari",
            "a@b.c\r\nBcc: x@y.z",
            "-x@example.com",
            "a@[127.0.0.1]",
            "a@b",
        ] {
            assert!(check_mail_address(bad).is_err(), "{bad:?}");
        }
        let told = check_mail_address("kari").unwrap_err();
        assert_eq!(told, "'kari' is not a plausible mail address");
    }
}
