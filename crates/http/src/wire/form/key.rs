//! Keys of a form: the names and numbers that lead to a value (contract 6.4).

use crate::wire::transcode::{Known, TranscodeError, TranscodeErrorKind};

/// The names and numbers in a key: `Headers[0].Key` has three. `None` when the first is no member of
/// a request, so that nothing depends on the rest.
pub(super) fn path(key: &str, max_depth: usize) -> Result<Option<Vec<&str>>, TranscodeError> {
    let (base, mut rest) = key.split_at(key.find(['[', '.']).unwrap_or(key.len()));
    let known = Known::find(base);
    let mut path = vec![base];
    while !rest.is_empty() {
        let Some((part, after)) = part(rest) else {
            let malformed = TranscodeError::new(TranscodeErrorKind::Malformed, UNREADABLE);
            return known.map_or(Ok(None), |known| Err(malformed.within(known.name)));
        };
        path.extend(part);
        if path.len() > max_depth {
            return Err(super::over(&format!(
                "has a key of more than {max_depth} parts"
            )));
        }
        rest = after;
    }
    Ok(known.map(|_| path))
}

/// What is said of a key that is not made of names in brackets and after dots.
const UNREADABLE: &str =
    "has a key with a bracket that is not closed, or without a name after a dot";

/// The next part of a key, and what comes after it. Empty brackets are no part.
fn part(rest: &str) -> Option<(Option<&str>, &str)> {
    if let Some(inside) = rest.strip_prefix('[') {
        let (part, after) = inside.split_once(']')?;
        return Some(((!part.is_empty()).then_some(part), after));
    }
    let name = rest.strip_prefix('.')?;
    let (part, after) = name.split_at(name.find(['[', '.']).unwrap_or(name.len()));
    (!part.is_empty()).then_some((Some(part), after))
}

/// The number of an item, if the part of a key is one.
pub(super) fn index(part: &str) -> Option<u32> {
    let digits = part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| part.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(key: &str) -> Vec<&str> {
        path(key, 4).unwrap().unwrap()
    }

    #[test]
    fn brackets_and_dots_say_the_same() {
        assert_eq!(parts("Name"), ["Name"]);
        assert_eq!(parts("Events[]"), ["Events"]);
        assert_eq!(parts("events[12]"), ["events", "12"]);
        assert_eq!(parts("Headers[X-Key]"), ["Headers", "X-Key"]);
        assert_eq!(parts("Headers.X-Key"), ["Headers", "X-Key"]);
        assert_eq!(parts("Headers[0].Key"), ["Headers", "0", "Key"]);
        assert_eq!(parts("Headers[0][Key]"), ["Headers", "0", "Key"]);
        assert_eq!(
            parts("Webhook.Headers[][0].Key"),
            ["Webhook", "Headers", "0", "Key"]
        );
        assert_eq!(parts("Properties[a.b c[]"), ["Properties", "a.b c["]);
    }

    #[test]
    fn a_key_that_cannot_be_read_is_refused_where_the_member_is_known() {
        for key in [
            "Events[0",
            "Events]0[",
            "Events.",
            "Headers..a",
            "Headers[a]b",
            "Headers[a].",
            "Name[x]]",
        ] {
            let read = path(key, 4);
            if key == "Events]0[" {
                assert_eq!(read, Ok(None), "another name altogether");
            } else {
                let error = read.unwrap_err();
                assert_eq!(error.kind, TranscodeErrorKind::Malformed, "{key}");
                assert!(!error.error.path.is_empty(), "{key}");
            }
            assert_eq!(path(&format!("x{key}"), 4), Ok(None), "{key}");
        }
    }

    #[test]
    fn five_parts_are_too_many_whatever_they_are() {
        assert_eq!(parts("Webhook[a][b][c]").len(), 4);
        for key in [
            "Webhook[a][b][c][d]",
            "x.a.b.c.d",
            "[a][b][c][d]",
            "x[a][b][c][d][[[[",
        ] {
            assert_eq!(
                path(key, 4).unwrap_err().kind,
                TranscodeErrorKind::FormLimits,
                "{key}"
            );
        }
    }

    #[test]
    fn an_index_has_digits_and_not_too_many() {
        for (part, number) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("999999999", Some(999_999_999)),
            ("007", Some(7)),
        ] {
            assert_eq!(index(part), number);
        }
        for part in ["", "-1", "+1", "1000000000", "a", "1a", "\u{661}"] {
            assert_eq!(index(part), None, "{part}");
        }
    }
}
