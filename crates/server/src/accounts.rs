//! The commands around users and tokens. They write short transactions beside a running server, which
//! notices by itself (decisions 35 and 36), and print what is asked for on stdout. A password or token
//! is printed once, when it is made; it is stored as a hash only.

use std::io;

use webhook_domain::{
    Account, Accounts, Clock as _, Context, NewAccount, NewToken, SystemClock, SystemIds, TokenId,
    TokenRecord, UserType,
};
use webhook_http::auth::{hash_password, issue_token};
use webhook_store::SqlStore;

use crate::cli::{DatabaseArgs, TokenTask, UserTask};
use crate::failure::Failure;
use crate::terminal::{print, table};
use crate::{database, logging, password};

const MAX_NAME_CHARS: usize = 100;
const MAX_TEXT_CHARS: usize = 200;

pub(crate) fn user(task: UserTask) -> Result<(), Failure> {
    match task {
        UserTask::Add {
            name,
            full_name,
            password_stdin,
            database,
        } => {
            let full_name = full_name.unwrap_or_else(|| name.clone());
            check_name(&name)?;
            check_text("the full name", &full_name)?;
            let given = if password_stdin {
                Some(password::read(io::stdin().lock())?)
            } else {
                None
            };
            let password = given
                .clone()
                .unwrap_or_else(|| password::generate(&SystemIds));
            let password_hash = hash_password(&password, &SystemIds)
                .map_err(|error| Failure::Failed(error.to_string()))?;
            with_store(database, async |store| {
                let account = NewAccount {
                    name,
                    full_name,
                    user_type: UserType::InternalAssociate,
                    password_hash: Some(password_hash),
                };
                let context = Context::onsite();
                store
                    .add_account(&context, account)
                    .await
                    .map_err(|e| Failure::Failed(e.to_string()))
            })?;
            match given {
                Some(_) => Ok(()),
                None => print(&format!("{password}\n")),
            }
        }
        UserTask::List(database) => {
            let accounts = with_store(database, async |store| {
                store
                    .accounts(&Context::onsite())
                    .await
                    .map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["ID", "NAME", "TYPE", "LOGIN", "FULL NAME"],
                accounts.iter().map(account_row),
            ))
        }
    }
}

pub(crate) fn token(task: TokenTask) -> Result<(), Failure> {
    match task {
        TokenTask::Add {
            user,
            label,
            database,
        } => {
            check_text("the label", &label)?;
            let (text, digest) = issue_token(&SystemIds);
            with_store(database, async |store| {
                let token = NewToken {
                    label,
                    digest,
                    created_at: SystemClock.now(),
                };
                let context = Context::onsite();
                store
                    .add_token(&context, &user, token)
                    .await
                    .map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&format!("{text}\n"))
        }
        TokenTask::List(database) => {
            let tokens = with_store(database, async |store| {
                store
                    .tokens(&Context::onsite())
                    .await
                    .map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["ID", "USER", "CREATED", "STATE", "LABEL"],
                tokens.iter().map(token_row),
            ))
        }
        TokenTask::Revoke { id, database } => {
            let revoked = with_store(database, async |store| {
                let (context, now) = (Context::onsite(), SystemClock.now());
                let revoked = store.revoke_token(&context, TokenId(id), now).await;
                revoked.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            if revoked {
                Ok(())
            } else {
                Err(Failure::Failed(format!(
                    "there is no token {id} that could be revoked"
                )))
            }
        }
    }
}

/// Brings the database up to date, and nothing else.
pub(crate) fn migrate(database: DatabaseArgs) -> Result<(), Failure> {
    with_store(database, async |_| Ok(()))
}

/// Runs one piece of work on the database, then closes it in order.
fn with_store<T>(
    database: DatabaseArgs,
    work: impl AsyncFnOnce(&SqlStore) -> Result<T, Failure>,
) -> Result<T, Failure> {
    logging::start("warn")?;
    let options = database.0.with_file()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::of("no threads can be started", error))?;
    runtime.block_on(async {
        let store = database::open(options.database()).await?;
        let done = work(&store).await;
        store.close().await;
        done
    })
}

/// Basic splits user and password at a colon, and what cannot be typed cannot be logged in with.
fn check_name(name: &str) -> Result<(), Failure> {
    let length = name.chars().count();
    let plausible = (1..=MAX_NAME_CHARS).contains(&length)
        && name.trim() == name
        && !name.contains(|c: char| c == ':' || c.is_control());
    if plausible {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "a login name has 1 to {MAX_NAME_CHARS} characters, no colon, no control character and no \
         blank at its ends"
    )))
}

fn check_text(what: &str, text: &str) -> Result<(), Failure> {
    if text.chars().count() <= MAX_TEXT_CHARS && !text.contains(char::is_control) {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{what} may have {MAX_TEXT_CHARS} characters, and no control character"
    )))
}

fn account_row(account: &Account) -> [String; 5] {
    let who = &account.associate;
    let login = match (&account.password_hash, who.deleted) {
        (_, true) => "retired",
        (Some(_), false) => "password",
        (None, false) => "tokens",
    };
    [
        who.id.to_string(),
        who.name.clone(),
        who.user_type.name().to_owned(),
        login.to_owned(),
        who.full_name.clone(),
    ]
}

fn token_row(token: &TokenRecord) -> [String; 5] {
    let state = match token.revoked_at {
        Some(at) => format!("revoked {at}"),
        None => "valid".to_owned(),
    };
    [
        token.id.0.to_string(),
        token.associate.name.clone(),
        token.created_at.to_string(),
        state,
        token.label.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::{check_name, check_text};

    #[test]
    fn login_names_are_what_can_be_sent_and_typed() {
        for name in [
            "tje0",
            "ADM0",
            "kari.solheim@example.com",
            "Åse",
            "service account",
        ] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "",
            " ",
            " kari",
            "kari ",
            "a:b",
            "a\nb",
            "a\u{1b}b",
            &"x".repeat(101),
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        assert!(check_text("the label", "").is_ok());
        assert!(check_text("the label", &"x".repeat(201)).is_err());
        assert!(check_text("the label", "a\tb").is_err());
    }
}
