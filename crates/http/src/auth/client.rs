//! Where a request comes from: the other end of the connection, or what trusted proxies say.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Visit;

/// The address of the client. `X-Forwarded-For` is read from its end, as each proxy adds what it has
/// seen there; what stands before the first address that is no trusted proxy may be made up.
pub(super) fn address(visit: &Visit<'_>, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut client = visit.peer?.to_canonical();
    let lines: Vec<&str> = visit
        .headers
        .get_all("X-Forwarded-For")
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut seen = lines.iter().rev().flat_map(|line| line.rsplit(','));
    while trusted.iter().any(|range| range.contains(&client)) {
        let Some(Ok(before)) = seen.next().map(|text| text.trim().parse::<IpAddr>()) else {
            break;
        };
        client = before.to_canonical();
    }
    Some(client)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|range| range.parse().unwrap()).collect();
        let visit = Visit {
            headers: &headers,
            prefix: "",
            peer: Some(peer.parse().unwrap()),
        };
        address(&visit, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_about_who_they_saw() {
        let proxies = &["10.0.0.0/8"][..];
        for (peer, forwarded, trusted, client) in [
            ("192.0.2.1", &["198.51.100.7"][..], &[][..], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.7"], proxies, "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], proxies, "198.51.100.7"),
            ("::ffff:10.0.0.1", &["2001:db8::1"], proxies, "2001:db8::1"),
            // The client made the first one up.
            (
                "10.0.0.1",
                &["6.6.6.6, 198.51.100.7"],
                proxies,
                "198.51.100.7",
            ),
            (
                "10.0.0.1",
                &["6.6.6.6", "198.51.100.7"],
                proxies,
                "198.51.100.7",
            ),
            // Through two proxies.
            (
                "10.0.0.1",
                &["6.6.6.6, 198.51.100.7,10.0.0.2"],
                proxies,
                "198.51.100.7",
            ),
            // What cannot be read ends it.
            ("10.0.0.1", &["198.51.100.7, unknown"], proxies, "10.0.0.1"),
            ("10.0.0.1", &[""], proxies, "10.0.0.1"),
            ("10.0.0.1", &[], proxies, "10.0.0.1"),
        ] {
            assert_eq!(
                seen(peer, forwarded, trusted),
                client,
                "{peer} {forwarded:?}"
            );
        }
    }
}
