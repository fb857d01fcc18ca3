//! How much a document takes while it is patched. Measuring all of it after every operation would let
//! a small patch cost a hundred times the document, so what an operation adds and takes away is counted
//! instead, never too little; only when that goes over the limit is the document measured.

use std::io::{self, Write};

use serde_json::Value;

use super::{MAX_DOCUMENT_BYTES, PatchFault};

/// The most that the document takes, in bytes of JSON.
#[derive(Debug)]
pub(super) struct Budget {
    at_most: usize,
}

impl Budget {
    /// For a document as it is before the first operation.
    pub(super) fn of(document: &Value) -> Self {
        Self {
            at_most: size(document),
        }
    }

    /// Counts an operation that is about to be applied: a value that comes under a path, and one that
    /// goes from there.
    pub(super) fn count(&mut self, path: &str, comes: Option<&Value>, goes: Option<&Value>) {
        if let Some(value) = comes {
            // A character of a name takes six bytes at most, and it may need quotes, a colon and a comma.
            let name = path.rsplit('/').next().unwrap_or_default();
            self.at_most += size(value) + 6 * name.len() + 4;
        }
        self.at_most = self.at_most.saturating_sub(goes.map_or(0, size));
    }

    /// Refuses the document when it takes too much.
    pub(super) fn check(&mut self, document: &Value) -> Result<(), PatchFault> {
        if self.at_most > MAX_DOCUMENT_BYTES {
            self.at_most = size(document);
        }
        if self.at_most > MAX_DOCUMENT_BYTES {
            return Err(PatchFault::TooLarge(
                "The document may take 262144 bytes after each operation.",
            ));
        }
        Ok(())
    }
}

/// What a value takes, without writing it anywhere.
fn size(value: &Value) -> usize {
    struct Counter(usize);

    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // A counter takes every byte, and a tree can always be written.
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_counted_is_never_less_than_what_is_there() {
        let mut document = json!({ "a": [1, 2], "b": { "c": "x" } });
        let mut budget = Budget::of(&document);
        assert_eq!(budget.at_most, size(&document));
        let value = json!({ "long": "y".repeat(100) });
        for name in ["n", "quoted\"\u{1}", "n"] {
            let path = format!("/b/{name}");
            budget.count(&path, Some(&value), document.pointer(&path));
            document["b"][name] = value.clone();
            assert!(budget.at_most >= size(&document), "{budget:?}");
            assert!(budget.at_most <= size(&document) + 100, "{budget:?}");
        }
        budget.count("/b", None, document.get("b"));
        document.as_object_mut().unwrap().remove("b");
        assert!(budget.at_most >= size(&document), "{budget:?}");
    }

    #[test]
    fn a_document_is_measured_only_when_the_count_goes_over_the_limit() {
        let small = json!({});
        let mut budget = Budget {
            at_most: MAX_DOCUMENT_BYTES + 1,
        };
        assert_eq!(budget.check(&small), Ok(()));
        assert_eq!(budget.at_most, 2);
        let large = json!("x".repeat(MAX_DOCUMENT_BYTES - 2));
        assert_eq!(Budget::of(&large).check(&large), Ok(()));
        let larger = json!("x".repeat(MAX_DOCUMENT_BYTES - 1));
        assert!(Budget::of(&larger).check(&larger).is_err());
    }
}
