//! Somebody must be able to log in: the administrators that a server makes when it starts.

use webhook_domain::{Account, AccountError, Accounts, Context, Ids, NewAccount, UserType};
use webhook_http::auth::hash_password;

use crate::failure::Failure;
use crate::password;
use crate::settings::Profile;

/// The administrator of the dev profile, whose `Authorization` header stands on the page that the
/// product was made from.
const DEV_NAME: &str = "tje0";
const DEV_PASSWORD: &str = "Tje0";
/// Tells an account that the dev profile made from one that somebody added under the same name.
const DEV_FULL_NAME: &str = "Development Administrator";

/// The administrator of every other server.
const ADMIN_NAME: &str = "admin";
const ADMIN_FULL_NAME: &str = "Administrator";

/// Whether the administrator of the dev profile, whose password is well known, is among the accounts.
///
/// # Errors
/// When the accounts cannot be read.
pub(crate) async fn well_known_password(
    accounts: &dyn Accounts,
    context: &Context,
) -> Result<bool, Failure> {
    Ok(read(accounts, context).await?.iter().any(is_well_known))
}

/// Makes the administrator that the profile promises: `tje0` in the dev profile; otherwise `admin` with
/// a password that nobody chose, when there is nobody else yet. The password is the answer, as it is
/// kept nowhere. When several servers start on one database at once, one of them makes it.
///
/// # Errors
/// When the accounts cannot be read or written.
pub(crate) async fn make_administrator(
    accounts: &dyn Accounts,
    context: &Context,
    profile: Profile,
    ids: &dyn Ids,
) -> Result<Option<String>, Failure> {
    let there = read(accounts, context).await?;
    match profile {
        Profile::Dev => {
            if !there.iter().any(has_dev_name) {
                add(
                    accounts,
                    context,
                    ids,
                    [DEV_NAME, DEV_FULL_NAME, DEV_PASSWORD],
                )
                .await?;
            }
            Ok(None)
        }
        Profile::Strict => {
            if there.iter().any(|account| !is_well_known(account)) {
                return Ok(None);
            }
            let password = password::generate(ids);
            let made = add(
                accounts,
                context,
                ids,
                [ADMIN_NAME, ADMIN_FULL_NAME, &password],
            )
            .await?;
            Ok(made.then_some(password))
        }
    }
}

async fn read(accounts: &dyn Accounts, context: &Context) -> Result<Vec<Account>, Failure> {
    let there = accounts.accounts(context).await;
    there.map_err(|error| Failure::of("the accounts cannot be read", error))
}

fn has_dev_name(account: &Account) -> bool {
    account.associate.name.eq_ignore_ascii_case(DEV_NAME)
}

fn is_well_known(account: &Account) -> bool {
    has_dev_name(account) && account.associate.full_name == DEV_FULL_NAME
}

/// Adds an account; false when another server has added one of this name meanwhile.
async fn add(
    accounts: &dyn Accounts,
    context: &Context,
    ids: &dyn Ids,
    [name, full_name, password]: [&str; 3],
) -> Result<bool, Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::of("the first administrator cannot be added", error)
    };
    let hash = hash_password(password, ids).map_err(|error| failed(&error))?;
    let account = NewAccount {
        name: name.to_owned(),
        full_name: full_name.to_owned(),
        user_type: UserType::InternalAssociate,
        email: None,
        password_hash: Some(hash),
    };
    match accounts.add_account(context, account).await {
        Ok(_) => Ok(true),
        Err(AccountError::NameTaken(_)) => Ok(false),
        Err(error) => Err(failed(&error)),
    }
}

#[cfg(test)]
mod tests {
    use webhook_domain::SystemIds;
    use webhook_domain::testing::MemoryStore;

    use super::*;

    fn start(store: &MemoryStore, profile: Profile) -> Option<String> {
        pollster::block_on(make_administrator(
            store,
            &Context::onsite(),
            profile,
            &SystemIds,
        ))
        .unwrap()
    }

    fn well_known(store: &MemoryStore) -> bool {
        pollster::block_on(well_known_password(store, &Context::onsite())).unwrap()
    }

    fn names(store: &MemoryStore) -> Vec<String> {
        let accounts = pollster::block_on(store.accounts(&Context::onsite())).unwrap();
        accounts
            .iter()
            .map(|account| account.associate.name.clone())
            .collect()
    }

    #[test]
    fn the_first_strict_start_makes_an_administrator_and_no_later_one_does() {
        let store = MemoryStore::default();
        assert_eq!(
            start(&store, Profile::Strict).map(|password| password.len()),
            Some(24)
        );
        assert_eq!(start(&store, Profile::Strict), None);
        assert_eq!(names(&store), ["admin"]);
        assert!(!well_known(&store));
    }

    #[test]
    fn the_dev_profile_makes_its_administrator_once_whoever_else_is_there() {
        let store = MemoryStore::default();
        start(&store, Profile::Strict);
        for _ in 0..2 {
            assert_eq!(start(&store, Profile::Dev), None);
        }
        assert_eq!(names(&store), ["admin", "tje0"]);
        assert!(well_known(&store));
    }

    #[test]
    fn the_administrator_of_the_dev_profile_is_nobody_to_a_strict_server() {
        let store = MemoryStore::default();
        start(&store, Profile::Dev);
        assert!(start(&store, Profile::Strict).is_some());
        assert_eq!(names(&store), ["tje0", "admin"]);
    }

    #[test]
    fn somebody_called_like_the_administrator_of_the_dev_profile_is_like_anybody_else() {
        let store = MemoryStore::default();
        let account = NewAccount {
            name: "TJE0".to_owned(),
            full_name: "Tje Null".to_owned(),
            user_type: UserType::InternalAssociate,
            email: None,
            password_hash: None,
        };
        pollster::block_on(store.add_account(&Context::onsite(), account)).unwrap();
        assert!(!well_known(&store));
        assert_eq!(start(&store, Profile::Strict), None);
        assert_eq!(start(&store, Profile::Dev), None);
        assert_eq!(names(&store), ["TJE0"]);
    }
}
