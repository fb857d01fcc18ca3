//! What the sources of this repository define, for tests that hold a document against them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder that everything is in.
pub(super) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The text of a document.
pub(super) fn document(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The names of every function in the Rust sources, tests among them.
pub(super) fn functions() -> HashSet<String> {
    let mut names = HashSet::new();
    for folder in ["crates", "tests", "xtask"] {
        collect(&root().join(folder), &mut names);
    }
    names
}

fn collect(folder: &Path, names: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Packages of other languages bring folders of their own, which are none of ours.
        let foreign = path.ends_with("node_modules") || path.ends_with("target");
        if path.is_dir() && !foreign {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for part in fs::read_to_string(&path).unwrap().split("fn ").skip(1) {
                let name = part
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next();
                names.extend(name.map(str::to_owned));
            }
        }
    }
}
