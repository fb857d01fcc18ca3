//! The schemas of the document say what is really read and written.

use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

use super::{draft, fixture, refusal, views};
use crate::wire::culture::Culture;
use crate::wire::decode;
use crate::wire::dto::{
    AssociateDto, AttemptDto, DeliveryDto, DeliveryPageDto, DeliveryWithAttemptsDto,
    MdoListItemDto, NoticeDto, NoticeListDto, ResendDto, ResendListDto, SentDto, WebhookDto,
    WebhookResultDto,
};
use crate::wire::member::Member;
use crate::wire::schema::{
    LastErrorInput, ListRequest, ResendInput, SignalInput, TestInput, WebhookInput, examples,
};

fn schema<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}

fn names(schema: &Value, list: &str) -> Vec<String> {
    let mut names: Vec<String> = match &schema[list] {
        Value::Object(members) => members.keys().cloned().collect(),
        Value::Array(names) => names
            .iter()
            .map(|n| n.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{list} is {other}"),
    };
    names.sort();
    names
}

fn members() -> Vec<String> {
    let mut names: Vec<_> = Member::ALL
        .iter()
        .map(|member| member.name().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_reply_has_exactly_the_members_that_its_schema_requires() {
    let webhook = schema::<WebhookDto<'static>>();
    assert_eq!(WebhookDto::name(), "Webhook");
    assert_eq!(names(&webhook, "properties"), members());
    assert_eq!(names(&webhook, "required"), members());
    let view = views::full();
    let body = serde_json::to_value(WebhookDto::new(&view, &Culture::default())).unwrap();
    for (schema, body) in [
        (webhook, &body),
        (
            schema::<AssociateDto<'static>>(),
            &body["RegisteredAssociate"],
        ),
        (
            schema::<MdoListItemDto<'static>>(),
            &body["ErrorAssociates"][0],
        ),
    ] {
        let mut written: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        written.sort();
        assert_eq!(names(&schema, "properties"), written);
        assert_eq!(names(&schema, "required"), written);
    }
}

#[test]
fn every_member_is_described() {
    for (name, schema) in [
        ("Webhook", schema::<WebhookDto<'static>>()),
        ("WebhookInput", schema::<WebhookInput>()),
        ("Associate", schema::<AssociateDto<'static>>()),
        ("MDOListItem", schema::<MdoListItemDto<'static>>()),
        ("GetAllWebhooksRequest", schema::<ListRequest>()),
        ("SignalEventRequest", schema::<SignalInput>()),
        ("GetLastErrorRequest", schema::<LastErrorInput>()),
        ("ResendRequest", schema::<ResendInput>()),
        ("WebhookResult", schema::<WebhookResultDto<'static>>()),
        ("Delivery", schema::<DeliveryDto<'static>>()),
        ("DeliveryPage", schema::<DeliveryPageDto<'static>>()),
        ("Attempt", schema::<AttemptDto<'static>>()),
        ("Sent", schema::<SentDto<'static>>()),
        ("Resend", schema::<ResendDto>()),
        ("ResendList", schema::<ResendListDto>()),
        ("Notice", schema::<NoticeDto<'static>>()),
        ("NoticeList", schema::<NoticeListDto<'static>>()),
    ] {
        for (member, schema) in schema["properties"].as_object().unwrap() {
            let forms = schema["oneOf"].as_array();
            let described = std::iter::once(schema)
                .chain(forms.into_iter().flatten())
                .any(|form| {
                    form["description"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty())
                });
            assert!(described, "{name}.{member} is {schema}");
        }
    }
}

#[test]
fn the_members_of_the_request_are_those_that_are_read() {
    let input = schema::<WebhookInput>();
    assert_eq!(names(&input, "properties"), members());
    assert_eq!(input["required"], Value::Null, "every member may be absent");
    assert_eq!(input["additionalProperties"], json!(true));
}

/// Whether a value is of a type that the schema names, for the few forms that these schemas have.
fn allows(schema: &Value, value: &Value) -> bool {
    if let Some(forms) = schema["oneOf"].as_array() {
        return forms.iter().filter(|form| allows(form, value)).count() == 1;
    }
    if let Some(forms) = schema["anyOf"].as_array() {
        return forms.iter().any(|form| allows(form, value));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let of_type = match &schema["type"] {
        Value::Null => true,
        Value::String(one) => one == kind,
        Value::Array(many) => many.iter().any(|one| one == kind),
        other => panic!("a type is {other}"),
    };
    let within = |bound: &str, ok: fn(f64, f64) -> bool| {
        schema[bound]
            .as_f64()
            .zip(value.as_f64())
            .is_none_or(|(bound, value)| ok(value, bound))
    };
    of_type
        && within("minimum", |value, bound| value >= bound)
        && within("maximum", |value, bound| value <= bound)
        && schema["enum"]
            .as_array()
            .is_none_or(|values| values.contains(value))
}

#[test]
fn the_schema_and_the_decoder_agree_on_which_types_a_member_can_have() {
    let input = schema::<WebhookInput>();
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(3),
        json!(4),
        json!(1.5),
        json!("Active"),
        json!([]),
        json!({}),
    ];
    for member in Member::ALL {
        let name = member.name();
        for value in &values {
            let body = json!({ name: value }).to_string();
            let read = decode::webhook(body.as_bytes()).is_ok();
            let allowed = allows(&input["properties"][name], value);
            // What only the rules refuse: a needed member that is null, a text without a meaning.
            let judged_later = value.is_null() && !allowed
                || matches!(name, "NotifyVia" | "NotifyWhen") && value.is_string();
            assert!(
                read == allowed || judged_later,
                "{body}: read {read}, allowed {allowed}"
            );
        }
    }
}

#[test]
fn whatever_spelling_of_a_state_or_a_flag_is_read_the_schema_allows() {
    let input = schema::<WebhookInput>();
    for (member, texts) in [
        ("State", ["Active", "aCTIVE", " 2 "]),
        ("NotifyVia", ["InApp", "EMAIL,inapp", " 3 "]),
        ("NotifyWhen", ["Disabling", "none", "+1"]),
    ] {
        for text in texts {
            draft(&json!({ member: text }).to_string());
            assert!(allows(&input["properties"][member], &json!(text)), "{text}");
        }
    }
    let filter = &schema::<ListRequest>()["properties"]["StatusFilter"];
    for text in ["", "stopped", "0"] {
        decode::list_filter(json!({ "StatusFilter": text }).to_string().as_bytes()).unwrap();
        assert!(allows(filter, &json!(text)), "{text}");
    }
}

#[test]
fn the_examples_are_the_samples() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let text = fixture!("json/save-response.full23.json").replace("42.3310274Z", "42.331027Z");
    assert_eq!(examples::saved_webhook(), parse(&text));
    assert_eq!(
        examples::list_request(),
        parse(fixture!("json/getall-request.json"))
    );
    for (example, sample) in [
        (
            examples::signal_request(),
            fixture!("json/signal-request.json"),
        ),
        (examples::test_request(), fixture!("json/test-request.json")),
        (
            examples::last_error_request(),
            fixture!("json/getlasterror-request.json"),
        ),
    ] {
        assert_eq!(example, parse(sample));
    }
    let mut sample = parse(fixture!("json/save-request.pascal.json"));
    let members = sample.as_object_mut().unwrap();
    members.retain(|name, _| !name.starts_with("Registered") && !name.starts_with("Updated"));
    assert_eq!(examples::save_request(), sample);
    draft(&examples::save_request().to_string());
}

#[test]
fn the_flags_in_the_patterns_are_the_flags_that_are_read() {
    for (member, text) in [
        ("NotifyVia", "Email , None,InApp"),
        ("NotifyWhen", "Disabling, FirstFailure"),
    ] {
        draft(&json!({ member: text }).to_string());
        refusal(&json!({ member: "Active" }).to_string());
    }
}

#[test]
fn every_schema_that_a_reply_refers_to_comes_with_it() {
    let mut schemas = Vec::new();
    WebhookDto::schemas(&mut schemas);
    let mut names: Vec<_> = schemas.into_iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(
        names,
        [
            "Associate",
            "MDOListItem",
            "TableRight",
            "UserType",
            "WebhookState"
        ]
    );
}

/// Reads a body, and answers whether that went well.
type Reads = fn(&[u8]) -> bool;

#[test]
fn the_schemas_of_small_requests_allow_what_is_read_and_nothing_else() {
    let calls: [(Value, Reads); 3] = [
        (schema::<SignalInput>(), |body| {
            decode::signal(body).is_ok_and(|call| call.event_name.is_some())
        }),
        (schema::<LastErrorInput>(), |body| {
            decode::webhook_id(body).is_ok_and(|id| id.is_some())
        }),
        (schema::<ResendInput>(), |body| {
            decode::resend(body).is_ok_and(|call| call.since.is_some())
        }),
    ];
    let values = [
        json!(null),
        json!(true),
        json!(7),
        json!(1.5),
        json!("2026-01-01"),
        json!([]),
        json!({}),
    ];
    for (schema, reads) in calls {
        let example = schema["examples"][0].clone();
        assert!(reads(example.to_string().as_bytes()), "{example}");
        for name in names(&schema, "properties") {
            for value in &values {
                let mut body = example.clone();
                body[&name] = value.clone();
                let read = reads(body.to_string().as_bytes());
                let allowed = allows(&schema["properties"][&name], value);
                // A whole number is also read from a text.
                assert!(
                    read == allowed || (read && value.is_string()),
                    "{body}: {allowed}"
                );
            }
        }
    }
    let wrapper = schema::<TestInput>();
    assert_eq!(names(&wrapper, "required"), ["Webhook"]);
    let example = wrapper["examples"][0].to_string();
    let draft = decode::test_call(example.as_bytes()).unwrap().unwrap();
    assert_eq!(
        draft.target_url.value().unwrap(),
        "https://sync.example.net/in"
    );
}

#[test]
fn a_delivery_and_its_attempts_have_the_members_that_their_schemas_require() {
    let mut schemas = Vec::new();
    DeliveryWithAttemptsDto::schemas(&mut schemas);
    let found: Vec<_> = schemas.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["DeliveryState", "Attempt", "Sent"] {
        assert!(found.contains(&name), "{name} is not among {found:?}");
    }
    let delivery = schema::<DeliveryDto<'static>>();
    let example = &delivery["example"];
    let mut written: Vec<_> = example.as_object().unwrap().keys().cloned().collect();
    written.sort();
    assert_eq!(names(&delivery, "required"), written);
    for (name, value) in example.as_object().unwrap() {
        assert!(
            delivery["properties"][name].get("$ref").is_some()
                || allows(&delivery["properties"][name], value),
            "{name}: {value}"
        );
    }
}
