//! The functions that a fuzzer calls, one for each form of a body, and the bodies that are kept in
//! `tests/fixtures/corpus` because each once was, or might be, a trap.

use std::fs;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::value::RawValue;
use webhook_domain::json::{self, Duplicates, Limits};

use crate::wire::decode::{self, DecodeError};
use crate::wire::{form, xml};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/corpus");

/// Reads a JSON body in every way there is. If it is JSON that a reply could be, it is also written as
/// XML, which any reader has to take.
pub(super) fn fuzz_json(body: &[u8]) {
    decode_all(body);
    let limits = Limits {
        depth: 32,
        duplicates: Duplicates::Exact,
    };
    let reply = std::str::from_utf8(body)
        .ok()
        .filter(|text| json::check(text, limits).is_ok());
    for root in ["Webhook", "ArrayOfWebhook", "Error", "string"] {
        if let Some(reply) = reply {
            read_through(&xml::from_json(reply.as_bytes(), root));
        }
    }
}

/// Reads an XML body.
pub(super) fn fuzz_xml(body: &[u8]) {
    transcoded(xml::to_json(body).map_err(|refused| refused.error));
    transcoded(xml::dictionary_to_json(body).map_err(|refused| refused.error));
}

/// Reads a form body.
pub(super) fn fuzz_form(body: &[u8]) {
    transcoded(form::to_json(body).map_err(|refused| refused.error));
    transcoded(form::dictionary_to_json(body).map_err(|refused| refused.error));
}

/// What comes out of a transcoder is JSON, or a reason.
fn transcoded(result: Result<Vec<u8>, DecodeError>) {
    match result {
        Ok(json) => {
            let valid = serde_json::from_slice::<&RawValue>(&json);
            assert!(valid.is_ok(), "{}", String::from_utf8_lossy(&json));
            decode_all(&json);
        }
        Err(error) => explained(&error),
    }
}

fn decode_all(body: &[u8]) {
    let webhook = decode::webhook(body).err();
    let filter = decode::list_filter(body).err();
    let ignored = decode::ignored(body).err();
    let test = decode::test_call(body).err();
    let id = decode::webhook_id(body).err();
    let signal = decode::signal(body).err();
    let data = decode::event_data(body).err();
    let resend = decode::resend(body).err();
    let errors = [webhook, filter, ignored, test, id, signal, data, resend];
    for error in errors.into_iter().flatten() {
        explained(&error);
    }
}

fn explained(error: &DecodeError) {
    assert!(!error.message.trim().is_empty());
    // Eighty characters of the body at most, each of which may be escaped.
    assert!(error.path.chars().count() < 500, "{error}");
    assert!(error.message.chars().count() < 700, "{error}");
    assert!(
        !error.to_string().chars().any(char::is_control),
        "{error:?}"
    );
}

/// Reads a document to its end, as any reader of XML would.
fn read_through(document: &[u8]) {
    let text = std::str::from_utf8(document).unwrap();
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error}: {text}"))
        {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{text}");
}

/// The bodies of one form.
fn corpus(form: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(CORPUS).join(form);
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|file| fs::read(file.unwrap().path()).unwrap());
    let bodies: Vec<_> = files.collect();
    assert!(bodies.len() >= 10, "{} is complete", folder.display());
    bodies
}

#[test]
fn every_body_of_the_corpus_is_read_or_refused_with_a_reason() {
    for (form, fuzz) in [
        ("json", fuzz_json as fn(&[u8])),
        ("xml", fuzz_xml as fn(&[u8])),
        ("form", fuzz_form as fn(&[u8])),
    ] {
        for body in corpus(form) {
            fuzz(&body);
        }
    }
}

#[test]
fn a_body_in_the_wrong_form_is_read_or_refused_with_a_reason() {
    for form in ["json", "xml", "form"] {
        for body in corpus(form) {
            fuzz_json(&body);
            fuzz_xml(&body);
            fuzz_form(&body);
        }
    }
}
