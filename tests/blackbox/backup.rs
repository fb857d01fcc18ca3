//! Databases that are kept and moved: `backup`, `restore` and `migrate --to` (promise P20).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use serde_json::json;

use crate::http::{Request, TJE0};
use crate::program::{Home, Server};
use crate::receiver::Receiver;
use crate::webhook::{all, create, draft, id_of, save};

fn file(home: &Home, name: &str) -> PathBuf {
    home.path().join(name)
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

fn signal(key: i64) -> Request {
    let call = json!({"EventName": "order.paid", "PrimaryKey": key, "Data": {}});
    Request::agent("SignalEvent", call.to_string())
}

/// The primary keys of every event in the log of a webhook.
fn events(server: &Server, webhook: i64) -> BTreeSet<i64> {
    let mut keys = BTreeSet::new();
    let mut before = String::new();
    loop {
        let target = format!("/api/v1/Webhook/{webhook}/Deliveries?limit=500{before}");
        let page = Request::new("GET", &target).header("Authorization", TJE0);
        let page = server.call(&page).expect(200).json();
        for delivery in page["Deliveries"].as_array().unwrap() {
            keys.insert(delivery["PrimaryKey"].as_i64().unwrap());
        }
        match page["Next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return keys,
        }
    }
}

#[test]
fn p20_a_backup_under_load_has_every_event_that_was_acknowledged_before_it_began() {
    let home = Home::new();
    let receiver = Receiver::start();
    let server = home.dev();
    let mut webhook = draft("under load");
    webhook["Events"] = json!(["order.paid"]);
    webhook["TargetUrl"] = receiver.url("/in").into();
    let webhook = id_of(&server.call(&save(&webhook)));

    let (over, acknowledged) = (AtomicBool::new(false), AtomicI64::new(0));
    let copy = file(&home, "copy.db");
    let (before, signalled) = thread::scope(|scope| {
        let mut connection = server.connect();
        let (over, acknowledged) = (&over, &acknowledged);
        let load = scope.spawn(move || {
            let mut key = 0;
            while !over.load(Ordering::SeqCst) {
                key += 1;
                connection.call(&signal(key)).expect(204);
                acknowledged.store(key, Ordering::SeqCst);
            }
            key
        });
        // It is under way.
        while acknowledged.load(Ordering::SeqCst) < 200 {
            receiver.next();
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let made = home.run(&["backup", text(&copy)]);
        over.store(true, Ordering::SeqCst);
        assert!(made.printed().contains("copy.db"));
        (before, load.join().unwrap())
    });
    assert!(before >= 200 && signalled >= before);
    server.stop();

    let restored = Home::new();
    assert_eq!(restored.run(&["restore", text(&copy)]).printed(), "");
    let server = restored.dev();
    let there = events(&server, webhook);
    let missing: Vec<i64> = (1..=before).filter(|key| !there.contains(key)).collect();
    assert_eq!(missing, [0_i64; 0]);
    assert!(there.iter().all(|key| (1..=signalled).contains(key)));
    // It goes on: what is signalled now is delivered.
    server.call(&signal(1_000_000)).expect(204);
    let again = std::iter::repeat_with(|| receiver.next());
    let found = again.map(|call| call.json()["PrimaryKey"].as_i64());
    assert!(found.into_iter().any(|key| key == Some(1_000_000)));
}

#[test]
fn p20_a_byte_that_flips_in_a_backup_is_found_or_harms_no_webhook() {
    let home = Home::new();
    let server = home.dev();
    let mut connection = server.connect();
    for number in 0..40 {
        create(&mut connection, &format!("webhook {number}"));
    }
    let copy = file(&home, "copy.db");
    home.run(&["backup", text(&copy)]).printed();
    server.stop();
    let whole = std::fs::read(&copy).unwrap();
    let mut refused = 0;
    for flip in 0..50 {
        let target = Home::new();
        let mut bytes = whole.clone();
        // Spread over the file, its head among it.
        let at = flip * bytes.len() / 50 + flip;
        bytes[at] ^= 0x40;
        let bad = file(&target, "bad.db");
        std::fs::write(&bad, bytes).unwrap();
        let finished = target.run(&["restore", text(&bad)]);
        if finished.code == Some(0) {
            // Whatever reads it reads on, or says which row it cannot read.
            let exported = target.run(&["export"]);
            assert!(matches!(exported.code, Some(0 | 1)), "{at}: {exported:?}");
        } else {
            refused += 1;
            finished.failed_with(1);
            assert!(!file(&target, "webhooks.db").exists(), "{at}");
        }
    }
    assert!(refused > 0, "nothing was found");
}

#[test]
fn a_database_is_not_replaced_under_a_server_and_not_without_being_asked() {
    let home = Home::new();
    let server = home.dev();
    create(&mut server.connect(), "first");
    let copy = file(&home, "copy.db");
    home.run(&["backup", text(&copy)]).printed();
    let again = home.run(&["backup", text(&copy)]);
    assert!(
        again.failed_with(1).contains("is there already"),
        "{again:?}"
    );
    home.run(&["backup", text(&copy), "--force"]).printed();
    create(&mut server.connect(), "second");

    let served = home.run(&["restore", text(&copy), "--force"]);
    assert!(
        served.failed_with(1).contains("another server runs"),
        "{served:?}"
    );
    assert_eq!(all(&server).len(), 2);
    server.kill();
    let there = home.run(&["restore", text(&copy)]);
    assert!(
        there.failed_with(1).contains("is there already"),
        "{there:?}"
    );
    let printed = home.run(&["restore", text(&copy), "--force"]).printed();
    assert!(printed.contains("webhooks.db.before-restore"), "{printed}");
    assert_eq!(all(&home.dev()).len(), 1);
    // What was only in the log of the killed server was kept as well.
    let old = format!(
        "sqlite:{}",
        text(&file(&home, "webhooks.db.before-restore"))
    );
    let mut export = crate::program::program();
    export.args(["export", "--database", &old]);
    let exported = crate::program::finish(&mut export, "").printed();
    assert_eq!(exported.lines().count(), 2);
}

#[test]
fn other_databases_are_backed_up_by_tools_of_their_own() {
    for (url, tool) in [
        ("postgres://agent:s3cret@127.0.0.1/hooks", "pg_dump"),
        ("mysql://agent:s3cret@127.0.0.1/hooks", "mysqldump"),
    ] {
        for command in ["backup", "restore"] {
            let mut program = crate::program::program();
            program.args([command, "copy.db", "--database", url]);
            let finished = crate::program::finish(&mut program, "");
            let told = finished.failed_with(1);
            assert!(told.contains(tool) && !told.contains("s3cret"), "{told}");
        }
    }
}

#[test]
fn a_database_is_copied_into_another_one_with_everything_in_it() {
    let home = Home::new();
    let receiver = Receiver::start();
    let server = home.dev();
    let mut webhook = draft("moves");
    webhook["Events"] = json!(["order.paid"]);
    webhook["TargetUrl"] = receiver.url("/in").into();
    let webhook = id_of(&server.call(&save(&webhook)));
    for key in 1..=20 {
        server.call(&signal(key)).expect(204);
        receiver.next();
    }
    let target = Home::new();
    let to = target.database();
    let served = home.run(&["migrate", "--to", &to]);
    assert!(
        served.failed_with(1).contains("another server runs"),
        "{served:?}"
    );
    let there = all(&server);
    let keys = events(&server, webhook);
    server.stop();

    let printed = home
        .run(&["migrate", "--from", &home.database(), "--to", &to])
        .printed();
    let cells: Vec<Vec<&str>> = printed.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(cells[0], ["TABLE", "ROWS", "DIGEST"]);
    for (table, rows) in [
        ("webhook", "1"),
        ("event", "20"),
        ("delivery", "20"),
        ("associate", "1"),
    ] {
        let line = cells.iter().find(|cells| cells[0] == table).unwrap();
        assert_eq!(line[1], rows, "{table}");
    }
    let again = home.run(&["migrate", "--to", &to, "--force"]);
    assert!(
        again.failed_with(1).contains("holds rows already"),
        "{again:?}"
    );

    let server = target.dev();
    assert_eq!(all(&server), there);
    assert_eq!(events(&server, webhook), keys);
    server.call(&signal(21)).expect(204);
    assert_eq!(receiver.next().json()["PrimaryKey"], 21);
    // Ids go on.
    assert!(create(&mut server.connect(), "next") > webhook);
}
