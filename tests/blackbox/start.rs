//! Starting: what is printed where, who can log in, and what a server refuses to start with.

use crate::http::Request;
use crate::program::{Home, Server, finish, program};
use crate::webhook::{draft, list, save};

#[test]
fn the_ready_line_is_all_there_is_on_stdout() {
    let home = Home::new();
    let server = home.dev();
    server.call(&save(&draft("a"))).expect(200);
    server.call(&Request::new("GET", "/nowhere")).expect(404);
    assert_eq!(server.stop().more_stdout, "");
}

#[test]
fn the_ready_line_names_the_port_that_the_system_chose() {
    let server = Home::new().dev();
    assert!(server.address().ip().is_loopback());
    assert_ne!(server.address().port(), 0);
}

/// The generated password, as the first start prints it.
fn password(stderr: &str) -> Option<&str> {
    let (_, rest) = stderr.split_once("The administrator 'admin' was made, with password ")?;
    rest.lines().next()
}

fn login(user: &str, password: &str) -> Request {
    list().with(
        "Authorization",
        &crate::authentication::basic(user, password),
    )
}

#[test]
fn the_first_strict_start_prints_a_password_once_that_opens_from_then_on() {
    let home = Home::new();
    let first = home.strict().stop();
    let password = password(&first.stderr).expect("a password").to_owned();
    assert_eq!(first.stderr.matches(&password).count(), 1);
    assert!(password.len() >= 24);

    let server = home.strict();
    server.call(&login("admin", &password)).expect(200);
    server.call(&login("ADMIN", &password)).expect(200);
    server.call(&login("admin", "Tje0")).expect(401);
    server.call(&login("tje0", "Tje0")).expect(401);
    let second = server.stop();
    assert!(!second.stderr.contains("was made"), "{}", second.stderr);
    assert!(!second.stderr.contains(&password));
}

#[test]
fn no_administrator_is_made_where_somebody_was_added_before() {
    let home = Home::new();
    home.run_with_input(&["user", "add", "kari", "--password-stdin"], "s3cret\n")
        .printed();
    let server = home.strict();
    server.call(&login("kari", "s3cret")).expect(200);
    assert_eq!(password(&server.stop().stderr), None);
}

#[test]
fn dev_refuses_to_listen_beyond_this_machine_wherever_the_address_comes_from() {
    let home = Home::new();
    let database = home.database();
    let file = home.settings("listen = '0.0.0.0:0'\n");
    let by_flag = |command: &mut std::process::Command| {
        command.args(["--listen", "0.0.0.0:0"]);
    };
    let by_environment = |command: &mut std::process::Command| {
        command.env("WEBHOOK_AGENT_LISTEN", "0.0.0.0:0");
    };
    let by_file = |command: &mut std::process::Command| {
        command.arg("--config").arg(&file);
    };
    let ways: [&dyn Fn(&mut std::process::Command); 3] = [&by_flag, &by_environment, &by_file];
    for way in ways {
        let mut command = program();
        command.args(["serve", "--dev", "--database", &database]);
        way(&mut command);
        let finished = finish(&mut command, "");
        let told = finished.failed_with(78);
        assert!(told.starts_with("listen is 0.0.0.0:0, but --dev"), "{told}");
    }
}

#[test]
fn a_database_of_the_dev_profile_is_not_served_beyond_this_machine() {
    let home = Home::new();
    home.dev().stop();

    let mut command = program();
    command.args([
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--database",
        &home.database(),
    ]);
    let finished = finish(&mut command, "");
    let told = finished.failed_with(78);
    assert!(told.contains("well-known password"), "{told}");

    // For this machine it is, with an administrator whose password is not well known.
    let said = home.strict().stop().stderr;
    assert!(password(&said).is_some(), "{said}");
    assert!(said.contains("well-known password"), "{said}");
}

#[test]
fn a_second_server_on_the_same_database_refuses_to_start_and_harms_nothing() {
    let home = Home::new();
    let server = home.dev();
    server.call(&save(&draft("kept"))).expect(200);

    let second = finish(home.serve().arg("--dev"), "");
    let told = second.failed_with(1);
    assert!(told.contains("webhooks.db"), "{told}");

    server.call(&save(&draft("kept as well"))).expect(200);
    assert_eq!(crate::webhook::all(&server).len(), 2);
    server.stop();
    assert_eq!(crate::webhook::all(&home.dev()).len(), 2);
}

#[test]
fn an_address_in_use_is_one_clear_line() {
    let server = Home::new().dev();
    let other = Home::new();
    let address = server.address().to_string();
    let mut command = program();
    command.args([
        "serve",
        "--dev",
        "--listen",
        &address,
        "--database",
        &other.database(),
    ]);
    let finished = finish(&mut command, "");
    let told = finished.failed_with(1);
    assert!(
        told.starts_with(&format!("cannot listen on {address}: ")),
        "{told}"
    );
    assert!(
        !other.path().join("webhooks.db").exists(),
        "a start that fails leaves nothing behind"
    );
}

#[test]
fn a_database_that_cannot_be_opened_is_one_clear_line() {
    let home = Home::new();
    std::fs::write(
        home.path().join("webhooks.db"),
        "this is no database, however long it may be",
    )
    .unwrap();
    let finished = finish(home.serve().arg("--dev"), "");
    let told = finished.failed_with(1);
    assert!(told.contains("webhooks.db"), "{told}");

    let mut command = program();
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.args(["--database", "postgres://agent:s3cret@127.0.0.1/hooks"]);
    let finished = finish(&mut command, "");
    assert!(!finished.stderr.contains("s3cret"), "{finished:?}");
    let told = finished.failed_with(1);
    assert!(told.contains("postgres"), "{told}");
}

#[test]
fn the_folder_of_the_database_is_made() {
    let home = Home::new();
    let path = home.path().join("deep/down/webhooks.db");
    let mut command = program();
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.args(["--database", &format!("sqlite:{}", path.display())]);
    Server::start(&mut command).stop();
    assert!(path.exists());
}

#[test]
fn without_settings_the_database_is_a_file_under_data() {
    let home = Home::new();
    let mut command = program();
    command
        .current_dir(home.path())
        .args(["serve", "--dev", "--listen", "127.0.0.1:0"]);
    Server::start(&mut command).stop();
    assert!(home.path().join("data/webhooks.db").exists());
}
