//! Which crate may know which: the drawing in `docs/architecture.md`, as a table.
//!
//! Arrows between our own crates hold for every kind of dependency; frameworks are refused as
//! normal dependencies, over any number of steps. A new crate needs a line here.

use super::graph::{Graph, Member};
use super::{Finding, Tree, numbered};

struct Arrows {
    package: &'static str,
    /// The crates of ours that it may know.
    knows: &'static [&'static str],
    /// What it must not reach; `*` at the end stands for any ending.
    refuses: &'static [&'static str],
}

const ARROWS: &[Arrows] = &[
    Arrows {
        package: "webhook-domain",
        knows: &[],
        refuses: &[
            "tokio*", "actix*", "awc", "hyper*", "reqwest", "sea-orm*", "sqlx*", "ureq", "utoipa*",
        ],
    },
    Arrows {
        package: "webhook-store",
        knows: &["webhook-domain", "webhook-test-databases"],
        refuses: &["actix*", "awc", "reqwest", "ureq", "utoipa*"],
    },
    Arrows {
        package: "webhook-delivery",
        knows: &["webhook-domain"],
        refuses: &["actix*", "sea-orm*", "sqlx*"],
    },
    Arrows {
        package: "webhook-http",
        knows: &["webhook-domain"],
        refuses: &["awc", "reqwest", "sea-orm*", "sqlx*", "ureq"],
    },
    Arrows {
        package: "webhook-server",
        knows: &[
            "webhook-delivery",
            "webhook-domain",
            "webhook-http",
            "webhook-store",
            "webhook-test-databases",
        ],
        refuses: &[],
    },
    Arrows {
        package: "webhook-test-databases",
        knows: &[],
        refuses: &[],
    },
    Arrows {
        package: "xtask",
        knows: &[],
        refuses: &[],
    },
    Arrows {
        package: "xtask-bench",
        knows: &[],
        refuses: &[],
    },
];

pub(crate) fn check(tree: &Tree, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in graph.members() {
        let Some(arrows) = ARROWS.iter().find(|arrows| arrows.package == member.name) else {
            findings.push(Finding::new(
                member.manifest,
                1,
                format!("{} has no line in the table of arrows of tidy", member.name),
            ));
            continue;
        };
        for used in graph.members_used_by(&member) {
            if !arrows.knows.contains(&used) {
                findings.push(Finding::new(
                    member.manifest,
                    line_of(tree, &member, used),
                    format!("{} must not depend on {used}", member.name),
                ));
            }
        }
        for way in graph.ways_from(&member) {
            let (Some(first), Some(last)) = (way.first(), way.last()) else {
                continue;
            };
            if refused(arrows, last) {
                findings.push(Finding::new(
                    member.manifest,
                    line_of(tree, &member, first),
                    match way.as_slice() {
                        [_] => format!("{} must not depend on {last}", member.name),
                        _ => format!("{} must not reach {last}: {}", member.name, way.join(" > ")),
                    },
                ));
            }
        }
    }
    findings
}

fn refused(arrows: &Arrows, name: &str) -> bool {
    arrows
        .refuses
        .iter()
        .any(|refused| match refused.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == *refused,
        })
}

/// Where the manifest names the dependency; its first line when it does not.
fn line_of(tree: &Tree, member: &Member<'_>, dependency: &str) -> usize {
    tree.file(member.manifest)
        .and_then(|file| {
            numbered(&file.text).find(|(_, line)| {
                line.strip_prefix(dependency)
                    .is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
            })
        })
        .map_or(1, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: &str = "crates/domain/Cargo.toml";
    const STORE: &str = "crates/store/Cargo.toml";
    const HTTP: &str = "crates/http/Cargo.toml";
    const SERVER: &str = "crates/server/Cargo.toml";
    const MEMBERS: &[(&str, &str)] = &[
        ("webhook-domain", DOMAIN),
        ("webhook-store", STORE),
        ("webhook-http", HTTP),
        ("webhook-server", SERVER),
        ("xtask", "xtask/Cargo.toml"),
    ];

    fn findings(edges: &[(&str, &str, Option<&str>)]) -> Vec<Finding> {
        let tree = Tree::of(&[(
            DOMAIN,
            "[package]\nname = \"webhook-domain\"\n\n[dependencies]\nurl = { workspace = true }\n",
        )]);
        check(&tree, &Graph::of(MEMBERS, edges))
    }

    #[test]
    fn the_drawn_arrows_are_in_order() {
        let found = findings(&[
            ("webhook-server", "webhook-http", None),
            ("webhook-server", "webhook-store", None),
            ("webhook-server", "webhook-domain", None),
            ("webhook-http", "webhook-domain", None),
            ("webhook-http", "actix-web", None),
            ("webhook-store", "webhook-domain", None),
            ("webhook-store", "sea-orm", None),
            ("webhook-domain", "webhook-domain", Some("dev")),
            ("webhook-domain", "tokio", Some("dev")),
            ("webhook-domain", "serde", None),
        ]);
        assert_eq!(found, []);
    }

    #[test]
    fn adapters_that_see_each_other_are_found_in_tests_too() {
        let found = findings(&[
            ("webhook-http", "webhook-store", Some("dev")),
            ("webhook-domain", "webhook-store", None),
        ]);
        let message = |from, to| format!("{from} must not depend on {to}");
        assert!(
            found.contains(&Finding::new(
                HTTP,
                1,
                message("webhook-http", "webhook-store")
            )),
            "{found:?}"
        );
        assert!(
            found.contains(&Finding::new(
                DOMAIN,
                1,
                message("webhook-domain", "webhook-store")
            )),
            "{found:?}"
        );
    }

    #[test]
    fn a_refused_framework_is_found_over_several_steps_and_the_way_is_told() {
        let found = findings(&[
            ("webhook-domain", "url", None),
            ("url", "resolver", None),
            ("resolver", "tokio", None),
        ]);
        assert_eq!(
            found,
            [Finding::new(
                DOMAIN,
                5,
                "webhook-domain must not reach tokio: url > resolver > tokio"
            )]
        );
    }

    #[test]
    fn a_name_with_a_refused_beginning_is_refused() {
        let found = findings(&[("webhook-store", "actix-rt", None)]);
        assert_eq!(
            found,
            [Finding::new(
                STORE,
                1,
                "webhook-store must not depend on actix-rt"
            )]
        );
    }

    #[test]
    fn xtask_knows_none_of_our_crates() {
        let found = findings(&[("xtask", "webhook-domain", None)]);
        assert_eq!(
            found,
            [Finding::new(
                "xtask/Cargo.toml",
                1,
                "xtask must not depend on webhook-domain"
            )]
        );
    }

    #[test]
    fn a_crate_without_a_line_in_the_table_is_found() {
        let graph = Graph::of(&[("webhook-extra", "crates/extra/Cargo.toml")], &[]);
        let found = check(&Tree::of(&[]), &graph);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].message.contains("webhook-extra has no line"),
            "{found:?}"
        );
    }
}
