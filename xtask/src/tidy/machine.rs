//! Nothing of the machine that something was built on is committed: no path of it, no host that a
//! package was fetched from. The repository must read the same everywhere.

use super::{Finding, Tree, numbered};

/// Folders of build machines. In two halves each, so that this file does not find itself.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Hosts that serve packages; lock files name a registry by its index, or not at all.
const HOSTS: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("files.python", "hosted.org"),
    concat!("static.crat", "es.io"),
    concat!("index.crat", "es.io"),
    concat!("proxy.gol", "ang.org"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in numbered(&file.text) {
            if let Some(folder) = FOLDERS.iter().find(|folder| has_folder(line, folder)) {
                let message = format!("names {folder}, a folder of one machine");
                findings.push(Finding::new(&file.path, number, message));
            }
            if let Some(host) = HOSTS.iter().find(|host| line.contains(*host)) {
                let message = format!("names {host}, where one machine fetches packages");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

/// Whether the line holds an absolute path that starts like this; further inside a path the same
/// letters mean nothing.
fn has_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at]
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '~'))
    })
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
    fn relative_paths_and_the_index_of_the_registry_are_in_order() {
        let text = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert_eq!(lines("Cargo.lock", text), NONE);
        for folder in FOLDERS {
            assert_eq!(
                lines(
                    "docs/a.md",
                    &format!("see frame{folder}x and ${{dir}}{folder}x")
                ),
                NONE
            );
        }
    }

    #[test]
    fn a_path_of_a_machine_is_found_in_any_file() {
        for folder in FOLDERS {
            assert_eq!(lines("docs/a.md", &format!("\nin {folder}project")), [2]);
            assert_eq!(
                lines("a.json", &format!("{{\"path\": \"{folder}x\"}}")),
                [1]
            );
            assert_eq!(lines("a.txt", &format!("file://{folder}x")), [1]);
        }
    }

    #[test]
    fn a_host_that_serves_packages_is_found() {
        for host in HOSTS {
            let text = format!("{{\n\"resolved\": \"https://{host}/a.tgz\"\n}}");
            assert_eq!(
                lines("tests/interop/npm/package-lock.json", &text),
                [2],
                "{host}"
            );
        }
    }
}
