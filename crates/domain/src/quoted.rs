//! Values of a caller inside a sentence. A refusal must not become as long as the request that it
//! refuses, nor carry control characters into a log.

use std::fmt;

/// A value in quotes, with control characters escaped, cut when it is long.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// How many characters are shown.
const SHOWN: usize = 80;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self
            .0
            .chars()
            .take(SHOWN)
            .flat_map(char::escape_debug)
            .collect();
        let cut = if self.0.chars().nth(SHOWN).is_some() {
            "…"
        } else {
            ""
        };
        write!(f, "'{shown}{cut}'")
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn a_long_value_is_cut_and_control_characters_are_escaped() {
        assert_eq!(Quoted("a\r\nb\u{1b}[2J").to_string(), r"'a\r\nb\u{1b}[2J'");
        assert_eq!(
            Quoted(&"é".repeat(80)).to_string(),
            format!("'{}'", "é".repeat(80))
        );
        assert_eq!(
            Quoted(&"é".repeat(81)).to_string(),
            format!("'{}…'", "é".repeat(80))
        );
    }
}
