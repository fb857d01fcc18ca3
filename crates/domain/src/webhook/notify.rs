//! How and when people are told about failures (contract 2.2 and 10.5). Both are sets of flags.

macro_rules! flag_set {
    ($(#[$meta:meta])* $name:ident { $($(#[$flag_meta:meta])* $flag:ident = $bit:literal => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(u8);

        impl $name {
            /// The empty set, `None` on the wire.
            pub const NONE: Self = Self(0);
            $($(#[$flag_meta])* pub const $flag: Self = Self($bit);)+

            /// Each flag with its wire name, lowest first.
            pub const FLAGS: &'static [(Self, &'static str)] = &[$((Self::$flag, $text)),+];

            /// The set that these bits stand for; `None` when a bit has no meaning.
            #[must_use]
            pub fn from_bits(bits: i64) -> Option<Self> {
                const ALL: i64 = 0 $(| $bit)+;
                u8::try_from(bits).ok().filter(|_| bits & !ALL == 0).map(Self)
            }

            /// The bits.
            #[must_use]
            pub fn bits(self) -> u8 {
                self.0
            }

            /// Whether every flag of `other` is in this set.
            #[must_use]
            pub fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// This set and `other` together.
            #[must_use]
            pub fn with(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

flag_set! {
    /// The channels by which people are told.
    NotifyVia {
        /// A mail to the recipients.
        EMAIL = 1 => "Email",
        /// An alert in the application.
        IN_APP = 2 => "InApp",
    }
}

flag_set! {
    /// The moments at which people are told.
    NotifyWhen {
        /// The first failure after a success.
        FIRST_FAILURE = 1 => "FirstFailure",
        /// The move to `TooManyErrors`.
        DISABLING = 2 => "Disabling",
    }
}

#[cfg(test)]
mod tests {
    use super::NotifyVia;

    #[test]
    fn bits_without_a_meaning_are_refused() {
        assert_eq!(
            NotifyVia::from_bits(3),
            Some(NotifyVia::EMAIL.with(NotifyVia::IN_APP))
        );
        assert_eq!(NotifyVia::from_bits(0), Some(NotifyVia::NONE));
        for bits in [4, 7, -1, 256, i64::MAX, i64::MIN] {
            assert_eq!(NotifyVia::from_bits(bits), None, "{bits}");
        }
    }
}
