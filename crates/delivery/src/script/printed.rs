//! What a script printed, as much of it as is kept.

use webhook_domain::delivery::MAX_MESSAGE_LEN;

/// The beginning of everything that was printed.
#[derive(Debug, Default)]
pub(super) struct Printed {
    text: String,
    units: usize,
}

impl Printed {
    /// Adds what fits.
    pub(super) fn add(&mut self, text: &str) {
        for c in text.chars() {
            let units = self.units + c.len_utf16();
            if units > MAX_MESSAGE_LEN {
                self.units = MAX_MESSAGE_LEN;
                return;
            }
            self.units = units;
            self.text.push(c);
        }
    }

    /// What was added.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// The beginning of a text that takes at most so many UTF-16 units.
pub(super) fn first_units(text: String) -> String {
    let mut printed = Printed::default();
    printed.add(&text);
    printed.into_text()
}

/// The beginning of a text that takes at most so many bytes.
pub(super) fn first_bytes(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_dropped_and_so_is_what_follows_it() {
        let mut printed = Printed::default();
        printed.add(&"x".repeat(MAX_MESSAGE_LEN - 1));
        printed.add("😀");
        printed.add("y");
        assert_eq!(printed.into_text(), "x".repeat(MAX_MESSAGE_LEN - 1));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(first_bytes("aø", 2), "a");
        assert_eq!(first_bytes("aø", 3), "aø");
        assert_eq!(first_bytes("aø", 9), "aø");
    }
}
