//! Tickets, sessions, tenants and apps in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::account::{AppRecord, LoginRecord, NewApp, NewLogin, Tenant, TenantError, TokenDigest};
use crate::caller::AppId;
use crate::case;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::ports::{AccountError, Apps, Logins, StoreError, Tenants};

#[async_trait]
impl Logins for MemoryStore {
    async fn add_logins(&self, context: &Context, logins: Vec<NewLogin>) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(now) = logins.iter().map(|login| login.created_at).max() {
            state.logins.retain(|_, login| login.expires_at > now);
        }
        let mut added = Vec::with_capacity(logins.len());
        for login in logins {
            let account = state.accounts.get(&(context.clone(), login.associate));
            let account = account.ok_or_else(|| {
                StoreError::Failed(format!("there is no associate {}", login.associate))
            })?;
            let record = LoginRecord {
                kind: login.kind,
                context: context.clone(),
                associate: account.associate.clone(),
                expires_at: login.expires_at,
            };
            added.push((login.digest, record));
        }
        state.logins.extend(added);
        Ok(())
    }

    async fn login(&self, digest: &TokenDigest) -> Result<Option<LoginRecord>, StoreError> {
        let state = self.state();
        Ok(state.logins.get(digest).map(|login| {
            let key = (login.context.clone(), login.associate.id);
            let account = state.accounts.get(&key);
            LoginRecord {
                associate: account.map_or(&login.associate, |a| &a.associate).clone(),
                ..login.clone()
            }
        }))
    }

    async fn extend_login(&self, digest: &TokenDigest, until: Timestamp) -> Result<(), StoreError> {
        if let Some(login) = self.state().logins.get_mut(digest) {
            login.expires_at = login.expires_at.max(until);
        }
        Ok(())
    }

    async fn end_login(&self, digest: &TokenDigest) -> Result<bool, StoreError> {
        Ok(self.state().logins.remove(digest).is_some())
    }

    async fn end_logins(&self, context: &Context, name: &str) -> Result<u64, AccountError> {
        let mut state = self.state();
        let key = state.key_of(context, name)?;
        let ended = state.end_logins_of(&key);
        state.credentials_version += 1;
        Ok(ended as u64)
    }
}

#[async_trait]
impl Tenants for MemoryStore {
    async fn tenant(&self, name: &Context) -> Result<Option<Tenant>, StoreError> {
        let key = case::fold(name.as_str());
        Ok(self.state().tenants.get(key.as_ref()).cloned())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(self.state().tenants.values().cloned().collect())
    }

    async fn add_tenant(&self, name: &Context, at: Timestamp) -> Result<(), TenantError> {
        let mut state = self.state();
        let key = case::fold(name.as_str()).into_owned();
        if state.tenants.contains_key(&key) {
            return Err(TenantError::Taken(name.clone()));
        }
        let tenant = Tenant {
            context: name.clone(),
            created_at: at,
            disabled: false,
        };
        state.tenants.insert(key, tenant);
        state.credentials_version += 1;
        Ok(())
    }

    async fn set_tenant_disabled(
        &self,
        name: &Context,
        disabled: bool,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let key = case::fold(name.as_str());
        match state.tenants.get_mut(key.as_ref()) {
            Some(tenant) if tenant.disabled != disabled => tenant.disabled = disabled,
            _ => return Ok(false),
        }
        state.credentials_version += 1;
        Ok(true)
    }
}

#[async_trait]
impl Apps for MemoryStore {
    async fn app(&self, digest: &TokenDigest) -> Result<Option<AppRecord>, StoreError> {
        let state = self.state();
        let found = state.apps.values().find(|(d, _)| d == digest);
        Ok(found.map(|(_, app)| app.clone()))
    }

    async fn apps(&self) -> Result<Vec<AppRecord>, StoreError> {
        let state = self.state();
        Ok(state.apps.values().map(|(_, app)| app.clone()).collect())
    }

    async fn add_app(&self, app: NewApp) -> Result<AppId, StoreError> {
        let mut state = self.state();
        let id = AppId(state.apps.keys().last().map_or(1, |last| last.0 + 1));
        let record = AppRecord {
            id,
            name: app.name,
            created_at: app.created_at,
            granted: false,
        };
        state.apps.insert(id, (app.digest, record));
        state.credentials_version += 1;
        Ok(id)
    }

    async fn set_app_granted(&self, id: AppId, granted: bool) -> Result<bool, StoreError> {
        let mut state = self.state();
        match state.apps.get_mut(&id) {
            Some((_, app)) if app.granted != granted => app.granted = granted,
            _ => return Ok(false),
        }
        state.credentials_version += 1;
        Ok(true)
    }
}
