//! The command line: its grammar, and what becomes of a line that does not fit it.
//!
//! Values of settings are told apart from everything else: one that cannot be used is a matter of
//! configuration, wherever it came from, and ends in one line and exit code 78.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::error::{ContextKind, ErrorKind};
use clap::{ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand};
use webhook_domain::Context;

use crate::failure::Failure;
use crate::logging;
use crate::settings::Options;

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or stopped as asked
  1    failed; one line on stderr says why
  2    the command line cannot be understood
  74   the disk failed while something was written; start again
  78   a setting cannot be used; one line on stderr names it
  130  told to stop a second time, and stopped at once

Log: WEBHOOK_AGENT_LOG takes a filter such as 'info' or 'webhook_http=debug'.
Every setting of serve but --config can also stand in the settings file, with _ for - in its name.";

/// Stores webhooks and delivers their events, wire-compatible with the SuperOffice Webhook agent
#[derive(Debug, Parser)]
#[command(name = "webhook-agent", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Serve the API; prints 'listening http://ADDR' on stdout when ready
    Serve(ServeArgs),
    /// People and services that may log in
    #[command(subcommand)]
    User(UserTask),
    /// API tokens, for the Bearer scheme
    #[command(subcommand)]
    Token(TokenTask),
    /// Tickets, for the SoTicket scheme
    #[command(subcommand)]
    Ticket(TicketTask),
    /// Tenants of an online installation
    #[command(subcommand)]
    Tenant(TenantTask),
    /// Apps that call an online installation
    #[command(subcommand)]
    App(AppTask),
    /// Scripts that webhooks of type crmscript run
    #[command(subcommand)]
    Script(ScriptTask),
    /// Write webhooks as JSON, one a line, with their secrets in clear
    Export(ExportArgs),
    /// Take in webhooks: an export, or what GetAllWebhooks of a SuperOffice installation answers
    Import(Box<ImportArgs>),
    /// Copy a SQLite database to a file, also while a server runs on it
    Backup(BackupArgs),
    /// Put a backup in the place of a SQLite database on which no server runs
    Restore(RestoreArgs),
    /// Bring the database up to date and exit; with --to, copy it into another one
    Migrate(MigrateArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Print what can be set, as a page in Markdown
    ConfigReference,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Defaults for a laptop: http and private targets are taken, an unknown Type is stored, and
    /// there is an administrator 'tje0' with password 'Tje0'. Listens on loopback only
    // A flag and nothing else: a well-known password is to be asked for each time.
    #[arg(long)]
    pub(crate) dev: bool,

    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserTask {
    /// Add an associate who may log in; prints a generated password once, unless one is given
    Add {
        /// Login name
        name: String,
        /// Name as people read it [default: the login name]
        #[arg(long, value_name = "NAME")]
        full_name: Option<String>,
        /// Address that notices about webhooks are sent to
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Read the password from the first line of standard input; an empty line is an empty password
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        place: Place,
    },
    /// List who may log in
    List(Place),
    /// Give an associate another password, which ends their tickets and sessions within five seconds;
    /// prints a generated one once, unless one is given
    Passwd {
        /// Login name
        name: String,
        /// Read the password from the first line of standard input; an empty line is an empty password
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Keep an associate out, whatever they log in with; a running server does within five seconds
    Disable {
        /// Login name
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Let an associate in again
    Enable {
        /// Login name
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenTask {
    /// Add a token; prints it once
    Add {
        /// Login name of the associate that the token speaks for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// What the token is for
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the tokens, without the tokens themselves
    List(Place),
    /// Revoke a token; a running server refuses it within five seconds
    Revoke {
        /// Number of the token, as listed
        id: i32,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TicketTask {
    /// Make a ticket; prints it once. It opens until six hours after its last use
    Issue {
        /// Login name of the associate that the ticket speaks for
        #[arg(long, value_name = "NAME")]
        user: String,
        #[command(flatten)]
        place: Place,
    },
    /// End every ticket and session of an associate; a running server refuses them within five seconds
    Revoke {
        /// Login name
        #[arg(long, value_name = "NAME")]
        user: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantTask {
    /// Add a tenant: the segment before /api/ in the paths of its users
    Add {
        /// 1 to 64 letters, digits, - or _
        name: TenantName,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List the tenants
    List(DatabaseArgs),
    /// Hide a tenant with all that it has, as if it did not exist
    Disable {
        /// Name of the tenant
        name: TenantName,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Show a tenant again
    Enable {
        /// Name of the tenant
        name: TenantName,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AppTask {
    /// Register an app; prints its client secret for SO-AppToken once. It is granted nothing
    Register {
        /// What people call it
        name: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List the apps, without their secrets
    List(DatabaseArgs),
    /// Open the Webhook agent to an app
    Grant {
        /// Number of the app, as listed
        id: i32,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Close the Webhook agent to an app; a running server refuses it within five seconds
    Revoke {
        /// Number of the app, as listed
        id: i32,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScriptTask {
    /// Store a script in JavaScript, in the place of one with the same name
    Add {
        /// Include name: what the webhook has as TargetUrl
        name: String,
        /// File with the script, - for standard input
        #[arg(value_name = "FILE")]
        source: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// List the scripts
    List(Place),
    /// Print a script
    Show {
        /// Include name
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Remove a script; webhooks that name it fail from then on
    Remove {
        /// Include name
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// File to write, - for standard output; one that is there is replaced
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// A webhook is judged as the server would, so every setting of it counts.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// File with one webhook a line, or with an array of them; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Tenant that they are to belong to, in an online installation
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<TenantName>,
    /// Number of the app that is to own them, in an online installation
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<i32>,
    /// Give every webhook a new id instead of keeping its own
    #[arg(long)]
    pub(crate) renumber: bool,
    /// Send the test event to each target that is to be active, and refuse those that do not take it
    #[arg(long)]
    pub(crate) test: bool,
    /// Judge by the rules of a server that runs with --dev
    #[arg(long)]
    pub(crate) dev: bool,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// File to write
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// File that backup wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Replace the database if it is there; it is kept with .before-restore after its name
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Database to copy [default: that of --database]
    #[arg(long, value_name = "URL", requires = "to")]
    pub(crate) from: Option<String>,
    /// Copy the database into this empty one
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Remove what an earlier copy left that was not finished
    #[arg(long, requires = "to")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The name of a tenant.
#[derive(Clone, Debug)]
pub(crate) struct TenantName(pub(crate) Context);

impl FromStr for TenantName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = Context::parse(text).map(Self);
        name.ok_or_else(|| "expected 1 to 64 letters, digits, - or _".to_owned())
    }
}

/// Whose people are meant, and where they are stored.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Tenant that they belong to, in an online installation
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Option<TenantName>,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// The part of [`Options`] that says where the data are, for commands that only need that.
#[derive(Debug)]
pub(crate) struct DatabaseArgs(pub(crate) Options);

impl DatabaseArgs {
    const PART: [&str; 2] = ["config", "database"];
}

impl Args for DatabaseArgs {
    fn augment_args(command: Command) -> Command {
        let all = Options::augment_args(Command::new("all"));
        let part = all
            .get_arguments()
            .filter(|arg| Self::PART.contains(&arg.get_id().as_str()));
        command.args(part.cloned())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for DatabaseArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let [config, database] = Self::PART;
        Ok(Self(Options {
            config: matches.get_one(config).cloned(),
            database: matches.get_one(database).cloned(),
            ..Options::default()
        }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Why there is no command to run.
#[derive(Debug)]
pub(crate) enum NoCommand {
    /// Help or version were asked for, or the line cannot be understood: clap has the text.
    Told(clap::Error),
    /// A setting has a value that cannot be used.
    Setting(Failure),
}

/// Reads a command line, and the environment for the settings that it leaves open.
///
/// # Errors
/// When there is nothing to run.
pub(crate) fn read(line: &[OsString]) -> Result<Cli, NoCommand> {
    Cli::try_parse_from(line).map_err(|error| match bad_setting(&error, line) {
        Some(failure) => NoCommand::Setting(failure),
        None => NoCommand::Told(error),
    })
}

/// The failure that names a setting, when the value of one is what is wrong.
fn bad_setting(error: &clap::Error, line: &[OsString]) -> Option<Failure> {
    if !matches!(
        error.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation
    ) {
        return None;
    }
    let text = |kind| error.get(kind).map(ToString::to_string);
    let shown = text(ContextKind::InvalidArg)?;
    let all = Options::augment_args(Command::new("all"));
    let (flag, variable) = all.get_arguments().find_map(|arg| {
        let flag = format!("--{}", arg.get_long()?);
        let rest = shown.strip_prefix(&flag)?;
        let whole = !rest.starts_with(|c: char| c == '-' || c.is_alphanumeric());
        whole.then_some((flag, arg.get_env()?.to_string_lossy().into_owned()))
    })?;
    let given = line.iter().filter_map(|word| word.to_str()).any(|word| {
        word.strip_prefix(&flag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let cause = std::error::Error::source(error)
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    let name = if given { flag } else { variable };
    Some(Failure::Config(format!(
        "{name} cannot be {value:?}{cause}"
    )))
}

/// The variables that look like settings but are none: most likely misspelt. They cannot be an error,
/// as container platforms set variables named after a service, `WEBHOOK_AGENT_PORT` for one.
pub(crate) fn unknown_variables(names: impl Iterator<Item = OsString>) -> Vec<String> {
    let all = Options::augment_args(Command::new("all"));
    let known: Vec<_> = all
        .get_arguments()
        .filter_map(|arg| arg.get_env())
        .collect();
    let mut unknown: Vec<String> = names
        .filter(|name| !known.contains(&name.as_os_str()) && name != logging::FILTER_VARIABLE)
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.starts_with("WEBHOOK_AGENT_"))
        .collect();
    unknown.sort_unstable();
    unknown
}

#[cfg(test)]
mod tests;
