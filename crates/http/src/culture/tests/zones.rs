//! What SO-TimeZone may name (contract 7.1 and 7.3).

use super::{Zone, culture, in_zone, refusal};

// 7.3, first row: codes and numbers, in any case.
#[test]
fn a_zone_is_named_by_code_or_number() {
    for (value, code) in [
        ("NO", "NO"),
        ("no", "NO"),
        ("261", "NO"),
        ("utc", "UTC"),
        ("UTC", "UTC"),
        ("1", "UTC"),
        ("36", "AU-ACT"),
        ("au-act", "AU-ACT"),
        ("50", "BD"),
        ("114", "CA-QC"),
        ("140", "DK"),
        ("156", "FR"),
        ("425", "US-CA"),
        ("433", "US-HI"),
        ("460", "US-NY"),
        ("us-ny", "US-NY"),
        ("AU-WA", "AU-WA"),
        ("se", "SE"),
        ("GB", "GB"),
        (" NO ", "NO"),
    ] {
        assert_eq!(in_zone(value).reply_zone(), Some(code), "{value:?}");
    }
}

// 7.3, last paragraph: "Also accept IANA names as an extension".
#[test]
fn a_zone_is_named_by_its_iana_name_in_any_case() {
    for (value, name) in [
        ("Europe/Oslo", "Europe/Oslo"),
        ("europe/oslo", "Europe/Oslo"),
        (
            "AMERICA/ARGENTINA/BUENOS_AIRES",
            "America/Argentina/Buenos_Aires",
        ),
        ("Asia/Kathmandu", "Asia/Kathmandu"),
        ("etc/utc", "Etc/UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Asia/Katmandu", "Asia/Katmandu"),
    ] {
        assert_eq!(in_zone(value).reply_zone(), Some(name), "{value}");
    }
}

// 7.1: the spellings on the wire.
#[test]
fn include_tz_offset_may_stand_anywhere_and_alone() {
    for value in [
        "NO, includeTZOffset",
        "NO,includeTZOffset",
        "no,includetzoffset",
        "includeTZOffset, NO",
        "includeTZOffset,261,includeTZOffset",
        ", NO ,, includeTZOffset ,",
    ] {
        assert_eq!(in_zone(value).reply_zone(), Some("NO"), "{value}");
    }
    assert_eq!(in_zone("includeTZOffset").reply_zone(), Some("UTC"));
    let twice = culture(&[("SO-TimeZone", "NO"), ("SO-Timezone", "includeTZOffset")]);
    assert_eq!(twice.reply_zone(), Some("NO"));
}

// 7.3: "Replies carry a header naming the zone used", when one was asked for.
#[test]
fn without_the_header_the_reply_has_none_either() {
    assert_eq!(culture(&[]).reply_zone(), None);
    for empty in ["", " ", ",", " , , "] {
        assert_eq!(in_zone(empty).reply_zone(), None, "{empty:?}");
    }
}

// 7.1, last row: "effect undocumented, ignore".
#[test]
fn the_offset_of_the_browser_is_ignored() {
    for value in ["60", "-300", "0", "nonsense"] {
        let culture = culture(&[("SO-Browser-TZ-Offset", value)]);
        assert_eq!(culture.reply_zone(), None);
        let at = super::instant("2025-03-04T05:06:07Z");
        assert_eq!(culture.stamp(Some(at)).to_string(), "2025-03-04T05:06:07Z");
    }
}

// 7.3, last paragraph: "Unknown zone: 400".
#[test]
fn what_names_no_zone_is_refused() {
    for value in [
        "XX",
        "NOR",
        "Norway",
        "US",
        "CA",
        "AU",
        "US-XX",
        "0",
        "2",
        "999999",
        "99999999999999999999",
        "-1",
        "+01:00",
        "261.0",
        "Europe",
        "Europe/",
        "/Europe/Oslo",
        "Europe/Oslo/",
        "Etc/Unknown",
        "Local",
        "posixrules",
        "CET-1CEST",
        ":NO",
        "NO;includeTZOffset",
        "NO includeTZOffset",
        "include",
        "../../etc/passwd",
        "..",
        "Europe/../Europe/Oslo",
        "C:\\",
        "NO\u{e6}",
        "\u{e6}",
    ] {
        assert!(
            refusal(value).to_string().contains("is not a time zone"),
            "{value}"
        );
    }
}

#[test]
fn two_zones_are_not_one_zone() {
    assert_eq!(
        refusal("NO, DK").to_string(),
        "'NO, DK' is not a time zone; it may be a code such as NO or US-NY, the number of one, or a \
         name of the IANA database"
    );
    assert!(refusal("NO,NO").to_string().starts_with("'NO,NO' is not"));
}

#[test]
fn a_base_zone_is_set_by_the_same_names() {
    assert_eq!(Zone::parse("no").unwrap().code(), "NO");
    assert_eq!(Zone::parse("261").unwrap().code(), "NO");
    assert_eq!(Zone::parse("europe/oslo").unwrap().code(), "Europe/Oslo");
    assert_eq!(Zone::default().code(), "UTC");
    for unknown in [
        "",
        " ",
        "NO, includeTZOffset",
        "includeTZOffset",
        "Atlantis",
    ] {
        assert!(Zone::parse(unknown).is_err(), "{unknown:?}");
    }
}
