//! Ids, stamps and versions (contract 2.5 and 9.3), and the warnings of a save.

use webhook_domain::{Clock, Given, Stamp, Version, Warning, WebhookDraft};

use crate::fixtures::{Desk, House, draft, value};

fn renamed(id: i32, name: &str) -> WebhookDraft {
    WebhookDraft {
        id: Some(id),
        name: value(name),
        ..WebhookDraft::default()
    }
}

#[test]
fn a_new_webhook_is_stamped_as_registered_by_the_caller_and_not_as_updated() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let saved = desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let webhook = &saved.view.webhook;
        assert_eq!(
            webhook.registered,
            Stamp {
                at: desk.clock.now(),
                by: Some(desk.anna.id)
            }
        );
        assert_eq!(webhook.updated, None);
        assert_eq!(webhook.version, Version(0));
        assert_eq!(webhook.owner_app, None);
        assert_eq!(saved.view.registered_by, Some(desk.anna.clone()));
        assert_eq!(saved.view.updated_by, None);
        assert_eq!(saved.warnings, []);
    });
}

#[test]
fn every_later_save_stamps_the_update_and_leaves_the_registration() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let registered_at = desk.clock.now();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        for (round, who) in [(1, desk.bert()), (2, desk.anna()), (3, desk.bert())] {
            desk.clock.advance_micros(1_000_001);
            let name = format!("Round {round}");
            let saved = desk.webhooks.save(&who, renamed(1, &name)).await.unwrap();
            let webhook = &saved.view.webhook;
            assert_eq!(webhook.name, name);
            assert_eq!(
                webhook.registered,
                Stamp {
                    at: registered_at,
                    by: Some(desk.anna.id)
                }
            );
            let updated = Stamp {
                at: desk.clock.now(),
                by: Some(who.who().id),
            };
            assert_eq!(webhook.updated, Some(updated));
            assert_eq!(webhook.version, Version(round));
            assert_eq!(saved.view.registered_by, Some(desk.anna.clone()));
            assert_eq!(saved.view.updated_by.as_ref(), Some(who.who()));
        }
    });
}

#[test]
fn what_a_save_answers_is_what_is_read_and_listed_afterwards() {
    pollster::block_on(async {
        let desk = Desk::strict();
        let full = WebhookDraft {
            secret: value("s"),
            description: value("d"),
            properties: value(r#"{"b":1.0,"a":2}"#),
            error_emails: value(vec!["a@example.com".to_owned()]),
            error_associates: value([2, 1]),
            ..draft()
        };
        desk.webhooks.save(&desk.anna(), full).await.unwrap();
        let saved = desk
            .webhooks
            .save(&desk.bert(), renamed(1, "N"))
            .await
            .unwrap()
            .view;
        let read = desk.webhooks.get(&desk.anna(), 1).await.unwrap().unwrap();
        let listed = desk
            .webhooks
            .list(&desk.anna(), Default::default())
            .await
            .unwrap();
        for view in listed.iter().chain([&read]) {
            assert_eq!(view.webhook, saved.webhook);
            assert_eq!(view.usage, saved.usage);
            assert_eq!(view.registered_by, saved.registered_by);
            assert_eq!(view.updated_by, saved.updated_by);
            assert_eq!(view.error_associates, saved.error_associates);
        }
        assert_eq!(listed.len(), 1);
        assert_eq!(
            saved.error_associates,
            [desk.bert.clone(), desk.anna.clone()]
        );
    });
}

#[test]
fn ids_rise_and_an_id_that_is_absent_or_zero_creates() {
    pollster::block_on(async {
        let desk = Desk::strict();
        for (id, given) in [(1, None), (2, Some(0)), (3, None)] {
            let saved = desk
                .webhooks
                .save(
                    &desk.anna(),
                    WebhookDraft {
                        id: given,
                        ..draft()
                    },
                )
                .await;
            assert_eq!(saved.unwrap().view.webhook.id.get(), id);
        }
        let listed = desk
            .webhooks
            .list(&desk.anna(), Default::default())
            .await
            .unwrap();
        let ids: Vec<_> = listed.iter().map(|view| view.webhook.id.get()).collect();
        assert_eq!(ids, [1, 2, 3]);
    });
}

#[test]
fn each_save_of_an_unknown_type_warns() {
    pollster::block_on(async {
        let desk = Desk::of(House::dev());
        let unknown = WebhookDraft {
            plugin: value("et"),
            ..draft()
        };
        let warnings = desk
            .webhooks
            .save(&desk.anna(), unknown)
            .await
            .unwrap()
            .warnings;
        assert_eq!(
            warnings,
            [Warning::UnknownType(webhook_domain::PluginName::new("et"))]
        );
        assert_eq!(
            warnings[0].to_string(),
            "no installed plugin handles Type 'et': nothing will be delivered"
        );
        let again = desk
            .webhooks
            .save(&desk.anna(), renamed(1, "N"))
            .await
            .unwrap();
        assert_eq!(again.warnings, warnings);
        let known = WebhookDraft {
            plugin: value("Webhook"),
            ..renamed(1, "N")
        };
        assert_eq!(
            desk.webhooks
                .save(&desk.anna(), known)
                .await
                .unwrap()
                .warnings,
            []
        );
    });
}

#[test]
fn recipients_are_shown_in_their_order_and_one_that_is_gone_is_left_out() {
    use webhook_domain::{WebhookRepository, WebhookWrite};
    pollster::block_on(async {
        let desk = Desk::strict();
        let asked = WebhookDraft {
            error_associates: value([2, 1]),
            ..draft()
        };
        let webhook = desk
            .webhooks
            .save(&desk.anna(), asked)
            .await
            .unwrap()
            .view
            .webhook;
        let mut gone = (*webhook).clone();
        gone.error_associates
            .insert(1, webhook_domain::AssociateId(99));
        gone.registered.by = Some(webhook_domain::AssociateId(98));
        gone.version = gone.version.next();
        let write = WebhookWrite::Revise {
            webhook: gone.into(),
            expected: webhook.version,
        };
        desk.store.commit(write.into()).await.unwrap();
        let view = desk.webhooks.get(&desk.anna(), 1).await.unwrap().unwrap();
        assert_eq!(
            view.error_associates,
            [desk.bert.clone(), desk.anna.clone()]
        );
        assert_eq!(view.registered_by, None);
        // Those that the webhook names already are kept by a save that sends them back.
        let sent_back = WebhookDraft {
            error_associates: value([2, 99, 1]),
            ..renamed(1, "N")
        };
        let saved = desk
            .webhooks
            .save(&desk.anna(), sent_back)
            .await
            .unwrap()
            .view
            .webhook;
        assert_eq!(saved.error_associates.len(), 3);
    });
}

#[test]
fn a_member_that_only_the_server_sets_cannot_be_sent() {
    pollster::block_on(async {
        let desk = Desk::strict();
        desk.webhooks.save(&desk.anna(), draft()).await.unwrap();
        let cleared = WebhookDraft {
            secret: Given::Null,
            ..renamed(1, "N")
        };
        let view = desk
            .webhooks
            .save(&desk.anna(), cleared)
            .await
            .unwrap()
            .view;
        assert_eq!(view.usage, webhook_domain::Usage::default());
        assert_eq!(view.webhook.context, webhook_domain::Context::onsite());
    });
}
