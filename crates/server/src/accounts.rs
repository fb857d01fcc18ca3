//! The commands around users, tokens and tickets. They write short transactions beside a running
//! server, which notices by itself (decisions 35 and 36), and print what is asked for on stdout. A
//! password, token or ticket is printed once, when it is made; it is stored as a hash only.

use std::io;

use webhook_domain::{
    Account, AccountError, Accounts as _, Clock as _, Context, Logins as _, NewAccount, NewToken,
    SystemClock, SystemIds, Tenants as _, TokenId, TokenRecord, UserType,
};
use webhook_http::auth::{hash_password, issue_ticket, issue_token};
use webhook_store::{SqlStore, StoreOptions};

use crate::cli::{DatabaseArgs, Place, TenantName, TicketTask, TokenTask, UserTask};
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
            email,
            password_stdin,
            place,
        } => {
            check_email(email.as_deref())?;
            let full_name = full_name.unwrap_or_else(|| name.clone());
            check_name(&name)?;
            check_text("the full name", &full_name)?;
            let password = Password::given_or_made(password_stdin)?;
            with_store(place.database, async |store| {
                let account = NewAccount {
                    name,
                    full_name,
                    user_type: UserType::InternalAssociate,
                    email,
                    password_hash: Some(password.hash.clone()),
                };
                let context = context_of(store, place.tenant).await?;
                let added = store.add_account(&context, account).await;
                added.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            password.tell()
        }
        UserTask::List(place) => {
            let accounts = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let accounts = store.accounts(&context).await;
                accounts.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["ID", "NAME", "TYPE", "LOGIN", "FULL NAME"],
                accounts.iter().map(account_row),
            ))
        }
        UserTask::Passwd {
            name,
            password_stdin,
            place,
        } => {
            let password = Password::given_or_made(password_stdin)?;
            with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let hash = password.hash.clone();
                let set = store.set_password(&context, &name, hash).await;
                set.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            password.tell()
        }
        UserTask::Disable { name, place } => set_retired(&name, place, true),
        UserTask::Enable { name, place } => set_retired(&name, place, false),
    }
}

fn set_retired(name: &str, place: Place, retired: bool) -> Result<(), Failure> {
    let changed = with_store(place.database, async |store| {
        let context = context_of(store, place.tenant).await?;
        let changed = store.set_retired(&context, name, retired).await;
        changed.map_err(|e| Failure::Failed(e.to_string()))
    })?;
    if changed {
        return Ok(());
    }
    let state = if retired { "disabled" } else { "enabled" };
    Err(Failure::Failed(format!("'{name}' is {state} already")))
}

pub(crate) fn token(task: TokenTask) -> Result<(), Failure> {
    match task {
        TokenTask::Add { user, label, place } => {
            check_text("the label", &label)?;
            let (text, digest) = issue_token(&SystemIds);
            with_store(place.database, async |store| {
                let token = NewToken {
                    label,
                    digest,
                    created_at: SystemClock.now(),
                };
                let context = context_of(store, place.tenant).await?;
                let added = store.add_token(&context, &user, token).await;
                added.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&format!("{text}\n"))
        }
        TokenTask::List(place) => {
            let tokens = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let tokens = store.tokens(&context).await;
                tokens.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["ID", "USER", "CREATED", "STATE", "LABEL"],
                tokens.iter().map(token_row),
            ))
        }
        TokenTask::Revoke { id, place } => {
            let revoked = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let revoked = store.revoke_token(&context, TokenId(id), SystemClock.now());
                revoked.await.map_err(|e| Failure::Failed(e.to_string()))
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

pub(crate) fn ticket(task: TicketTask) -> Result<(), Failure> {
    match task {
        TicketTask::Issue { user, place } => {
            let text = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let failed = |e: &dyn std::error::Error| Failure::Failed(e.to_string());
                let account = store.account(&context, &user).await;
                let account = account.map_err(|e| failed(&e))?;
                let account =
                    account.ok_or_else(|| failed(&AccountError::NoSuchAssociate(user)))?;
                let who = account.associate;
                if who.deleted {
                    return Err(Failure::Failed(format!("'{}' is disabled", who.name)));
                }
                let (text, login) = issue_ticket(&SystemIds, who.id, SystemClock.now());
                let added = store.add_logins(&context, vec![login]).await;
                added.map_err(|e| failed(&e))?;
                Ok(text)
            })?;
            print(&format!("{text}\n"))
        }
        TicketTask::Revoke { user, place } => {
            with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let ended = store.end_logins(&context, &user).await;
                ended.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            Ok(())
        }
    }
}

/// The context of the people that a command is about.
pub(crate) async fn context_of(
    store: &SqlStore,
    tenant: Option<TenantName>,
) -> Result<Context, Failure> {
    let Some(TenantName(name)) = tenant else {
        return Ok(Context::onsite());
    };
    let found = store.tenant(&name).await;
    let found = found.map_err(|e| Failure::Failed(e.to_string()))?;
    found
        .map(|tenant| tenant.context)
        .ok_or_else(|| Failure::Failed(format!("there is no tenant '{name}'")))
}

/// A password with its hash.
struct Password {
    hash: String,
    /// The password itself when nobody chose it.
    made: Option<String>,
}

impl Password {
    fn given_or_made(from_stdin: bool) -> Result<Self, Failure> {
        let (password, given) = if from_stdin {
            (password::read(io::stdin().lock())?, true)
        } else {
            (password::generate(&SystemIds), false)
        };
        let hash = hash_password(&password, &SystemIds)
            .map_err(|error| Failure::Failed(error.to_string()))?;
        let made = (!given).then_some(password);
        Ok(Self { hash, made })
    }

    /// Prints it, once, when nobody knows it yet.
    fn tell(&self) -> Result<(), Failure> {
        match &self.made {
            Some(password) => print(&format!("{password}\n")),
            None => Ok(()),
        }
    }
}

/// Runs one piece of work on the database, then closes it in order.
pub(crate) fn with_store<T>(
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
        let store = database::open(options.database(), StoreOptions::default()).await?;
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

fn check_email(address: Option<&str>) -> Result<(), Failure> {
    address
        .map_or(Ok(()), webhook_domain::rules::check_mail_address)
        .map_err(|clause| Failure::Failed(format!("the mail address {clause}")))
}

pub(crate) fn check_text(what: &str, text: &str) -> Result<(), Failure> {
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
        (_, true) => "disabled",
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
