//! Texts of other people inside a mail: quoted, capped, with nothing in them that could be taken for our
//! own words, for a link with a path, or for the structure of a mail (threats H2, H4).

use url::Url;

/// One line of somebody else's text.
pub(super) fn line(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("> {}", capped(&origins(&plain(&text)), most))
}

/// Several lines of somebody else's text, each marked as quoted.
pub(super) fn block(text: &str, most: usize, lines: usize) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: Vec<_> = text.lines().map(plain).collect();
    let text = capped(&origins(&text.join("\n")), most);
    text.lines()
        .take(lines)
        .map(|line| format!("> {line}"))
        .collect()
}

/// Without control characters, and without those that turn the direction of text or are not seen.
pub(super) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(
                c,
                '\u{ad}' | '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            )
    };
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Every URL cut to its origin.
fn origins(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let scheme = rest[..at].trim_end_matches(in_scheme).len();
        let end = rest[at..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
            .map_or(rest.len(), |length| at + length);
        out.push_str(&rest[..scheme]);
        let origin = Url::parse(&rest[scheme..end]).map(|url| url.origin());
        match origin {
            Ok(origin) if origin.is_tuple() => out.push_str(&origin.ascii_serialization()),
            _ => out.push_str("(a URL)"),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn capped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_urls_are_cut_to_their_origin() {
        for (text, shown) in [
            (
                "at https://evil.example/login?a=1#x now",
                "at https://evil.example now",
            ),
            (
                "(\"http://u:p@10.0.0.1:8080/x\")",
                "(\"http://10.0.0.1:8080\")",
            ),
            (
                "https://a.example/1 https://b.example/2",
                "https://a.example https://b.example",
            ),
            ("https://ä.example/", "https://xn--4ca.example"),
            ("javascript://x/%0aalert(1)", "(a URL)"),
            ("https://", "(a URL)"),
            ("://", "(a URL)"),
            ("https://a.example/https://b.example/x", "https://a.example"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(origins(text), shown, "{text}");
        }
    }

    #[test]
    fn h4_what_is_not_seen_or_turns_text_around_is_replaced() {
        assert_eq!(
            plain("a\u{202e}b\u{0}c\u{1b}[2J\u{200b}"),
            "a\u{fffd}b\u{fffd}c\u{fffd}[2J\u{fffd}"
        );
        assert_eq!(
            plain("Kundenänderungen — 顧客 🎣"),
            "Kundenänderungen — 顧客 🎣"
        );
    }

    #[test]
    fn h4_a_name_is_one_quoted_line_of_at_most_so_many_characters() {
        assert_eq!(line("a\r\nb\t c", 80), "> a b c");
        let long = line(&"é".repeat(81), 80);
        assert_eq!(long, format!("> {}…", "é".repeat(80)));
    }

    #[test]
    fn h2_every_line_of_a_block_is_quoted_whatever_ends_it() {
        let text = "HTTP 500\r.\rMAIL FROM:<x>\r\n\n-- \nRegards";
        let expected = [
            "> HTTP 500",
            "> .",
            "> MAIL FROM:<x>",
            "> ",
            "> -- ",
            "> Regards",
        ];
        assert_eq!(block(text, 1000, 30), expected);
        assert_eq!(block(text, 1000, 2), expected[..2]);
        assert_eq!(block(&"x".repeat(20), 5, 30), ["> xxxxx…"]);
    }
}
