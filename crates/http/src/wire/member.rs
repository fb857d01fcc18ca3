//! The members of the Webhook carrier by their wire names (contract 2.1). Which of them a request may
//! set is said by the decoder.

/// Makes the enum and its table of names, so that neither can have a member that the other lacks.
macro_rules! members {
    ($($member:ident),+ $(,)?) => {
        /// A member of the Webhook carrier, in carrier order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Member {
            $($member),+
        }

        impl Member {
            /// Every member, in carrier order.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The name on the wire.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$member => stringify!($member)),+
                }
            }
        }
    };
}

members! {
    WebhookId,
    Name,
    Events,
    TargetUrl,
    Secret,
    State,
    Type,
    Headers,
    Properties,
    Registered,
    RegisteredAssociate,
    Updated,
    UpdatedAssociate,
    ErrorsEmail,
    ErrorEmails,
    ErrorAssociates,
    Description,
    NotifyVia,
    NotifyWhen,
    TotalCalls,
    TotalErrors,
    ConsecutiveErrors,
    LastError,
}

impl Member {
    /// The member with this name, in any case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|member| member.name().eq_ignore_ascii_case(name))
    }
}

/// Which members one object has had so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemberSet(u32);

impl MemberSet {
    /// Notes a member; false when it was there before.
    pub(crate) fn insert(&mut self, member: Member) -> bool {
        let bit = 1 << (member as u32);
        let new = self.0 & bit == 0;
        self.0 |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_three_members_each_found_in_any_case() {
        assert_eq!(Member::ALL.len(), 23);
        let mut seen = MemberSet::default();
        for member in Member::ALL.iter().copied() {
            let name = member.name();
            for spelling in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                assert_eq!(Member::find(&spelling), Some(member), "{spelling}");
            }
            assert!(seen.insert(member), "{name}");
            assert!(!seen.insert(member), "{name}");
        }
    }

    #[test]
    fn a_name_that_only_looks_like_one_is_no_member() {
        // The Kelvin sign and the long s fold to ASCII letters in some languages.
        for name in [
            "",
            "Nam",
            "Names",
            " Name",
            "Webhoo\u{212a}Id",
            "E\u{17f}vents",
            "_Links",
        ] {
            assert_eq!(Member::find(name), None, "{name}");
        }
    }
}
