//! The command `serve`: puts the crates together and runs them until a signal comes. It holds no rule,
//! no route and no statement of its own.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use tokio::runtime::Runtime;
use webhook_domain::{Context, SystemIds};
use webhook_store::{FileLock, SqlStore};

use crate::agent::Agent;
use crate::cli::{self, ServeArgs};
use crate::delivering::Delivering;
use crate::failure::{Failure, STOPPED_AT_ONCE};
use crate::first_start;
use crate::lifecycle::{self, Ended, Signals};
use crate::probes::ServerProbes;
use crate::settings::{Installation, Profile, Role, Settings};
use crate::{database, issuer, logging};

/// Threads on which the store and the worker live. They wait for the disk and for receivers more than
/// they compute.
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
    let (listener, address) = listen(settings.listen)?;
    let for_probes = settings.metrics_listen.map(listen).transpose()?;
    // Held until the store is closed.
    let (_lock, store) = runtime.block_on(open(settings))?;
    let agent = {
        let _inside = runtime.enter();
        Agent::assemble(settings, &store, address)?
    };
    if let Some(source) = &settings.issuer_keys {
        runtime.block_on(issuer::first(source, &agent.api.authenticator))?;
        runtime.spawn(issuer::keep_reading(
            source.clone(),
            agent.api.authenticator.clone(),
        ));
    }
    let probes = agent.probes.clone();
    runtime.spawn(ServerProbes::keep(probes.clone()));
    let delivering = Delivering::start(runtime.handle(), settings.role, agent.worker, agent.mailer);
    let closing = runtime.handle().clone();
    let broken = store.clone();

    let role = settings.role;
    actix_web::rt::System::new().block_on(async move {
        let server = match role {
            Role::All | Role::Api => webhook_http::serve(listener, agent.api),
            Role::Worker => webhook_http::serve_probes(listener, probes.clone()),
        };
        let server =
            server.map_err(|error| Failure::of(&format!("cannot serve on {address}"), error))?;
        if let Some((listener, at)) = for_probes {
            let server = webhook_http::serve_probes(listener, probes.clone())
                .map_err(|error| Failure::of(&format!("cannot serve on {at}"), error))?;
            actix_web::rt::spawn(server);
            tracing::info!(event = "listening_for_probes", address = %at, "listening for probes");
        }
        announce(address);
        let stopping = delivering.stopper();
        let begin = move || {
            probes.stop();
            stopping.stop();
        };
        lifecycle::run(server, signals, begin, broken.failed(), async move {
            delivering.finished().await;
            // On the runtime that the store lives on.
            if let Err(error) = closing.spawn(async move { store.close().await }).await {
                tracing::error!(event = "close", %error, "the store was not closed in order");
            }
        })
        .await
    })
}

fn listen(at: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(at)
        .map_err(|error| Failure::of(&format!("cannot listen on {at}"), error))?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::of("the address cannot be told", error))?;
    Ok((listener, address))
}

/// The database, up to date and with somebody who can log in; a file is this server's alone.
async fn open(settings: &Settings) -> Result<(Option<FileLock>, SqlStore), Failure> {
    let (lock, store) = database::open_alone(&settings.database, settings.store_options()).await?;
    if settings.role != Role::All && !store.is_shared() {
        return Err(Failure::Config(format!(
            "role is {:?}, but a SQLite file is one server's, which must do everything",
            settings.role
        )));
    }
    if settings.installation == Installation::Online {
        // Administrators belong to tenants, which are added by command.
        tracing::warn!(
            event = "installation",
            installation = "online",
            "the tenant stands in the path; users are added by `user add --tenant`"
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
    if settings.profile == Profile::Dev {
        tracing::warn!(
            event = "profile",
            profile = "dev",
            "the administrator 'tje0' has a well-known password, and http and private targets are called"
        );
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

/// The one line on stdout, for scripts: whoever reads it can connect. Nobody has to read it.
fn announce(address: SocketAddr) {
    let mut stdout = io::stdout().lock();
    let told = writeln!(stdout, "listening http://{address}").and_then(|()| stdout.flush());
    if let Err(error) = told {
        tracing::warn!(event = "stdout", %error, "the ready line could not be printed");
    }
    tracing::info!(event = "listening", %address, "listening");
}
