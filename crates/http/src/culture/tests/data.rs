//! The data files: every line of them is read, and says what can be true.

use std::collections::HashSet;

use jiff::tz::TimeZoneDatabase;

use crate::culture::{language, resources, text, values, zone};

fn rows_of(data: &str) -> usize {
    data.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .count()
}

#[test]
fn every_zone_of_the_table_is_in_the_iana_database_under_the_very_name() {
    for (code, _, name) in zone::rows() {
        let zone = TimeZoneDatabase::bundled().get(name).unwrap();
        assert_eq!(zone.iana_name(), Some(name), "{code}");
    }
    assert_eq!(
        zone::rows().count(),
        rows_of(include_str!("../data/zones.csv"))
    );
}

#[test]
fn zones_stand_by_rising_code_and_no_number_comes_twice() {
    let codes: Vec<_> = zone::rows().map(|(code, _, _)| code).collect();
    assert!(codes.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
    let numbers: Vec<_> = zone::rows().filter_map(|(_, number, _)| number).collect();
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
}

// 7.3, first row: all numbers that any source gives, and none besides.
#[test]
fn numbers_are_those_of_the_original_and_no_others() {
    let numbers: Vec<_> = zone::rows()
        .filter_map(|(code, number, name)| Some((number?, code, name)))
        .collect();
    assert_eq!(
        numbers,
        [
            (36, "AU-ACT", "Australia/Sydney"),
            (50, "BD", "Asia/Dhaka"),
            (114, "CA-QC", "America/Toronto"),
            (140, "DK", "Europe/Copenhagen"),
            (156, "FR", "Europe/Paris"),
            (261, "NO", "Europe/Oslo"),
            (425, "US-CA", "America/Los_Angeles"),
            (433, "US-HI", "Pacific/Honolulu"),
            (460, "US-NY", "America/New_York"),
            (1, "UTC", "UTC"),
        ]
    );
}

#[test]
fn codes_of_languages_have_two_letters_and_are_listed_once() {
    let isos: Vec<_> = language::rows().map(|(iso, _)| iso).collect();
    assert_eq!(isos.iter().collect::<HashSet<_>>().len(), isos.len());
    for (iso, codes) in language::rows() {
        assert!(
            iso.len() == 2 && iso.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{iso}"
        );
        for code in codes {
            assert!(
                code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()),
                "{code}"
            );
        }
    }
}

// A reader may ask by either family, so a code of SuperOffice must not be the ISO code of another
// language.
#[test]
fn no_code_of_superoffice_is_the_iso_code_of_another_language() {
    for (iso, codes) in language::rows() {
        for (other, _) in language::rows().filter(|(other, _)| *other != iso) {
            let clash = codes.iter().any(|code| code.eq_ignore_ascii_case(other));
            assert!(
                !clash || codes.contains(&"NO".to_owned()),
                "{iso} and {other}"
            );
        }
    }
}

#[test]
fn every_resource_has_an_english_text_first_and_keeps_to_the_layout() {
    let data = include_str!("../data/resources.txt");
    assert_eq!(resources::all().len(), rows_of(data));
    for (name, texts) in resources::all() {
        assert!(name.starts_with("SR_"), "{name}");
        assert!(texts.starts_with("US:\""), "{name}");
        let english = super::culture(&[("SO-Language", "en")]).language.unwrap();
        let chosen = text::in_language(texts, &english);
        assert!(
            texts.contains(&format!("US:\"{chosen}\"")),
            "{name}: {chosen}"
        );
    }
}

#[test]
fn every_culture_writes_every_kind_of_value() {
    assert_eq!(
        values::all().len(),
        rows_of(include_str!("../data/cultures.txt"))
    );
    for forms in values::all() {
        for value in [
            "I:1",
            "F:1.5",
            "D:12/31/2025 00:00:00",
            "DT:12/31/2025 23:59:58.5",
        ] {
            assert!(forms.value(value).is_some(), "{forms:?}: {value}");
        }
    }
}
