//! Several callers at once.

use std::sync::{Arc, Barrier};
use std::thread;

use crate::program::Home;
use crate::webhook::{all, create, draft, get, save};

#[test]
fn savers_of_one_webhook_all_get_clean_answers_and_the_last_one_stays() {
    let server = Home::new().dev();
    let id = create(&mut server.connect(), "at first");
    let together = Arc::new(Barrier::new(2));
    let savers: Vec<_> = (0..2)
        .map(|saver| {
            let mut connection = server.connect();
            let together = together.clone();
            thread::spawn(move || {
                together.wait();
                for round in 0..50 {
                    let name = format!("saver {saver} round {round}");
                    let mut webhook = draft(&name);
                    webhook["WebhookId"] = id.into();
                    let reply = connection.call(&save(&webhook));
                    if reply.status == 503 {
                        assert!(reply.header("Retry-After").is_some());
                        continue;
                    }
                    assert_eq!(reply.expect(200).json()["Name"], name.as_str());
                }
            })
        })
        .collect();
    for saver in savers {
        saver.join().unwrap();
    }
    let name = server.call(&get(id)).expect(200).json()["Name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(name.ends_with("round 49"), "{name}");
    assert_eq!(all(&server).len(), 1);
}

#[test]
fn nobody_gets_an_id_that_somebody_else_got() {
    let server = Home::new().dev();
    let creators: Vec<_> = (0..8)
        .map(|creator| {
            let mut connection = server.connect();
            thread::spawn(move || {
                (0..20)
                    .map(|_| create(&mut connection, &format!("{creator}")))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let mut ids: Vec<i64> = creators
        .into_iter()
        .flat_map(|creator| creator.join().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 160);
}
