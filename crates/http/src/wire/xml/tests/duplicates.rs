//! Elements that come twice (threat C7).

use super::{json, refusal};
use crate::wire::transcode::TranscodeErrorKind as Kind;

#[test]
fn c7_an_element_that_comes_twice_is_refused_whatever_its_case_and_namespace() {
    for (xml, path) in [
        (
            "<W><TargetUrl>https://a</TargetUrl><TargetUrl>http://b</TargetUrl></W>",
            "TargetUrl",
        ),
        (
            "<W><TargetUrl>https://a</TargetUrl><targeturl>http://b</targeturl></W>",
            "TargetUrl",
        ),
        (
            "<W xmlns:x='u'><TargetUrl>https://a</TargetUrl><x:TargetUrl>b</x:TargetUrl></W>",
            "TargetUrl",
        ),
        ("<W><WebhookId/><WebhookId>5</WebhookId></W>", "WebhookId"),
        ("<W><Updated/><updated/></W>", "Updated"),
        ("<W><Other/><other/></W>", "other"),
        ("<W><Webhook><Name/><NAME/></Webhook></W>", "Webhook.Name"),
        (
            "<W><ErrorAssociates><i><Id>1</Id><id>2</id></i></ErrorAssociates></W>",
            "ErrorAssociates[0].Id",
        ),
        (
            "<W><Headers><p><Key>a</Key><key>b</key></p></Headers></W>",
            "Headers.Key",
        ),
        (
            "<W><Headers><p><Key>a</Key><Value/><value/></p></Headers></W>",
            "Headers.a",
        ),
    ] {
        let error = refusal(xml);
        assert_eq!(error.kind, Kind::Malformed, "{xml}");
        assert_eq!(error.error.path, path, "{xml}");
        assert!(error.error.message.starts_with("comes twice"), "{error}");
    }
    // In what is ignored lists look like repeated elements.
    assert_eq!(json("<W><Other><x/><x/></Other></W>"), "{}");
}

#[test]
fn c7_a_header_that_comes_twice_is_left_to_the_decoder() {
    let pair = |key: &str| format!("<p><Key>{key}</Key><Value>v</Value></p>");
    let xml = format!("<W><Headers>{}{}</Headers></W>", pair("X-A"), pair("x-a"));
    let error = crate::wire::decode::webhook(json(&xml).as_bytes()).unwrap_err();
    assert_eq!(error.path, "Headers.x-a");
}
