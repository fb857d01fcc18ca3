//! The page that lists every setting, made from the definition that the command line is read by. It
//! holds no list of its own.

use clap::builder::PossibleValue;
use clap::{Arg, Args as _, Command};

use super::Options;

const INTRODUCTION: &str = "\
# Settings

This page is printed by `webhook-agent config-reference`; change the definition in
`crates/server/src/settings`, not this file.

`webhook-agent serve` takes each setting as a flag, from the environment, or from the TOML file that
`--config` names. A flag wins over the environment, which wins over the file, which wins over the default.
A list is taken whole from the strongest place that has it; in the file it is an array. A switch may
stand alone as a flag, or with `=true` or `=false`. An unknown key in the file, or a value that cannot be
read, stops the server with exit code 78 and one line that names it.

`serve --dev` is not a setting but a flag that has to be given each time: other defaults where it is
mentioned, an administrator `tje0` with the password `Tje0`, and no listening beyond loopback.
`WEBHOOK_AGENT_LOG` takes a filter for the log such as `info` or `webhook_http=debug`.

| flag | environment | in the file | default | meaning |
|---|---|---|---|---|
";

/// The page, in Markdown.
pub(crate) fn page() -> String {
    let settings = Options::augment_args(Command::new("serve"));
    settings
        .get_arguments()
        .map(row)
        .fold(INTRODUCTION.to_owned(), |page, row| page + &row)
}

fn row(setting: &Arg) -> String {
    let flag = setting.get_long().unwrap_or_default();
    let environment = setting.get_env().unwrap_or_default().to_string_lossy();
    let key = match setting.get_id().as_str() {
        "config" => "not there".to_owned(),
        key => format!("`{key}`"),
    };
    let value = setting.get_value_names().and_then(|names| names.first());
    let value = value.map_or(String::new(), |value| format!(" {value}"));
    let help = setting
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (meaning, default) = parted(&help);
    let meaning = meaning.to_owned() + &choices(setting);
    format!(
        "| `{}` | `{environment}` | {key} | {} | {} |\n",
        cell(&format!("--{flag}{value}")),
        cell(default),
        cell(&meaning)
    )
}

/// The help text and the default that it ends with.
fn parted(help: &str) -> (&str, &str) {
    help.strip_suffix(']')
        .and_then(|rest| rest.rsplit_once("[default: "))
        .map_or((help, "none"), |(meaning, default)| {
            (meaning.trim_end(), default)
        })
}

/// The values that may be given, when they can be counted.
fn choices(setting: &Arg) -> String {
    let takes_switch = setting
        .get_num_args()
        .is_some_and(|count| count.min_values() == 0);
    let values = setting.get_possible_values();
    if takes_switch || values.is_empty() {
        return String::new();
    }
    let said: Vec<String> = values.iter().map(choice).collect();
    format!(" ({})", said.join("; "))
}

fn choice(value: &PossibleValue) -> String {
    let help = value
        .get_help()
        .map(|help| format!(": {help}"))
        .unwrap_or_default();
    format!("`{}`{help}", value.get_name())
}

/// Text that cannot leave its cell.
fn cell(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_stands_in_the_page_with_all_that_there_is_to_know() {
        let page = page();
        let settings = Options::augment_args(Command::new("serve"));
        for setting in settings.get_arguments() {
            let flag = setting.get_long().unwrap();
            let line = page
                .lines()
                .find(|line| {
                    line.starts_with(&format!("| `--{flag} "))
                        || line.starts_with(&format!("| `--{flag}`"))
                })
                .unwrap_or_else(|| panic!("{flag}"));
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 5, "{line}");
            assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "{line}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
            assert_eq!(
                cells[1],
                format!("`WEBHOOK_AGENT_{}`", flag.replace('-', "_").to_uppercase())
            );
            if flag != "config" {
                assert_eq!(cells[2], format!("`{}`", flag.replace('-', "_")));
            }
        }
    }

    #[test]
    fn a_default_is_parted_from_the_meaning_and_nothing_else_is() {
        assert_eq!(
            parted("Listen here [default: [::1]:80]"),
            ("Listen here", "[::1]:80")
        );
        assert_eq!(
            parted("A list [in brackets]"),
            ("A list [in brackets]", "none")
        );
        assert_eq!(parted(""), ("", "none"));
    }

    #[test]
    fn text_stays_in_its_cell() {
        assert_eq!(cell("a |\n b"), "a \\| b");
    }
}
