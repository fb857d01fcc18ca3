//! Rust source with comments and the content of literals blanked, so that the checks do not trip
//! over words in prose.
//!
//! Knows just enough of the syntax for that: comments (nested ones too), strings with escapes, raw
//! strings, characters and lifetimes. Must keep every line break and every byte offset.

use std::ops::Range;

/// Replaces each byte of a comment or of the inside of a literal by a blank. Line breaks and byte
/// offsets stay what they were.
pub(crate) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let Some(prose) = prose_at(text, at) else {
            at += 1;
            continue;
        };
        code.push_str(&text[code.len()..prose.blank.start]);
        let blanks = text[prose.blank]
            .bytes()
            .map(|b| if b == b'\n' { '\n' } else { ' ' });
        code.extend(blanks);
        at = prose.resume;
    }
    code.push_str(&text[code.len()..]);
    code
}

/// A comment or literal: what to blank of it, and where code goes on.
struct Prose {
    blank: Range<usize>,
    resume: usize,
}

fn prose_at(text: &str, at: usize) -> Option<Prose> {
    let rest = &text.as_bytes()[at..];
    match rest {
        [b'/', b'/', ..] => Some(whole(at, line_end(text, at))),
        [b'/', b'*', ..] => Some(whole(at, block_comment_end(text, at))),
        [b'"', ..] => Some(quoted(at + 1, string_end(text, at + 1))),
        [b'r', ..] if starts_a_literal(text, at) => raw_string(text, at),
        [b'\'', ..] => character_end(text, at + 1).map(|end| quoted(at + 1, end)),
        _ => None,
    }
}

fn whole(start: usize, end: usize) -> Prose {
    Prose {
        blank: start..end,
        resume: end,
    }
}

/// The inside of a literal; its closing quote stays.
fn quoted(start: usize, end: usize) -> Prose {
    Prose {
        blank: start..end,
        resume: end + 1,
    }
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |length| at + length)
}

fn block_comment_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Where the closing quote of a string with escapes stands.
fn string_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at,
            _ => at += 1,
        }
    }
    text.len()
}

/// Whether the `r` at this place begins a literal, alone or after `b` or `c`, instead of going on
/// with a name.
fn starts_a_literal(text: &str, at: usize) -> bool {
    let before = text[..at].strip_suffix(['b', 'c']).unwrap_or(&text[..at]);
    !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn raw_string(text: &str, at: usize) -> Option<Prose> {
    let after = &text[at + 1..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !after[hashes..].starts_with('"') {
        // A raw name such as `r#type`.
        return None;
    }
    let start = at + 1 + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let end = text[start..]
        .find(&closing)
        .map_or(text.len(), |length| start + length);
    Some(quoted(start, end))
}

/// Where the closing quote of a character stands; `None` when the quote opens a lifetime.
fn character_end(text: &str, start: usize) -> Option<usize> {
    let mut characters = text[start..].char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next()?;
        return characters
            .find(|&(_, c)| c == '\'')
            .map(|(length, _)| start + length);
    }
    let (length, second) = characters.next()?;
    (second == '\'').then_some(start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_without_comments_or_literals_stays_as_it_is() {
        let code = "fn go<'a>(x: &'a str) -> r#type { x.len() / 2 }\n";
        assert_eq!(code_only(code), code);
    }

    #[test]
    fn comments_are_blanked_to_the_end_of_the_line_and_nested_ones_whole() {
        assert_eq!(code_only("a // b\nc"), "a     \nc");
        assert_eq!(
            code_only("a /* b /* c\n*/ d */ e"),
            "a          \n        e"
        );
        assert_eq!(code_only("//! async\nasync"), "         \nasync");
    }

    #[test]
    fn strings_are_blanked_inside_whatever_they_escape() {
        assert_eq!(code_only(r#"f("a\"b", c)"#), r#"f("    ", c)"#);
        assert_eq!(code_only(r#"f("\\", c)"#), r#"f("  ", c)"#);
        assert_eq!(
            code_only("f(\"// no comment\") // one"),
            "f(\"             \")       "
        );
    }

    #[test]
    fn raw_strings_end_only_at_their_own_hashes() {
        assert_eq!(code_only(r###"f(r#"a"b"#, c)"###), r###"f(r#"   "#, c)"###);
        assert_eq!(code_only(r###"f(br"\", c)"###), r###"f(br" ", c)"###);
        assert_eq!(code_only(r###"for"a""###), r###"for" ""###);
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            code_only(r#"['"', '\'', 'x', 'é'] "a" 'b: loop"#),
            r#"[' ', '  ', ' ', '  '] " " 'b: loop"#
        );
    }

    #[test]
    fn lines_and_offsets_survive_letters_of_several_bytes() {
        let text = "// ärger\n\"größe\" + go()";
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.find("go"), text.find("go"));
        assert_eq!(code.lines().count(), 2);
    }

    #[test]
    fn what_is_never_closed_is_blanked_to_the_end() {
        assert_eq!(code_only("a \"b"), "a \" ");
        assert_eq!(code_only("a /* b"), "a     ");
        assert_eq!(code_only("a r#\"b"), "a r#\" ");
    }
}
