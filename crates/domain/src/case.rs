//! Comparing names of people's choosing without regard to case, the same way everywhere.

use std::borrow::Cow;

/// Whether both texts are the same but for case.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars()
        .flat_map(char::to_lowercase)
        .eq(b.chars().flat_map(char::to_lowercase))
}

/// The text in lower case, for use as a key: character by character, as [`same`] compares;
/// `str::to_lowercase` looks at the neighbours.
#[must_use]
pub fn fold<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if text
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase())
    {
        text
    } else {
        Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
    }
}
