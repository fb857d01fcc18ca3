//! Webhooks that come from elsewhere keep who they are, and are judged like any other.

use pollster::block_on;
use webhook_domain::{
    AppId, AssociateId, Context, Field, ForeignStamp, ForeignWebhook, Given, ImportOptions,
    Imported, NamedAssociate, SaveError, Timestamp, Version, WebhookDraft, WebhookState,
};

use crate::fixtures::{Desk, draft, fields, texts, value};

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn named(id: i32, name: &str) -> NamedAssociate {
    NamedAssociate {
        id: AssociateId(id),
        name: name.to_owned(),
    }
}

fn with_id(id: i32) -> ForeignWebhook {
    ForeignWebhook {
        draft: WebhookDraft {
            id: Some(id),
            ..draft()
        },
        ..ForeignWebhook::default()
    }
}

fn import(
    desk: &Desk,
    foreign: ForeignWebhook,
    options: ImportOptions,
) -> Result<Imported, SaveError> {
    block_on(desk.webhooks.import(&Context::onsite(), foreign, options))
}

fn taken_in(desk: &Desk, foreign: ForeignWebhook) -> Imported {
    import(desk, foreign, ImportOptions::default()).unwrap()
}

fn refused(desk: &Desk, foreign: ForeignWebhook) -> Vec<Field> {
    match import(desk, foreign, ImportOptions::default()) {
        Err(SaveError::Invalid(violations)) => fields(&violations),
        other => panic!("{other:?}"),
    }
}

#[test]
fn key_state_and_stamps_are_kept() {
    let desk = Desk::strict();
    let mut foreign = with_id(131);
    foreign.draft.state = Some(WebhookState::TooManyErrors);
    foreign.registered = Some(ForeignStamp {
        at: at(5),
        by: Some(named(desk.anna.id.0, "ANNA")),
    });
    foreign.updated = Some(ForeignStamp {
        at: at(9),
        by: Some(named(desk.bert.id.0, "somebody else")),
    });
    assert_eq!(taken_in(&desk, foreign).id.get(), 131);
    let stored = block_on(desk.content()).remove(0).webhook;
    assert_eq!(stored.id.get(), 131);
    assert_eq!(stored.state, WebhookState::TooManyErrors);
    assert_eq!(stored.registered.at, at(5));
    assert_eq!(stored.registered.by, Some(desk.anna.id));
    let updated = stored.updated.unwrap();
    assert_eq!((updated.at, updated.by), (at(9), None), "not bert");
    assert_eq!(stored.version, Version(1));
    // What is saved next has an id of its own.
    let next = block_on(desk.webhooks.save(&desk.anna(), draft())).unwrap();
    assert!(next.view.webhook.id.get() > 131);
}

#[test]
fn without_stamps_and_key_a_webhook_is_registered_now_by_the_server() {
    let desk = Desk::strict();
    let foreign = ForeignWebhook {
        draft: draft(),
        ..ForeignWebhook::default()
    };
    taken_in(&desk, foreign);
    let stored = block_on(desk.content()).remove(0).webhook;
    assert_eq!(stored.registered.by, None);
    assert_eq!(stored.updated, None);
    assert_eq!(stored.version, Version(0));
    assert_eq!(stored.state, WebhookState::Active);
    assert_eq!(stored.owner_app, None);
}

#[test]
fn a_taken_key_is_refused_unless_what_is_there_is_the_same() {
    let desk = Desk::strict();
    taken_in(&desk, with_id(3));
    assert!(taken_in(&desk, with_id(3)).unchanged);
    let mut other = with_id(3);
    other.draft.events = texts(&["sale.changed"]);
    assert_eq!(refused(&desk, other.clone()), [Field::WebhookId]);
    let renumber = ImportOptions {
        renumber: true,
        owner: Some(AppId(4)),
    };
    let imported = import(&desk, other, renumber).unwrap();
    assert!(!imported.unchanged && imported.id.get() != 3);
    let stored = block_on(desk.content());
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[1].webhook.owner_app, Some(AppId(4)));
    assert_eq!(refused(&desk, with_id(-1)), [Field::WebhookId]);
}

#[test]
fn recipients_that_are_nobody_here_are_left_out_and_told() {
    let desk = Desk::strict();
    let anna = named(desk.anna.id.0, &desk.anna.full_name);
    let strangers = [
        named(desk.bert.id.0, "Kari Solheim"),
        named(4711, "bert"),
        named(0, "nobody"),
    ];
    let mut foreign = with_id(3);
    // Keys alone say nothing.
    foreign.draft.error_associates = Given::Value(vec![desk.bert.id.0]);
    foreign.recipients = [&[anna][..], &strangers].concat();
    assert_eq!(taken_in(&desk, foreign.clone()).left_out, strangers);
    let stored = block_on(desk.content()).remove(0).webhook;
    assert_eq!(stored.error_associates, [desk.anna.id]);
    let again = taken_in(&desk, foreign.clone());
    assert!(again.unchanged && again.left_out == strangers);

    foreign.recipients = (0..101).map(|id| named(id, "x")).collect();
    foreign.draft.id = Some(4);
    assert_eq!(refused(&desk, foreign), [Field::ErrorAssociates]);
}

#[test]
fn every_rule_that_is_broken_is_told_and_nothing_is_stored() {
    let desk = Desk::strict();
    let mut foreign = with_id(3);
    foreign.draft.target_url = value("http://hooks.example.com/orders");
    foreign.draft.name = value("");
    foreign.draft.events = texts(&[]);
    let broken = refused(&desk, foreign);
    assert_eq!(broken[0], Field::TargetUrl);
    assert!(broken.contains(&Field::Name), "{broken:?}");
    assert!(block_on(desk.content()).is_empty());
}
