//! The program `webhook-agent`: reads the command line, runs one command, and ends with its exit code.
//! Nothing else in the workspace ends the process.

mod accounts;
mod agent;
mod backup;
mod cli;
mod database;
mod delivering;
mod failure;
mod first_start;
mod issuer;
mod lifecycle;
mod logging;
mod password;
mod probes;
mod scripts;
mod serve;
mod settings;
mod tenants;
mod terminal;
mod transfer;

use std::io::Write as _;
use std::process::ExitCode;

use cli::{NoCommand, Task};
use failure::Failure;

fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let ended = match cli::read(&line) {
        Ok(command) => run(command.task),
        Err(NoCommand::Setting(failure)) => Err(failure),
        Err(NoCommand::Told(text)) => {
            // Nobody is left to be told when this cannot be printed.
            let _ = text.print();
            return ExitCode::from(u8::try_from(text.exit_code()).unwrap_or(2));
        }
    };
    ended.unwrap_or_else(|failure| {
        let line = format!("webhook-agent: {failure}\n");
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
        ExitCode::from(failure.exit_code())
    })
}

fn run(task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Serve(args) => return serve::run(args),
        Task::User(task) => accounts::user(task)?,
        Task::Token(task) => accounts::token(task)?,
        Task::Ticket(task) => accounts::ticket(task)?,
        Task::Tenant(task) => tenants::tenant(task)?,
        Task::App(task) => tenants::app(task)?,
        Task::Script(task) => scripts::script(task)?,
        Task::Export(args) => transfer::export(args)?,
        Task::Import(args) => transfer::import(*args)?,
        Task::Backup(args) => backup::back_up(args)?,
        Task::Restore(args) => backup::restore(args)?,
        Task::Migrate(args) => backup::migrate(args)?,
        Task::ConfigReference => terminal::print(&settings::reference::page())?,
        Task::Openapi => terminal::print(&webhook_http::openapi_json())?,
    }
    Ok(ExitCode::SUCCESS)
}
