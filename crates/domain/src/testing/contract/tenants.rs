//! Tenants and apps.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::{AnyStore, at, elsewhere};
use crate::account::{NewApp, TenantError, TokenDigest};
use crate::caller::AppId;
use crate::context::Context;

pub async fn a_tenant_is_found_whatever_the_case_of_its_name(store: &dyn AnyStore) {
    let other = Context::parse("CUST12345").unwrap();
    assert!(store.tenant(&other).await.unwrap().is_none());
    store.add_tenant(&elsewhere(), at(7)).await.unwrap();
    let taken = store.add_tenant(&other, at(8)).await;
    assert!(matches!(taken, Err(TenantError::Taken(name)) if name == other));
    for name in [&elsewhere(), &other] {
        let tenant = store.tenant(name).await.unwrap().unwrap();
        assert_eq!((tenant.context, tenant.created_at), (elsewhere(), at(7)));
        assert!(!tenant.disabled);
    }
    let first = Context::parse("Able").unwrap();
    store.add_tenant(&first, at(9)).await.unwrap();
    let all = store.tenants().await.unwrap();
    let all: Vec<_> = all.into_iter().map(|tenant| tenant.context).collect();
    assert_eq!(all, [first, elsewhere()]);
    assert!(store.tenant(&Context::onsite()).await.unwrap().is_none());
}

pub async fn a_tenant_is_hidden_and_shown_again(store: &dyn AnyStore) {
    store.add_tenant(&elsewhere(), at(7)).await.unwrap();
    let other_case = Context::parse("cust12345").unwrap();
    for (disabled, changed) in [(false, false), (true, true), (true, false), (false, true)] {
        let told = store.set_tenant_disabled(&other_case, disabled).await;
        assert_eq!(told.unwrap(), changed);
        let tenant = store.tenant(&elsewhere()).await.unwrap().unwrap();
        assert_eq!(tenant.disabled, disabled);
    }
    let nobody = Context::parse("nobody").unwrap();
    assert!(!store.set_tenant_disabled(&nobody, true).await.unwrap());
}

pub async fn an_app_is_found_by_its_digest_and_is_granted_nothing_at_first(store: &dyn AnyStore) {
    let app = |name: &str, digest: u8| NewApp {
        name: name.into(),
        digest: TokenDigest([digest; 32]),
        created_at: at(5),
    };
    let first = store.add_app(app("Zoë's app", 1)).await.unwrap();
    let second = store.add_app(app("other", 2)).await.unwrap();
    assert!(first < second);
    let found = store.app(&TokenDigest([1; 32])).await.unwrap().unwrap();
    assert_eq!((found.id, found.name.as_str()), (first, "Zoë's app"));
    assert_eq!((found.created_at, found.granted), (at(5), false));
    assert!(store.app(&TokenDigest([3; 32])).await.unwrap().is_none());

    for (granted, changed) in [(true, true), (true, false), (false, true), (true, true)] {
        assert_eq!(
            store.set_app_granted(first, granted).await.unwrap(),
            changed
        );
        let found = store.app(&TokenDigest([1; 32])).await.unwrap().unwrap();
        assert_eq!(found.granted, granted);
    }
    assert!(!store.set_app_granted(AppId(999), true).await.unwrap());
    let all = store.apps().await.unwrap();
    let all: Vec<_> = all.iter().map(|app| (app.id, app.granted)).collect();
    assert_eq!(all, [(first, true), (second, false)]);
}
