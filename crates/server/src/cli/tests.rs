//! Lines of the command line: what they are read as, and what is said about those that do not fit.

use clap::CommandFactory as _;

use super::*;

fn words(line: &str) -> Vec<OsString> {
    std::iter::once("webhook-agent")
        .chain(line.split_whitespace())
        .map(OsString::from)
        .collect()
}

fn failure(line: &str) -> Failure {
    match read(&words(line)) {
        Err(NoCommand::Setting(failure)) => failure,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_is_understood() {
    for line in [
        "serve",
        "serve --dev --listen 127.0.0.1:0 --database sqlite:./x.db --config x.toml",
        "user add kari",
        "user add kari --full-name Kari --password-stdin --database sqlite:./x.db",
        "user list --config x.toml",
        "token add --user kari",
        "token add --user kari --label ci --database sqlite:./x.db",
        "token list",
        "token revoke 3 --database sqlite:./x.db",
        "user passwd kari --password-stdin --tenant Cust12345",
        "user disable kari --database sqlite:./x.db",
        "user enable kari --tenant Cust12345",
        "ticket issue --user kari --tenant Cust12345",
        "ticket revoke --user kari --database sqlite:./x.db",
        "tenant add Cust12345 --database sqlite:./x.db",
        "tenant list",
        "tenant disable Cust12345",
        "tenant enable Cust12345",
        "app register warehouse --database sqlite:./x.db",
        "app list",
        "app grant 1",
        "app revoke 1 --config x.toml",
        "user add kari --email kari@example.com",
        "script add crm/orders orders.js --database sqlite:./x.db",
        "script add orders -",
        "script list --tenant Cust12345",
        "script show orders",
        "script remove orders --config x.toml",
        "migrate --database sqlite:./x.db",
        "openapi",
        "config-reference",
    ] {
        assert!(read(&words(line)).is_ok(), "{line}");
    }
}

#[test]
fn commands_that_only_need_the_database_take_no_other_settings() {
    for line in [
        "user list --listen 127.0.0.1:1",
        "migrate --allow-http",
        "openapi --database x",
    ] {
        let Err(NoCommand::Told(error)) = read(&words(line)) else {
            panic!("{line}")
        };
        assert_eq!(error.kind(), ErrorKind::UnknownArgument, "{line}");
        assert_eq!(error.exit_code(), 2);
    }
    let line = words("token list --database sqlite:./x.db");
    let Ok(Cli {
        task: Task::Token(TokenTask::List(place)),
    }) = read(&line)
    else {
        panic!()
    };
    assert_eq!(place.database.0.database(), "sqlite:./x.db");
}

#[test]
fn a_setting_that_cannot_be_used_is_one_line_with_its_name() {
    for (line, said) in [
        (
            "serve --listen nowhere",
            "--listen cannot be \"nowhere\": invalid socket address syntax",
        ),
        (
            "serve --workers=many",
            "--workers cannot be \"many\": invalid digit found in string",
        ),
        (
            "serve --allow-http=perhaps",
            "--allow-http cannot be \"perhaps\": ",
        ),
        (
            "serve --allowed-target-ranges ten",
            "--allowed-target-ranges cannot be \"ten\": expected",
        ),
    ] {
        let failure = failure(line);
        assert_eq!(failure.exit_code(), 78);
        assert!(failure.to_string().starts_with(said), "{line}: {failure}");
        assert_eq!(failure.to_string().lines().count(), 1);
    }
}

#[test]
fn a_value_that_is_no_setting_is_a_matter_of_the_command_line() {
    let Err(NoCommand::Told(error)) = read(&words("token revoke first")) else {
        panic!()
    };
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn variables_that_look_like_settings_but_are_none_are_found() {
    let names = [
        "WEBHOOK_AGENT_LISTN",
        "WEBHOOK_AGENT_LISTEN",
        "WEBHOOK_AGENT_LOG",
        "PATH",
        "WEBHOOK_AGENT_CONFIG",
        "WEBHOOK_AGENT_DEV",
    ];
    assert_eq!(
        unknown_variables(names.into_iter().map(OsString::from)),
        ["WEBHOOK_AGENT_DEV", "WEBHOOK_AGENT_LISTN"]
    );
}
