//! Values that are encoded inside texts, in the forms of a culture: `[I:123]`, `[F:1.5]`,
//! `[D:01/31/2025 00:00:00.0000000]`, `[DT:01/31/2025 13:05:00.0000000]` (contract 7.2, rule 6).
//! It formats, and must not calculate: no digit of a number is lost, and no date moves to a zone.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::fmt::strtime;

use super::language::Tag;

/// How a culture writes numbers and dates.
#[derive(Debug)]
pub(super) struct Forms {
    cultures: &'static str,
    decimal: &'static str,
    date: &'static str,
    time: &'static str,
}

static FORMS: LazyLock<Vec<Forms>> = LazyLock::new(|| {
    let lines = include_str!("data/cultures.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines.filter_map(Forms::read).collect()
});

impl Forms {
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split(';');
        let mut next = || columns.next();
        Some(Self {
            cultures: next()?,
            decimal: next()?,
            date: next()?,
            time: next()?,
        })
    }

    /// The forms of a culture, or else those of its language; `None` when neither is known.
    pub(super) fn of(tag: Tag<'_>) -> Option<&'static Self> {
        let iso = tag.language.iso();
        let is_region = |culture: &str| {
            let region = culture
                .strip_prefix(iso)
                .and_then(|rest| rest.strip_prefix('-'));
            region.is_some_and(|region| region.eq_ignore_ascii_case(tag.region))
        };
        let with = |named: &dyn Fn(&str) -> bool| {
            FORMS
                .iter()
                .find(|forms| forms.cultures.split(' ').any(named))
        };
        with(&is_region).or_else(|| with(&|culture| culture == iso))
    }

    /// An encoded value, given without its brackets; `None` when it is none.
    pub(super) fn value(&self, encoded: &str) -> Option<String> {
        let (kind, value) = encoded.split_once(':')?;
        match kind {
            "I" => is_number(value, false).then(|| value.to_owned()),
            "F" => is_number(value, true).then(|| value.replace('.', self.decimal)),
            "D" => self.date(value, self.date),
            "DT" => self.date(value, &format!("{} {}", self.date, self.time)),
            _ => None,
        }
    }

    fn date(&self, value: &str, form: &str) -> Option<String> {
        let at = DateTime::strptime("%m/%d/%Y %H:%M:%S%.f", value).ok()?;
        strtime::format(form, at).ok()
    }
}

/// Whether a text is a number in the neutral culture: digits, behind a minus perhaps, and with a
/// fraction where one is allowed.
fn is_number(text: &str, fraction: bool) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, rest)) => fraction && digits(whole) && digits(rest),
        None => digits(text),
    }
}

#[cfg(test)]
pub(super) fn all() -> &'static [Forms] {
    &FORMS
}
