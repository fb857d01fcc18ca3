//! Scripts by their include name.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::second;
use super::*;
use crate::script::Script;

fn script(name: &str, source: &str, at: i64) -> Script {
    Script {
        name: name.into(),
        source: source.into(),
        updated_at: second(at),
    }
}

pub async fn a_script_is_found_by_its_name_without_regard_to_case(store: &dyn DeliveryStore) {
    let here = Context::onsite();
    assert_eq!(store.script(&here, "on_sale").await.unwrap(), None);
    let saved = script("On_Sale Ärger", "print('ø ?');\r\n//\t🎣", 1);
    store.put_script(&here, saved.clone()).await.unwrap();
    for name in ["On_Sale Ärger", "on_sale ärger", "ON_SALE ÄRGER"] {
        assert_eq!(
            store.script(&here, name).await.unwrap().as_ref(),
            Some(&saved)
        );
    }
    for name in ["On_Sale", "OnXSale Ärger", "", "%"] {
        assert_eq!(store.script(&here, name).await.unwrap(), None, "{name}");
    }
    assert_eq!(
        store.script(&elsewhere(), "On_Sale Ärger").await.unwrap(),
        None
    );
}

pub async fn a_script_takes_the_place_of_one_with_the_same_name(store: &dyn DeliveryStore) {
    let here = Context::onsite();
    store
        .put_script(&here, script("Order", "1", 1))
        .await
        .unwrap();
    store
        .put_script(&elsewhere(), script("Order", "there", 1))
        .await
        .unwrap();
    let second = script("ORDER", "", 2);
    store.put_script(&here, second.clone()).await.unwrap();
    assert_eq!(store.scripts(&here).await.unwrap(), [second]);
    let there = store.scripts(&elsewhere()).await.unwrap();
    assert_eq!(there, [script("Order", "there", 1)]);
}

pub async fn scripts_are_listed_by_name_and_removed_once(store: &dyn DeliveryStore) {
    let here = Context::onsite();
    for name in ["charlie", "Alpha", "bravo"] {
        store
            .put_script(&here, script(name, name, 1))
            .await
            .unwrap();
    }
    let names = async || {
        let listed = store.scripts(&here).await.unwrap();
        listed.into_iter().map(|s| s.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["Alpha", "bravo", "charlie"]);
    assert!(!store.remove_script(&elsewhere(), "bravo").await.unwrap());
    assert!(store.remove_script(&here, "BRAVO").await.unwrap());
    assert!(!store.remove_script(&here, "bravo").await.unwrap());
    assert_eq!(names().await, ["Alpha", "charlie"]);
    assert_eq!(store.script(&here, "bravo").await.unwrap(), None);
}

pub async fn a_script_may_be_long(store: &dyn DeliveryStore) {
    let source = "x".repeat(crate::script::MAX_SCRIPT_BYTES);
    let long = script("long", &source, 1);
    store
        .put_script(&Context::onsite(), long.clone())
        .await
        .unwrap();
    let found = store.script(&Context::onsite(), "long").await.unwrap();
    assert_eq!(found, Some(long));
}
