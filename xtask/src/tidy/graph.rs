//! The packages of the workspace and what they depend on, as `cargo metadata` tells it.
//!
//! The features in it are those of the whole workspace together, so a dependency that only another
//! member switches on shows too: the checks err on the strict side. Must not judge.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, Result};
use serde_json::Value;

/// All packages and the edges between them.
pub(crate) struct Graph {
    packages: HashMap<String, Package>,
}

struct Package {
    name: String,
    /// Relative to the root for members.
    manifest: String,
    member: bool,
    edges: Vec<Edge>,
}

struct Edge {
    to: String,
    /// Needed by the package itself, not only to build or to test it.
    normal: bool,
}

/// A package of this workspace.
pub(crate) struct Member<'a> {
    id: &'a str,
    /// The name of the package.
    pub name: &'a str,
    /// Its manifest, relative to the root.
    pub manifest: &'a str,
}

impl Graph {
    /// Reads the answer of `cargo metadata --format-version 1`.
    pub(crate) fn parse(metadata: &Value) -> Result<Self> {
        let root = text(&metadata["workspace_root"])?;
        let members = list(&metadata["workspace_members"])?;
        let mut packages = HashMap::new();
        for package in list(&metadata["packages"])? {
            let manifest = text(&package["manifest_path"])?;
            let relative = manifest
                .strip_prefix(root)
                .unwrap_or(manifest)
                .trim_start_matches('/');
            packages.insert(
                text(&package["id"])?.to_owned(),
                Package {
                    name: text(&package["name"])?.to_owned(),
                    manifest: relative.to_owned(),
                    member: members.contains(&package["id"]),
                    edges: Vec::new(),
                },
            );
        }
        for node in list(&metadata["resolve"]["nodes"])? {
            let edges = list(&node["deps"])?
                .iter()
                .map(|dep| {
                    let kinds = list(&dep["dep_kinds"])?;
                    Ok(Edge {
                        to: text(&dep["pkg"])?.to_owned(),
                        normal: kinds.iter().any(|kind| kind["kind"].is_null()),
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            packages
                .get_mut(text(&node["id"])?)
                .context("cargo metadata resolves a package that it does not list")?
                .edges = edges;
        }
        Ok(Self { packages })
    }

    /// The packages of this workspace, by name.
    pub(crate) fn members(&self) -> Vec<Member<'_>> {
        let mut members: Vec<_> = self
            .packages
            .iter()
            .filter(|(_, package)| package.member)
            .map(|(id, package)| Member {
                id,
                name: &package.name,
                manifest: &package.manifest,
            })
            .collect();
        members.sort_by_key(|member| member.name);
        members
    }

    /// The members that this one depends on in any way, to build and to test it included.
    pub(crate) fn members_used_by(&self, member: &Member<'_>) -> Vec<&str> {
        let edges = self
            .packages
            .get(member.id)
            .map(|package| package.edges.as_slice());
        let mut used: Vec<&str> = edges
            .unwrap_or_default()
            .iter()
            .filter_map(|edge| self.packages.get(&edge.to))
            .filter(|package| package.member && package.name != member.name)
            .map(|package| package.name.as_str())
            .collect();
        used.sort_unstable();
        used
    }

    /// What this member needs to run, over any number of steps: for each package the shortest way
    /// to it, without the member itself.
    pub(crate) fn ways_from(&self, member: &Member<'_>) -> Vec<Vec<&str>> {
        let mut ways: HashMap<&str, Vec<&str>> = HashMap::from([(member.id, Vec::new())]);
        let mut open = VecDeque::from([member.id]);
        while let Some(id) = open.pop_front() {
            let Some(package) = self.packages.get(id) else {
                continue;
            };
            for edge in package.edges.iter().filter(|edge| edge.normal) {
                let Some(next) = self.packages.get(&edge.to) else {
                    continue;
                };
                if ways.contains_key(edge.to.as_str()) {
                    continue;
                }
                let mut way = ways[id].clone();
                way.push(next.name.as_str());
                ways.insert(&edge.to, way);
                open.push_back(&edge.to);
            }
        }
        let mut ways: Vec<_> = ways.into_values().filter(|way| !way.is_empty()).collect();
        ways.sort();
        ways
    }

    /// A graph for tests: each member with its manifest, each edge as `(from, to, kind)` with the
    /// kind as cargo names it; packages that are no members come into being by being named.
    #[cfg(test)]
    pub(crate) fn of(members: &[(&str, &str)], edges: &[(&str, &str, Option<&str>)]) -> Self {
        use serde_json::json;

        let mut names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        for (from, to, _) in edges {
            for name in [from, to] {
                if !names.contains(name) {
                    names.push(name);
                }
            }
        }
        let packages: Vec<Value> = names
            .iter()
            .map(|name| {
                let manifest = members
                    .iter()
                    .find(|(member, _)| member == name)
                    .map_or_else(
                        || format!("/elsewhere/{name}/Cargo.toml"),
                        |(_, path)| format!("/repository/{path}"),
                    );
                json!({"id": name, "name": name, "manifest_path": manifest})
            })
            .collect();
        let nodes: Vec<Value> = names
            .iter()
            .map(|name| {
                let deps: Vec<Value> = edges
                    .iter()
                    .filter(|(from, ..)| from == name)
                    .map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]}))
                    .collect();
                json!({"id": name, "deps": deps})
            })
            .collect();
        let members: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        Self::parse(&json!({
            "workspace_root": "/repository",
            "workspace_members": members,
            "packages": packages,
            "resolve": {"nodes": nodes},
        }))
        .unwrap()
    }
}

fn text(value: &Value) -> Result<&str> {
    value
        .as_str()
        .context("cargo metadata lacks a text where one is expected")
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value
        .as_array()
        .context("cargo metadata lacks a list where one is expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBERS: &[(&str, &str)] = &[("a", "crates/a/Cargo.toml"), ("b", "crates/b/Cargo.toml")];

    fn member<'g>(graph: &'g Graph, name: &str) -> Member<'g> {
        graph
            .members()
            .into_iter()
            .find(|member| member.name == name)
            .unwrap()
    }

    #[test]
    fn members_are_told_from_packages_of_others_and_know_their_manifest() {
        let graph = Graph::of(MEMBERS, &[("a", "serde", None)]);
        let members: Vec<_> = graph
            .members()
            .iter()
            .map(|m| (m.name, m.manifest))
            .collect();
        assert_eq!(
            members,
            [("a", "crates/a/Cargo.toml"), ("b", "crates/b/Cargo.toml")]
        );
    }

    #[test]
    fn a_way_follows_only_what_a_package_needs_to_run() {
        let graph = Graph::of(
            MEMBERS,
            &[
                ("a", "b", None),
                ("b", "serde", None),
                ("b", "proptest", Some("dev")),
                ("a", "cc", Some("build")),
            ],
        );
        assert_eq!(
            graph.ways_from(&member(&graph, "a")),
            [vec!["b"], vec!["b", "serde"]]
        );
    }

    #[test]
    fn members_are_used_however_they_are_used() {
        let graph = Graph::of(MEMBERS, &[("a", "b", Some("dev")), ("a", "a", Some("dev"))]);
        assert_eq!(graph.members_used_by(&member(&graph, "a")), ["b"]);
    }

    #[test]
    fn an_answer_without_packages_is_an_error() {
        assert!(Graph::parse(&serde_json::json!({"workspace_root": "/"})).is_err());
    }
}
