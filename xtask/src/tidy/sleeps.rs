//! Tests wait for what they wait for, never for time to pass.
//!
//! Test code is what lies in a folder or file named for tests, in the `testing` module of the
//! domain, or under `#[cfg(test)]`.

use std::ops::Range;

use super::{File, Finding, Tree, find_word, line_at};

const SLEEPS: &[&str] = &["sleep", "sleep_ms", "sleep_until"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        for region in test_regions(file) {
            let mut start = 0;
            for line in file.code[region.clone()].split_inclusive('\n') {
                let called = SLEEPS.iter().any(|sleep| {
                    find_word(line, sleep)
                        .is_some_and(|at| line[at + sleep.len()..].trim_start().starts_with('('))
                });
                if called {
                    findings.push(Finding::new(
                        &file.path,
                        line_at(&file.code, region.start + start),
                        "a test that sleeps; wait for the event itself, or move the clock",
                    ));
                }
                start += line.len();
            }
        }
    }
    findings
}

fn test_regions(file: &File) -> Vec<Range<usize>> {
    let whole_file = file.path.split('/').any(|part| {
        matches!(part.trim_end_matches(".rs"), "tests" | "testing") || part.ends_with("_tests.rs")
    });
    if whole_file {
        return vec![Range {
            start: 0,
            end: file.code.len(),
        }];
    }
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (at, _) in file.code.match_indices("#[cfg(") {
        let Some(end_of_attribute) = file.code[at..].find(")]").map(|length| at + length) else {
            continue;
        };
        let nested = regions.last().is_some_and(|last| at < last.end);
        let condition = &file.code[at..end_of_attribute];
        if nested || find_word(condition, "test").is_none() || condition.contains("not(test") {
            continue;
        }
        regions.push(at..item_end(&file.code, end_of_attribute));
    }
    regions
}

/// Where the item that starts here ends: at its semicolon or at the brace that closes its body.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return start + at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + at + 1,
            _ => {}
        }
    }
    code.len()
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
    fn a_pause_in_the_product_is_no_matter_of_this_check() {
        let text = "async fn poll() {\n    tokio::time::sleep(STEP).await;\n}\n\n\
                    #[cfg(test)]\nmod tests {\n    fn never_sleeps() { let sleep = 1; }\n}\n\n\
                    fn rest() { sleep(1); }\n";
        assert_eq!(lines("crates/delivery/src/worker.rs", text), NONE);
        assert_eq!(
            lines(
                "crates/a/src/a.rs",
                "#[cfg(not(test))]\nfn a() { sleep(1); }\n"
            ),
            NONE
        );
    }

    #[test]
    fn a_sleep_in_a_test_module_is_found_with_its_line() {
        let text = "fn go() {}\n\n#[cfg(test)]\nmod tests {\n    fn waits() {\n        \
                    std::thread::sleep(STEP);\n    }\n}\n";
        assert_eq!(lines("crates/a/src/lib.rs", text), [6]);
    }

    #[test]
    fn a_sleep_anywhere_in_a_file_of_tests_is_found() {
        for path in [
            "crates/server/tests/start.rs",
            "tests/blackbox/main.rs",
            "crates/http/src/routes/tests.rs",
            "crates/http/src/route_tests.rs",
            "crates/domain/src/testing/clock.rs",
        ] {
            assert_eq!(
                lines(path, "\nfn a() { tokio::time::sleep(STEP); }\n"),
                [2],
                "{path}"
            );
        }
    }

    #[test]
    fn a_test_that_tells_of_sleep_in_a_comment_is_in_order() {
        assert_eq!(lines("tests/a.rs", "// no thread::sleep(1) here\n"), NONE);
    }
}
