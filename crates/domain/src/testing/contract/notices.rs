//! Notices are claimed, sent and shown.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, what is not there is a failure"
)]
#![expect(missing_docs, reason = "the names are sentences")]

use super::steps::*;
use super::*;
use crate::delivery::Outcome;
use crate::notice::{NewNotice, Notice, NoticeKind, NoticeOutcome, NoticeState, Recipient};

/// The notices of a first failure of webhook 1 at second 9, to three recipients.
async fn failed(store: &dyn DeliveryStore) {
    let node = store.join(second(0), true).await.unwrap();
    let telling = Webhook {
        name: "Lager – 倉庫".into(),
        notify_via: NotifyVia::EMAIL.with(NotifyVia::IN_APP),
        notify_when: NotifyWhen::FIRST_FAILURE,
        error_emails: vec!["ops@exämple.com".into()],
        error_associates: vec![AssociateId(8)],
        ..plain(&Context::onsite(), 1)
    };
    insert(store, telling).await;
    signal(store, 5..6).await;
    let claimed = claim_one(store, node, second(9)).await;
    settle(store, node, &claimed, Outcome::TlsError, second(9)).await;
}

fn ids(notices: &[Notice]) -> Vec<i64> {
    notices.iter().map(|notice| notice.id).collect()
}

pub async fn a_notice_is_kept_with_everything_it_says(store: &dyn DeliveryStore) {
    failed(store).await;
    let expected = [
        (Recipient::InApp(AssociateId(8)), NoticeState::Sent),
        (Recipient::EmailOf(AssociateId(8)), NoticeState::Pending),
        (
            Recipient::Email("ops@exämple.com".into()),
            NoticeState::Pending,
        ),
    ];
    let notices = store.notices(&key(1), 9).await.unwrap();
    assert_eq!(notices.len(), 3);
    for (notice, (recipient, state)) in notices.iter().zip(expected) {
        let says = NewNotice {
            webhook: key(1),
            webhook_name: "Lager – 倉庫".into(),
            kind: NoticeKind::FirstFailure,
            recipient,
            event_id: uuid::Uuid::from_u128(5),
            error: "tls_error".into(),
            at: second(9),
        };
        assert_eq!((&notice.notice, notice.state), (&says, state));
        assert_eq!((notice.attempts, notice.reason.as_str()), (0, ""));
    }
    assert!(notices[0].id > notices[1].id && notices[1].id > notices[2].id);
    assert_eq!(
        ids(&store.notices(&key(1), 1).await.unwrap()),
        [notices[0].id]
    );
    assert_eq!(store.notices(&key(2), 9).await.unwrap(), []);
    assert_eq!(
        store.notices(&key_in(&elsewhere(), 1), 9).await.unwrap(),
        []
    );
}

pub async fn a_notice_is_claimed_by_one_until_its_time_is_over(store: &dyn DeliveryStore) {
    failed(store).await;
    assert_eq!(
        store
            .claim_notices(milli(8_999), second(20), 9)
            .await
            .unwrap(),
        []
    );
    let first = store.claim_notices(second(9), second(20), 1).await.unwrap();
    let other = store.claim_notices(second(9), second(30), 9).await.unwrap();
    assert_eq!((first.len(), other.len()), (1, 1));
    assert_ne!(first[0].id, other[0].id);
    // What is there to be shown is nobody's to send.
    assert!(!matches!(first[0].notice.recipient, Recipient::InApp(_)));
    assert!(!matches!(other[0].notice.recipient, Recipient::InApp(_)));
    assert_eq!(
        store
            .claim_notices(milli(19_999), second(40), 9)
            .await
            .unwrap(),
        []
    );
    let again = store
        .claim_notices(second(20), second(40), 9)
        .await
        .unwrap();
    assert_eq!(ids(&again), ids(&first));
    let again = store
        .claim_notices(second(30), second(40), 9)
        .await
        .unwrap();
    assert_eq!(ids(&again), ids(&other));
}

pub async fn many_claims_of_notices_at_once_never_take_one_twice(store: &dyn DeliveryStore) {
    failed(store).await;
    let claims = (0..10).map(|_| store.claim_notices(second(9), second(99), 1));
    let mut taken = Vec::new();
    for claimed in all_at_once(claims.collect()).await {
        taken.extend(ids(&claimed.unwrap()));
    }
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 2);
}

pub async fn what_became_of_a_notice_is_shown(store: &dyn DeliveryStore) {
    failed(store).await;
    let claimed = store.claim_notices(second(9), second(20), 1).await.unwrap();
    let number = claimed[0].id;
    let now = async || {
        let all = store.notices(&key(1), 9).await.unwrap();
        let notice = all.into_iter().find(|notice| notice.id == number).unwrap();
        (notice.state, notice.attempts, notice.reason)
    };
    let again = NoticeOutcome::Again(second(50), "451 later".into());
    store.settle_notice(number, again).await.unwrap();
    assert_eq!(now().await, (NoticeState::Pending, 1, "451 later".into()));
    let due = store
        .claim_notices(second(49), second(60), 9)
        .await
        .unwrap();
    assert!(!ids(&due).contains(&number));
    let due = store
        .claim_notices(second(50), second(60), 9)
        .await
        .unwrap();
    assert_eq!((ids(&due), due[0].attempts), (vec![number], 1));
    assert_eq!(due[0].reason, "451 later");
    store
        .settle_notice(number, NoticeOutcome::Sent)
        .await
        .unwrap();
    assert_eq!(now().await, (NoticeState::Sent, 2, String::new()));
    let due = store
        .claim_notices(second(999), second(1_000), 9)
        .await
        .unwrap();
    assert!(!ids(&due).contains(&number));
    store
        .settle_notice(i64::MAX, NoticeOutcome::Sent)
        .await
        .unwrap();
}

pub async fn a_notice_that_is_given_up_or_held_back_says_why(store: &dyn DeliveryStore) {
    failed(store).await;
    let claimed = store.claim_notices(second(9), second(20), 9).await.unwrap();
    let refused = NoticeOutcome::Failed("550 no such user".into());
    store.settle_notice(claimed[0].id, refused).await.unwrap();
    let held = NoticeOutcome::Suppressed("no mail server is set".into());
    store.settle_notice(claimed[1].id, held).await.unwrap();
    let all = store.notices(&key(1), 9).await.unwrap();
    let of = |id: i64| {
        let notice = all.iter().find(|notice| notice.id == id).unwrap();
        (notice.state, notice.attempts, notice.reason.as_str())
    };
    assert_eq!(
        of(claimed[0].id),
        (NoticeState::Failed, 1, "550 no such user")
    );
    // Nothing was tried.
    assert_eq!(
        of(claimed[1].id),
        (NoticeState::Suppressed, 0, "no mail server is set")
    );
    assert_eq!(
        store
            .claim_notices(second(999), second(1_000), 9)
            .await
            .unwrap(),
        []
    );
}
