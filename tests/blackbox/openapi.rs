//! The description of the API.

use crate::http::Request;
use crate::program::{Home, finish, program};

#[test]
fn what_is_printed_is_what_is_served_to_anybody() {
    let printed = finish(program().arg("openapi"), "").printed();
    let server = Home::new().dev();
    let served = server
        .call(&Request::new("GET", "/api/openapi.json"))
        .expect(200);
    assert_eq!(served.text(), printed);
    assert_eq!(
        served.header("Content-Type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(
        served.json()["paths"]["/api/v1/Agents/Webhook/SaveWebhook"]["post"]["operationId"],
        "SaveWebhook"
    );
}
