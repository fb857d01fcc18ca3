//! Why a command did not do what it was asked for, and the exit code that says so to scripts.
//! It must not carry secrets: its text goes to the terminal and to logs as it is.

use std::fmt;

/// Exit code of a server that was told twice to stop: 128 plus the number of SIGINT, as shells do.
pub(crate) const STOPPED_AT_ONCE: u8 = 130;

/// The one line that tells why a command failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A setting cannot be used; exit code 78, as sysexits.h has it, so that a service manager can
    /// tell that trying again is of no use.
    Config(String),
    /// What is stored is not to be trusted any more: the disk did not take what it was given. Exit code
    /// 74, as sysexits.h has it; a new start decides from what is on the disk (promise P9).
    Storage(String),
    /// Anything else; exit code 1.
    Failed(String),
}

impl Failure {
    /// A failure while doing something: `context` says what, `error` why.
    pub(crate) fn of(context: &str, error: impl fmt::Display) -> Self {
        Self::Failed(format!("{context}: {error}"))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::Storage(_) => 74,
            Self::Failed(_) => 1,
        }
    }
}

/// Always one line, whatever the libraries below have to say.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Config(text) | Self::Storage(text) | Self::Failed(text)) = self;
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        f.write_str(lines.next().unwrap_or("no reason is known"))?;
        lines.try_for_each(|line| write!(f, "; {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn a_failure_is_one_line_however_many_its_cause_has() {
        let failure = Failure::of("cannot read the file", "expected a value\n\n  at line 3\n");
        assert_eq!(
            failure.to_string(),
            "cannot read the file: expected a value; at line 3"
        );
        assert_eq!(failure.exit_code(), 1);
        assert_eq!(Failure::Config("listen is odd".into()).exit_code(), 78);
    }
}
