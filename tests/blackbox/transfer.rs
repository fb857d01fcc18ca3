//! Webhooks that are moved between installations: `export` and `import`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::http::Request;
use crate::program::{Finished, Home, finish, program};
use crate::receiver::Receiver;
use crate::webhook::{all, create, draft, get, id_of, save};

/// What GetAllWebhooks of the original answers.
const SAMPLES: [&str; 3] = [
    include_str!("../fixtures/json/getall-response.json"),
    include_str!("../fixtures/json/save-response.full23.json"),
    include_str!("../fixtures/json/save-response.classic14.json"),
];

/// Every member that a client sets, and when the webhook was registered and changed.
const MOVED: [&str; 17] = [
    "WebhookId",
    "Name",
    "Events",
    "TargetUrl",
    "Secret",
    "State",
    "Type",
    "Headers",
    "Properties",
    "Registered",
    "Updated",
    "ErrorsEmail",
    "ErrorEmails",
    "ErrorAssociates",
    "Description",
    "NotifyVia",
    "NotifyWhen",
];

fn moved(webhook: &Value) -> Vec<(&str, &Value)> {
    MOVED.iter().map(|name| (*name, &webhook[*name])).collect()
}

fn write(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn import(home: &Home, file: &Path, more: &[&str]) -> Finished {
    let args = ["import", file.to_str().unwrap()];
    home.run(&[&args, more].concat())
}

/// What was told about the webhooks of an import, without the log.
fn told(finished: &Finished) -> Vec<&str> {
    let lines = finished.stderr.lines();
    lines.filter(|line| !line.starts_with('{')).collect()
}

fn signal(name: &str, key: i64) -> Request {
    let call = json!({"EventName": name, "PrimaryKey": key, "Data": {"n": key}});
    Request::agent("SignalEvent", call.to_string())
}

/// Webhooks that differ in everything that is moved.
fn furnish(home: &Home) -> Vec<Value> {
    let server = home.dev();
    let mut connection = server.connect();
    create(&mut connection, "plain");
    let gone = create(&mut connection, "gone");
    let full = json!({
        "Name": "Ærlig \"full\" US:\"one\";NO:\"en\"",
        "Events": ["sale.sold", "contact.changed", "webhook1.errors"],
        "TargetUrl": "https://hooks.example.com/in?a=b",
        "Secret": "Gr33n-Harb0ur-77",
        "State": "Stopped",
        "Type": "webhook",
        "Headers": {"X-Api-Key": "wh-5521", "X-Region": "nordic"},
        "Properties": {"z": 1.50, "a": {"queue": "orders", "list": [null, true]}},
        "ErrorEmails": ["ops@example.com", "duty@example.com"],
        "ErrorAssociates": [{"Id": 1}],
        "Description": "two\nlines",
        "NotifyVia": "Email, InApp",
        "NotifyWhen": "FirstFailure, Disabling",
    });
    let id = id_of(&connection.call(&save(&full)));
    let renamed = json!({"WebhookId": id, "Description": "changed"});
    connection.call(&save(&renamed)).expect(200);
    connection.call(&crate::webhook::delete(gone)).expect(204);
    let stored = all(&server);
    assert_eq!(stored.len(), 2);
    server.stop();
    stored
}

#[test]
fn an_export_that_is_imported_into_a_fresh_database_gives_the_same_webhooks() {
    let home = Home::new();
    let stored = furnish(&home);
    let exported = home.run(&["export"]).printed();
    let lines: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, stored, "a line is what GetAllWebhooks answers");

    let file = home.path().join("webhooks.jsonl");
    let to_file = home.run(&["export", file.to_str().unwrap()]);
    assert_eq!(to_file.printed(), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), exported);
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others can read the secrets: {mode:o}");
    }

    let fresh = Home::new();
    // The same administrator, so that associate 1 is the same person.
    fresh.dev().stop();
    let imported = import(&fresh, &file, &[]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(told(&imported), ["2 imported, 0 unchanged, 0 refused"]);
    let server = fresh.dev();
    let here = all(&server);
    assert_eq!(here.len(), stored.len());
    for (here, there) in here.iter().zip(&stored) {
        assert_eq!(moved(here), moved(there));
        assert_eq!(here["RegisteredAssociate"], there["RegisteredAssociate"]);
        assert_eq!(here["UpdatedAssociate"], there["UpdatedAssociate"]);
    }
    // Ids go on after the highest that was taken in.
    assert!(create(&mut server.connect(), "next") > stored[1]["WebhookId"].as_i64().unwrap());
    server.stop();

    let again = import(&fresh, &file, &[]);
    assert_eq!(told(&again), ["0 imported, 2 unchanged, 0 refused"]);
    let input = home.run(&["export", "-"]).printed();
    let renumbered = fresh.run_with_input(&["import", "-", "--renumber"], &input);
    assert_eq!(told(&renumbered), ["2 imported, 0 unchanged, 0 refused"]);
    assert_eq!(fresh.run(&["export"]).printed().lines().count(), 5);
}

#[test]
fn an_array_of_a_superoffice_installation_is_imported() {
    let [list, full, classic] = SAMPLES.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let mut array = list.as_array().unwrap().clone();
    for (id, webhook) in [(140, full), (7, classic)] {
        let mut webhook = webhook.clone();
        webhook["WebhookId"] = id.into();
        array.push(webhook);
    }
    let home = Home::new();
    let text = serde_json::to_string_pretty(&array).unwrap();
    // As .NET writes a file.
    let file = write(&home, "superoffice.json", &format!("\u{feff}{text}"));
    let imported = import(&home, &file, &[]);
    // The fixtures have hosts under .example, which is a name like any other.
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(
        told(&imported),
        [
            "element 2: the associate 12 'Kari Solheim' is nobody here, and will not be told about \
             failures",
            "3 imported, 0 unchanged, 0 refused",
        ]
    );
    let server = home.dev();
    let here = all(&server);
    let ids: Vec<_> = here.iter().map(|webhook| &webhook["WebhookId"]).collect();
    assert_eq!(ids, [7, 131, 140]);
    let (first, last) = (&here[1], &here[2]);
    for member in [
        "Name",
        "Events",
        "TargetUrl",
        "Secret",
        "State",
        "Type",
        "Headers",
    ] {
        assert_eq!(first[member], array[0][member], "{member}");
    }
    assert_eq!(first["Properties"], array[0]["Properties"]);
    assert_eq!(first["Registered"], "2025-11-03T08:15:42.331027Z");
    assert_eq!(first["RegisteredAssociate"], Value::Null, "nobody here");
    assert_eq!(first["Updated"], "0001-01-01T00:00:00");
    assert_eq!(last["Updated"], "2025-11-04T13:02:09.51Z");
    assert_eq!(last["ErrorAssociates"], json!([]));
    assert_eq!(last["ErrorEmails"], array[1]["ErrorEmails"]);
    assert_eq!(last["NotifyVia"], "Email, InApp");
    assert_eq!(last["TotalCalls"], 0, "counters begin anew");
}

#[test]
fn each_line_that_is_refused_is_named_and_the_others_are_taken_in() {
    let home = Home::new();
    let good = |id: i64, name: &str| {
        let mut webhook = draft(name);
        webhook["WebhookId"] = id.into();
        webhook["Secret"] = "Gr33n-Harb0ur-77".into();
        webhook
    };
    let mut insecure = good(20, "insecure");
    insecure["TargetUrl"] = "http://hooks.example.com/in".into();
    let mut strange = good(6, "strange");
    strange["Type"] = "fax".into();
    let lines = [
        good(1, "first").to_string(),
        insecure.to_string(),
        "{\"Name\": \"cut, Secret: s3cret-in-the-middle".to_owned(),
        String::new(),
        good(1, "other with a taken id").to_string(),
        good(1, "first").to_string(),
        strange.to_string(),
        good(-5, "negative").to_string(),
        good(0, "without an id").to_string(),
    ];
    let file = write(&home, "mixed.jsonl", &lines.join("\n"));
    let finished = import(&home, &file, &[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.stdout, "");
    let said = told(&finished);
    let places: Vec<&str> = said
        .iter()
        .filter_map(|line| line.split_once(": refused: "))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(places, ["line 2", "line 3", "line 5", "line 7", "line 8"]);
    assert!(said[0].contains("TargetUrl must be secure"), "{said:?}");
    assert!(said[1].contains("JSON"), "{said:?}");
    assert!(said[2].contains("WebhookId is the key of another webhook"));
    assert!(said[3].contains("fax"), "{said:?}");
    assert!(said[4].contains("WebhookId must be above zero"), "{said:?}");
    assert_eq!(
        said.last().unwrap(),
        &"webhook-agent: 2 imported, 1 unchanged, 5 refused"
    );
    for secret in ["Gr33n", "s3cret"] {
        assert!(!finished.stderr.contains(secret), "{finished:?}");
    }
    let names: Vec<Value> = home
        .run(&["export"])
        .printed()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["Name"].clone())
        .collect();
    assert_eq!(names, ["first", "without an id"]);

    let dev = import(&home, &file, &["--dev"]);
    assert!(told(&dev).last().unwrap().contains("refused"), "{dev:?}");
    assert!(home.run(&["export"]).printed().contains("insecure"));
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    let home = Home::new();
    let missing = home.path().join("missing.json");
    let finished = import(&home, &missing, &[]);
    assert!(
        finished.failed_with(1).contains("missing.json"),
        "{finished:?}"
    );
    let cut = write(&home, "cut.json", "[{\"Name\": \"x\"");
    let finished = import(&home, &cut, &[]);
    assert!(
        finished.failed_with(1).contains("the import stopped"),
        "{finished:?}"
    );
    let tenant = import(&home, &cut, &["--tenant", "Nobody"]);
    assert!(tenant.failed_with(1).contains("Nobody"), "{tenant:?}");
    let empty = write(&home, "empty.json", " \n");
    let finished = import(&home, &empty, &[]);
    assert_eq!(told(&finished), ["0 imported, 0 unchanged, 0 refused"]);
}

#[test]
fn the_test_event_is_sent_when_it_is_asked_for() {
    let home = Home::new();
    let receiver = Receiver::start();
    let (mut good, mut bad, mut stopped) = (draft("good"), draft("bad"), draft("stopped"));
    good["TargetUrl"] = receiver.url("/good").into();
    bad["TargetUrl"] = receiver.url("/refuse").into();
    stopped["TargetUrl"] = receiver.url("/refuse").into();
    stopped["State"] = "Stopped".into();
    let lines = [good, bad, stopped].map(|webhook| webhook.to_string());
    let file = write(&home, "a.jsonl", &lines.join("\n"));
    let finished = import(&home, &file, &["--dev", "--test"]);
    let said = told(&finished);
    assert!(said[0].starts_with("line 2: refused: "), "{said:?}");
    assert_eq!(
        said.last().unwrap(),
        &"webhook-agent: 2 imported, 0 unchanged, 1 refused"
    );
    let tests = [receiver.next(), receiver.next()];
    let mut paths = tests.map(|call| call.path);
    paths.sort();
    assert_eq!(paths, ["/good", "/refuse"]);
}

#[test]
fn a_running_server_delivers_its_next_event_to_a_webhook_that_was_imported() {
    let home = Home::new();
    let receiver = Receiver::start();
    let server = home.dev();
    let mut connection = server.connect();
    // The server knows who listens, and has reserved the ids after this one.
    let first = create(&mut connection, "first");
    connection.call(&signal("order.paid", 1)).expect(204);

    let lines: Vec<String> = (first + 1..first + 12)
        .map(|id| {
            let mut webhook = draft(&format!("imported {id}"));
            webhook["WebhookId"] = id.into();
            webhook["Events"] = json!(["order.paid"]);
            webhook["TargetUrl"] = receiver.url(&format!("/{id}")).into();
            webhook.to_string()
        })
        .collect();
    let file = write(&home, "a.jsonl", &lines.join("\n"));
    let finished = import(&home, &file, &["--dev"]);
    assert_eq!(told(&finished), ["11 imported, 0 unchanged, 0 refused"]);

    connection.call(&signal("order.paid", 2)).expect(204);
    let mut paths: Vec<String> = lines
        .iter()
        .map(|_| receiver.next())
        .map(|call| {
            assert_eq!(call.json()["PrimaryKey"], 2, "{}", call.body);
            call.path
        })
        .collect();
    paths.sort();
    let mut expected: Vec<String> = (first + 1..first + 12).map(|id| format!("/{id}")).collect();
    expected.sort();
    assert_eq!(paths, expected);
    // Ids that the server had reserved are taken now, which no client is to notice.
    assert!(create(&mut connection, "next") > first + 11);
    connection.call(&get(first + 3)).expect(200);
}

#[test]
fn what_an_app_is_to_own_is_seen_by_it_and_belongs_to_the_tenant() {
    let home = Home::new();
    home.run(&["tenant", "add", "Cust1"]).printed();
    home.run(&["app", "register", "shop"]).printed();
    let file = write(&home, "a.jsonl", &draft("of the app").to_string());
    let nobody = import(&home, &file, &["--tenant", "Cust1", "--app", "9"]);
    assert!(nobody.failed_with(1).contains("no app 9"), "{nobody:?}");
    let finished = import(&home, &file, &["--tenant", "cust1", "--app", "1"]);
    assert_eq!(told(&finished), ["1 imported, 0 unchanged, 0 refused"]);
    assert_eq!(home.run(&["export"]).printed(), "");
    let exported = home.run(&["export", "--tenant", "Cust1"]).printed();
    assert_eq!(exported.lines().count(), 1);
    let help = finish(program().args(["import", "--help"]), "").printed();
    assert!(help.contains("--renumber"), "{help}");
}
