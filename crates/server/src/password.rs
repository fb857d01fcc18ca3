//! Passwords on their way in: made up here, or read from standard input. They are never arguments,
//! which every user of the machine could read, and never logged.

use std::io::BufRead;

use webhook_domain::Ids;

use crate::failure::Failure;

/// 32 characters that are not mistaken for one another, so that each carries five bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// How long a password is that nobody chose: 120 bits.
const GENERATED_LEN: usize = 24;

/// A password that nobody can guess.
pub(crate) fn generate(ids: &dyn Ids) -> String {
    let bits = ids.secret();
    bits[..GENERATED_LEN]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

/// The first line, without its end. An empty line is an empty password, which some clients of the
/// original use (contract 5.1); no line at all is a mistake of whoever calls.
///
/// # Errors
/// When there is no line, or it is not text.
pub(crate) fn read(mut input: impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    let length = input
        .read_line(&mut line)
        .map_err(|error| Failure::of("the password cannot be read from standard input", error))?;
    if length == 0 {
        return Err(Failure::Failed(
            "there is no password on standard input".to_owned(),
        ));
    }
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(password.strip_suffix('\r').unwrap_or(password).to_owned())
}

#[cfg(test)]
mod tests {
    use webhook_domain::SystemIds;

    use super::{generate, read};

    #[test]
    fn a_generated_password_is_long_easy_to_copy_and_never_the_same() {
        let password = generate(&SystemIds);
        assert_eq!(password.len(), 24);
        assert!(
            password
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{password}"
        );
        assert_ne!(password, generate(&SystemIds));
    }

    #[test]
    fn the_first_line_is_the_password_with_its_blanks() {
        for (input, password) in [
            ("Tje0\n", "Tje0"),
            ("Tje0", "Tje0"),
            ("Tje0\r\nmore\n", "Tje0"),
            (" a b \n", " a b "),
            ("\n", ""),
        ] {
            assert_eq!(read(input.as_bytes()).unwrap(), password);
        }
    }

    #[test]
    fn no_line_and_no_text_are_no_password() {
        assert!(read(&b""[..]).is_err());
        assert!(read(&b"\xff\n"[..]).is_err());
    }
}
