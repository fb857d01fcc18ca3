//! Rows of webhooks: which, in what order, and of what columns.

use std::sync::Arc;

use serde_json::{Value, json};
use webhook_domain::testing::{FixedClock, MemoryStore, RecordingPlugin, SeqIds};
use webhook_domain::{
    Caller, Context, Given, PluginRegistry, SaveRules, WebhookDraft, WebhookFilter, WebhookState,
    Webhooks,
};

use super::*;

async fn views() -> Vec<WebhookView> {
    let store = Arc::new(MemoryStore::default());
    let plugins = Arc::new(PluginRegistry::new().with(RecordingPlugin::named("webhook")));
    let clock = Arc::new(FixedClock::default());
    let rules = SaveRules::default();
    let ids = Arc::new(SeqIds::default());
    let webhooks = Webhooks::new(store.clone(), store.clone(), plugins, clock, ids, rules);
    let caller = Caller::associate(Context::onsite(), store.add_associate("KARI"));
    for (name, state, events) in [
        ("beta", WebhookState::Active, vec!["a.b"]),
        ("Alpha", WebhookState::Stopped, vec!["a.b", "c.d"]),
        ("it's", WebhookState::Active, vec!["a.b", "c.d", "e.f"]),
    ] {
        let draft = WebhookDraft {
            name: Given::Value(name.to_owned()),
            events: Given::Value(events.into_iter().map(str::to_owned).collect()),
            target_url: Given::Value("https://hooks.example.com/".to_owned()),
            state: Some(state),
            ..WebhookDraft::default()
        };
        webhooks.save(&caller, draft).await.unwrap();
    }
    webhooks
        .list(&caller, WebhookFilter::default())
        .await
        .unwrap()
}

#[derive(Default)]
struct Asked<'a> {
    select: Option<&'a str>,
    filter: Option<&'a str>,
    order: Option<&'a str>,
    top: Option<&'a str>,
    skip: Option<&'a str>,
}

impl Asked<'_> {
    fn read(&self) -> Result<ArchiveQuery<WebhookColumn>, ArchiveError> {
        ArchiveQuery::parse(self.select, self.filter, self.order, self.top, self.skip)
    }

    async fn rows(&self) -> (Value, bool) {
        let views = views().await;
        let items = views
            .iter()
            .map(|view| Item {
                view,
                last_event: None,
            })
            .collect();
        let (query, culture) = (self.read().unwrap(), Culture::default());
        let page = page(items, &query, &culture);
        let rows = rows(&page.items, &query, &culture);
        (serde_json::to_value(&rows).unwrap(), page.more)
    }
}

#[actix_web::test]
async fn a_row_has_the_columns_that_were_selected_and_its_key_as_text() {
    let asked = Asked {
        select: Some(
            "webhookId, NAME,targeturl,eventCount,webhookUsage/status,webhookUsage/totalCalls",
        ),
        filter: Some("webhookId eq 2"),
        ..Asked::default()
    };
    assert_eq!(
        asked.rows().await,
        (
            json!([{
                "PrimaryKey": "2", "EntityName": "webhook", "webhookId": 2, "name": "Alpha",
                "targetUrl": "https://hooks.example.com/", "eventCount": 2,
                "webhookUsage/status": 2, "webhookUsage/totalCalls": 0,
            }]),
            false
        )
    );
}

#[actix_web::test]
async fn every_column_is_there_when_none_is_selected() {
    let (rows, _) = Asked {
        top: Some("1"),
        ..Asked::default()
    }
    .rows()
    .await;
    let row = rows[0].as_object().unwrap();
    for column in WebhookColumn::ALL {
        assert!(row.contains_key(column.name()), "{}", column.name());
    }
    assert_eq!(row["registeredBy"], "KARI");
    assert_eq!(row["registeredDate"], "2025-03-04T05:06:07Z");
    assert_eq!(row["events"], "a.b");
}

#[actix_web::test]
async fn filters_compare_by_eq_and_join_by_and() {
    for (filter, expected) in [
        ("name eq 'ALPHA'", json!(["Alpha"])),
        ("name eq 'it''s'", json!(["it's"])),
        ("  webhookId   EQ  1  AND name eq 'beta' ", json!(["beta"])),
        ("webhookId eq 1 and name eq 'Alpha'", json!([])),
        ("webhookId eq '3'", json!(["it's"])),
        (
            "updatedByFullName eq null and webhookId eq 1",
            json!(["beta"]),
        ),
        ("webhookUsage/status eq 2", json!(["Alpha"])),
        ("getAllRows eq 1", json!(["beta", "Alpha", "it's"])),
        ("getNoRows eq 1", json!([])),
        ("", json!(["beta", "Alpha", "it's"])),
    ] {
        let (rows, _) = Asked {
            filter: Some(filter),
            ..Asked::default()
        }
        .rows()
        .await;
        let names: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].clone())
            .collect();
        assert_eq!(json!(names), expected, "{filter}");
    }
}

#[actix_web::test]
async fn rows_are_ordered_and_paged() {
    for (order, top, skip, expected, more) in [
        ("name", "10", "", json!([2, 1, 3]), false),
        ("name desc", "10", "0", json!([3, 1, 2]), false),
        ("type,webhookId desc", "2", "", json!([3, 2]), true),
        ("webhookId asc", "1", "1", json!([2]), true),
        ("webhookId", "5", "2", json!([3]), false),
        ("webhookId", "0", "", json!([]), false),
        ("webhookId", "5", "4294967295", json!([]), false),
    ] {
        let asked = Asked {
            order: Some(order),
            top: Some(top),
            skip: Some(skip),
            ..Asked::default()
        };
        let (rows, has_more) = asked.rows().await;
        let ids: Vec<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["webhookId"].clone())
            .collect();
        assert_eq!(
            (json!(ids), has_more),
            (expected, more),
            "{order} {top} {skip}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_its_parameter() {
    let read = |asked: Asked<'_>| asked.read().err().map(|error| error.parameter);
    for filter in [
        "name",
        "name eq",
        "name eq Alpha",
        "name eq 'x",
        "name gt 'x'",
        "nothing eq 1",
        "name eq 'a' or name eq 'b'",
        "name eq 'a' name eq 'b'",
        "name eq 'a' and",
        "(name eq 'a')",
        "name eq 99999999999999999999",
        "'a' eq name",
    ] {
        assert_eq!(
            read(Asked {
                filter: Some(filter),
                ..Asked::default()
            }),
            Some("$filter"),
            "{filter}"
        );
    }
    for order in [
        "nothing",
        "name up",
        "name asc desc",
        "eventCount",
        "webhookUsage/status",
    ] {
        assert_eq!(
            read(Asked {
                order: Some(order),
                ..Asked::default()
            }),
            Some("$orderBy"),
            "{order}"
        );
    }
    for count in ["-1", "x", "1.5", "4294967296"] {
        assert_eq!(
            read(Asked {
                top: Some(count),
                ..Asked::default()
            }),
            Some("$top"),
            "{count}"
        );
        assert_eq!(
            read(Asked {
                skip: Some(count),
                ..Asked::default()
            }),
            Some("$skip"),
            "{count}"
        );
    }
    assert_eq!(
        read(Asked {
            select: Some("name,nothing"),
            ..Asked::default()
        }),
        Some("$select")
    );
}
