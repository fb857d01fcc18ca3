//! Tickets and sessions, and what ends them.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::accounts::named;
use super::{AnyStore, at, elsewhere, ticket};
use crate::account::{LoginKind, NewLogin, NewToken, TokenDigest};
use crate::context::Context;
use crate::ports::AccountError;

fn digest(number: u8) -> TokenDigest {
    TokenDigest([number; 32])
}

pub async fn a_new_password_ends_the_logins_of_its_associate_only(store: &dyn AnyStore) {
    let context = Context::onsite();
    let kari = store.add_account(&context, named("kari")).await.unwrap();
    let ola = store.add_account(&context, named("ola")).await.unwrap();
    let logins = vec![ticket(kari.id, 1, 1, 9), ticket(ola.id, 2, 1, 9)];
    store.add_logins(&context, logins).await.unwrap();
    store
        .set_password(&context, "KARI", "$another$".into())
        .await
        .unwrap();
    let account = store.account(&context, "kari").await.unwrap().unwrap();
    assert_eq!(account.password_hash.as_deref(), Some("$another$"));
    assert_eq!(account.associate, kari);
    assert!(store.login(&digest(1)).await.unwrap().is_none());
    assert!(store.login(&digest(2)).await.unwrap().is_some());
    for nobody in [
        store.set_password(&context, "nobody", "x".into()).await,
        store.set_password(&elsewhere(), "kari", "x".into()).await,
    ] {
        assert!(matches!(nobody, Err(AccountError::NoSuchAssociate(_))));
    }
}

pub async fn a_retired_associate_keeps_its_name_and_its_tokens_and_loses_its_logins(
    store: &dyn AnyStore,
) {
    let context = Context::onsite();
    let kari = store.add_account(&context, named("kari")).await.unwrap();
    let token = NewToken {
        label: "x".into(),
        digest: digest(7),
        created_at: at(1),
    };
    store.add_token(&context, "kari", token).await.unwrap();
    store
        .add_logins(&context, vec![ticket(kari.id, 1, 1, 9)])
        .await
        .unwrap();
    assert!(!store.set_retired(&context, "kari", false).await.unwrap());
    assert!(store.set_retired(&context, "Kari", true).await.unwrap());
    assert!(!store.set_retired(&context, "kari", true).await.unwrap());
    assert!(store.login(&digest(1)).await.unwrap().is_none());
    let token = store.token(&digest(7)).await.unwrap().unwrap();
    assert!(token.associate.deleted && token.revoked_at.is_none());
    assert!(store.tokens(&context).await.unwrap()[0].associate.deleted);
    let account = store.account(&context, "kari").await.unwrap().unwrap();
    assert!(account.associate.deleted);
    assert!(store.add_account(&context, named("kari")).await.is_err());

    assert!(store.set_retired(&context, "kari", false).await.unwrap());
    let token = store.token(&digest(7)).await.unwrap().unwrap();
    assert_eq!(token.associate, kari);
    assert!(store.login(&digest(1)).await.unwrap().is_none());
    let nobody = store.set_retired(&elsewhere(), "kari", true).await;
    assert!(matches!(nobody, Err(AccountError::NoSuchAssociate(_))));
}

pub async fn a_ticket_and_a_session_are_found_by_their_digest_in_their_context(
    store: &dyn AnyStore,
) {
    let kari = store
        .add_account(&elsewhere(), named("kari"))
        .await
        .unwrap();
    let session = NewLogin {
        kind: LoginKind::Session,
        ..ticket(kari.id, 2, 5, 1_741_064_767_123_456)
    };
    store
        .add_logins(&elsewhere(), vec![ticket(kari.id, 1, 5, 99), session])
        .await
        .unwrap();
    let found = store.login(&digest(1)).await.unwrap().unwrap();
    assert_eq!(
        (found.kind, found.expires_at, &found.context),
        (LoginKind::Ticket, at(99), &elsewhere())
    );
    assert_eq!(found.associate, kari);
    let found = store.login(&digest(2)).await.unwrap().unwrap();
    assert_eq!(
        (found.kind, found.expires_at),
        (LoginKind::Session, at(1_741_064_767_123_456))
    );
    assert!(store.login(&digest(3)).await.unwrap().is_none());
    // All or none, and for those who exist in the context.
    let here = Context::onsite();
    assert!(
        store
            .add_logins(&here, vec![ticket(kari.id, 4, 5, 99)])
            .await
            .is_err()
    );
    assert!(store.login(&digest(4)).await.unwrap().is_none());
}

pub async fn a_login_is_extended_and_never_shortened(store: &dyn AnyStore) {
    let context = Context::onsite();
    let kari = store.add_account(&context, named("kari")).await.unwrap();
    store
        .add_logins(&context, vec![ticket(kari.id, 1, 1, 50)])
        .await
        .unwrap();
    for (until, kept) in [(70, 70), (60, 70), (71, 71)] {
        store.extend_login(&digest(1), at(until)).await.unwrap();
        let found = store.login(&digest(1)).await.unwrap().unwrap();
        assert_eq!(found.expires_at, at(kept));
    }
    store.extend_login(&digest(2), at(99)).await.unwrap();
    assert!(store.login(&digest(2)).await.unwrap().is_none());
}

pub async fn a_login_is_ended_once_and_all_of_an_associate_at_once(store: &dyn AnyStore) {
    let context = Context::onsite();
    let kari = store.add_account(&context, named("kari")).await.unwrap();
    let ola = store.add_account(&context, named("ola")).await.unwrap();
    let logins = [(kari.id, 1), (kari.id, 2), (kari.id, 3), (ola.id, 4)];
    let logins = logins.map(|(who, number)| ticket(who, number, 1, 9));
    store.add_logins(&context, logins.into()).await.unwrap();
    assert!(store.end_login(&digest(1)).await.unwrap());
    assert!(!store.end_login(&digest(1)).await.unwrap());
    assert!(store.login(&digest(1)).await.unwrap().is_none());
    assert_eq!(store.end_logins(&context, "KARI").await.unwrap(), 2);
    assert_eq!(store.end_logins(&context, "kari").await.unwrap(), 0);
    assert!(store.login(&digest(3)).await.unwrap().is_none());
    assert!(store.login(&digest(4)).await.unwrap().is_some());
    let nobody = store.end_logins(&elsewhere(), "ola").await;
    assert!(matches!(nobody, Err(AccountError::NoSuchAssociate(_))));
}

pub async fn expired_logins_are_forgotten_when_others_are_added(store: &dyn AnyStore) {
    let context = Context::onsite();
    let kari = store.add_account(&context, named("kari")).await.unwrap();
    let logins = vec![ticket(kari.id, 1, 1, 10), ticket(kari.id, 2, 1, 11)];
    store.add_logins(&context, logins).await.unwrap();
    store
        .add_logins(&context, vec![ticket(kari.id, 3, 10, 20)])
        .await
        .unwrap();
    assert!(store.login(&digest(1)).await.unwrap().is_none());
    assert!(store.login(&digest(2)).await.unwrap().is_some());
    assert!(store.login(&digest(3)).await.unwrap().is_some());
}
