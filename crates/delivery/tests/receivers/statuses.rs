//! What statuses mean, and how long a receiver asks to be left alone (threats E7, F11, F12, F13, F15).

use std::time::Duration;

use webhook_delivery::HttpSettings;
use webhook_domain::Outcome;

use crate::receiver::Receiver;
use crate::sender::{laptop, plugin, post};

async fn answered(status: u16, headers: &str, settings: HttpSettings) -> webhook_domain::Report {
    let receiver = Receiver::answering(format!(
        "HTTP/1.1 {status} S\r\nContent-Length: 0\r\n{headers}\r\n"
    ))
    .await;
    let report = post(&plugin(settings), &receiver.url("/")).await;
    assert_eq!(receiver.counts.requests().len(), 1, "{status}");
    report
}

#[tokio::test]
async fn every_2xx_is_success_unless_strictly_200_is_asked_for() {
    for (status, strictly_200, outcome) in [
        (200, false, Outcome::Ok),
        (201, false, Outcome::Ok),
        (202, false, Outcome::Ok),
        (204, false, Outcome::Ok),
        (299, false, Outcome::Ok),
        (200, true, Outcome::Ok),
        (201, true, Outcome::HttpOther),
        (204, true, Outcome::HttpOther),
        (302, true, Outcome::Http3xx),
    ] {
        let settings = HttpSettings {
            strictly_200,
            ..laptop()
        };
        let headers = if status == 204 { "" } else { "X: y\r\n" };
        let report = answered(status, headers, settings).await;
        assert_eq!(report.outcome, outcome, "{status}: {report:?}");
        assert_eq!(report.status, Some(status));
    }
}

#[tokio::test]
async fn e7_a_redirect_is_a_failure_that_is_neither_followed_nor_shown() {
    let inside = Receiver::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let location = format!("Location: {}\r\n", inside.url("/login"));
        let report = answered(status, &location, laptop()).await;
        assert_eq!(report.outcome, Outcome::Http3xx, "{report:?}");
        assert!(!report.message.contains("/login"), "{report:?}");
        assert!(report.message.contains("location: (not shown)\n"));
    }
    assert_eq!(inside.counts.connections(), 0);
}

#[tokio::test]
async fn f12_and_f13_and_f15_a_refusal_is_told_as_it_is_and_not_repeated() {
    for (status, outcome) in [
        (400, Outcome::Http4xx),
        (401, Outcome::Http4xx),
        (404, Outcome::Http4xx),
        (410, Outcome::Gone),
        (429, Outcome::Http4xx),
        (500, Outcome::Http5xx),
        (502, Outcome::Http5xx),
        (503, Outcome::Http5xx),
        (504, Outcome::Http5xx),
    ] {
        let report = answered(status, "Retry-After: 30\r\n", laptop()).await;
        assert_eq!(report.outcome, outcome, "{report:?}");
        assert_eq!(report.status, Some(status));
        assert_eq!(report.retry_after, Some(Duration::from_secs(30)));
    }
    let taken = answered(200, "Retry-After: 30\r\n", laptop()).await;
    assert_eq!(taken.retry_after, None);
}

#[tokio::test]
async fn f11_retry_after_is_seconds_or_a_date_and_everything_else_is_not_there() {
    let seconds = |n| Some(Duration::from_secs(n));
    // The attempt begins at 05:06:07; a date is compared with its end.
    for (value, asked) in [
        ("30", seconds(30)),
        ("0", seconds(0)),
        ("4294967295", seconds(4_294_967_295)),
        ("4294967296", None),
        ("99999999999999999999", None),
        ("1e300", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("30, 60", None),
        ("\u{0665}", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
        ("Tue, 04 Mar 2025 05:06:00 GMT", seconds(0)),
        ("Tue, 99 Mar 2025 05:06:00 GMT", None),
    ] {
        let report = answered(503, &format!("Retry-After: {value}\r\n"), laptop()).await;
        assert_eq!(report.retry_after, asked, "{value:?}");
    }
    for (value, least, most) in [
        ("Tue, 04 Mar 2025 05:07:07 GMT", 30, 60),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400, u64::MAX),
    ] {
        let report = answered(503, &format!("Retry-After: {value}\r\n"), laptop()).await;
        let asked = report.retry_after.unwrap().as_secs();
        assert!((least..=most).contains(&asked), "{value}: {asked}");
    }
}
