//! The domain is synchronous, except for its ports (a plugin is one), its services and what it offers to tests.

use super::{Finding, Tree, find_word, numbered};

const SOURCES: &str = "crates/domain/src/";
const ALLOWED: &[&str] = &["plugin", "ports", "service", "testing"];
const WORDS: &[&str] = &["async", "await", "async_trait"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let Some(inside) = file.path.strip_prefix(SOURCES) else {
            continue;
        };
        let module = inside.split(['/', '.']).next().unwrap_or(inside);
        if ALLOWED.contains(&module) {
            continue;
        }
        for (number, line) in numbered(&file.code) {
            if let Some(word) = WORDS.iter().find(|word| find_word(line, word).is_some()) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("`{word}` outside of {} in the domain", ALLOWED.join(", ")),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_service_and_testing_may_be_asynchronous_and_prose_may_speak_of_it() {
        let code = "#[async_trait]\npub trait Store { async fn find(&self); }\n";
        let tree = Tree::of(&[
            ("crates/domain/src/ports.rs", code),
            ("crates/domain/src/ports/store.rs", code),
            ("crates/domain/src/service/webhooks.rs", code),
            ("crates/domain/src/testing/memory.rs", code),
            ("crates/store/src/lib.rs", code),
            (
                "crates/domain/src/rules.rs",
                "//! Never async.\nconst WHY: &str = \"no async\";\n",
            ),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn anything_asynchronous_elsewhere_in_the_domain_is_found_with_its_line() {
        let tree = Tree::of(&[
            (
                "crates/domain/src/rules/name.rs",
                "//! Names.\n\npub async fn check() {}\n",
            ),
            (
                "crates/domain/src/service_names.rs",
                "fn go() {\n    later().await;\n}\n",
            ),
            (
                "crates/domain/src/event.rs",
                "#[async_trait]\ntrait Sender {}\n",
            ),
        ]);
        let found: Vec<_> = check(&tree).into_iter().map(|f| (f.path, f.line)).collect();
        assert_eq!(
            found,
            [
                ("crates/domain/src/rules/name.rs".to_owned(), 3),
                ("crates/domain/src/service_names.rs".to_owned(), 2),
                ("crates/domain/src/event.rs".to_owned(), 1),
            ]
        );
    }
}
