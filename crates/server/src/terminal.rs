//! What commands print on stdout, for people and scripts alike. Logs and failures go to stderr, and not
//! through here.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use crate::failure::Failure;

/// Lines with tabs between their cells, easy to read and to cut.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut text = head.join("\t");
    text.push('\n');
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            let tab = if at == 0 { "" } else { "\t" };
            // Writing to a text cannot fail.
            let _ = write!(text, "{tab}{}", Plain(cell));
        }
        text.push('\n');
    }
    text
}

/// A text of somebody else on a terminal: control characters, which could rewrite what is shown there,
/// are spelt out (threat I9).
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "\\u{{{:04x}}}", u32::from(c)),
            c => f.write_char(c),
        })
    }
}

/// Prints on stdout.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::of("stdout cannot be written", error))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn control_characters_of_others_do_not_reach_the_terminal() {
        let rows = [["1".to_owned(), "a\u{1b}[2Jb\tc\n".to_owned()]];
        assert_eq!(
            table(["ID", "NAME"], rows.into_iter()),
            "ID\tNAME\n1\ta\\u{001b}[2Jb\\u{0009}c\\u{000a}\n"
        );
    }
}
