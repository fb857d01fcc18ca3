//! The command `serve`: puts the crates together and runs them until a signal comes. It holds no rule,
//! no route and no statement of its own.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::runtime::Runtime;
use webhook_domain::{Clock, Context, Ids, SystemClock, SystemIds, Webhooks};
use webhook_http::auth::Authenticator;
use webhook_http::{Api, SlowCalls};
use webhook_store::{FileLock, SqlStore};

use crate::cli::{self, ServeArgs};
use crate::failure::{Failure, STOPPED_AT_ONCE};
use crate::first_start;
use crate::lifecycle::{self, Ended, Signals};
use crate::settings::{Installation, Profile, Settings};
use crate::{database, issuer, logging};

/// Threads on which the store lives. It waits for the disk more than it computes.
const STORE_THREADS: usize = 2;

pub(crate) fn run(args: ServeArgs) -> Result<ExitCode, Failure> {
    logging::start("info")?;
    let profile = if args.dev {
        Profile::Dev
    } else {
        Profile::Strict
    };
    let settings = Settings::resolve(args.options.with_file()?, profile)?;
    for name in cli::unknown_variables(std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!(
            event = "unknown_variable",
            name,
            "this variable is no setting"
        );
    }

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(STORE_THREADS)
        .thread_name("store")
        .enable_all()
        .build()
        .map_err(|error| Failure::of("no threads can be started", error))?;
    let signals = {
        let _inside = runtime.enter();
        Signals::take().map_err(|error| Failure::of("signals cannot be caught", error))?
    };
    let ended = serve(&settings, &runtime, signals);
    // Either everything is closed, or nothing is to be waited for.
    runtime.shutdown_background();
    match ended? {
        Ended::Softly => Ok(ExitCode::SUCCESS),
        Ended::AtOnce => Ok(ExitCode::from(STOPPED_AT_ONCE)),
    }
}

fn serve(settings: &Settings, runtime: &Runtime, signals: Signals) -> Result<Ended, Failure> {
    // First, as it changes nothing: a start that fails here leaves the database as it was.
    let listener = TcpListener::bind(settings.listen)
        .map_err(|error| Failure::of(&format!("cannot listen on {}", settings.listen), error))?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::of("the address cannot be told", error))?;
    // Held until the store is closed.
    let (_lock, store) = runtime.block_on(open(settings))?;
    let api = api(settings, &store);
    if let Some(source) = &settings.issuer_keys {
        runtime.block_on(issuer::first(source, &api.authenticator))?;
        runtime.spawn(issuer::keep_reading(
            source.clone(),
            api.authenticator.clone(),
        ));
    }
    let closing = runtime.handle().clone();

    actix_web::rt::System::new().block_on(async move {
        let server = webhook_http::serve(listener, api)
            .map_err(|error| Failure::of(&format!("cannot serve on {address}"), error))?;
        announce(address);
        lifecycle::run(server, signals, async move {
            // On the runtime that the store lives on.
            if let Err(error) = closing.spawn(async move { store.close().await }).await {
                tracing::error!(event = "close", %error, "the store was not closed in order");
            }
        })
        .await
    })
}

/// The database, up to date and with somebody who can log in; a file is this server's alone.
async fn open(settings: &Settings) -> Result<(Option<FileLock>, SqlStore), Failure> {
    let (lock, store) = database::open_alone(&settings.database).await?;
    if settings.installation == Installation::Online {
        // Administrators belong to tenants, which are added by command.
        tracing::warn!(
            event = "installation",
            installation = "online",
            "the tenant stands in the path; users are added by `user add --tenant`; nothing is delivered yet"
        );
        return Ok((lock, store));
    }
    let context = Context::onsite();
    if settings.profile == Profile::Strict
        && first_start::well_known_password(&store, &context).await?
    {
        only_for_this_machine(settings)?;
    }
    let made =
        first_start::make_administrator(&store, &context, settings.profile, &SystemIds).await?;
    if let Some(password) = made {
        // For the person who starts the server, not for the log.
        let text = format!(
            "The administrator 'admin' was made, with password {password}\n\
             It is shown this once, and stored as a hash only.\n"
        );
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
    match settings.profile {
        Profile::Dev => tracing::warn!(
            event = "profile",
            profile = "dev",
            "the administrator 'tje0' has a well-known password; nothing is delivered yet"
        ),
        Profile::Strict => tracing::warn!(
            event = "profile",
            profile = "strict",
            "targets are judged by their text only: the test POST at save and the guard at connect come \
             with delivery; nothing is delivered yet"
        ),
    }
    Ok((lock, store))
}

/// A database of the dev profile holds an administrator with a well-known password, so it is served on
/// loopback addresses only, whatever the profile.
fn only_for_this_machine(settings: &Settings) -> Result<(), Failure> {
    if settings.is_loopback() {
        tracing::warn!(
            event = "well_known_password",
            "the database was used with --dev: its administrator 'tje0' has a well-known password"
        );
        return Ok(());
    }
    Err(Failure::Config(format!(
        "listen is {}, but the database {} was used with --dev, whose administrator 'tje0' has a \
         well-known password: listen on a loopback address, or use another database",
        settings.listen,
        database::shown(&settings.database),
    )))
}

fn api(settings: &Settings, store: &SqlStore) -> Api {
    let store = Arc::new(store.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn Ids> = Arc::new(SystemIds);
    let plugins = webhook_delivery::installed(settings.rules.targets.clone());
    let defaults = webhook_http::Settings::default();
    Api {
        webhooks: Arc::new(Webhooks::new(
            store.clone(),
            store.clone(),
            Arc::new(plugins),
            clock.clone(),
            settings.rules.clone(),
        )),
        authenticator: Arc::new(Authenticator::new(store, clock, ids, settings.auth.clone())),
        settings: webhook_http::Settings {
            workers: settings.workers.unwrap_or(defaults.workers),
            slow_calls: SlowCalls::after(settings.slow_call_after)
                .except(settings.slow_call_routes.clone()),
            culture: settings.culture.clone(),
            cors_origins: settings.cors_origins.clone(),
            public_url: settings
                .public_url
                .as_ref()
                .map(|url| url.as_str().to_owned()),
            ..defaults
        },
    }
}

/// The one line on stdout, for scripts: whoever reads it can connect. Nobody has to read it.
fn announce(address: SocketAddr) {
    let mut stdout = io::stdout().lock();
    let told = writeln!(stdout, "listening http://{address}").and_then(|()| stdout.flush());
    if let Err(error) = told {
        tracing::warn!(event = "stdout", %error, "the ready line could not be printed");
    }
    tracing::info!(event = "listening", %address, "listening");
}
