//! SignalEvent as bytes, with a PrimaryKey whose digits are counted up in place.

use std::net::SocketAddr;
use std::ops::Range;

use serde_json::json;

use crate::load::Traffic;
use crate::webhook;

/// The path that is signalled to.
const SIGNAL_PATH: &str = "/api/v1/Agents/Webhook/SignalEvent";
/// Room for the digits; JSON allows blanks before a number.
const WIDTH: usize = 9;
/// The numbers of one connection.
const EACH: u32 = 1_000_000;

/// One request that signals events, again and again with other numbers, and with each of several names in
/// turn.
#[derive(Debug, Clone)]
pub(crate) struct SignalTraffic {
    requests: Vec<(Vec<u8>, Range<usize>)>,
    number: u32,
    sent: usize,
}

impl SignalTraffic {
    /// Signals these events in turn, the first of which is numbered one above `number`.
    pub(crate) fn new(target: SocketAddr, events: &[String], number: u32) -> Self {
        let requests = events
            .iter()
            .map(|event| {
                // As wide as an event of a sale with what changed.
                let body = json!({
                    "EventName": event,
                    "PrimaryKey": 0,
                    "Data": {"amount": 129.5, "currency": "NOK", "status": "open", "owner": 41},
                })
                .to_string()
                .replace("\"PrimaryKey\":0", &format!("\"PrimaryKey\":{:>WIDTH$}", 0));
                let bytes = webhook::request(target, SIGNAL_PATH, &body);
                let name = b"\"PrimaryKey\":";
                // The name stands in the format above.
                let start = bytes
                    .windows(name.len())
                    .position(|some| some == name)
                    .map_or(0, |at| at + name.len());
                (bytes, start..start + WIDTH)
            })
            .collect();
        Self {
            requests,
            number,
            sent: 0,
        }
    }

    /// The same for each of so many connections, with numbers that no other has.
    pub(crate) fn many(target: SocketAddr, events: &[String], connections: usize) -> Vec<Self> {
        (0_u32..)
            .take(connections)
            .map(|connection| Self::new(target, events, connection * EACH))
            .collect()
    }

    /// The number of the last event.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

impl Traffic for SignalTraffic {
    fn next(&mut self) -> &[u8] {
        self.number += 1;
        let turn = self.sent % self.requests.len();
        self.sent += 1;
        let (bytes, place) = &mut self.requests[turn];
        let mut rest = self.number;
        for digit in bytes[place.clone()].iter_mut().rev() {
            *digit = match rest {
                0 => b' ',
                // A remainder of ten fits a byte.
                _ => b'0' + (rest % 10) as u8,
            };
            rest /= 10;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn body(request: &[u8]) -> Value {
        let text = std::str::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("\r\nContent-Length: {}", body.len())),
            "{head}"
        );
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn every_signal_has_a_number_of_its_own_and_the_names_take_turns() {
        let target = SocketAddr::from(([127, 0, 0, 1], 8080));
        let names = ["a.b".to_owned(), "c.d".to_owned()];
        let mut traffic = SignalTraffic::many(target, &names, 2).remove(1);
        for (name, number) in [("a.b", 1_000_001), ("c.d", 1_000_002), ("a.b", 1_000_003)] {
            let signal = body(traffic.next());
            assert_eq!(signal["EventName"], name);
            assert_eq!(signal["PrimaryKey"], number);
            assert_eq!(traffic.number(), number);
        }
    }
}
