//! Just enough of HTTP/1.1 to know where an answer ends and whether it is a good one.
//!
//! It understands answers with a Content-Length (or none at all where the status says so). It must
//! not guess: whatever else the server does is an error that fails the run.

use std::ops::Range;

/// No answer measured here is longer; a longer one is a mistake.
const LONGEST: usize = 1 << 20;

/// One complete answer at the start of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Where in the buffer the body lies.
    pub(crate) body: Range<usize>,
}

impl Answer {
    /// Whether the status is a 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why bytes cannot be the answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The first line is not `HTTP/1.1 NNN …`.
    StatusLine,
    /// Content-Length is missing, repeated with another value, or not a number.
    Length,
    /// Transfer-Encoding, which this reader does not follow.
    TransferEncoding,
    /// More than the longest answer expected.
    TooLong,
    /// Bytes after the answer, though only one request was sent.
    Surplus,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::StatusLine => "the answer does not start with an HTTP/1.1 status line",
            Self::Length => "the answer has no usable Content-Length",
            Self::TransferEncoding => {
                "the answer has a Transfer-Encoding, which the benchmark does not read"
            }
            Self::TooLong => "the answer is longer than 1 MiB",
            Self::Surplus => "there are bytes after the answer",
        })
    }
}

impl std::error::Error for Malformed {}

/// Looks for one complete answer; `None` means that more bytes are needed.
pub(crate) fn parse(buffer: &[u8]) -> Result<Option<Answer>, Malformed> {
    let Some(head_end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if buffer.len() > LONGEST {
            Err(Malformed::TooLong)
        } else {
            Ok(None)
        };
    };
    let mut lines = buffer[..head_end]
        .split(|byte| *byte == b'\n')
        .map(|line| line.trim_ascii_end());
    let status = status(lines.next().unwrap_or_default())?;
    let mut length: Option<usize> = None;
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = number(value.trim_ascii())?;
            if length.is_some_and(|earlier| earlier != value) {
                return Err(Malformed::Length);
            }
            length = Some(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(Malformed::TransferEncoding);
        }
    }
    let length = match (status, length) {
        (100..=199 | 204 | 304, _) => 0,
        (_, Some(length)) if length > LONGEST => return Err(Malformed::TooLong),
        (_, Some(length)) => length,
        (_, None) => return Err(Malformed::Length),
    };
    let body = head_end + 4..head_end + 4 + length;
    match buffer.len() {
        have if have < body.end => Ok(None),
        have if have > body.end => Err(Malformed::Surplus),
        _ => Ok(Some(Answer { status, body })),
    }
}

fn status(line: &[u8]) -> Result<u16, Malformed> {
    let rest = line
        .strip_prefix(b"HTTP/1.1 ")
        .ok_or(Malformed::StatusLine)?;
    let (code, after) = rest.split_at_checked(3).ok_or(Malformed::StatusLine)?;
    if !matches!(after.first(), None | Some(b' ')) {
        return Err(Malformed::StatusLine);
    }
    number(code)
        .ok()
        .and_then(|code| u16::try_from(code).ok())
        .ok_or(Malformed::StatusLine)
}

fn number(digits: &[u8]) -> Result<usize, Malformed> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Malformed::Length);
    }
    std::str::from_utf8(digits)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Malformed::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(bytes: &[u8]) -> (u16, &[u8]) {
        let answer = parse(bytes).unwrap().unwrap();
        (answer.status, &bytes[answer.body])
    }

    #[test]
    fn a_complete_answer_is_found_whatever_the_case_of_its_headers() {
        assert_eq!(
            body_of(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX: y\r\n\r\n{}"),
            (200, &b"{}"[..])
        );
        assert_eq!(
            body_of(b"HTTP/1.1 404 Not Found\r\nCONTENT-LENGTH:4\r\n\r\nnull"),
            (404, &b"null"[..])
        );
    }

    #[test]
    fn every_beginning_of_an_answer_asks_for_more() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), Ok(None), "at {length} bytes");
        }
        assert!(parse(whole).unwrap().is_some());
    }

    #[test]
    fn an_answer_without_a_body_needs_no_length_where_the_status_says_so() {
        assert_eq!(body_of(b"HTTP/1.1 204 No Content\r\n\r\n"), (204, &b""[..]));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\n"), Err(Malformed::Length));
    }

    #[test]
    fn only_a_2xx_is_a_success() {
        for (status, good) in [
            (199, false),
            (200, true),
            (204, true),
            (299, true),
            (302, false),
            (400, false),
            (503, false),
        ] {
            assert_eq!(Answer { status, body: 0..0 }.is_success(), good, "{status}");
        }
    }

    #[test]
    fn what_it_does_not_follow_is_refused_rather_than_guessed() {
        for (bytes, reason) in [
            (
                &b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"[..],
                Malformed::StatusLine,
            ),
            (b"HTTP/1.1 20\r\n\r\n", Malformed::StatusLine),
            (
                b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
                Malformed::StatusLine,
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                Malformed::TransferEncoding,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n1",
                Malformed::Length,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
                Malformed::Length,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
                Malformed::TooLong,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n12",
                Malformed::Surplus,
            ),
        ] {
            assert_eq!(
                parse(bytes),
                Err(reason),
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn a_head_without_end_is_given_up() {
        assert_eq!(parse(&vec![b'a'; LONGEST + 1]), Err(Malformed::TooLong));
    }
}
