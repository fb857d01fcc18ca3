//! Examples of the document, in the shapes that clients and the server exchange.

use serde_json::{Value, json};

/// A new webhook as clients send it.
pub(crate) fn save_request() -> Value {
    json!({
        "WebhookId": 0,
        "Name": "Warehouse order feed",
        "Events": ["sale.sold", "sale.changed", "webhook118.errors"],
        "TargetUrl": "https://hooks.warehouse.example/so/orders",
        "Secret": "Gr33n-Harb0ur-77",
        "State": "Active",
        "Type": "webhook",
        "Headers": {"X-Api-Key": "wh-5521", "X-Region": "nordic"},
        "Properties": {
            "source": "superoffice",
            "priority": 3,
            "routing": {"queue": "orders", "dlq": false},
        },
        "ErrorsEmail": "ops@warehouse.example",
    })
}

/// A webhook that was saved twice and had failures.
pub(crate) fn saved_webhook() -> Value {
    let kari = json!({
        "AssociateId": 12,
        "Name": "KARI",
        "PersonId": 48,
        "Rank": 3,
        "Tooltip": "",
        "Type": "InternalAssociate",
        "GroupIdx": 2,
        "FullName": "Kari Solheim",
        "FormalName": "Kari Solheim",
        "Deleted": false,
        "EjUserId": 9,
        "UserName": null,
        "ExtraFields": {},
        "CustomFields": {},
        "TableRight": {"Mask": "Select", "Reason": ""},
        "FieldProperties": {},
    });
    let mut webhook = save_request();
    merge(
        &mut webhook,
        json!({
            "WebhookId": 131,
            "Registered": "2025-11-03T08:15:42.331027Z",
            "RegisteredAssociate": kari,
            "Updated": "2025-11-04T13:02:09.51Z",
            "UpdatedAssociate": kari,
            "ErrorEmails": ["ops@warehouse.example", "duty@warehouse.example"],
            "ErrorAssociates": [{
                "Id": 12,
                "Name": "Kari Solheim",
                "ToolTip": "",
                "Deleted": false,
                "Rank": 3,
                "Type": null,
                "ChildItems": [],
                "IconHint": null,
                "ColorBlock": 0,
                "ExtraInfo": null,
                "StyleHint": null,
                "FullName": null,
                "TableRight": null,
                "FieldProperties": {},
            }],
            "Description": "Pushes won sales to the warehouse",
            "NotifyVia": "Email, InApp",
            "NotifyWhen": "Disabling",
            "TotalCalls": 418,
            "TotalErrors": 6,
            "ConsecutiveErrors": 0,
            "LastError": "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\r\nbusy",
        }),
    );
    webhook
}

/// A request for the webhooks that hear of new contacts.
pub(crate) fn list_request() -> Value {
    json!({"NameFilter": null, "EventFilter": "contact.created", "StatusFilter": "Unknown"})
}

/// An event of somebody's own.
pub(crate) fn signal_request() -> Value {
    json!({"EventName": "invoice.paid", "PrimaryKey": 9041, "Data": {"amount": 129.5, "currency": "NOK"}})
}

/// A webhook whose target is tried before it is saved.
pub(crate) fn test_request() -> Value {
    json!({"Webhook": {
        "WebhookId": 0,
        "Name": "Contact sync",
        "Events": ["contact.created"],
        "TargetUrl": "https://sync.example.net/in",
        "Type": "webhook",
        "Secret": "k1",
    }})
}

/// A request for the last error of a webhook.
pub(crate) fn last_error_request() -> Value {
    json!({"WebhookId": 131})
}

/// A request to send again what failed during an hour.
pub(crate) fn resend_request() -> Value {
    json!({"Since": "2026-03-01T12:00:00Z", "Until": "2026-03-01T13:00:00Z"})
}

fn merge(into: &mut Value, members: Value) {
    if let (Value::Object(into), Value::Object(members)) = (into, members) {
        into.extend(members);
    }
}
