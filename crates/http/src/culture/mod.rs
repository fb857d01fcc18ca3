//! How a reply is written for its reader: language, culture and time zone, as the headers of the
//! request ask (contract 7). It decides how things look; it must not change what is stored, and
//! nothing of it applies to what a request carries.
//!
//! Headers become a [`Culture`], once a request. What a reader without any of these headers gets
//! costs nothing: texts are borrowed as they are, and stamps are in the base zone.

mod extract;
mod language;
mod resources;
mod stamp;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod zone;

use std::borrow::Cow;

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName};
use webhook_domain::Timestamp;

use self::language::{Asked, Language};
pub use self::stamp::StampText;
use self::stamp::Suffix;
use self::values::Forms;
use self::zone::AskedZone;
pub use self::zone::{UnknownTimeZone, Zone};

static SO_LANGUAGE: HeaderName = HeaderName::from_static("so-language");
static SO_CULTURE: HeaderName = HeaderName::from_static("so-culture");
static SO_TIME_ZONE: HeaderName = HeaderName::from_static("so-timezone");

/// What the operator decides about how replies are written.
#[derive(Clone, Debug, Default)]
pub struct CultureSettings {
    /// The zone of stamps when a request names none. UTC unless set.
    pub base_zone: Zone,
    /// Whether Registered and Updated stay in UTC whatever zone is asked, as the original documents
    /// it, instead of moving with the zone (decision 28).
    pub strict_timezone: bool,
}

/// What the reader of a reply asked for. The default translates nothing and prints stamps in UTC,
/// with `Z`.
#[derive(Clone, Debug, Default)]
pub struct Culture {
    language: Option<Language>,
    forms: Option<&'static Forms>,
    /// The zone that stamps are printed in.
    clock: Zone,
    suffix: Suffix,
    /// Whether the request says `includeTZOffset`, which tags even a date that was never set.
    tags_unset: bool,
    /// The zone that the request made the reply use; `None` without the header.
    reply_zone: Option<Zone>,
}

impl Culture {
    /// What the headers of a request ask for. A language or a culture that is not known means no
    /// translation (decision 28).
    ///
    /// # Errors
    ///
    /// [`UnknownTimeZone`] when SO-TimeZone names something else than one zone; the request is then
    /// to be answered with 400.
    pub fn from_headers(
        headers: &HeaderMap,
        settings: &CultureSettings,
    ) -> Result<Self, UnknownTimeZone> {
        // SO-Language decides alone where it says anything (contract 7.2, rule 1).
        let tag = match language::asked(headers.get_all(&SO_LANGUAGE)) {
            Asked::Nothing => language::asked(headers.get_all(ACCEPT_LANGUAGE)).tag(),
            asked => asked.tag(),
        };
        // SO-Culture says nothing without a language (rule 6).
        let forms = tag.and_then(|tag| match language::asked(headers.get_all(&SO_CULTURE)) {
            Asked::Nothing => Forms::of(tag),
            asked => asked.tag().and_then(Forms::of),
        });
        let language = tag.map(|tag| tag.language);
        let asked = AskedZone::parse(headers.get_all(&SO_TIME_ZONE))?;
        Ok(Self {
            language,
            forms,
            ..Self::in_zone(asked, settings)
        })
    }

    /// The table of contract 7.3, for stamps.
    fn in_zone(asked: Option<AskedZone>, settings: &CultureSettings) -> Self {
        let base = &settings.base_zone;
        let (suffix, tags_unset) = match &asked {
            Some(AskedZone {
                with_offset: true, ..
            }) => (Suffix::Offset, true),
            Some(AskedZone { zone: Some(_), .. }) => (Suffix::Nothing, false),
            Some(AskedZone { zone: None, .. }) | None => (Suffix::Offset, false),
        };
        let reply_zone = asked.map(|asked| asked.zone.unwrap_or_else(|| base.clone()));
        let clock = match &reply_zone {
            _ if settings.strict_timezone => Zone::default(),
            Some(zone) => zone.clone(),
            None => base.clone(),
        };
        Self {
            clock,
            suffix,
            tags_unset,
            reply_zone,
            ..Self::default()
        }
    }

    /// A stored text as this reader sees it: multi-language text in the asked language, resource
    /// references as the texts behind them, encoded values in the forms of the culture (contract
    /// 7.2). Without a language, and where there is nothing to translate, it is the text itself.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.language {
            None => Cow::Borrowed(text),
            Some(language) => {
                let text = text::in_language(text, language);
                text::without_brackets(text, |name| match resources::find(name, language) {
                    Some(text) => Some(Cow::Borrowed(text)),
                    None => self
                        .forms
                        .and_then(|forms| forms.value(name))
                        .map(Cow::Owned),
                })
            }
        }
    }

    /// An instant as this reader sees it; `None` is the unset date of the original (contract 2.4).
    #[must_use]
    pub fn stamp(&self, at: Option<Timestamp>) -> StampText {
        match at {
            Some(at) => StampText::set(at, &self.clock, self.suffix),
            None => StampText::unset(self.tags_unset),
        }
    }

    /// What the reply's `SO-TimeZone` header says: the code of the zone that the reply uses, or its
    /// IANA name when it was asked by that. `None` when the request has no such header, and then the
    /// reply has none. It is always legal as the value of a header.
    #[must_use]
    pub fn reply_zone(&self) -> Option<&str> {
        self.reply_zone.as_ref().map(Zone::code)
    }
}
