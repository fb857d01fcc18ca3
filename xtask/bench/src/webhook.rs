//! The requests: SaveWebhook and GetWebhook as bytes, with fixed-width fields whose digits are
//! changed in place.
//!
//! A request is built once per connection; from one request to the next only digits change, so the
//! generator allocates nothing. It must not know where the bytes go.

use std::net::SocketAddr;
use std::ops::Range;

use serde_json::{Value, json};

use crate::load::Traffic;
use crate::stage::SAVE_PATH;

/// `tje0:Tje0`, the administrator that `serve --dev` makes.
const AUTHORIZATION: &str = "Basic dGplMDpUamUw";
/// Digits of the number that makes the content of each request its own.
const SERIAL_WIDTH: usize = 12;
/// Room for a WebhookId; JSON allows blanks before a number.
const ID_WIDTH: usize = 10;
/// The members of a webhook which every request changes; each ends in the serial number.
const NAME: &str = "Warehouse order feed ";
const TARGET: &str = "https://hooks.warehouse.example/so/orders/";
const SECRET: &str = "Gr33n-Harb0ur-";

/// How the body of a save is written; the answer is asked for in the same form, JSON for a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyForm {
    /// `application/json`.
    Json,
    /// `application/xml`.
    Xml,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl BodyForm {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    fn accept(self) -> &'static str {
        match self {
            Self::Json | Self::Form => "application/json",
            Self::Xml => "application/xml",
        }
    }

    /// What stands before the three serial numbers of a body.
    fn starts(self) -> [&'static str; 3] {
        match self {
            Self::Json | Self::Xml => [NAME, TARGET, SECRET],
            Self::Form => [
                "Warehouse+order+feed+",
                "https%3A%2F%2Fhooks.warehouse.example%2Fso%2Forders%2F",
                SECRET,
            ],
        }
    }

    /// A webhook to be created, with the same content in every form that can carry it.
    fn body(self, serial: &str) -> String {
        let [name, target, secret] = self.starts().map(|start| format!("{start}{serial}"));
        match self {
            Self::Json => format!(
                concat!(
                    r#"{{"WebhookId":{id:>width$},"Name":"{name}","#,
                    r#""Events":["sale.sold","sale.changed","webhook118.errors"],"#,
                    r#""TargetUrl":"{target}","Secret":"{secret}","#,
                    r#""State":"Active","Type":"webhook","#,
                    r#""Headers":{{"X-Api-Key":"wh-5521","X-Region":"nordic"}},"#,
                    r#""Properties":{{"source":"superoffice","priority":3,"#,
                    r#""routing":{{"queue":"orders","dlq":false}}}},"#,
                    r#""Registered":"0001-01-01T00:00:00","RegisteredAssociate":null,"#,
                    r#""Updated":"0001-01-01T00:00:00","UpdatedAssociate":null,"#,
                    r#""ErrorsEmail":"ops@warehouse.example"}}"#
                ),
                id = 0,
                width = ID_WIDTH,
                name = name,
                target = target,
                secret = secret,
            ),
            Self::Xml => format!(
                concat!(
                    r#"<?xml version="1.0" encoding="utf-8"?>"#,
                    r#"<Webhook xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" "#,
                    r#"xmlns:xsd="http://www.w3.org/2001/XMLSchema">"#,
                    "<WebhookId>0</WebhookId><Name>{name}</Name>",
                    "<Events><string>sale.sold</string><string>sale.changed</string>",
                    "<string>webhook118.errors</string></Events>",
                    "<TargetUrl>{target}</TargetUrl><Secret>{secret}</Secret>",
                    "<State>Active</State><Type>webhook</Type>",
                    "<Headers><StringKeyValuePair><Key>X-Api-Key</Key><Value>wh-5521</Value>",
                    "</StringKeyValuePair><StringKeyValuePair><Key>X-Region</Key>",
                    "<Value>nordic</Value></StringKeyValuePair></Headers>",
                    "<Properties><StringObjectKeyValuePair><Key>source</Key>",
                    "<Value>superoffice</Value></StringObjectKeyValuePair>",
                    "<StringObjectKeyValuePair><Key>priority</Key>",
                    r#"<Value xsi:type="xsd:int">3</Value></StringObjectKeyValuePair>"#,
                    "</Properties><Registered>0001-01-01T00:00:00</Registered>",
                    r#"<RegisteredAssociate xsi:nil="true"/>"#,
                    "<Updated>0001-01-01T00:00:00</Updated>",
                    r#"<UpdatedAssociate xsi:nil="true"/>"#,
                    "<ErrorsEmail>ops@warehouse.example</ErrorsEmail></Webhook>"
                ),
                name = name,
                target = target,
                secret = secret,
            ),
            Self::Form => format!(
                concat!(
                    "WebhookId=0&Name={name}&Events=sale.sold&Events=sale.changed",
                    "&Events=webhook118.errors&TargetUrl={target}&Secret={secret}",
                    "&State=Active&Type=webhook&Headers%5BX-Api-Key%5D=wh-5521",
                    "&Headers%5BX-Region%5D=nordic&Properties%5Bsource%5D=superoffice",
                    "&Properties%5Bpriority%5D=3&ErrorsEmail=ops%40warehouse.example"
                ),
                name = name,
                target = target,
                secret = secret,
            ),
        }
    }
}

/// One request that saves a webhook, again and again with other content.
#[derive(Debug, Clone)]
pub(crate) struct SaveTraffic {
    bytes: Vec<u8>,
    id: Range<usize>,
    serials: [Range<usize>; 3],
    /// The webhooks that are re-saved in turn; none means that each request creates one.
    owned: Vec<u32>,
    sent: usize,
}

impl SaveTraffic {
    /// Requests to `path`, numbered from `first_serial`. With `owned` webhooks each is re-saved in
    /// turn, else each request creates one.
    pub(crate) fn new(target: SocketAddr, path: &str, first_serial: u64, owned: Vec<u32>) -> Self {
        let mut traffic = Self::creating(target, path, first_serial, BodyForm::Json);
        traffic.owned = owned;
        traffic
    }

    /// Requests to `path` that each create a webhook, numbered from `first_serial`.
    pub(crate) fn creating(
        target: SocketAddr,
        path: &str,
        first_serial: u64,
        form: BodyForm,
    ) -> Self {
        let serial = format!("{first_serial:0SERIAL_WIDTH$}");
        let bytes = request_in(form, target, path, &form.body(&serial));
        let after = |text: &str, width: usize| {
            let found = bytes
                .windows(text.len())
                .position(|window| window == text.as_bytes());
            // Each text is a part of the format above; an empty range would make `next` change
            // nothing, and the read-back fails.
            found.map_or(0..0, |start| start + text.len()..start + text.len() + width)
        };
        let id = after("\"WebhookId\":", ID_WIDTH);
        let serials = form.starts().map(|text| after(text, SERIAL_WIDTH));
        Self {
            bytes,
            id,
            serials,
            owned: Vec::new(),
            sent: 0,
        }
    }

    /// The webhook which the last request re-saved; `None` where it created one.
    pub(crate) fn last_id(&self) -> Option<u32> {
        let index = self.sent.checked_sub(1)? % self.owned.len().max(1);
        self.owned.get(index).copied()
    }

    /// Whether a webhook read back holds what the last request saved.
    pub(crate) fn was_saved_as(&self, webhook: &Value) -> bool {
        let serial = String::from_utf8_lossy(&self.bytes[self.serials[0].clone()]);
        [("Name", NAME), ("TargetUrl", TARGET), ("Secret", SECRET)]
            .into_iter()
            .all(|(member, start)| webhook[member].as_str() == Some(&format!("{start}{serial}")))
    }

    fn count_up(&mut self) {
        let [first, ..] = self.serials.clone();
        for digit in self.bytes[first.clone()].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
        for other in [self.serials[1].start, self.serials[2].start] {
            self.bytes.copy_within(first.clone(), other);
        }
    }

    fn aim_at(&mut self, id: u32) {
        let mut rest = id;
        for place in self.bytes[self.id.clone()].iter_mut().rev() {
            *place = match rest {
                0 => b' ',
                // A remainder of ten fits a byte.
                _ => b'0' + (rest % 10) as u8,
            };
            rest /= 10;
        }
    }
}

impl Traffic for SaveTraffic {
    fn next(&mut self) -> &[u8] {
        self.count_up();
        if !self.owned.is_empty() {
            self.aim_at(self.owned[self.sent % self.owned.len()]);
        }
        self.sent += 1;
        &self.bytes
    }
}

/// Requests that read webhooks in turn.
#[derive(Debug, Clone)]
pub(crate) struct GetTraffic {
    requests: Vec<Vec<u8>>,
    sent: usize,
}

impl GetTraffic {
    /// Reads each of these webhooks in turn; there must be one at least.
    pub(crate) fn new(target: SocketAddr, ids: &[u32]) -> Self {
        Self {
            requests: ids.iter().map(|id| get(target, *id)).collect(),
            sent: 0,
        }
    }
}

impl Traffic for GetTraffic {
    fn next(&mut self) -> &[u8] {
        self.sent += 1;
        &self.requests[self.sent % self.requests.len()]
    }
}

/// The request that reads one webhook.
pub(crate) fn get(target: SocketAddr, id: u32) -> Vec<u8> {
    request(
        target,
        &format!("/api/v1/Agents/Webhook/GetWebhook?webhookId={id}"),
        "null",
    )
}

/// The request that creates a webhook which listens for an event.
pub(crate) fn listening(target: SocketAddr, event: &str, receiver: &str) -> Vec<u8> {
    let body = json!({
        "WebhookId": 0,
        "Name": format!("Listener for {event}"),
        "Events": [event],
        "TargetUrl": receiver,
        "Secret": SECRET,
        "State": "Active",
        "Type": "webhook",
    });
    request(target, SAVE_PATH, &body.to_string())
}

/// A request that reads something.
pub(crate) fn read(target: SocketAddr, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {target}\r\nAuthorization: {AUTHORIZATION}\r\n\
         Accept: application/json\r\n\r\n"
    )
    .into_bytes()
}

/// A request with a body of JSON.
pub(crate) fn request(target: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    request_in(BodyForm::Json, target, path, body)
}

fn request_in(form: BodyForm, target: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {target}\r\nAuthorization: {AUTHORIZATION}\r\n\
         Accept: {accept}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}",
        accept = form.accept(),
        content_type = form.content_type(),
        length = body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 8080))
    }

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
    fn a_create_asks_for_id_0_with_all_14_members_and_new_content_each_time() {
        let mut traffic = SaveTraffic::new(target(), "/x", 99_999, vec![]);
        let first = body(traffic.next());
        assert_eq!(first.as_object().unwrap().len(), 14);
        assert_eq!(first["WebhookId"], 0);
        assert_eq!(first["Name"], "Warehouse order feed 000000100000");
        assert_eq!(
            first["TargetUrl"],
            "https://hooks.warehouse.example/so/orders/000000100000"
        );
        assert_eq!(first["Secret"], "Gr33n-Harb0ur-000000100000");
        assert!(traffic.was_saved_as(&first));
        let second = body(traffic.next());
        assert_eq!(second["Name"], "Warehouse order feed 000000100001");
        assert!(traffic.was_saved_as(&second));
        assert!(!traffic.was_saved_as(&first));
        assert_eq!(traffic.last_id(), None);
    }

    #[test]
    fn every_form_carries_a_number_that_counts_up_in_all_three_places() {
        for form in [BodyForm::Json, BodyForm::Xml, BodyForm::Form] {
            let mut traffic = SaveTraffic::creating(target(), "/x", 99_999, form);
            let text = String::from_utf8(traffic.next().to_vec()).unwrap();
            assert_eq!(text.matches("000000100000").count(), 3, "{text}");
            assert!(text.contains(form.content_type()), "{text}");
        }
    }

    #[test]
    fn updates_take_their_own_webhooks_in_turn() {
        let mut traffic = SaveTraffic::new(target(), "/x", 0, vec![7, 4_294_967_295, 10]);
        for expected in [7_u32, 4_294_967_295, 10, 7] {
            assert_eq!(body(traffic.next())["WebhookId"], expected);
            assert_eq!(traffic.last_id(), Some(expected));
        }
    }

    #[test]
    fn reads_take_their_webhooks_in_turn() {
        let mut traffic = GetTraffic::new(target(), &[5, 6]);
        let first = traffic.next().to_vec();
        let second = traffic.next().to_vec();
        assert_ne!(first, second);
        assert_eq!(traffic.next(), first);
        assert_eq!(body(&first), Value::Null);
    }

    #[test]
    fn a_request_line_and_its_headers_are_complete() {
        let text = String::from_utf8(get(target(), 12)).unwrap();
        assert_eq!(
            text,
            "POST /api/v1/Agents/Webhook/GetWebhook?webhookId=12 HTTP/1.1\r\n\
             Host: 127.0.0.1:8080\r\n\
             Authorization: Basic dGplMDpUamUw\r\nAccept: application/json\r\n\
             Content-Type: application/json; charset=utf-8\r\nContent-Length: 4\r\n\r\nnull"
        );
    }
}
