//! Instants and how they are written (contract 2.4, decision 28).

use proptest::prelude::*;
use webhook_domain::Timestamp;

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_instant(micros in prop_oneof![
        any::<i64>(),
        -377_705_023_201_000_000_i64..=253_402_207_200_999_999,
        (0_i64..4_000_000_000).prop_map(|seconds| seconds * 1_000_000),
    ]) {
        if let Some(at) = Timestamp::from_micros(micros) {
            let text = at.to_string();
            let read: jiff::Timestamp = text.parse().unwrap();
            prop_assert_eq!(read, at.to_jiff(), "{}", text);
            prop_assert_eq!(at.as_micros(), micros);
            prop_assert!(text.ends_with('Z'));
            prop_assert!(!text.ends_with("0Z") || !text.contains('.'), "{}", text);
        }
    }
}

#[test]
fn years_take_four_digits_and_before_the_year_0_a_sign_and_six() {
    for (text, written) in [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0000-12-31T23:06:32Z", "0000-12-31T23:06:32Z"),
        ("-000001-12-31T23:59:59.5Z", "-000001-12-31T23:59:59.5Z"),
        ("9999-12-30T00:00:00Z", "9999-12-30T00:00:00Z"),
    ] {
        let at: jiff::Timestamp = text.parse().unwrap();
        let at = Timestamp::from_micros(at.as_microsecond()).unwrap();
        assert_eq!(at.to_string(), written);
    }
}
