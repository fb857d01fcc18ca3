//! The handlers. Each decodes, calls a service and replies; they know no rule and no format.

pub(crate) mod agent;
pub(crate) mod description;

use crate::access::{Access, Routes};

/// Registers every operation, each with who may call it.
pub(crate) fn register(routes: &mut Routes<'_, '_, '_>) {
    routes.add(Access::Authenticated, agent::create_default_webhook);
    routes.add(Access::Authenticated, agent::save_webhook);
    routes.add(Access::Authenticated, agent::get_webhook);
    routes.add(Access::Authenticated, agent::delete_webhook);
    routes.add(Access::Authenticated, agent::get_all_webhooks);
    routes.add(Access::Public, description::openapi);
}
