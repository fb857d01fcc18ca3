//! Texts as far as an attempt keeps them.

use webhook_domain::delivery::MAX_MESSAGE_LEN;

/// The beginning of everything that is added, at most [`MAX_MESSAGE_LEN`] UTF-16 units. What does not fit
/// is dropped, and so is what follows it.
#[derive(Debug)]
pub(crate) struct Kept {
    text: String,
    left: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            text: String::with_capacity(256),
            left: MAX_MESSAGE_LEN,
        }
    }
}

impl Kept {
    /// Adds what fits.
    pub(crate) fn push(&mut self, more: &str) {
        if more.is_ascii() {
            let more = &more[..more.len().min(self.left)];
            self.text.push_str(more);
            self.left -= more.len();
            return;
        }
        for c in more.chars() {
            let Some(left) = self.left.checked_sub(c.len_utf16()) else {
                self.left = 0;
                return;
            };
            self.left = left;
            self.text.push(c);
        }
    }

    /// What was added.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// The beginning of a text, at most [`MAX_MESSAGE_LEN`] UTF-16 units.
pub(crate) fn first_units(text: &str) -> String {
    let mut kept = Kept::default();
    kept.push(text);
    kept.into_text()
}

/// The beginning of a text that takes at most so many bytes.
pub(crate) fn first_bytes(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_dropped_and_so_is_what_follows_it() {
        let mut kept = Kept::default();
        kept.push(&"x".repeat(MAX_MESSAGE_LEN - 1));
        kept.push("😀");
        kept.push("y");
        assert_eq!(kept.into_text(), "x".repeat(MAX_MESSAGE_LEN - 1));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(first_bytes("aø", 2), "a");
        assert_eq!(first_bytes("aø", 3), "aø");
        assert_eq!(first_bytes("aø", 9), "aø");
    }
}
