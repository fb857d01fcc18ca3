//! The tokens of a document, each checked before anybody reads it: what quick-xml lets pass and we do
//! not is refused here, in what is read and in what is ignored alike (threats C1 to C6, C8, C10).
//! Limits count nodes, so that a body costs no more than its first nodes once it is refused.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::chars;
use crate::wire::decode::Excerpt;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};

/// How deep elements may nest; the root is the first level.
pub(super) const MAX_DEPTH: usize = 32;
/// How many attributes one element may have.
pub(super) const MAX_ATTRIBUTES: usize = 32;
/// How many elements, attributes, comments and CDATA sections a document may have together.
pub(super) const MAX_NODES: usize = 10_000;

/// A piece of a document, inside its root.
#[derive(Debug)]
pub(super) enum Token<'a> {
    /// An element begins.
    Open(Tag<'a>),
    /// Text, with line ends as XML wants them.
    Text(Cow<'a, str>),
    /// A character that was written as a reference.
    Char(char),
    /// The innermost element ends.
    Close,
}

/// The beginning of an element.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    start: BytesStart<'a>,
    /// Whether the element stands for null.
    pub(super) nil: bool,
    /// The type that the element says it has, without its prefix.
    pub(super) of_type: Option<String>,
}

impl Tag<'_> {
    /// The name without its prefix. Namespaces count for nothing (contract 6.3).
    pub(super) fn name(&self) -> &str {
        chars::local(self.start.name().into_inner())
    }
}

/// Reads a document token by token.
pub(super) struct Scanner<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where the current token begins.
    at: usize,
    depth: usize,
    nodes: usize,
    /// An element was opened that has no content; it closes next.
    empty: bool,
    /// The root was closed.
    closed: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Self {
            text,
            reader,
            at: 0,
            depth: 0,
            nodes: 0,
            empty: false,
            closed: false,
        }
    }

    /// How many nodes were seen.
    #[cfg(test)]
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// How many bytes were looked at.
    #[cfg(test)]
    pub(super) fn bytes_read(&self) -> u64 {
        self.reader.buffer_position()
    }

    /// The root element.
    pub(super) fn root(&mut self) -> Result<Tag<'a>, TranscodeError> {
        // A second byte order mark would be passed over by the reader.
        if self.text.starts_with('\u{feff}') {
            return Err(self.malformed("has text before its root element"));
        }
        match self.token()? {
            Some(Token::Open(tag)) => Ok(tag),
            _ => Err(self.malformed("has no root element")),
        }
    }

    /// The next token inside the root.
    pub(super) fn next(&mut self) -> Result<Token<'a>, TranscodeError> {
        match self.token()? {
            Some(token) => Ok(token),
            None => Err(self.malformed("ends inside an element")),
        }
    }

    /// Reads on after the root, where nothing may come.
    pub(super) fn finish(&mut self) -> Result<(), TranscodeError> {
        match self.token()? {
            None => Ok(()),
            Some(_) => Err(self.trailing()),
        }
    }

    /// A refusal at the current token.
    pub(super) fn refuse(&self, kind: TranscodeErrorKind, message: &str) -> TranscodeError {
        self.refuse_at(self.at, kind, message)
    }

    /// A refusal of the current token for what it is.
    pub(super) fn malformed(&self, message: &str) -> TranscodeError {
        self.refuse(TranscodeErrorKind::Malformed, message)
    }

    fn trailing(&self) -> TranscodeError {
        self.refuse(
            TranscodeErrorKind::XmlTrailing,
            "goes on after the end of its root element",
        )
    }

    fn refuse_at(&self, at: usize, kind: TranscodeErrorKind, message: &str) -> TranscodeError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        TranscodeError::new(kind, format!("{message} (line {line}, column {column})"))
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, TranscodeError> {
        if std::mem::take(&mut self.empty) {
            return Ok(Some(self.close()));
        }
        loop {
            self.at = position(self.reader.buffer_position());
            let event = self
                .reader
                .read_event()
                .map_err(|error| self.syntax(&error))?;
            match event {
                Event::Start(start) => return self.open(start).map(Some),
                Event::Empty(start) => {
                    self.empty = true;
                    return self.open(start).map(Some);
                }
                Event::End(_) => return Ok(Some(self.close())),
                Event::Text(text) if self.depth > 0 => {
                    return Ok(Some(Token::Text(text.xml10_content())));
                }
                Event::Text(text) if text.bytes().all(chars::is_space) => {}
                Event::CData(section) if self.depth > 0 => {
                    self.count()?;
                    return Ok(Some(Token::Text(section.xml10_content())));
                }
                Event::GeneralRef(reference) if self.depth > 0 => {
                    return self.character(&reference).map(|c| Some(Token::Char(c)));
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if self.closed => {
                    return Err(self.trailing());
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                    return Err(self.malformed("has text before its root element"));
                }
                Event::Comment(_) => self.count()?,
                Event::Decl(declaration) if self.at == 0 => self.declaration(&declaration)?,
                Event::Decl(_) | Event::PI(_) => {
                    return Err(self.malformed("has a processing instruction"));
                }
                Event::DocType(_) => {
                    let kind = TranscodeErrorKind::XmlDoctype;
                    return Err(self.refuse(kind, "has a document type, which is not allowed"));
                }
                Event::Eof if self.depth > 0 => {
                    return Err(self.malformed("ends inside an element"));
                }
                Event::Eof => return Ok(None),
            }
        }
    }

    fn open(&mut self, start: BytesStart<'a>) -> Result<Token<'a>, TranscodeError> {
        if self.closed {
            return Err(self.trailing());
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("nests deeper than {MAX_DEPTH} levels");
            return Err(self.refuse(TranscodeErrorKind::XmlDepth, &message));
        }
        self.count()?;
        if !chars::is_name(start.name().as_ref()) {
            return Err(self.malformed("is not well-formed XML: an element has no valid name"));
        }
        let (nil, of_type) = self.attributes(&start)?;
        Ok(Token::Open(Tag {
            start,
            nil,
            of_type,
        }))
    }

    fn close(&mut self) -> Token<'a> {
        self.depth -= 1;
        self.closed = self.depth == 0;
        Token::Close
    }

    pub(super) fn count(&mut self) -> Result<(), TranscodeError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("has more than {MAX_NODES} nodes");
            return Err(self.refuse(TranscodeErrorKind::XmlNodes, &message));
        }
        Ok(())
    }

    pub(super) fn illegal(&self, c: char) -> TranscodeError {
        self.malformed(&format!(
            "has the character {}, which XML does not allow",
            chars::code(c)
        ))
    }

    pub(super) fn syntax(&self, error: &quick_xml::Error) -> TranscodeError {
        let at = match error {
            quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(_) => {
                position(self.reader.error_position())
            }
            _ => self.at,
        };
        let reason = error.to_string();
        let message = format!("is not well-formed XML: {}", Excerpt(&reason));
        self.refuse_at(
            at.min(self.text.len()),
            TranscodeErrorKind::Malformed,
            &message,
        )
    }
}

/// A position in a text that is in memory.
fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
