//! Multi-language text and bracketed references inside stored texts (contract 7.2, rules 2, 3 and
//! 6). It must not lose a character: what it does not understand stays as it was.

use std::borrow::Cow;

use super::language::Language;

/// Replaces every block `US:"Customer";NO:"Kunde";` by its text in the language, or by its first
/// text when it has none in that. The layout is strict: a quotation mark that belongs to no block,
/// or a block that touches a letter or a digit, leaves the whole text as it was.
pub(super) fn in_language<'a>(text: &'a str, language: &Language) -> Cow<'a, str> {
    if !text.contains('"') {
        return Cow::Borrowed(text);
    }
    translate(text, language).unwrap_or(Cow::Borrowed(text))
}

fn translate<'a>(text: &'a str, language: &Language) -> Option<Cow<'a, str>> {
    let mut done = String::new();
    let mut rest = text;
    while let Some(quote) = rest.find('"') {
        let start = quote.checked_sub(CODE_LEN)?;
        let (before, block) = (rest.get(..start)?, rest.get(start..)?);
        let stands_apart = match before.chars().next_back() {
            Some(neighbour) => !neighbour.is_alphanumeric(),
            // Between this block and the one that it follows there is no semicolon.
            None => rest.len() == text.len(),
        };
        if !stands_apart {
            return None;
        }
        let (chosen, after) = choose(block, language)?;
        if after.starts_with(char::is_alphanumeric) {
            return None;
        }
        if before.is_empty() && after.is_empty() && done.is_empty() {
            return Some(Cow::Borrowed(chosen));
        }
        done.push_str(before);
        done.push_str(chosen);
        rest = after;
    }
    done.push_str(rest);
    Some(Cow::Owned(done))
}

/// How long the code of an entry is, with its colon.
const CODE_LEN: usize = 3;

/// Reads the block that a text starts with: the text to show, and what follows the block.
fn choose<'a>(block: &'a str, language: &Language) -> Option<(&'a str, &'a str)> {
    let (code, first, mut rest) = entry(block)?;
    let mut best = (first, language.rank(code).unwrap_or(usize::MAX));
    while let Some(after) = rest.strip_prefix(';') {
        rest = after;
        if !starts_entry(rest) {
            break;
        }
        let (code, text, after) = entry(rest)?;
        if let Some(rank) = language.rank(code)
            && rank < best.1
        {
            best = (text, rank);
        }
        rest = after;
    }
    Some((best.0, rest))
}

/// The code and the text of the entry `LL:"text"` that a text starts with, and what follows.
fn entry(text: &str) -> Option<(&str, &str, &str)> {
    if !starts_entry(text) {
        return None;
    }
    let (value, after) = text.get(CODE_LEN + 1..)?.split_once('"')?;
    Some((text.get(..2)?, value, after))
}

fn starts_entry(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b':', b'"', ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

/// The longest that the inside of brackets may be to be looked at; names and values are shorter.
const LONGEST_BRACKET: usize = 80;

/// Replaces every `[inside]` for which the function has something by that, and leaves the others.
pub(super) fn without_brackets<'a>(
    text: Cow<'a, str>,
    replace: impl Fn(&str) -> Option<Cow<'static, str>>,
) -> Cow<'a, str> {
    let mut done: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(open) = text
        .get(at..)
        .and_then(|rest| rest.find('['))
        .map(|found| at + found)
    {
        let inside = open + 1;
        at = inside;
        let bytes = text.as_bytes().get(inside..).unwrap_or_default();
        let Some(len) = bytes
            .iter()
            .take(LONGEST_BRACKET)
            .position(|&byte| byte == b']')
        else {
            continue;
        };
        let Some(replacement) = text.get(inside..inside + len).and_then(&replace) else {
            continue;
        };
        at = inside + len + 1;
        if copied == 0 && open == 0 && at == text.len() {
            return replacement;
        }
        let done = done.get_or_insert_default();
        done.push_str(&text[copied..open]);
        done.push_str(&replacement);
        copied = at;
    }
    match done {
        None => text,
        Some(mut done) => {
            done.push_str(&text[copied..]);
            Cow::Owned(done)
        }
    }
}
