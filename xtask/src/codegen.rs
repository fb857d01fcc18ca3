//! Files that are generated and yet kept in the repository, so that a change of them shows in
//! review.
//!
//! One table lists them; one function writes or verifies. Must not edit what the producers print,
//! except for the newline at the end.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// What to do with a generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Bring it up to date.
    Write,
    /// Leave it alone and say whether it is up to date.
    Check,
}

/// A generated file: where it lies and the subcommand of `webhook-agent` that prints it.
/// That subcommand must need neither a database nor a network.
struct Generated {
    path: &'static str,
    subcommand: &'static str,
}

const GENERATED: &[Generated] = &[
    Generated {
        path: "docs/openapi.json",
        subcommand: "openapi",
    },
    Generated {
        path: "docs/configuration.md",
        subcommand: "config-reference",
    },
];

/// Writes or checks all generated files; whether they are up to date afterwards.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<bool> {
    let mut up_to_date = true;
    for file in GENERATED {
        let wanted = process::stdout_of(&mut workspace.cargo(&[
            "run",
            "--quiet",
            "--package",
            "webhook-server",
            "--bin",
            "webhook-agent",
            "--",
            file.subcommand,
        ]))?;
        let state = ensure(&workspace.path(file.path), &wanted, mode)?;
        println!("{}: {}", file.path, state.describe());
        up_to_date &= !matches!(state, State::Stale { .. });
    }
    Ok(up_to_date)
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Unchanged,
    Written,
    /// Differs from what would be written, first in this line (from 1).
    Stale {
        line: usize,
    },
}

impl State {
    fn describe(&self) -> String {
        match self {
            Self::Unchanged => "up to date".to_owned(),
            Self::Written => "written".to_owned(),
            Self::Stale { line } => format!(
                "out of date from line {line} on; run `cargo xtask codegen` and commit the result"
            ),
        }
    }
}

/// Makes the file hold exactly the wanted text, or says that it does not. A file that is up to
/// date is never touched.
fn ensure(path: &Path, wanted: &str, mode: Mode) -> Result<State> {
    let wanted = format!("{}\n", wanted.trim_end());
    let present = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    if present == wanted {
        return Ok(State::Unchanged);
    }
    match mode {
        Mode::Check => Ok(State::Stale {
            line: first_difference(&present, &wanted),
        }),
        Mode::Write => {
            fs::write(path, wanted).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(State::Written)
        }
    }
}

fn first_difference(present: &str, wanted: &str) -> usize {
    let common = present
        .lines()
        .zip(wanted.lines())
        .take_while(|(present, wanted)| present == wanted)
        .count();
    common + 1
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// An empty folder for one test, below the target folder, which git ignores.
    fn folder(test: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../target/xtask-tests")
            .join(test);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_missing_file_is_stale_when_checked_and_stays_missing() {
        let path = folder("missing").join("api.json");
        let state = ensure(&path, "{}", Mode::Check).unwrap();
        assert_eq!(state, State::Stale { line: 1 });
        assert!(!path.exists());
    }

    #[test]
    fn what_was_written_is_up_to_date_when_checked() {
        let path = folder("written").join("api.json");
        assert_eq!(ensure(&path, "{\n}", Mode::Write).unwrap(), State::Written);
        assert_eq!(
            ensure(&path, "{\n}\n", Mode::Check).unwrap(),
            State::Unchanged
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\n}\n");
    }

    #[test]
    fn a_changed_file_is_stale_and_the_message_names_line_and_command() {
        let path = folder("changed").join("api.json");
        ensure(&path, "one\ntwo\nthree", Mode::Write).unwrap();
        let state = ensure(&path, "one\n2\nthree", Mode::Check).unwrap();
        assert_eq!(state, State::Stale { line: 2 });
        assert!(state.describe().contains("line 2"));
        assert!(state.describe().contains("`cargo xtask codegen`"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
    }

    #[test]
    fn a_file_cut_short_is_stale_from_the_first_line_it_lacks() {
        assert_eq!(first_difference("one\n", "one\ntwo\n"), 2);
    }
}
