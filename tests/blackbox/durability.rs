//! What was acknowledged stays, whatever happens to the process.

use std::thread;

use crate::program::Home;
use crate::webhook::{all, create, delete, draft, get, save};

#[test]
fn everything_acknowledged_is_there_after_the_process_was_killed() {
    let home = Home::new();
    let server = home.dev();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let mut connection = server.connect();
            thread::spawn(move || {
                (0..50)
                    .map(|number| {
                        let name = format!("{writer}-{number}");
                        (create(&mut connection, &name), name)
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let mut acknowledged: Vec<(i64, String)> = writers
        .into_iter()
        .flat_map(|writer| writer.join().unwrap())
        .collect();
    server.kill();

    let stored: Vec<(i64, String)> = all(&home.dev())
        .iter()
        .map(|webhook| {
            (
                webhook["WebhookId"].as_i64().unwrap(),
                webhook["Name"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    acknowledged.sort_unstable();
    assert_eq!(acknowledged.len(), 200);
    assert_eq!(stored, acknowledged);
}

#[test]
fn changes_and_deletions_survive_a_kill_as_well() {
    let home = Home::new();
    let server = home.dev();
    let mut connection = server.connect();
    let (kept, gone) = (
        create(&mut connection, "first name"),
        create(&mut connection, "gone"),
    );
    let mut webhook = draft("second name");
    webhook["WebhookId"] = kept.into();
    let saved = connection.call(&save(&webhook)).expect(200);
    connection.call(&delete(gone)).expect(204);
    server.kill();

    let server = home.dev();
    assert_eq!(server.call(&get(kept)).expect(200).text(), saved.text());
    assert_eq!(server.call(&get(gone)).expect(200).text(), "null");
    // Ids are never given twice.
    assert!(create(&mut server.connect(), "next") > gone);
}
