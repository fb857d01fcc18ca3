//! Why a body was refused, for the caller: what is wrong and where. No more of the body is quoted than
//! it takes to find the place.

use std::fmt::{self, Write};
use std::str::Utf8Error;

use serde::de::Error;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use webhook_domain::json::JsonError;

/// A body that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong, as a clause that follows the path in a sentence.
    pub message: String,
    /// Where: `NotifyVia`, `Events[2]`, `Headers.X-Key`; empty for the body as a whole.
    pub path: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() {
            "the body"
        } else {
            &self.path
        };
        write!(f, "{place} {}", self.message)
    }
}

impl std::error::Error for DecodeError {}

/// What is said of the second of two members that count as the same.
pub(super) const TWICE: &str = "comes twice; case does not matter";

impl DecodeError {
    pub(super) fn not_utf8(error: Utf8Error) -> Self {
        let message = format!("is not UTF-8 (byte {})", error.valid_up_to() + 1);
        Self {
            message,
            path: String::new(),
        }
    }

    /// Joins what is known of one failed pass: where it failed, what a checker found, and the error of
    /// the reader, which knows line and column.
    pub(super) fn new(
        path: Option<&Path>,
        wire_name: fn(&str) -> Option<&'static str>,
        fault: Option<JsonError>,
        error: &serde_json::Error,
    ) -> Self {
        let mut place = Place::default();
        for segment in path.into_iter().flatten() {
            match segment {
                Segment::Seq { index } => place.enter_index(*index),
                Segment::Map { key } if place.0.is_empty() => {
                    place.enter_member(wire_name(key).unwrap_or(key));
                }
                Segment::Map { key } => place.enter_member(key),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let mut message = match fault {
            Some(JsonError::Duplicate(name)) => {
                place.enter_member(&name);
                TWICE.to_owned()
            }
            Some(fault) => fault.to_string(),
            None => reason(error),
        };
        if error.line() > 0 {
            let (line, column) = (error.line(), error.column());
            message.push_str(&format!(" (line {line}, column {column})"));
        }
        Self {
            message,
            path: Excerpt(&place.0).to_string(),
        }
    }
}

/// The text of an error without its line and column.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&position).unwrap_or(&text);
    match error.classify() {
        Category::Data => text.to_owned(),
        Category::Syntax | Category::Eof | Category::Io => format!("is not valid JSON: {text}"),
    }
}

/// A path that grows from the root.
#[derive(Default)]
struct Place(String);

impl Place {
    fn enter_member(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(name);
    }

    fn enter_index(&mut self, index: usize) {
        self.0.push_str(&format!("[{index}]"));
    }
}

/// Text of the caller that is shown to it: control characters escaped, and cut when it is long.
pub(in crate::wire) struct Excerpt<'a>(pub(in crate::wire) &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 80;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(SHOWN) {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        if chars.next().is_some() {
            f.write_char('…')
        } else {
            Ok(())
        }
    }
}

/// The error of a value that is not what its member can have.
pub(super) fn unwanted<E: Error>(wanted: &str, kind: &str) -> E {
    E::custom(format_args!("{wanted}, not {kind}"))
}

/// The error of a text that means nothing to its member.
pub(super) fn unwanted_text<E: Error>(wanted: &str, text: &str) -> E {
    E::custom(format_args!("{wanted}, not '{}'", Excerpt(text)))
}
