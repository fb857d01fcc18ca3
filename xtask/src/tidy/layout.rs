//! Names and openings of Rust files: no module is called after what it is not, and each says at
//! its top what it is for.

use super::{Finding, Tree, find_word, numbered};

/// Names that say nothing about what belongs inside.
const NAMELESS: &[&str] = &["common", "helper", "helpers", "misc", "util", "utils"];

/// The folders whose Rust files are ours.
const OURS: &[&str] = &["crates/", "xtask/", "tests/"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree
        .rust()
        .filter(|file| OURS.iter().any(|folder| file.path.starts_with(folder)))
    {
        let first = numbered(&file.text).find(|(_, line)| !line.trim().is_empty());
        if !first.is_some_and(|(_, line)| line.starts_with("//!")) {
            findings.push(Finding::new(
                &file.path,
                first.map_or(1, |(number, _)| number),
                "opens without `//!`: say what the module is for and what it must not do",
            ));
        }
        for part in file.path.split('/') {
            if let Some(name) = NAMELESS
                .iter()
                .find(|name| part.trim_end_matches(".rs") == **name)
            {
                findings.push(Finding::new(&file.path, 1, nameless(name)));
            }
        }
        for (number, line) in numbered(&file.code) {
            let Some(at) = find_word(line, "mod") else {
                continue;
            };
            let declared = line[at + 3..].trim_start();
            let declared = declared.split([' ', '{', ';']).next().unwrap_or(declared);
            // With a semicolon it is a file, and found by its path.
            if NAMELESS.contains(&declared) && line.contains('{') {
                findings.push(Finding::new(&file.path, number, nameless(declared)));
            }
        }
    }
    findings
}

fn nameless(name: &str) -> String {
    format!("a module called `{name}`: name it after what it holds")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check(&Tree::of(&[(path, text)]))
            .into_iter()
            .map(|f| (f.line, f.message))
            .collect()
    }

    #[test]
    fn a_named_module_that_says_what_it_is_for_is_in_order() {
        let text = "//! Names of events.\n\npub fn common() {}\nmod names;\n";
        assert_eq!(found("crates/domain/src/event.rs", text), []);
        assert_eq!(found("elsewhere/build.rs", "fn main() {}\n"), []);
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        for path in [
            "crates/a/src/lib.rs",
            "xtask/src/main.rs",
            "tests/blackbox/main.rs",
        ] {
            let found = found(path, "\nuse std::fmt;\n//! Late.\n");
            assert_eq!(found.len(), 1, "{path}");
            assert_eq!(found[0].0, 2, "{path}");
        }
        assert_eq!(found("crates/a/src/empty.rs", "").len(), 1);
    }

    #[test]
    fn a_module_without_a_telling_name_is_found_as_file_folder_and_block() {
        for path in [
            "crates/a/src/utils.rs",
            "crates/a/src/common/mod.rs",
            "tests/helpers.rs",
        ] {
            let found = found(path, "//! Things.\n");
            assert_eq!(found.len(), 1, "{path}");
            assert!(found[0].1.contains("name it after what it holds"), "{path}");
        }
        let found = found("crates/a/src/lib.rs", "//! A.\n\npub mod helpers {}\n");
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3]);
    }
}
