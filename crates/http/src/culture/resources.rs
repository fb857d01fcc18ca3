//! The texts behind resource references such as `[SR_MANDATORY_FIELD_1281]` (contract 7.2, rule 2).
//! The texts are data; a reference that the data does not know is answered as it is.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::language::Language;
use super::text;

/// Names with their texts in the form of multi-language text.
static RESOURCES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("data/resources.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).collect()
});

/// The text behind a reference, in the language or else in English.
pub(super) fn find(name: &str, language: &Language) -> Option<&'static str> {
    let (_, text) = RESOURCES.iter().find(|(known, _)| *known == name)?;
    match text::in_language(text, language) {
        Cow::Borrowed(text) => Some(text),
        // A text of the data is one block, and a single block is always borrowed.
        Cow::Owned(_) => None,
    }
}

#[cfg(test)]
pub(super) fn all() -> &'static [(&'static str, &'static str)] {
    &RESOURCES
}
