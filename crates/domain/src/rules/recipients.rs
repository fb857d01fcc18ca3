//! The rules for who is told about failures: `ErrorsEmail`, `ErrorEmails` and `ErrorAssociates`
//! (decision 26; contract 2.5).

use super::shape::{self, Shape};
use super::{Field, MAX_REASONS_PER_FIELD, MailDomains, Violation};
use crate::associate::AssociateId;
use crate::quoted::Quoted;
use crate::webhook::{Given, Webhook, WebhookDraft};

/// Most entries of `ErrorEmails` and of `ErrorAssociates`.
pub const MAX_RECIPIENTS: usize = 100;

/// `ErrorEmails` wins when it changes something; else a changed `ErrorsEmail` takes the place of the
/// whole list (decision 26).
pub(super) fn emails(
    one: Given<String>,
    many: Given<Vec<String>>,
    stored: Option<&Webhook>,
    all: bool,
    violations: &mut Vec<Violation>,
) -> Vec<String> {
    let kept = stored.map_or(&[][..], |s| &s.error_emails);
    let many = match many {
        Given::Value(list) => Some(each_once(list)),
        Given::Null => Some(Vec::new()),
        Given::Absent => None,
    };
    if let Some(list) = many.filter(|list| list != kept) {
        judge_list(&list, violations);
        return list;
    }
    let one = match one {
        Given::Value(address) => Some(address),
        Given::Null => Some(String::new()),
        Given::Absent => None,
    };
    let first = kept.first().map_or("", String::as_str);
    if let Some(address) = one.filter(|address| address != first) {
        if address.is_empty() {
            return Vec::new();
        }
        Shape {
            errors_email: Some(&address),
            ..Shape::default()
        }
        .judge(violations);
        return vec![address];
    }
    if all {
        judge_list(kept, violations);
    }
    kept.to_vec()
}

/// The list without empty entries and without repeated ones: nobody is told twice. A list that is too
/// long for a webhook is left as it is, because it is refused anyway.
fn each_once(mut list: Vec<String>) -> Vec<String> {
    list.retain(|address| !address.is_empty());
    if list.len() > MAX_RECIPIENTS {
        return list;
    }
    let mut kept: Vec<String> = Vec::with_capacity(list.len());
    for address in list {
        if !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

/// Addresses that are new must be of a domain that mail may go to (threat H6).
pub(super) fn judge_domains(
    emails: &[String],
    stored: Option<&Webhook>,
    domains: &MailDomains,
    violations: &mut Vec<Violation>,
) {
    let kept = stored.map_or(&[][..], |s| &s.error_emails);
    let refused = emails
        .iter()
        .filter(|address| !kept.contains(address) && !domains.allow(address));
    violations.extend(refused.take(MAX_REASONS_PER_FIELD).map(|address| {
        Violation::new(
            Field::ErrorEmails,
            format_args!(
                "has {}, but this installation sends mail to some domains only",
                Quoted(address)
            ),
        )
    }));
}

fn judge_list(emails: &[String], violations: &mut Vec<Violation>) {
    if emails.len() > MAX_RECIPIENTS {
        violations.push(too_many(Field::ErrorEmails, emails.len()));
    } else {
        shape::judge_emails(Field::ErrorEmails, emails, violations);
    }
}

/// Associates are named by key; that they exist is looked up by who has a store to ask, see
/// [`associates_to_look_up`].
pub(super) fn associates(
    given: Given<Vec<i32>>,
    stored: Option<&Webhook>,
    violations: &mut Vec<Violation>,
) -> Vec<AssociateId> {
    let asked = match given {
        Given::Absent => return stored.map_or_else(Vec::new, |s| s.error_associates.clone()),
        Given::Null => return Vec::new(),
        Given::Value(ids) => ids,
    };
    if asked.len() > MAX_RECIPIENTS {
        violations.push(too_many(Field::ErrorAssociates, asked.len()));
        return Vec::new();
    }
    distinct(&asked)
}

/// The associates whose existence decides whether the draft may be saved: those that it names, unless
/// the webhook names them already, or there are more than is allowed.
#[must_use]
pub fn associates_to_look_up(draft: &WebhookDraft, stored: Option<&Webhook>) -> Vec<AssociateId> {
    let asked = draft
        .error_associates
        .value()
        .filter(|ids| ids.len() <= MAX_RECIPIENTS);
    let kept = stored.map_or(&[][..], |s| &s.error_associates);
    let mut new = asked.map_or_else(Vec::new, |ids| distinct(ids));
    new.retain(|id| !kept.contains(id));
    new
}

fn distinct(ids: &[i32]) -> Vec<AssociateId> {
    let mut kept = Vec::with_capacity(ids.len());
    for id in ids.iter().copied().map(AssociateId) {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept
}

fn too_many(field: Field, len: usize) -> Violation {
    Violation::new(
        field,
        format_args!("has {len} entries, {MAX_RECIPIENTS} are allowed"),
    )
}
