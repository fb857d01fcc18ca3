//! Sets of flags in their wire form: names with commas between them, `None` for the empty set
//! (contract 2.2). The sets themselves, and what they mean, are the domain's.

use std::fmt;

use serde::{Serialize, Serializer};
use webhook_domain::{NotifyVia, NotifyWhen};

/// A set of flags of the domain, as far as the wire has to know it.
pub(crate) trait FlagSet: Copy + 'static {
    /// The empty set.
    const NONE: Self;
    /// Each flag with its name, lowest first.
    const FLAGS: &'static [(Self, &'static str)];
    /// What a value of this set must be, as a clause.
    const WANTED: &'static str;

    /// The set that a number stands for.
    fn from_bits(bits: i64) -> Option<Self>;
    /// Whether this set has every flag of the other.
    fn contains(self, other: Self) -> bool;
    /// Both sets together.
    fn with(self, other: Self) -> Self;
}

macro_rules! flag_set {
    ($($set:ident: $wanted:literal;)+) => {$(
        impl FlagSet for $set {
            const NONE: Self = Self::NONE;
            const FLAGS: &'static [(Self, &'static str)] = Self::FLAGS;
            const WANTED: &'static str = $wanted;

            fn from_bits(bits: i64) -> Option<Self> {
                Self::from_bits(bits)
            }

            fn contains(self, other: Self) -> bool {
                self.contains(other)
            }

            fn with(self, other: Self) -> Self {
                self.with(other)
            }
        }
    )+};
}

flag_set! {
    NotifyVia: "must be None, or Email and InApp with a comma between them, or a number from 0 to 3";
    NotifyWhen: "must be None, or FirstFailure and Disabling with a comma between them, or a number from 0 to 3";
}

/// The name of the empty set.
const NONE: &str = "None";

/// The set that a text stands for: names in any case, or one number.
pub(crate) fn parse<F: FlagSet>(text: &str) -> Option<F> {
    if let Ok(bits) = text.trim().parse() {
        return F::from_bits(bits);
    }
    text.split(',')
        .map(str::trim)
        .try_fold(F::NONE, |set, name| {
            let named = F::FLAGS
                .iter()
                .find(|(_, own)| own.eq_ignore_ascii_case(name));
            match named {
                Some((flag, _)) => Some(set.with(*flag)),
                None => name.eq_ignore_ascii_case(NONE).then_some(set),
            }
        })
}

/// A set of flags that is written as its names, never as a number: the official client fails on one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlagNames<F>(pub(crate) F);

impl<F: FlagSet> fmt::Display for FlagNames<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut none = true;
        for (_, name) in F::FLAGS.iter().filter(|(flag, _)| self.0.contains(*flag)) {
            if !none {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
            none = false;
        }
        if none { f.write_str(NONE) } else { Ok(()) }
    }
}

impl<F: FlagSet> Serialize for FlagNames<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_its_names() {
        let text = |bits| FlagNames(NotifyWhen::from_bits(bits).unwrap()).to_string();
        assert_eq!(text(0), "None");
        assert_eq!(text(1), "FirstFailure");
        assert_eq!(text(2), "Disabling");
        assert_eq!(text(3), "FirstFailure, Disabling");
    }

    #[test]
    fn a_set_is_read_from_names_in_any_case_and_from_numbers() {
        for (text, bits) in [
            ("None", Some(0)),
            ("none", Some(0)),
            ("Email", Some(1)),
            ("EMAIL,inapp", Some(3)),
            (" InApp , Email ", Some(3)),
            ("Email, Email", Some(1)),
            ("None, InApp", Some(2)),
            ("0", Some(0)),
            (" 3 ", Some(3)),
            ("4", None),
            ("-1", None),
            ("99999999999999999999", None),
            ("", None),
            ("Email,", None),
            ("Email InApp", None),
            ("1,2", None),
            ("Fax", None),
        ] {
            assert_eq!(parse(text), bits.and_then(NotifyVia::from_bits), "{text:?}");
        }
    }
}
