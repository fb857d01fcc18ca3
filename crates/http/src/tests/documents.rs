//! The two pages that promise tests: every test and every fixture that they name must be there.

use std::collections::BTreeSet;

use super::sources::{document, functions, root};

/// What stands between backticks in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_test_name(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain && text.matches('_').count() >= 2
}

/// Quirks are items of a list, or rows of a table.
fn is_quirk(line: &str) -> bool {
    line.starts_with("- ") || (line.starts_with("| ") && !line.starts_with("| quirk "))
}

fn is_fixture(text: &str) -> bool {
    let folders = ["corpus/", "delivery/", "form/", "http/", "json/", "xml/"];
    folders.iter().any(|folder| text.starts_with(folder)) && !text.contains(char::is_whitespace)
}

/// The proofs that a line names, each checked for being there.
fn proofs(page: &str, line: &str, tests: &std::collections::HashSet<String>) -> usize {
    let mut count = 0;
    for text in quoted(line) {
        if is_test_name(text) {
            assert!(
                tests.contains(text),
                "{page} names the test {text}, which is nowhere"
            );
            count += 1;
        } else if is_fixture(text) {
            let path = root().join("tests/fixtures").join(text);
            assert!(
                path.exists(),
                "{page} names the fixture {text}, which is nowhere"
            );
            count += 1;
        }
    }
    count
}

#[test]
fn every_quirk_of_the_wire_names_a_proof_that_is_there() {
    let page = "wire-compat.md";
    let text = document(page);
    let tests = functions();
    let mut quirks = 0;
    let mut in_section = false;
    for line in text.lines() {
        in_section |= line.starts_with("## ");
        let found = proofs(page, line, &tests);
        if is_quirk(line) && in_section {
            quirks += 1;
            assert!(
                found > 0,
                "this line of {page} names no test and no fixture: {line}"
            );
        }
    }
    assert!(quirks > 50, "{quirks}");
}

/// The table of the page: each section with the number of tests and fixtures that its lines name.
fn table(text: &str) -> String {
    let mut table = String::new();
    for section in text.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap();
        let quirks = section.lines().filter(|line| is_quirk(line));
        let names: BTreeSet<&str> = quirks.flat_map(quoted).collect();
        let count = |is: fn(&str) -> bool| names.iter().filter(|name| is(name)).count();
        table += &format!(
            "| {title} | {} | {} |\n",
            count(is_test_name),
            count(is_fixture)
        );
    }
    table
}

#[test]
fn the_table_of_sections_counts_what_the_sections_name() {
    let text = document("wire-compat.md");
    let (before_sections, _) = text.split_once("\n## ").unwrap();
    let rows: String = before_sections
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| Section"))
        .map(|line| format!("{line}\n"))
        .collect();
    let own = table(&text);
    assert!(rows == own, "the table of the page should be:\n{own}");
}

/// How many rows each group of threats has.
const GROUPS: [(char, usize); 12] = [
    ('A', 17),
    ('B', 14),
    ('C', 10),
    ('D', 8),
    ('E', 25),
    ('F', 15),
    ('G', 13),
    ('H', 9),
    ('I', 9),
    ('J', 13),
    ('K', 8),
    ('L', 10),
];

#[test]
fn every_threat_is_met_by_a_test_that_is_there_or_says_why_not() {
    let page = "threats.md";
    let text = document(page);
    let tests = functions();
    let mut ids = BTreeSet::new();
    for line in text.lines() {
        let found = proofs(page, line, &tests);
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (Some(id), Some(proof)) = (cells.next(), cells.nth(2)) else {
            continue;
        };
        let group = id.chars().next().filter(char::is_ascii_uppercase);
        if group.is_none_or(|_| id.len() < 2 || id[1..].parse::<u8>().is_err()) {
            continue;
        }
        assert!(ids.insert(id.to_owned()), "{id} stands twice in {page}");
        let excused = ["comes with", "decided otherwise", "checked by"];
        let excuse = excused.iter().any(|words| proof.contains(words));
        assert!(
            found > 0 || excuse,
            "{id} names no test and gives no reason: {line}"
        );
    }
    for (group, count) in GROUPS {
        for number in 1..=count {
            assert!(
                ids.remove(&format!("{group}{number}")),
                "{group}{number} is missing in {page}"
            );
        }
    }
    assert!(ids.is_empty(), "unknown rows: {ids:?}");
}
