//! What stamps look like (contract 7.3, table and last paragraph).

use proptest::prelude::*;
use webhook_domain::Timestamp;

use super::{Culture, CultureSettings, Zone, headers, in_zone, instant};

/// What a value of SO-TimeZone (`None`: no such header) makes of a stamp and of an unset one, under
/// settings.
#[track_caller]
fn shown(base: &str, strict: bool, value: Option<&str>, at: &str) -> (String, String) {
    let settings = CultureSettings {
        base_zone: Zone::parse(base).unwrap(),
        strict_timezone: strict,
    };
    let lines: Vec<_> = value
        .map(|value| ("SO-Timezone", value))
        .into_iter()
        .collect();
    let culture = Culture::from_headers(&headers(&lines), &settings).unwrap();
    (
        culture.stamp(Some(instant(at))).to_string(),
        culture.stamp(None).to_string(),
    )
}

/// 2002-08-07, from the live replies behind the contract's table: summer in Oslo.
const CREATED: &str = "2002-08-07T12:52:00Z";
const UNSET: &str = "0001-01-01T00:00:00";
const UNSET_TAGGED: &str = "0001-01-01T00:00:00Z";

#[test]
fn stamps_move_with_the_zone_that_is_asked() {
    for (value, stamp, unset) in [
        // "no header: `...Z` (base zone UTC)"; "unset stays the bare sentinel".
        (None, "2002-08-07T12:52:00Z", UNSET),
        (Some(""), "2002-08-07T12:52:00Z", UNSET),
        // "Zone X: wall time in X without suffix".
        (Some("NO"), "2002-08-07T14:52:00", UNSET),
        (Some("utc"), "2002-08-07T12:52:00", UNSET),
        (Some("US-NY"), "2002-08-07T08:52:00", UNSET),
        // "Zone X + includeTZOffset: wall time in X with `+hh:mm` (`Z` for UTC)".
        (
            Some("NO, includeTZOffset"),
            "2002-08-07T14:52:00+02:00",
            UNSET_TAGGED,
        ),
        (
            Some("US-NY,includeTZOffset"),
            "2002-08-07T08:52:00-04:00",
            UNSET_TAGGED,
        ),
        (
            Some("utc, includeTZOffset"),
            "2002-08-07T12:52:00Z",
            UNSET_TAGGED,
        ),
        (
            Some("1, includeTZOffset"),
            "2002-08-07T12:52:00Z",
            UNSET_TAGGED,
        ),
        // The base zone, when only the offset is asked for.
        (
            Some("includeTZOffset"),
            "2002-08-07T12:52:00Z",
            UNSET_TAGGED,
        ),
    ] {
        assert_eq!(
            shown("UTC", false, value, CREATED),
            (stamp.into(), unset.into()),
            "{value:?}"
        );
    }
}

// "no header: ... base-zone offset if a base zone is configured (SEED sample form)".
#[test]
fn a_base_zone_stands_in_for_the_zone_that_is_not_asked() {
    for (value, stamp, unset) in [
        (None, "2002-08-07T14:52:00+02:00", UNSET),
        (
            Some("includeTZOffset"),
            "2002-08-07T14:52:00+02:00",
            UNSET_TAGGED,
        ),
        (Some("NO"), "2002-08-07T14:52:00", UNSET),
        (Some("utc"), "2002-08-07T12:52:00", UNSET),
        (
            Some("utc, includeTZOffset"),
            "2002-08-07T12:52:00Z",
            UNSET_TAGGED,
        ),
        (Some("us-ny"), "2002-08-07T08:52:00", UNSET),
    ] {
        assert_eq!(
            shown("NO", false, value, CREATED),
            (stamp.into(), unset.into()),
            "{value:?}"
        );
    }
    let settings = CultureSettings {
        base_zone: Zone::parse("no").unwrap(),
        ..Default::default()
    };
    let lines = headers(&[("SO-TimeZone", "includeTZOffset")]);
    let culture = Culture::from_headers(&lines, &settings).unwrap();
    assert_eq!(culture.reply_zone(), Some("NO"));
}

// Table: "Created/updated stamps are always UTC, not moved by the header; with includeTZOffset they
// are tagged Z", and "Zone only: ... no suffix".
#[test]
fn strict_stamps_stay_in_utc_whatever_is_asked() {
    for base in ["UTC", "NO"] {
        for (value, stamp, unset) in [
            (None, "2002-08-07T12:52:00Z", UNSET),
            (Some("NO"), "2002-08-07T12:52:00", UNSET),
            (Some("utc"), "2002-08-07T12:52:00", UNSET),
            (
                Some("NO, includeTZOffset"),
                "2002-08-07T12:52:00Z",
                UNSET_TAGGED,
            ),
            (
                Some("utc, includeTZOffset"),
                "2002-08-07T12:52:00Z",
                UNSET_TAGGED,
            ),
            (
                Some("includeTZOffset"),
                "2002-08-07T12:52:00Z",
                UNSET_TAGGED,
            ),
        ] {
            let wanted = (stamp.into(), unset.into());
            assert_eq!(
                shown(base, true, value, CREATED),
                wanted,
                "{base} {value:?}"
            );
        }
    }
    let settings = CultureSettings {
        strict_timezone: true,
        ..Default::default()
    };
    let culture = Culture::from_headers(&headers(&[("SO-TimeZone", "no")]), &settings).unwrap();
    assert_eq!(culture.reply_zone(), Some("NO"));
}

#[test]
fn summer_and_winter_follow_the_rules_of_the_zone() {
    for (zone, at, wall) in [
        // Oslo goes forward at 01:00 UTC on the last Sunday of March: 02:00 to 03:00 does not exist.
        ("NO", "2025-03-30T00:59:59Z", "2025-03-30T01:59:59+01:00"),
        ("NO", "2025-03-30T01:00:00Z", "2025-03-30T03:00:00+02:00"),
        ("NO", "2025-07-01T12:00:00Z", "2025-07-01T14:00:00+02:00"),
        // And back on the last of October: 02:00 to 03:00 comes twice.
        ("NO", "2025-10-26T00:30:00Z", "2025-10-26T02:30:00+02:00"),
        ("NO", "2025-10-26T01:30:00Z", "2025-10-26T02:30:00+01:00"),
        ("NO", "2025-12-31T23:30:00Z", "2026-01-01T00:30:00+01:00"),
        ("US-NY", "2025-03-09T06:59:59Z", "2025-03-09T01:59:59-05:00"),
        ("US-NY", "2025-03-09T07:00:00Z", "2025-03-09T03:00:00-04:00"),
        ("US-NY", "2018-12-24T12:34:45Z", "2018-12-24T07:34:45-05:00"),
        ("US-HI", "2025-07-01T05:00:00Z", "2025-06-30T19:00:00-10:00"),
        ("NP", "2025-01-01T00:00:00Z", "2025-01-01T05:45:00+05:45"),
        (
            "Asia/Kathmandu",
            "2025-01-01T18:15:00Z",
            "2025-01-02T00:00:00+05:45",
        ),
        ("CA-NL", "2025-01-01T00:00:00Z", "2024-12-31T20:30:00-03:30"),
        (
            "Pacific/Marquesas",
            "2025-01-01T00:00:00Z",
            "2024-12-31T14:30:00-09:30",
        ),
        ("AU-SA", "2025-01-01T00:00:00Z", "2025-01-01T10:30:00+10:30"),
        (
            "Australia/Lord_Howe",
            "2025-06-01T00:00:00Z",
            "2025-06-01T10:30:00+10:30",
        ),
        (
            "Pacific/Kiritimati",
            "2025-01-01T00:00:00Z",
            "2025-01-01T14:00:00+14:00",
        ),
        // Greenwich in winter is not UTC, it only reads the same.
        ("GB", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00+00:00"),
        ("GB", "2025-07-01T00:00:00Z", "2025-07-01T01:00:00+01:00"),
        ("Etc/UTC", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("zulu", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        // Far in the future the last rule goes on.
        ("NO", "2525-07-01T00:00:00Z", "2525-07-01T02:00:00+02:00"),
    ] {
        let culture = in_zone(&format!("{zone}, includeTZOffset"));
        assert_eq!(
            culture.stamp(Some(instant(at))).to_string(),
            wall,
            "{zone} {at}"
        );
    }
}

// Oslo's clocks were 43 minutes ahead until 1895, with no seconds to say so in ISO 8601.
#[test]
fn offsets_with_seconds_are_rounded_to_the_minute_and_name_the_same_instant() {
    let at = instant("1890-01-01T00:00:00Z");
    let tagged = in_zone("NO, includeTZOffset").stamp(Some(at)).to_string();
    assert_eq!(tagged, "1890-01-01T00:53:00+00:53");
    let new_york = in_zone("US-NY, includeTZOffset").stamp(Some(instant("1880-01-01T00:00:00Z")));
    assert_eq!(new_york.to_string(), "1879-12-31T19:04:00-04:56");
}

// Contract 2.4: trailing zeros dropped, none at all when zero.
#[test]
fn fractions_lose_their_trailing_zeros_in_every_form() {
    for (at, utc, bare) in [
        (
            "2025-03-04T05:06:07Z",
            "2025-03-04T05:06:07Z",
            "2025-03-04T06:06:07",
        ),
        (
            "2025-03-04T05:06:07.510Z",
            "2025-03-04T05:06:07.51Z",
            "2025-03-04T06:06:07.51",
        ),
        (
            "2025-03-04T05:06:07.000001Z",
            "2025-03-04T05:06:07.000001Z",
            "2025-03-04T06:06:07.000001",
        ),
        (
            "1969-12-31T23:59:59.999999Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:59:59.999999",
        ),
    ] {
        let at = Some(instant(at));
        assert_eq!(Culture::default().stamp(at).to_string(), utc);
        assert_eq!(in_zone("NO").stamp(at).to_string(), bare);
    }
}

#[test]
fn a_stamp_is_a_text_in_json() {
    let stamp = in_zone("NO, includeTZOffset").stamp(Some(instant(CREATED)));
    assert_eq!(
        serde_json::to_string(&stamp).unwrap(),
        r#""2002-08-07T14:52:00+02:00""#
    );
}

/// The first and the last second that can be told, of which no zone moves one out of the calendar.
fn ends() -> [Timestamp; 2] {
    [jiff::Timestamp::MIN, jiff::Timestamp::MAX]
        .map(|at| Timestamp::from_micros(at.as_second() * 1_000_000).unwrap())
}

#[test]
fn the_ends_of_the_calendar_are_told_in_every_zone() {
    for zone in ["utc", "NO", "Pacific/Kiritimati", "Etc/GMT+12"] {
        for at in ends() {
            let text = in_zone(&format!("{zone},includeTZOffset"))
                .stamp(Some(at))
                .to_string();
            let back: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(back, at.to_jiff(), "{zone}");
        }
    }
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let [first, last] = ends();
    let near = -4_000_000_000_000_000..4_000_000_000_000_000_i64;
    prop_oneof![near, first.as_micros()..=last.as_micros()]
        .prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

proptest! {
    #[test]
    fn a_stamp_with_its_offset_is_read_back_as_the_same_instant(
        at in instants(),
        zone in prop::sample::select(
            crate::culture::zone::rows().map(|(code, _, _)| code).collect::<Vec<_>>()
        ),
    ) {
        let text = in_zone(&format!("{zone},includeTZOffset")).stamp(Some(at)).to_string();
        let back: jiff::Timestamp = text.parse().unwrap();
        prop_assert_eq!(back, at.to_jiff(), "{}", text);
        // Without the offset it is the same wall time.
        let bare = in_zone(zone).stamp(Some(at)).to_string();
        prop_assert!(text.starts_with(&bare), "{} {}", text, bare);
        prop_assert!(text[bare.len()..].len() <= "+hh:mm".len());
    }

    #[test]
    fn utc_with_its_suffix_is_how_an_instant_prints_itself(at in instants()) {
        let itself = at.to_string();
        prop_assert_eq!(&Culture::default().stamp(Some(at)).to_string(), &itself);
        prop_assert_eq!(&in_zone("1,includeTZOffset").stamp(Some(at)).to_string(), &itself);
    }
}
