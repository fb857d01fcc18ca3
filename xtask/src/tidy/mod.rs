//! Mechanical checks that neither the compiler nor clippy makes: `cargo xtask tidy`.
//!
//! Each check is a pure function from the files of the repository and the graph of its packages to
//! findings, so that each has tests with a good and a bad case. Must not change anything.

mod architecture;
mod arrows;
mod asynchrony;
mod graph;
mod layout;
mod leftovers;
mod machine;
mod manifests;
mod mask;
mod sleeps;

use std::fs;

use anyhow::{Context, Result};

use self::graph::Graph;
use crate::workspace::Workspace;

/// Something that must be changed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

/// A text file of the repository.
struct File {
    /// Relative to the root, with forward slashes.
    path: String,
    text: String,
    /// For Rust: the text with comments and the content of strings blanked, line for line.
    code: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") {
            mask::code_only(text)
        } else {
            String::new()
        };
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
        }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All text files of the repository.
struct Tree {
    files: Vec<File>,
}

impl Tree {
    fn load(workspace: &Workspace) -> Result<Self> {
        let mut files = Vec::new();
        for path in workspace.files()? {
            let bytes =
                fs::read(workspace.path(&path)).with_context(|| format!("cannot read {path}"))?;
            // What is not text has no lines to check.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File::new(&path, &text));
            }
        }
        Ok(Self { files })
    }

    fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, text)| File::new(path, text))
                .collect(),
        }
    }
}

/// A check: the name that its findings carry, and what makes them.
struct Check {
    name: &'static str,
    run: fn(&Tree, &Graph) -> Vec<Finding>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "arrows",
        run: arrows::check,
    },
    Check {
        name: "manifests",
        run: manifests::check,
    },
    Check {
        name: "asynchrony",
        run: |tree, _| asynchrony::check(tree),
    },
    Check {
        name: "leftovers",
        run: |tree, _| leftovers::check(tree),
    },
    Check {
        name: "sleeps",
        run: |tree, _| sleeps::check(tree),
    },
    Check {
        name: "layout",
        run: |tree, _| layout::check(tree),
    },
    Check {
        name: "architecture",
        run: |tree, _| architecture::check(tree),
    },
    Check {
        name: "machine",
        run: |tree, _| machine::check(tree),
    },
];

/// Runs all checks and prints what they find; whether they found nothing.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let tree = Tree::load(workspace)?;
    let graph = Graph::parse(&workspace.metadata()?)?;
    let mut total = 0;
    for check in CHECKS {
        let mut findings = (check.run)(&tree, &graph);
        findings.sort();
        for Finding {
            path,
            line,
            message,
        } in &findings
        {
            println!("{path}:{line}: {message} [{}]", check.name);
        }
        total += findings.len();
    }
    println!(
        "tidy: {} checks over {} files, {total} findings",
        CHECKS.len(),
        tree.files.len()
    );
    Ok(total == 0)
}

/// Where `word` stands in `line` as a whole word, as a byte offset.
fn find_word(line: &str, word: &str) -> Option<usize> {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).map(|(at, _)| at).find(|&at| {
        !line[..at].ends_with(of_a_word) && !line[at + word.len()..].starts_with(of_a_word)
    })
}

/// The lines of a text with their numbers from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// The number, from 1, of the line that holds this byte offset.
fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_only_when_it_stands_alone() {
        assert_eq!(find_word("pub async fn go()", "async"), Some(4));
        assert_eq!(find_word("#[async_trait]", "async"), None);
        assert_eq!(find_word("an_async", "async"), None);
        assert_eq!(find_word("is_async async", "async"), Some(9));
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_at("a\nb\nc", 0), 1);
        assert_eq!(line_at("a\nb\nc", 4), 3);
        assert_eq!(numbered("a\nb").collect::<Vec<_>>(), [(1, "a"), (2, "b")]);
    }
}
