//! Manifests of members: versions, lints and the like come from the workspace, once.

use toml::{Table, Value};

use super::graph::Graph;
use super::{Finding, Tree, numbered};

/// Members of `[package]` that the workspace decides.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(crate) fn check(tree: &Tree, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in graph.members() {
        let Some(file) = tree.file(member.manifest) else {
            findings.push(Finding::new(
                member.manifest,
                1,
                "a manifest that git does not know",
            ));
            continue;
        };
        let Ok(manifest) = file.text.parse::<Table>() else {
            findings.push(Finding::new(
                member.manifest,
                1,
                "a manifest that is not TOML",
            ));
            continue;
        };
        for (key, message) in faults(&manifest) {
            let line = numbered(&file.text)
                .find(|(_, line)| names(line, key))
                .map_or(1, |(number, _)| number);
            findings.push(Finding::new(member.manifest, line, message));
        }
    }
    findings
}

/// Whether the line sets this key or opens its table.
fn names(line: &str, key: &str) -> bool {
    let in_header =
        line.starts_with('[') && line.trim_end_matches(']').ends_with(&format!(".{key}"));
    let set = line
        .strip_prefix(key)
        .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']));
    in_header || set
}

fn faults(manifest: &Table) -> Vec<(&str, String)> {
    let mut faults = Vec::new();
    let package = manifest.get("package").and_then(Value::as_table);
    let own_name = package
        .and_then(|package| package.get("name"))
        .and_then(Value::as_str);
    for &key in INHERITED {
        if !package
            .and_then(|package| package.get(key))
            .is_some_and(inherits)
        {
            faults.push((
                key,
                format!("`{key}.workspace = true` is missing from [package]"),
            ));
        }
    }
    if !manifest.get("lints").is_some_and(inherits) {
        faults.push((
            "lints",
            "`workspace = true` is missing from [lints]".to_owned(),
        ));
    }
    let targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = targets
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    for table in std::iter::once(manifest).chain(of_targets) {
        for kind in DEPENDENCIES {
            let entries = table.get(*kind).and_then(Value::as_table);
            for (name, entry) in entries.into_iter().flatten() {
                // A package may switch on features of itself for its tests; there is no version in that.
                let own = Some(name.as_str()) == own_name && *kind == "dev-dependencies";
                if !inherits(entry) && !own {
                    faults.push((
                        name,
                        format!("{name} must be `workspace = true` in [{kind}]"),
                    ));
                }
            }
        }
    }
    faults
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "crates/a/Cargo.toml";
    const GOOD: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
                        rust-version.workspace = true\nlicense.workspace = true\n\
                        publish.workspace = true\n\n[lints]\nworkspace = true\n\n[dependencies]\n";

    fn found(manifest: &str) -> Vec<(usize, String)> {
        let graph = Graph::of(&[("a", MANIFEST)], &[]);
        let tree = Tree::of(&[(MANIFEST, manifest)]);
        check(&tree, &graph)
            .into_iter()
            .map(|f| (f.line, f.message))
            .collect()
    }

    #[test]
    fn a_manifest_that_inherits_everything_is_in_order() {
        let manifest = format!(
            "{GOOD}serde = {{ workspace = true, features = [\"rc\"] }}\nurl.workspace = true\n\n\
             [dev-dependencies]\na = {{ path = \".\", features = [\"testing\"] }}\n"
        );
        assert_eq!(found(&manifest), []);
    }

    #[test]
    fn a_dependency_with_a_version_or_path_of_its_own_is_found_in_every_table() {
        let manifest = format!(
            "{GOOD}serde = \"1\"\nb = {{ path = \"../b\" }}\n\n[dev-dependencies.insta]\nversion = \"1\"\n\n\
             [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n"
        );
        let mut found = found(&manifest);
        found.sort();
        assert_eq!(
            found,
            [
                (
                    13,
                    "serde must be `workspace = true` in [dependencies]".to_owned()
                ),
                (
                    14,
                    "b must be `workspace = true` in [dependencies]".to_owned()
                ),
                (
                    16,
                    "insta must be `workspace = true` in [dev-dependencies]".to_owned()
                ),
                (
                    20,
                    "libc must be `workspace = true` in [dependencies]".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn a_package_that_decides_for_itself_is_found() {
        let manifest = GOOD
            .replace("edition.workspace = true", "edition = \"2021\"")
            .replace("[lints]\nworkspace = true\n", "");
        let found = found(&manifest);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].0, 4);
        assert!(found[1].1.contains("[lints]"));
    }

    #[test]
    fn a_manifest_that_git_does_not_know_is_found() {
        let graph = Graph::of(&[("a", MANIFEST)], &[]);
        assert_eq!(check(&Tree::of(&[]), &graph).len(), 1);
    }
}
