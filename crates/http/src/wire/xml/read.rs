//! Carriers: elements that are known by name in any case, whatever their order and namespace
//! (contract 6.3). Unknown elements are passed over, though not unchecked; none may come twice.

use std::borrow::Cow;

use webhook_domain::json::{Duplicates, SeenNames};

use super::chars;
use super::scan::{Scanner, Tag, Token};
use crate::wire::transcode::{JsonText, Known, SeenMembers, Shape, TranscodeError};

/// Makes JSON of a whole document, whose root is a carrier.
pub(super) fn transcode(text: &str) -> Result<Vec<u8>, TranscodeError> {
    document(text, Transcoder::carrier)
}

/// Makes JSON of a whole document, whose root is a dictionary of anything.
pub(super) fn transcode_dictionary(text: &str) -> Result<Vec<u8>, TranscodeError> {
    document(text, |reader| {
        reader.dictionary(None, Transcoder::any_entry)
    })
}

fn document<'a>(
    text: &'a str,
    read: impl FnOnce(&mut Transcoder<'a>) -> Result<(), TranscodeError>,
) -> Result<Vec<u8>, TranscodeError> {
    let mut reader = Transcoder {
        scan: Scanner::new(text),
        json: JsonText::with_capacity(text.len()),
        text: String::new(),
    };
    let root = reader.scan.root()?;
    if root.nil {
        reader.json.null();
        reader.nothing()?;
    } else {
        read(&mut reader)?;
    }
    reader.scan.finish()?;
    Ok(reader.json.into_bytes())
}

/// Writes JSON while it reads elements. Each method reads the rest of an element that was opened, up
/// to its end, and writes one value.
pub(super) struct Transcoder<'a> {
    pub(super) scan: Scanner<'a>,
    pub(super) json: JsonText,
    /// The text of the element that was read last, as it was meant.
    pub(super) text: String,
}

/// The unknown elements of one carrier so far.
pub(super) type Strangers = SeenNames<'static>;

pub(super) fn strangers() -> Strangers {
    SeenNames::new(Duplicates::AnyCase)
}

/// What is said of the second of two elements that count as the same.
pub(super) const TWICE: &str = "comes twice; case and namespace do not matter";

impl<'a> Transcoder<'a> {
    fn carrier(&mut self) -> Result<(), TranscodeError> {
        self.json.begin_object();
        let mut seen = SeenMembers::default();
        let mut strangers = strangers();
        while let Some(tag) = self.child()? {
            let Some(member) = Known::find(tag.name()) else {
                self.stranger(&mut strangers, &tag)?;
                continue;
            };
            let read = match seen.insert(member) {
                true => self.member(member, &tag),
                false => Err(self.scan.malformed(TWICE)),
            };
            read.map_err(|error| error.within(member.name))?;
        }
        self.json.end_object();
        Ok(())
    }

    fn member(&mut self, member: Known, tag: &Tag<'_>) -> Result<(), TranscodeError> {
        if member.shape == Shape::Ignored {
            return self.skip();
        }
        if tag.nil {
            self.json.name(member.name);
            self.json.null();
            return self.nothing();
        }
        if member.shape == Shape::Number {
            return self.number(member.name);
        }
        self.json.name(member.name);
        match member.shape {
            Shape::Text | Shape::Number | Shape::Ignored => self.text_value(),
            Shape::Texts => self.items(Self::text_value),
            Shape::Associates => self.items(Self::associate),
            Shape::TextDictionary => self.dictionary(None, Self::text_entry),
            Shape::AnyDictionary => self.dictionary(None, Self::any_entry),
            Shape::Carrier => self.carrier(),
        }
    }

    /// A member that is a number, as a text: the decoder reads both. An empty one is the default, which
    /// is what an absent one is too.
    fn number(&mut self, name: &str) -> Result<(), TranscodeError> {
        self.read_text()?;
        if !self.text.bytes().all(chars::is_space) {
            self.json.name(name);
            self.json.text(&self.text);
        }
        Ok(())
    }

    /// A list, whatever its items are called.
    fn items(
        &mut self,
        read: fn(&mut Self) -> Result<(), TranscodeError>,
    ) -> Result<(), TranscodeError> {
        self.json.begin_array();
        let mut index = 0;
        while let Some(tag) = self.child()? {
            let item = if tag.nil {
                self.json.null();
                self.nothing()
            } else {
                read(self)
            };
            item.map_err(|error| error.within_item(index))?;
            index += 1;
        }
        self.json.end_array();
        Ok(())
    }

    /// An MDOListItem (contract 3.2), of which nothing but the key counts.
    fn associate(&mut self) -> Result<(), TranscodeError> {
        const ID: &str = "Id";
        self.json.begin_object();
        let mut known = false;
        let mut strangers = strangers();
        while let Some(tag) = self.child()? {
            if !tag.name().eq_ignore_ascii_case(ID) {
                self.stranger(&mut strangers, &tag)?;
            } else if std::mem::replace(&mut known, true) {
                return Err(self.scan.malformed(TWICE).within(ID));
            } else {
                self.number(ID).map_err(|error| error.within(ID))?;
            }
        }
        self.json.end_object();
        Ok(())
    }

    /// The text inside, as a value.
    pub(super) fn text_value(&mut self) -> Result<(), TranscodeError> {
        self.read_text()?;
        self.json.text(&self.text);
        Ok(())
    }

    /// Reads the text inside and keeps it. Escapes are undone once the text is whole.
    pub(super) fn read_text(&mut self) -> Result<(), TranscodeError> {
        self.text.clear();
        loop {
            match self.scan.next()? {
                Token::Text(text) => self.text.push_str(&text),
                Token::Char(c) => self.text.push(c),
                Token::Close => break,
                Token::Open(_) => {
                    return Err(self.scan.malformed("has elements where it needs a text"));
                }
            }
        }
        self.unescape();
        Ok(())
    }

    pub(super) fn unescape(&mut self) {
        if let Cow::Owned(plain) = chars::unescaped(&self.text) {
            self.text = plain;
        }
    }

    /// The next element inside; `None` when there is no more.
    pub(super) fn child(&mut self) -> Result<Option<Tag<'a>>, TranscodeError> {
        loop {
            match self.scan.next()? {
                Token::Open(tag) => return Ok(Some(tag)),
                Token::Close => return Ok(None),
                Token::Text(text) if text.bytes().all(chars::is_space) => {}
                Token::Char(' ' | '\t' | '\r' | '\n') => {}
                Token::Text(_) | Token::Char(_) => {
                    return Err(self.scan.malformed("has text where it needs elements"));
                }
            }
        }
    }

    /// The inside of an element that is nil.
    pub(super) fn nothing(&mut self) -> Result<(), TranscodeError> {
        match self.child()? {
            None => Ok(()),
            Some(_) => Err(self.scan.malformed("is nil and has elements")),
        }
    }

    /// An element that is not known: it counts for nothing, but only once.
    pub(super) fn stranger(
        &mut self,
        strangers: &mut Strangers,
        tag: &Tag<'_>,
    ) -> Result<(), TranscodeError> {
        let name = tag.name();
        if strangers.insert(Cow::Owned(name.to_owned())).is_err() {
            return Err(self.scan.malformed(TWICE).within(name));
        }
        self.skip().map_err(|error| error.within(name))
    }

    /// Passes over everything inside.
    fn skip(&mut self) -> Result<(), TranscodeError> {
        let mut open = 1_usize;
        while open > 0 {
            match self.scan.next()? {
                Token::Open(_) => open += 1,
                Token::Close => open -= 1,
                Token::Text(_) | Token::Char(_) => {}
            }
        }
        Ok(())
    }
}
