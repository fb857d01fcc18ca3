//! The handlers. Each decodes, calls a service and replies; they know no rule and no format.

pub(crate) mod agent;
pub(crate) mod archive;
pub(crate) mod deliveries;
pub(crate) mod description;
pub(crate) mod docs;
pub(crate) mod login;
pub(crate) mod probes;
pub(crate) mod rest;
pub(crate) mod signals;
pub(crate) mod trials;

use crate::access::{Access, Routes};

/// Registers every operation, each with who may call it.
pub(crate) fn register(routes: &mut Routes<'_, '_, '_>) {
    routes.add(Access::Authenticated, agent::create_default_webhook);
    routes.add(Access::Authenticated, agent::save_webhook);
    routes.add(Access::Authenticated, agent::get_webhook);
    routes.add(Access::Authenticated, agent::delete_webhook);
    routes.add(Access::Authenticated, agent::get_all_webhooks);

    routes.add(Access::Authenticated, trials::test_webhook);
    routes.add(Access::Authenticated, signals::signal_event);
    routes.add(Access::Authenticated, trials::get_last_error);

    routes.add(Access::Authenticated, rest::default_webhook);
    routes.add(Access::Authenticated, rest::list_webhooks);
    routes.add(Access::Authenticated, rest::create_webhook);
    routes.add(Access::Authenticated, rest::get_webhook);
    routes.add(Access::Authenticated, rest::put_webhook);
    routes.add(Access::Authenticated, rest::patch_webhook);
    routes.add(Access::Authenticated, rest::delete_webhook);

    routes.add(Access::Authenticated, trials::rest_test_webhook);
    routes.add(Access::Authenticated, trials::rest_last_error);

    // The router takes the first path that fits: what is literal comes before what is not.
    routes.add(Access::Authenticated, deliveries::create_resend);
    routes.add(Access::Authenticated, deliveries::list_resends);
    routes.add(Access::Authenticated, deliveries::cancel_resend);
    routes.add(Access::Authenticated, deliveries::list);
    routes.add(Access::Authenticated, deliveries::one);
    routes.add(Access::Authenticated, deliveries::resend);
    routes.add(Access::Authenticated, deliveries::list_notices);
    routes.add(Access::Authenticated, signals::rest_signal_event);

    routes.add(Access::Authenticated, archive::usage);
    routes.add(Access::Authenticated, archive::webhooks);

    routes.add(Access::Public, login::login);
    routes.add(Access::Authenticated, login::logout);

    routes.add_about_others(Access::Authenticated, description::agent_call);
    routes.add(Access::Authenticated, description::paths);
    routes.add(Access::Public, description::version);
    routes.add(Access::Public, description::openapi);
    routes.add(Access::Public, probes::alive);
    routes.add(Access::Public, probes::ready);
    routes.add(Access::Public, probes::metrics);
    routes.add(Access::Public, docs::page);
    routes.add(Access::Public, docs::script);
    routes.add(Access::Public, docs::style);
}
