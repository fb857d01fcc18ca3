//! The commands around tenants and apps of an online installation. They write short transactions beside
//! a running server, which notices by itself. A client secret is printed once, when it is made.

use webhook_domain::{
    AppId, AppRecord, Apps as _, Clock as _, NewApp, SystemClock, SystemIds, Tenant, Tenants as _,
};
use webhook_http::auth::issue_app_secret;

use crate::accounts::{check_text, with_store};
use crate::cli::{AppTask, DatabaseArgs, TenantName, TenantTask};
use crate::failure::Failure;
use crate::terminal::{print, table};

pub(crate) fn tenant(task: TenantTask) -> Result<(), Failure> {
    match task {
        TenantTask::Add { name, database } => with_store(database, async |store| {
            let added = store.add_tenant(&name.0, SystemClock.now()).await;
            added.map_err(|e| Failure::Failed(e.to_string()))
        }),
        TenantTask::List(database) => {
            let tenants = with_store(database, async |store| {
                let tenants = store.tenants().await;
                tenants.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["NAME", "CREATED", "STATE"],
                tenants.iter().map(tenant_row),
            ))
        }
        TenantTask::Disable { name, database } => set_disabled(&name, database, true),
        TenantTask::Enable { name, database } => set_disabled(&name, database, false),
    }
}

fn set_disabled(
    TenantName(name): &TenantName,
    database: DatabaseArgs,
    disabled: bool,
) -> Result<(), Failure> {
    let changed = with_store(database, async |store| {
        let changed = store.set_tenant_disabled(name, disabled).await;
        changed.map_err(|e| Failure::Failed(e.to_string()))
    })?;
    if changed {
        return Ok(());
    }
    let what = if disabled { "disabled" } else { "enabled" };
    Err(Failure::Failed(format!(
        "there is no tenant '{name}' that could be {what}"
    )))
}

pub(crate) fn app(task: AppTask) -> Result<(), Failure> {
    match task {
        AppTask::Register { name, database } => {
            check_text("the name", &name)?;
            let (text, digest) = issue_app_secret(&SystemIds);
            with_store(database, async |store| {
                let app = NewApp {
                    name,
                    digest,
                    created_at: SystemClock.now(),
                };
                let added = store.add_app(app).await;
                added.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&format!("{text}\n"))
        }
        AppTask::List(database) => {
            let apps = with_store(database, async |store| {
                let apps = store.apps().await;
                apps.map_err(|e| Failure::Failed(e.to_string()))
            })?;
            print(&table(
                ["ID", "NAME", "CREATED", "WEBHOOK AGENT"],
                apps.iter().map(app_row),
            ))
        }
        AppTask::Grant { id, database } => set_granted(id, database, true),
        AppTask::Revoke { id, database } => set_granted(id, database, false),
    }
}

fn set_granted(id: i32, database: DatabaseArgs, granted: bool) -> Result<(), Failure> {
    let changed = with_store(database, async |store| {
        let changed = store.set_app_granted(AppId(id), granted).await;
        changed.map_err(|e| Failure::Failed(e.to_string()))
    })?;
    if changed {
        return Ok(());
    }
    let what = if granted { "granted" } else { "refused" };
    Err(Failure::Failed(format!(
        "there is no app {id} that could be {what} the Webhook agent"
    )))
}

fn tenant_row(tenant: &Tenant) -> [String; 3] {
    let state = if tenant.disabled {
        "disabled"
    } else {
        "enabled"
    };
    [
        tenant.context.to_string(),
        tenant.created_at.to_string(),
        state.to_owned(),
    ]
}

fn app_row(app: &AppRecord) -> [String; 4] {
    let state = if app.granted { "granted" } else { "refused" };
    [
        app.id.0.to_string(),
        app.name.clone(),
        app.created_at.to_string(),
        state.to_owned(),
    ]
}
