//! Bodies that are random, or nearly right, in every form. `PROPTEST_CASES` says how many.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::corpus::{fuzz_form, fuzz_json, fuzz_xml};

/// A file of `tests/fixtures`.
macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/fixtures/",
            $path
        ))
        .as_slice()
    };
}

const JSON: &[&[u8]] = &[
    fixture!("json/save-request.pascal.json"),
    fixture!("json/save-response.full23.json"),
    fixture!("json/getall-response.json"),
];

const XML: &[&[u8]] = &[
    fixture!("xml/save-request.soap.xml"),
    fixture!("xml/save-request.datacontract.xml"),
    fixture!("xml/save-request.camel.xml"),
    fixture!("xml/save-response.full23.xml"),
    fixture!("xml/signal-request.xml"),
    fixture!("xml/getall-request.xml"),
];

const FORM: &[&[u8]] = &[
    fixture!("form/save-request.indexed.form"),
    fixture!("form/save-request.repeated.form"),
    fixture!("form/save-request.full.form"),
];

/// Pieces that mean something in one of the forms.
const PIECES: &[&str] = &[
    "<",
    ">",
    "/>",
    "</",
    "<Name>",
    "</Name>",
    "<Value xsi:type='xsd:int'>",
    " xsi:nil='true'",
    " a='b'",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a>",
    "<?x?>",
    "&",
    "&amp;",
    "&#0;",
    "&#xB;",
    "_x000B_",
    "_x005F_",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "null",
    "-0",
    "1e400",
    "=",
    "&Events[]=",
    "&Headers[0].Key=",
    "%",
    "%00",
    "%c3",
    "%ff",
    "+",
    ".",
    "\0",
    "\u{b}",
    "\u{feff}",
    "\u{fffe}",
    "é",
    "\r",
    " ",
];

/// A change of a body.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, &'static str),
    Remove(Index, usize),
    /// Copies a stretch from one place to another.
    Copy(Index, usize, Index),
    Cut(Index),
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (any::<Index>(), 1..40_usize).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (any::<Index>(), 1..200_usize, any::<Index>())
            .prop_map(|(at, len, to)| Mutation::Copy(at, len, to)),
        any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn mutated(body: &[u8], mutations: Vec<Mutation>) -> Vec<u8> {
    let mut body = body.to_vec();
    for mutation in mutations {
        let len = body.len();
        let place = |at: Index| at.index(len + 1);
        let stretch = |at: Index, count: usize| place(at)..(place(at) + count).min(len);
        match mutation {
            Mutation::Replace(at, byte) => body
                .iter_mut()
                .skip(place(at))
                .take(1)
                .for_each(|old| *old = byte),
            Mutation::Insert(at, piece) => drop(body.splice(place(at)..place(at), piece.bytes())),
            Mutation::Remove(at, count) => drop(body.drain(stretch(at, count))),
            Mutation::Copy(at, count, to) => {
                let copy = body[stretch(at, count)].to_vec();
                drop(body.splice(place(to)..place(to), copy));
            }
            Mutation::Cut(at) => body.truncate(place(at)),
        }
    }
    body
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    vec(any_mutation(), 1..6)
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused_in_every_form(body in vec(any::<u8>(), 0..256)) {
        fuzz_json(&body);
        fuzz_xml(&body);
        fuzz_form(&body);
    }

    #[test]
    fn random_pieces_are_read_or_refused_in_every_form(pieces in vec(select(PIECES), 0..40)) {
        let body = pieces.concat();
        fuzz_json(body.as_bytes());
        fuzz_xml(body.as_bytes());
        fuzz_form(body.as_bytes());
    }

    #[test]
    fn a_document_of_random_pieces_is_read_or_refused(pieces in vec(select(PIECES), 0..20)) {
        let inside = pieces.concat();
        fuzz_xml(format!("<Webhook>{inside}</Webhook>").as_bytes());
        fuzz_xml(format!("<W><Properties><p><Key>k</Key><Value>{inside}</Value></p></Properties></W>").as_bytes());
    }

    #[test]
    fn nearly_right_json_is_read_or_refused(body in select(JSON), mutations in mutations()) {
        fuzz_json(&mutated(body, mutations));
    }

    #[test]
    fn nearly_right_xml_is_read_or_refused(body in select(XML), mutations in mutations()) {
        fuzz_xml(&mutated(body, mutations));
    }

    #[test]
    fn a_nearly_right_form_is_read_or_refused(body in select(FORM), mutations in mutations()) {
        fuzz_form(&mutated(body, mutations));
    }
}
