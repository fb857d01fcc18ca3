//! What must not be left in committed source: unfinished work, notes to oneself, tests that are
//! switched off, lints that are silenced for good, debug output.

use super::{Finding, Tree, find_word, numbered};

/// Macros, as written with their exclamation mark.
const MACROS: &[&str] = &["todo!", "unimplemented!", "dbg!"];

/// Notes to oneself. In two halves each, so that this file does not find itself.
const NOTES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];

/// Endings of files that are source in the sense of this check.
const SOURCE: &[&str] = &[
    ".rs", ".toml", ".js", ".mjs", ".cjs", ".ts", ".py", ".sh", ".sql", ".yml",
];

/// A doctest that is switched off, in a comment.
const IGNORED_DOCTEST: &str = concat!("```", "ignore");

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let is_source = SOURCE.iter().any(|ending| file.path.ends_with(ending))
            || file.path.starts_with(".ci/");
        if !is_source {
            continue;
        }
        for (number, line) in numbered(&file.text) {
            if let Some(note) = NOTES.iter().find(|note| find_word(line, note).is_some()) {
                let message = format!("{note}: do it, or write an issue");
                findings.push(Finding::new(&file.path, number, message));
            }
            if file.is_rust() && line.contains(IGNORED_DOCTEST) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    "a doctest that is switched off; make it run, or make it plain text",
                ));
            }
        }
        // Empty for everything that is not Rust.
        for (number, line) in numbered(&file.code) {
            for message in in_code(line) {
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

fn in_code(line: &str) -> Vec<String> {
    let mut messages: Vec<String> = MACROS
        .iter()
        .filter(|name| {
            find_word(line, name.trim_end_matches('!')).is_some() && line.contains(*name)
        })
        .map(|name| format!("`{name}` must not be committed"))
        .collect();
    let dense: String = line.split_whitespace().collect();
    if dense.contains("#[ignore") {
        messages.push("a test that is switched off; make it run, or remove it".to_owned());
    }
    let silences = dense.contains("#[allow(")
        || dense.contains("#![allow(")
        || (dense.contains("cfg_attr(") && dense.contains(",allow("));
    if silences {
        messages
            .push("`allow` silences for good; use `#[expect(lint, reason = \"...\")]`".to_owned());
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn finished_code_that_speaks_of_such_things_is_in_order() {
        let text = "//! Never `todo!` or `#[allow(dead_code)]` here.\n\
                    const WORDS: &[&str] = &[\"dbg!\", \"#[ignore]\"];\n\
                    #[expect(dead_code, reason = \"shown\")]\n\
                    fn allow(todo: u8) -> bool { todo != 0 }\n\
                    const TODOS: u8 = 0;\n";
        assert_eq!(lines("crates/a/src/lib.rs", text), NONE);
    }

    #[test]
    fn macros_of_unfinished_work_are_found() {
        for name in MACROS {
            let text = format!("fn go() {{\n    {name}();\n}}\n");
            assert_eq!(lines("crates/a/src/lib.rs", &text), [2], "{name}");
        }
    }

    #[test]
    fn notes_to_oneself_are_found_in_every_kind_of_source_even_in_comments() {
        for note in NOTES {
            assert_eq!(
                lines(
                    "crates/a/src/lib.rs",
                    &format!("fn a() {{}} // {note}: b\n")
                ),
                [1]
            );
            assert_eq!(
                lines("tests/interop/npm/a.test.mjs", &format!("\n// {note}\n")),
                [2]
            );
            assert_eq!(lines(".ci/run", &format!("# {note}(me)\n")), [1]);
            assert_eq!(lines("deny.toml", &format!("# {note}\n")), [1]);
            assert_eq!(
                lines("docs/notes.md", &format!("no {note} is committed\n")),
                NONE
            );
        }
    }

    #[test]
    fn tests_that_are_switched_off_are_found() {
        assert_eq!(
            lines(
                "crates/a/src/lib.rs",
                "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n"
            ),
            [2]
        );
        let doctest = format!("//! Shown:\n//! {IGNORED_DOCTEST}\n//! ```\n");
        assert_eq!(lines("crates/a/src/lib.rs", &doctest), [2]);
    }

    #[test]
    fn silenced_lints_are_found_however_they_are_silenced() {
        assert_eq!(
            lines("crates/a/src/lib.rs", "#![allow(missing_docs)]\n"),
            [1]
        );
        assert_eq!(
            lines(
                "crates/a/src/lib.rs",
                "#[allow(\n    dead_code\n)]\nfn a() {}\n"
            ),
            [1]
        );
        assert_eq!(
            lines(
                "crates/a/src/lib.rs",
                "#[cfg_attr(test, allow(dead_code))]\n"
            ),
            [1]
        );
    }
}
