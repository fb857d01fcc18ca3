//! Who asks. Every service method takes a [`Caller`]; there is no way in without one.

use std::sync::Arc;

use crate::associate::Associate;
use crate::context::Context;
use crate::webhook::Webhook;

/// The key of a registered app (contract 5.4, `SO-AppToken`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub i32);

/// An authenticated caller: of which tenant, as whom, through which app.
#[derive(Clone, Debug)]
pub struct Caller {
    context: Context,
    associate: Arc<Associate>,
    app: Option<AppId>,
}

impl Caller {
    /// An associate that calls for itself, without an app: it sees every webhook of its context.
    #[must_use]
    pub fn associate(context: Context, associate: Arc<Associate>) -> Self {
        Self {
            context,
            associate,
            app: None,
        }
    }

    /// The same associate calling through an app: it sees only what that app created.
    #[must_use]
    pub fn through_app(mut self, app: AppId) -> Self {
        self.app = Some(app);
        self
    }

    /// The tenant whose rows this caller may reach.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Who is stamped on what this caller saves.
    #[must_use]
    pub fn who(&self) -> &Arc<Associate> {
        &self.associate
    }

    /// The app through which the call comes, if any.
    #[must_use]
    pub fn app(&self) -> Option<AppId> {
        self.app
    }

    /// Which webhooks of the context exist for this caller.
    #[must_use]
    pub fn visibility(&self) -> Visibility {
        self.app.map_or(Visibility::Context, Visibility::App)
    }
}

/// Which webhooks of a context exist for a caller; what is hidden behaves as absent (decision 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// All of the context.
    #[default]
    Context,
    /// Only those that this app created.
    App(AppId),
}

impl Visibility {
    /// Whether this webhook exists for the caller.
    #[must_use]
    pub fn shows(self, webhook: &Webhook) -> bool {
        match self {
            Self::Context => true,
            Self::App(app) => webhook.owner_app == Some(app),
        }
    }
}
