//! Puts generated text between two markers of a page and leaves every other byte of it alone.

use anyhow::{Result, bail};

const END: &str = "<!-- /bench -->";

/// The page with the text between `<!-- bench:NAME -->` and the next `<!-- /bench -->` replaced.
pub(crate) fn replace(page: &str, name: &str, generated: &str) -> Result<String> {
    let start = format!("<!-- bench:{name} -->");
    let Some((before, rest)) = page.split_once(&start) else {
        bail!("the page has no line {start}");
    };
    if rest.contains(&start) {
        bail!("the page has {start} twice");
    }
    let Some((_, after)) = rest.split_once(END) else {
        bail!("nothing ends {start}: {END} is missing");
    };
    Ok(format!(
        "{before}{start}\n\n{}\n\n{END}{after}",
        generated.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Title\n<!-- bench:save -->\nold\n<!-- /bench -->\nbetween\n\
        <!-- bench:signal -->\nkept\n<!-- /bench -->\nend\n";

    #[test]
    fn only_the_named_block_changes() {
        assert_eq!(
            replace(PAGE, "save", "\nnew\n").unwrap(),
            "# Title\n<!-- bench:save -->\n\nnew\n\n<!-- /bench -->\nbetween\n\
        <!-- bench:signal -->\nkept\n<!-- /bench -->\nend\n"
        );
    }

    #[test]
    fn replacing_twice_gives_what_replacing_once_gave() {
        let once = replace(PAGE, "signal", "new").unwrap();
        assert_eq!(replace(&once, "signal", "new").unwrap(), once);
    }

    #[test]
    fn an_empty_block_can_be_filled() {
        let page = "<!-- bench:save --><!-- /bench -->";
        assert_eq!(
            replace(page, "save", "x").unwrap(),
            "<!-- bench:save -->\n\nx\n\n<!-- /bench -->"
        );
    }

    #[test]
    fn a_page_without_the_block_or_with_two_or_without_an_end_is_refused() {
        assert!(replace(PAGE, "deliver", "x").is_err());
        assert!(replace(&PAGE.replace("signal", "save"), "save", "x").is_err());
        assert!(replace("<!-- bench:save -->", "save", "x").is_err());
    }
}
