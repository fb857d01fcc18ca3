//! The notes on architecture name what exists, and what exists is in the notes.
//!
//! In `docs/architecture.md` every folder below `crates/` is named as `crates/NAME`, and nothing
//! else is. A table whose first heading is `module` belongs to the crate that the section heading
//! above it names, as `crates/NAME` or as NAME alone; its first column names, in back-ticks, all
//! top-level modules of that crate and no others.

use std::collections::BTreeSet;

use super::{Finding, Tree, numbered};

const NOTES: &str = "docs/architecture.md";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(notes) = tree.file(NOTES) else {
        return vec![Finding::new(
            NOTES,
            1,
            "the notes on architecture are missing",
        )];
    };
    let crates = crates(tree);
    let mut findings = Vec::new();

    let mut named = BTreeSet::new();
    for (number, line) in numbered(&notes.text) {
        for name in crates_named(line) {
            if !crates.contains(name) {
                let message = format!("names crates/{name}, which does not exist");
                findings.push(Finding::new(NOTES, number, message));
            }
            named.insert(name);
        }
    }
    for name in &crates {
        if !named.contains(name) {
            findings.push(Finding::new(
                NOTES,
                1,
                format!("does not name crates/{name}"),
            ));
        }
    }

    for table in module_tables(&notes.text, &crates) {
        let Some(owner) = table.owner else {
            findings.push(Finding::new(
                NOTES,
                table.line,
                "a table of modules below a heading that names no crate",
            ));
            continue;
        };
        let existing = modules(tree, owner);
        for &(number, name) in &table.modules {
            if !existing.contains(name) {
                let message =
                    format!("names the module `{name}`, which crates/{owner} does not have");
                findings.push(Finding::new(NOTES, number, message));
            }
        }
        for name in existing {
            if !table.modules.iter().any(|(_, listed)| *listed == name) {
                let message = format!("does not name the module `{name}` of crates/{owner}");
                findings.push(Finding::new(NOTES, table.line, message));
            }
        }
    }
    findings
}

/// The folders below `crates/`.
fn crates(tree: &Tree) -> BTreeSet<&str> {
    let inside = tree
        .files
        .iter()
        .filter_map(|file| file.path.strip_prefix("crates/"));
    inside
        .filter_map(|path| path.split_once('/'))
        .map(|(name, _)| name)
        .collect()
}

/// The top-level modules of a crate that have a file or a folder of their own.
fn modules<'t>(tree: &'t Tree, name: &str) -> BTreeSet<&'t str> {
    let sources = format!("crates/{name}/src/");
    tree.rust()
        .filter_map(|file| file.path.strip_prefix(sources.as_str()))
        .map(|path| {
            path.split_once('/')
                .map_or(path.trim_end_matches(".rs"), |(folder, _)| folder)
        })
        .filter(|module| !matches!(*module, "bin" | "lib" | "main" | "tests"))
        .collect()
}

/// Each NAME of `crates/NAME` in a line.
fn crates_named(line: &str) -> Vec<&str> {
    line.match_indices("crates/")
        .map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            &rest[..rest.find(|c| !of_a_name(c)).unwrap_or(rest.len())]
        })
        // `crates/` alone, `crates/*` and `crates/{a,b}` name no crate.
        .filter(|name| !name.is_empty())
        .collect()
}

struct ModuleTable<'n> {
    line: usize,
    owner: Option<&'n str>,
    modules: Vec<(usize, &'n str)>,
}

fn module_tables<'n>(notes: &'n str, crates: &BTreeSet<&str>) -> Vec<ModuleTable<'n>> {
    let mut tables: Vec<ModuleTable<'n>> = Vec::new();
    let mut owner = None;
    let mut in_table = false;
    for (number, line) in numbered(notes) {
        if line.starts_with('#') {
            let alone = line.trim_matches(['#', ' ', '`']);
            let named = crates_named(line).first().copied();
            owner = named.or(crates.contains(alone).then_some(alone));
        }
        let Some(first_cell) = line
            .trim()
            .strip_prefix('|')
            .and_then(|row| row.split('|').next())
        else {
            in_table = false;
            continue;
        };
        if !in_table && first_cell.trim().eq_ignore_ascii_case("module") {
            in_table = true;
            tables.push(ModuleTable {
                line: number,
                owner,
                modules: Vec::new(),
            });
        } else if in_table && let Some(table) = tables.last_mut() {
            // What stands between two back-ticks is every second piece.
            let names = first_cell.split('`').skip(1).step_by(2);
            table
                .modules
                .extend(names.map(|name| (number, name.trim_end_matches(".rs"))));
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES: &[(&str, &str)] = &[
        ("crates/domain/Cargo.toml", ""),
        ("crates/domain/src/lib.rs", ""),
        ("crates/domain/src/rules.rs", ""),
        ("crates/domain/src/webhook/name.rs", ""),
        ("crates/store/src/lib.rs", ""),
    ];

    fn found(notes: &str) -> Vec<(usize, String)> {
        let files: Vec<_> = CRATES.iter().copied().chain([(NOTES, notes)]).collect();
        check(&Tree::of(&files))
            .into_iter()
            .map(|f| (f.line, f.message))
            .collect()
    }

    #[test]
    fn notes_that_name_all_crates_and_modules_are_in_order() {
        let notes = "# Rooms below crates/\n\n`crates/store` keeps, crates/* compile.\n\n\
                     ## crates/domain\n\n| module | purpose |\n|---|---|\n| `rules` | a |\n\
                     | `webhook` (and more) | `b` |\n\n| name | x |\n|---|---|\n| `other` | y |\n";
        assert_eq!(found(notes), []);
    }

    #[test]
    fn missing_notes_are_found() {
        let found = check(&Tree::of(CRATES));
        assert_eq!(
            found,
            [Finding::new(
                NOTES,
                1,
                "the notes on architecture are missing"
            )]
        );
    }

    #[test]
    fn crates_are_compared_both_ways() {
        assert_eq!(
            found("# Rooms\n\ncrates/domain and crates/cellar.\n"),
            [
                (3, "names crates/cellar, which does not exist".to_owned()),
                (1, "does not name crates/store".to_owned()),
            ]
        );
    }

    #[test]
    fn modules_are_compared_both_ways() {
        let notes = "crates/store crates/domain\n## domain\n| module | purpose |\n|---|---|\n| `rules`, `event` | a |\n";
        assert_eq!(
            found(notes),
            [
                (
                    5,
                    "names the module `event`, which crates/domain does not have".to_owned()
                ),
                (
                    3,
                    "does not name the module `webhook` of crates/domain".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn a_table_of_modules_of_no_crate_is_found() {
        let notes = "crates/store crates/domain\n## Inside\n| Module | purpose |\n|---|---|\n";
        let found = found(notes);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, 3);
    }
}
