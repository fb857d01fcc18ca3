//! The commands beside the server: users, tokens, migrations, and how they fail.

use crate::program::{Home, finish, program};

#[test]
fn a_user_that_is_added_without_a_password_gets_one_that_is_printed_once() {
    let home = Home::new();
    let printed = home.run(&["user", "add", "kari"]).printed();
    let password = printed.strip_suffix('\n').unwrap();
    assert!(
        password.len() >= 24 && !password.contains(char::is_whitespace),
        "{password}"
    );
    let server = home.dev();
    let authorization = crate::authentication::basic("kari", password);
    server
        .call(&crate::webhook::list().with("Authorization", &authorization))
        .expect(200);
    assert!(!home.run(&["user", "list"]).printed().contains(password));
}

#[test]
fn users_are_listed_with_how_they_log_in() {
    let home = Home::new();
    home.run_with_input(
        &[
            "user",
            "add",
            "kari",
            "--full-name",
            "Kari Solheim",
            "--password-stdin",
        ],
        "x\n",
    )
    .printed();
    let listed = home.run(&["user", "list"]).printed();
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(lines[0], ["ID", "NAME", "TYPE", "LOGIN", "FULL NAME"]);
    assert_eq!(
        lines[1][1..],
        ["kari", "InternalAssociate", "password", "Kari Solheim"]
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn a_login_name_is_taken_once_whatever_its_case() {
    let home = Home::new();
    home.run(&["user", "add", "kari"]).printed();
    let again = home.run(&["user", "add", "KARI"]);
    let told = again.failed_with(1);
    assert!(told.contains("KARI"), "{told}");
}

#[test]
fn a_user_cannot_be_added_under_a_name_or_password_that_cannot_be_sent() {
    let home = Home::new();
    for name in ["", "a:b", " kari", "a\nb"] {
        home.run(&["user", "add", name]).failed_with(1);
    }
    let long = format!("{}\n", "x".repeat(1_025));
    home.run_with_input(&["user", "add", "kari", "--password-stdin"], &long)
        .failed_with(1);
    home.run_with_input(&["user", "add", "kari", "--password-stdin"], "")
        .failed_with(1);
    assert_eq!(home.run(&["user", "list"]).printed().lines().count(), 1);
}

#[test]
fn tokens_are_listed_without_the_tokens_and_revoked_once() {
    let home = Home::new();
    home.run(&["user", "add", "kari"]).printed();
    let token = home
        .run(&["token", "add", "--user", "Kari", "--label", "build server"])
        .printed();
    let list = || home.run(&["token", "list"]).printed();
    let listed = list();
    let cells: Vec<&str> = listed.lines().nth(1).unwrap().split('\t').collect();
    assert_eq!(
        (cells[0], cells[1], cells[3], cells[4]),
        ("1", "kari", "valid", "build server")
    );
    assert!(!listed.contains(token.trim()));

    assert_eq!(home.run(&["token", "revoke", "1"]).printed(), "");
    assert!(list().contains("\trevoked 2"), "{}", list());
    let again = home.run(&["token", "revoke", "1"]);
    assert!(again.failed_with(1).contains("token 1"));
    home.run(&["token", "revoke", "99"]).failed_with(1);
    home.run(&["token", "add", "--user", "nobody"])
        .failed_with(1);
}

#[test]
fn a_database_is_brought_up_to_date_as_often_as_one_likes() {
    let home = Home::new();
    for _ in 0..2 {
        assert_eq!(home.run(&["migrate"]).printed(), "");
    }
    assert!(home.path().join("webhooks.db").exists());
    let server = home.dev();
    assert_eq!(home.run(&["migrate"]).printed(), "");
    server.call(&crate::webhook::list()).expect(200);
}

#[test]
fn commands_find_the_database_by_the_settings_file_too() {
    let home = Home::new();
    let file = home.settings(&format!(
        "database = '{}'\nlisten = '127.0.0.1:0'\n",
        home.database()
    ));
    let file = file.to_str().unwrap();
    finish(
        program().args(["user", "add", "kari", "--config", file]),
        "",
    )
    .printed();
    let listed = finish(
        program()
            .args(["user", "list"])
            .env("WEBHOOK_AGENT_CONFIG", file),
        "",
    )
    .printed();
    assert!(listed.contains("kari"));
}

#[test]
fn a_line_that_cannot_be_understood_ends_with_2_and_help_with_0() {
    for args in [
        &[][..],
        &["serve", "--no-such-flag"],
        &["user"],
        &["token", "revoke", "first"],
    ] {
        let finished = finish(program().args(args), "");
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.stdout, "");
        assert!(!finished.stderr.is_empty());
    }
    for args in [&["--help"][..], &["serve", "--help"], &["--version"]] {
        let finished = finish(program().args(args), "");
        assert!(!finished.printed().is_empty());
    }
    let help = finish(program().arg("--help"), "").printed();
    for code in ["  0 ", "  1 ", "  2 ", "  78 ", "  130 "] {
        assert!(help.contains(code), "{help}");
    }
}
