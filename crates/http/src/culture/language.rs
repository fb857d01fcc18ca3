//! Which language a reader asks for (contract 7.2): the two language headers, and the two families
//! of codes. It must not fail: what nobody understands asks for no translation.

use std::sync::LazyLock;

use actix_web::http::header::HeaderValue;

/// A language by its ISO code, with the codes of its texts.
#[derive(Debug)]
struct Row {
    iso: &'static str,
    /// Codes in multi-language text, the best first; the ISO code in capitals is the last.
    codes: Vec<String>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let rows = include_str!("data/languages.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    rows.flat_map(str::split_whitespace)
        .map(Row::read)
        .collect()
});

impl Row {
    fn read(row: &'static str) -> Self {
        let (iso, listed) = row.split_once(':').unwrap_or((row, ""));
        let listed = listed
            .split(',')
            .filter(|code| !code.is_empty())
            .map(str::to_owned);
        Self {
            iso,
            codes: listed.chain([iso.to_ascii_uppercase()]).collect(),
        }
    }
}

/// A language that texts can be had in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language(&'static Row);

impl Language {
    fn find(code: &str) -> Option<Self> {
        let by_iso = ROWS.iter().find(|row| row.iso.eq_ignore_ascii_case(code));
        by_iso
            .or_else(|| ROWS.iter().find(|row| row.rank(code).is_some()))
            .map(Self)
    }

    /// The two-letter code of ISO 639-1.
    pub(super) fn iso(self) -> &'static str {
        self.0.iso
    }

    /// How well a text with this code serves the reader: 0 is best, `None` not at all.
    pub(super) fn rank(self, code: &str) -> Option<usize> {
        self.0.rank(code)
    }
}

impl Row {
    fn rank(&self, code: &str) -> Option<usize> {
        self.codes
            .iter()
            .position(|known| known.eq_ignore_ascii_case(code))
    }
}

/// A language with what followed its code, such as the `gb` of `en-gb`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag<'h> {
    pub(super) language: Language,
    /// Everything behind the first hyphen; empty when there is none.
    pub(super) region: &'h str,
}

impl<'h> Tag<'h> {
    fn parse(text: &'h str) -> Option<Self> {
        let (code, region) = text.split_once(['-', '_']).unwrap_or((text, ""));
        let legal = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let whole = text.len() == code.len() || region.split(['-', '_']).all(legal);
        whole
            .then(|| Language::find(code))?
            .map(|language| Self { language, region })
    }
}

/// What a language header asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'h> {
    /// The header is missing or empty.
    Nothing,
    /// No translation: `*` or `x`, or nothing that is understood.
    Raw,
    /// This language.
    In(Tag<'h>),
}

impl<'h> Asked<'h> {
    pub(super) fn tag(self) -> Option<Tag<'h>> {
        match self {
            Self::In(tag) => Some(tag),
            Self::Nothing | Self::Raw => None,
        }
    }
}

/// Reads a language header, which may come several times. Of the languages that are understood the
/// one with the highest `q` wins, the first of them on a tie. Real clients separate languages by
/// semicolons too (`en-us; en-gb`), so a semicolon stands for a comma unless `q=` follows.
pub(super) fn asked<'h>(values: impl Iterator<Item = &'h HeaderValue>) -> Asked<'h> {
    let mut says_something = false;
    let mut best: Option<(Asked<'h>, f32)> = None;
    for value in values {
        let Ok(value) = value.to_str() else {
            says_something = true;
            continue;
        };
        let mut parts = value.split([',', ';']).map(str::trim).peekable();
        while let Some(part) = parts.next() {
            if part.is_empty() {
                continue;
            }
            says_something = true;
            let weight = parts
                .next_if(|next| weight(next).is_some())
                .and_then(weight)
                .unwrap_or(1.0);
            let asked = match part {
                "*" | "x" | "X" => Some(Asked::Raw),
                tag => Tag::parse(tag).map(Asked::In),
            };
            if let Some(asked) = asked
                && weight > best.map_or(0.0, |(_, weight)| weight)
            {
                best = Some((asked, weight));
            }
        }
    }
    match best {
        Some((asked, _)) => asked,
        None if says_something => Asked::Raw,
        None => Asked::Nothing,
    }
}

/// The weight that `q=0.8` says; 1 when it is not a number from 0 to 1. `None` for anything else
/// than a weight.
fn weight(part: &str) -> Option<f32> {
    let (name, value) = part.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| {
        let weight = value.trim().parse().unwrap_or(1.0);
        if (0.0..=1.0).contains(&weight) {
            weight
        } else {
            1.0
        }
    })
}

#[cfg(test)]
pub(super) fn rows() -> impl Iterator<Item = (&'static str, &'static [String])> {
    ROWS.iter().map(|row| (row.iso, &*row.codes))
}
