//! What is inside of markup: attributes, the XML declaration and references.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart};

use super::scan::{MAX_ATTRIBUTES, Scanner};
use super::{chars, charset};
use crate::wire::decode::Excerpt;
use crate::wire::transcode::{TranscodeError, TranscodeErrorKind};

impl Scanner<'_> {
    /// Checks the attributes; answers whether the element is nil and which type it says it has.
    pub(super) fn attributes(
        &mut self,
        start: &BytesStart<'_>,
    ) -> Result<(bool, Option<String>), TranscodeError> {
        let mut nil = false;
        let mut of_type = None;
        for (index, attribute) in start.attributes().enumerate() {
            if index == MAX_ATTRIBUTES {
                let message = format!("has an element with more than {MAX_ATTRIBUTES} attributes");
                return Err(self.refuse(TranscodeErrorKind::XmlNodes, &message));
            }
            self.count()?;
            let attribute = attribute.map_err(|error| self.syntax(&error.into()))?;
            let name: &str = attribute.key.as_ref();
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| self.syntax(&error))?;
            if !chars::is_name(name) || attribute.value.contains('<') {
                return Err(self.malformed("is not well-formed XML: an attribute is not valid"));
            }
            if let Some(c) = chars::first_illegal(&value) {
                return Err(self.illegal(c));
            }
            // A declaration of a prefix may look like one of ours.
            match chars::local(name) {
                _ if name.starts_with("xmlns:") => {}
                "nil" => nil = matches!(value.trim(), "true" | "1"),
                "type" => of_type = Some(chars::local(value.trim()).to_owned()),
                _ => {}
            }
        }
        Ok((nil, of_type))
    }

    pub(super) fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), TranscodeError> {
        let version = declaration.version().map_err(|error| self.syntax(&error))?;
        if version != "1.0" {
            return Err(self.malformed("is not XML 1.0"));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(Ok(_)) => Err(charset::unsupported(
                "says that it is in another encoding than UTF-8, which is all that is read",
            )),
            Some(Err(error)) => Err(self.syntax(&error.into())),
        }
    }

    pub(super) fn character(&self, reference: &BytesRef<'_>) -> Result<char, TranscodeError> {
        if let Some(c) = reference
            .resolve_char_ref()
            .map_err(|error| self.syntax(&error))?
        {
            return if chars::is_legal(c) {
                Ok(c)
            } else {
                Err(self.illegal(c))
            };
        }
        let entity = resolve_xml_entity(reference).and_then(|text| text.chars().next());
        entity.ok_or_else(|| {
            let name = Excerpt(reference);
            self.malformed(&format!(
                "has the entity '{name}'; only those of XML itself are allowed"
            ))
        })
    }
}
