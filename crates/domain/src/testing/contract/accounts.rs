//! Associates, accounts and tokens.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::{AnyStore, at, elsewhere, insert, plain, ticket};
use crate::account::{NewAccount, NewApp, NewToken, TokenDigest, TokenId};
use crate::associate::{AssociateId, UserType};
use crate::context::Context;
use crate::ports::AccountError;

pub(super) fn named(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        full_name: format!("{name} with a longer name"),
        user_type: UserType::SystemAssociate,
        email: None,
        password_hash: Some(format!("$argon2id$ of {name}")),
    }
}

fn issued(label: &str, digest: u8) -> NewToken {
    NewToken {
        label: label.into(),
        digest: TokenDigest([digest; 32]),
        created_at: at(1_234_567),
    }
}

pub async fn associates_are_found_by_id_in_their_context(store: &dyn AnyStore) {
    let context = Context::onsite();
    let first = store.add_account(&context, named("tje0")).await.unwrap();
    let second = store.add_account(&context, named("zoë")).await.unwrap();
    assert_eq!((first.id, second.id), (AssociateId(1), AssociateId(2)));
    let asked = [AssociateId(3), second.id, AssociateId(-1), first.id];
    for _ in 0..2 {
        let mut found = store.associates(&context, &asked).await.unwrap();
        found.sort_by_key(|associate| associate.id);
        assert_eq!(found, [first.clone(), second.clone()]);
    }
    assert!(
        store
            .associates(&elsewhere(), &asked)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.associates(&context, &[]).await.unwrap().is_empty());
    // Also one that was asked for before it was there.
    let third = store.add_account(&context, named("late")).await.unwrap();
    assert_eq!(
        store.associates(&context, &asked[..1]).await.unwrap(),
        [third]
    );
}

pub async fn an_account_is_found_by_its_name_without_regard_to_case(store: &dyn AnyStore) {
    let context = Context::onsite();
    let added = store.add_account(&context, named("Ørsted")).await.unwrap();
    let bare = NewAccount {
        password_hash: None,
        ..named("service")
    };
    let service = store.add_account(&context, bare).await.unwrap();
    for name in ["Ørsted", "øRSTED"] {
        let account = store.account(&context, name).await.unwrap().unwrap();
        assert_eq!(account.context, context);
        assert_eq!(account.associate, added);
        assert_eq!(
            account.password_hash.as_deref(),
            Some("$argon2id$ of Ørsted")
        );
    }
    assert_eq!(
        (added.name.as_str(), added.user_type),
        ("Ørsted", UserType::SystemAssociate)
    );
    assert_eq!(added.full_name, "Ørsted with a longer name");
    assert!(store.account(&context, "Orsted").await.unwrap().is_none());
    assert!(
        store
            .account(&elsewhere(), "Ørsted")
            .await
            .unwrap()
            .is_none()
    );
    let all = store.accounts(&context).await.unwrap();
    let all: Vec<_> = all.iter().map(|account| &account.associate).collect();
    assert_eq!(all, [&added, &service]);
    let service = store.account(&context, "SERVICE").await.unwrap().unwrap();
    assert_eq!(service.password_hash, None);
}

pub async fn a_name_is_taken_in_its_context_whatever_its_case(store: &dyn AnyStore) {
    let context = Context::onsite();
    store.add_account(&context, named("Tje0")).await.unwrap();
    let refused = store.add_account(&context, named("tJE0")).await;
    assert!(matches!(refused, Err(AccountError::NameTaken(name)) if name == "tJE0"));
    assert_eq!(store.accounts(&context).await.unwrap().len(), 1);
    store
        .add_account(&elsewhere(), named("Tje0"))
        .await
        .unwrap();
    assert_eq!(store.accounts(&elsewhere()).await.unwrap().len(), 1);
}

pub async fn a_token_is_found_by_its_digest_and_revoked_once(store: &dyn AnyStore) {
    let context = Context::onsite();
    let who = store.add_account(&context, named("tje0")).await.unwrap();
    let first = store
        .add_token(&context, "TJE0", issued("first", 1))
        .await
        .unwrap();
    let second = store
        .add_token(&context, "tje0", issued("second", 2))
        .await
        .unwrap();
    assert!(first < second);
    let token = store.token(&TokenDigest([2; 32])).await.unwrap().unwrap();
    assert_eq!(
        (token.id, &token.context, &token.associate),
        (second, &context, &who)
    );
    assert_eq!(
        (token.label.as_str(), token.created_at),
        ("second", at(1_234_567))
    );
    assert_eq!(token.revoked_at, None);
    assert!(store.token(&TokenDigest([3; 32])).await.unwrap().is_none());

    assert!(
        !store
            .revoke_token(&elsewhere(), second, at(9))
            .await
            .unwrap()
    );
    assert!(
        !store
            .revoke_token(&context, TokenId(999), at(9))
            .await
            .unwrap()
    );
    assert!(store.revoke_token(&context, second, at(10)).await.unwrap());
    assert!(!store.revoke_token(&context, second, at(11)).await.unwrap());
    let revoked = store.token(&TokenDigest([2; 32])).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(at(10)));
    let all = store.tokens(&context).await.unwrap();
    let all: Vec<_> = all
        .iter()
        .map(|token| (token.id, token.revoked_at))
        .collect();
    assert_eq!(all, [(first, None), (second, Some(at(10)))]);
    assert!(store.tokens(&elsewhere()).await.unwrap().is_empty());
}

pub async fn a_token_speaks_for_somebody_who_exists(store: &dyn AnyStore) {
    let context = Context::onsite();
    store
        .add_account(&elsewhere(), named("tje0"))
        .await
        .unwrap();
    let refused = store.add_token(&context, "tje0", issued("x", 1)).await;
    assert!(matches!(refused, Err(AccountError::NoSuchAssociate(name)) if name == "tje0"));
    assert!(store.tokens(&context).await.unwrap().is_empty());
}

pub async fn every_change_of_credentials_raises_their_version(store: &dyn AnyStore) {
    let context = Context::onsite();
    let mut versions = vec![store.credentials_version().await.unwrap()];
    let who = store.add_account(&context, named("tje0")).await.unwrap();
    versions.push(store.credentials_version().await.unwrap());
    let token = store
        .add_token(&context, "tje0", issued("x", 1))
        .await
        .unwrap();
    versions.push(store.credentials_version().await.unwrap());
    assert!(store.revoke_token(&context, token, at(1)).await.unwrap());
    versions.push(store.credentials_version().await.unwrap());
    store
        .set_password(&context, "tje0", "x".into())
        .await
        .unwrap();
    versions.push(store.credentials_version().await.unwrap());
    assert!(store.set_retired(&context, "tje0", true).await.unwrap());
    versions.push(store.credentials_version().await.unwrap());
    store.end_logins(&context, "tje0").await.unwrap();
    versions.push(store.credentials_version().await.unwrap());
    store.add_tenant(&elsewhere(), at(1)).await.unwrap();
    versions.push(store.credentials_version().await.unwrap());
    assert!(store.set_tenant_disabled(&elsewhere(), true).await.unwrap());
    versions.push(store.credentials_version().await.unwrap());
    let app = NewApp {
        name: "x".into(),
        digest: TokenDigest([9; 32]),
        created_at: at(1),
    };
    let app = store.add_app(app).await.unwrap();
    versions.push(store.credentials_version().await.unwrap());
    assert!(store.set_app_granted(app, true).await.unwrap());
    versions.push(store.credentials_version().await.unwrap());
    assert!(
        versions.is_sorted_by(|before, after| before < after),
        "{versions:?}"
    );
    // What changes nothing raises nothing, and neither does logging in and out.
    assert!(store.add_account(&context, named("TJE0")).await.is_err());
    assert!(
        store
            .add_token(&context, "nobody", issued("y", 2))
            .await
            .is_err()
    );
    assert!(!store.revoke_token(&context, token, at(2)).await.unwrap());
    assert!(
        store
            .set_password(&context, "nobody", "x".into())
            .await
            .is_err()
    );
    assert!(!store.set_retired(&context, "tje0", true).await.unwrap());
    assert!(store.add_tenant(&elsewhere(), at(1)).await.is_err());
    assert!(!store.set_app_granted(app, true).await.unwrap());
    store
        .add_logins(&context, vec![ticket(who.id, 7, 1, 9)])
        .await
        .unwrap();
    assert!(store.end_login(&TokenDigest([7; 32])).await.unwrap());
    insert(store, plain(&context, 1)).await;
    assert_eq!(
        store.credentials_version().await.unwrap(),
        versions[versions.len() - 1]
    );
}
