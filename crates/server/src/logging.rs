//! Where the log goes and in which form: to stderr, for people when that is a terminal, as JSON lines
//! otherwise. What is logged is decided by who logs it; secrets never are.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::failure::Failure;

/// The variable that holds the filter.
pub(crate) const FILTER_VARIABLE: &str = "WEBHOOK_AGENT_LOG";

/// Starts the log of this process; `usual` applies when no filter is set.
///
/// # Errors
/// When the filter cannot be understood.
pub(crate) fn start(usual: &str) -> Result<(), Failure> {
    let given = match std::env::var(FILTER_VARIABLE) {
        Ok(given) if !given.trim().is_empty() => Some(given),
        Ok(_) | Err(std::env::VarError::NotPresent) => None,
        Err(error @ std::env::VarError::NotUnicode(_)) => {
            return Err(Failure::Config(format!(
                "{FILTER_VARIABLE} cannot be used: {error}"
            )));
        }
    };
    let filter = filter(given.as_deref().unwrap_or(usual))?;
    let registry = tracing_subscriber::registry().with(filter);
    let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        registry.with(stderr).try_init()
    } else {
        registry.with(stderr.json().flatten_event(true)).try_init()
    };
    started.map_err(|error| Failure::of("the log cannot be started", error))
}

fn filter(text: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(text)
        .map_err(|error| Failure::Config(format!("{FILTER_VARIABLE} cannot be {text:?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_filter_that_cannot_be_understood_names_its_variable() {
        assert!(filter("info").is_ok());
        assert!(filter("warn,webhook_http=debug").is_ok());
        let failure = filter("webhook_http=loud").unwrap_err();
        assert_eq!(failure.exit_code(), 78);
        assert!(
            failure
                .to_string()
                .starts_with("WEBHOOK_AGENT_LOG cannot be \"webhook_http=loud\"")
        );
    }
}
