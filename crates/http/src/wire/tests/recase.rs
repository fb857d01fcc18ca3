//! Rewrites the member names of a carrier in another case, and nothing else: values and the keys of
//! dictionaries stay. For tests that read a reply back as a client of another language sends it.

/// The carriers' own names are rewritten, those inside `Headers` and `Properties` are data.
pub(super) fn recase(body: &str, mut rename: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(body.len());
    let mut depth = 0_usize;
    let mut in_dictionary = false;
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if c != '"' {
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' => depth -= 1,
                _ => {}
            }
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (text, after) = split_string(rest);
        let is_name = after.starts_with(':');
        if is_name && depth == 1 {
            in_dictionary = matches!(text, "\"Headers\"" | "\"Properties\"");
        }
        if is_name && (depth == 1 || !in_dictionary) {
            out.push_str(&rename(text));
        } else {
            out.push_str(text);
        }
        rest = after;
    }
    out
}

/// A JSON string with its quotes, and what follows it.
fn split_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find_map(|(at, c)| match c {
        _ if escaped => {
            escaped = false;
            None
        }
        '\\' => {
            escaped = true;
            None
        }
        '"' => Some(at + 1),
        _ => None,
    });
    text.split_at(end.unwrap_or(text.len()))
}

/// As the official client for JavaScript spells names.
pub(super) fn camel(name: &str) -> String {
    let mut initial = true;
    name.chars()
        .map(|c| match c {
            '"' => c,
            _ if std::mem::take(&mut initial) => c.to_ascii_lowercase(),
            _ => c,
        })
        .collect()
}

#[test]
fn only_names_of_carriers_are_rewritten() {
    let body = r#"{"Headers":{"Name":"Name"},"Name":"Na\"me:","ErrorAssociates":[{"Id":1}]}"#;
    assert_eq!(
        recase(body, camel),
        r#"{"headers":{"Name":"Name"},"name":"Na\"me:","errorAssociates":[{"id":1}]}"#
    );
}
