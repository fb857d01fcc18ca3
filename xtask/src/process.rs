//! Starting other programs.
//!
//! Children never read our stdin: in CI there is none, and a tool that asks a question must fail
//! instead of waiting for ever. Must not decide what a result means.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Runs the command with its output passed through. Whether it ended with success.
pub(crate) fn passes(command: &mut Command) -> Result<bool> {
    Ok(status(command)?.success())
}

/// Runs the command with its output passed through. How it ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{}`", describe(command)))
}

/// Runs the command and returns what it printed on stdout; its stderr is passed through.
/// An end without success is an error, and so is text that is not UTF-8.
pub(crate) fn stdout_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", describe(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| {
        format!(
            "`{}` printed something that is not UTF-8",
            describe(command)
        )
    })
}

/// The first line that `program --version` prints, or `None` where there is no such program.
pub(crate) fn version_of(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    // An absolute path says nothing that its last part does not.
    let program = program.rsplit('/').next().unwrap_or(&program).to_owned();
    command.get_args().fold(program, |mut line, arg| {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_described_as_one_would_type_it() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(describe(&command), "cargo fmt --check");
    }

    #[test]
    fn a_program_that_is_not_there_has_no_version() {
        assert_eq!(version_of("no-such-program-anywhere", &["--version"]), None);
    }

    #[test]
    fn an_end_without_success_is_told_from_success() {
        let cargo = env!("CARGO");
        assert!(passes(Command::new(cargo).arg("--version").stdout(Stdio::null())).unwrap());
        assert!(
            !passes(
                Command::new(cargo)
                    .arg("--no-such-flag")
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
            )
            .unwrap()
        );
    }

    #[test]
    fn the_output_of_a_failing_command_is_an_error_that_names_it() {
        let error = stdout_of(Command::new(env!("CARGO")).arg("no-such-subcommand")).unwrap_err();
        assert!(
            error.to_string().contains("cargo no-such-subcommand"),
            "{error}"
        );
    }
}
