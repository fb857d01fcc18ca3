//! What an event is called and what it is about (contract 10.2, 10.6, decision 29).

use webhook_domain::{Context, Event, EventKind, EventSeq};

use crate::event;

fn of(kind: EventKind, name: &str) -> Event {
    event(&Context::onsite(), kind, name).at(EventSeq(1))
}

#[test]
fn the_entity_stands_before_the_first_dot_and_of_a_list_before_the_last() {
    for (name, entity) in [
        ("contact.created", "contact"),
        ("y_table.created", "y_table"),
        ("list.category.created", "list.category"),
        ("list.110.changed", "list.110"),
        ("LIST.Category.softdeleted", "LIST.Category"),
        ("list.a.b.changed", "list.a.b"),
        ("list.created", "list"),
        ("list.", "list"),
        ("list", "list"),
        ("lists.category.created", "lists"),
        ("foo.bar.baz", "foo"),
        ("ad", "ad"),
        ("test", "test"),
        (".created", ""),
        ("a.", "a"),
        ("listé.x.y", "listé"),
        ("åäö.ändrad", "åäö"),
        ("🎉🎉.x", "🎉🎉"),
        ("webhook123.errors", "webhook123"),
    ] {
        let signalled = of(EventKind::Signalled, name);
        assert_eq!(signalled.entity(), Some(entity), "{name}");
        assert_eq!(signalled.body_name(), name);
    }
}

#[test]
fn a_test_is_about_itself() {
    let test = of(EventKind::Test, "test");
    assert_eq!(
        (test.entity(), test.body_name().as_str()),
        (Some("test"), "test")
    );
}

#[test]
fn a_state_event_has_no_entity_and_no_id_in_its_body() {
    for (name, body) in [
        ("webhook123.errors", "webhook.errors"),
        ("webhook1.started", "webhook.started"),
        ("webhook2147483647.stopped", "webhook.stopped"),
        ("webhook", "webhook"),
    ] {
        let state = of(EventKind::State, name);
        assert_eq!((state.entity(), state.body_name().as_str()), (None, body));
    }
}
