//! The shape of single texts: how long they may be and which characters they may hold
//! (contract 2.1 for the lengths; threats A5, A15, H1, H3).

use validator::{Validate, ValidateEmail, ValidationError, ValidationErrors};

use super::{Field, Violation, utf16_len};
use crate::quoted::Quoted;

/// Longest `Name`, in UTF-16 units.
pub const MAX_NAME_LEN: usize = 400;
/// Longest `TargetUrl`, in UTF-16 units.
pub const MAX_TARGET_LEN: usize = 4_000;
/// Longest `Secret`, in UTF-16 units.
pub const MAX_SECRET_LEN: usize = 400;
/// Longest `Type`, in UTF-16 units.
pub const MAX_TYPE_LEN: usize = 100;
/// Longest mail address, in UTF-16 units.
pub const MAX_EMAIL_LEN: usize = 239;
/// Longest `Description`, in UTF-16 units.
pub const MAX_DESCRIPTION_LEN: usize = 4_000;

/// The texts of a draft that are to be judged; `None` is not judged.
#[derive(Debug, Default, Validate)]
pub(super) struct Shape<'a> {
    #[validate(custom(function = "check_name"))]
    pub(super) name: Option<&'a str>,
    #[validate(custom(function = "check_target_url"))]
    pub(super) target_url: Option<&'a str>,
    #[validate(custom(function = "check_secret"))]
    pub(super) secret: Option<&'a str>,
    #[validate(custom(function = "check_plugin"))]
    pub(super) plugin: Option<&'a str>,
    #[validate(custom(function = "check_email"))]
    pub(super) errors_email: Option<&'a str>,
    #[validate(custom(function = "check_description"))]
    pub(super) description: Option<&'a str>,
}

impl Shape<'_> {
    /// Adds a violation for each text that is out of shape.
    pub(super) fn judge(&self, violations: &mut Vec<Violation>) {
        if let Err(errors) = self.validate() {
            collect(&errors, violations);
        }
    }
}

fn collect(errors: &ValidationErrors, violations: &mut Vec<Violation>) {
    for (member, faults) in errors.field_errors() {
        let field = match member.as_ref() {
            "name" => Field::Name,
            "target_url" => Field::TargetUrl,
            "secret" => Field::Secret,
            "plugin" => Field::Type,
            "errors_email" => Field::ErrorsEmail,
            _ => Field::Description,
        };
        for fault in faults {
            violations.push(Violation::new(
                field,
                fault.message.as_deref().unwrap_or(&fault.code),
            ));
        }
    }
}

pub(super) type Shaped = Result<(), ValidationError>;

fn fault(code: &'static str, clause: String) -> ValidationError {
    ValidationError::new(code).with_message(clause.into())
}

fn check_name(text: &str) -> Shaped {
    if text.trim().is_empty() {
        return Err(fault("blank", "must not be blank".into()));
    }
    one_line(text, MAX_NAME_LEN)
}

fn check_target_url(text: &str) -> Shaped {
    if text.trim().is_empty() {
        return Err(fault("blank", "must not be blank".into()));
    }
    one_line(text, MAX_TARGET_LEN)
}

fn check_secret(text: &str) -> Shaped {
    one_line(text, MAX_SECRET_LEN)
}

fn check_plugin(text: &str) -> Shaped {
    if text.trim().is_empty() {
        return Err(fault("blank", "must not be blank".into()));
    }
    one_line(text, MAX_TYPE_LEN)
}

fn check_description(text: &str) -> Shaped {
    no_longer_than(text, MAX_DESCRIPTION_LEN)?;
    no_control(text, |c| matches!(c, '\t' | '\n' | '\r'))
}

/// The grammar of mail addresses that browsers use, and nothing exotic beyond it.
pub(super) fn check_email(text: &str) -> Shaped {
    one_line(text, MAX_EMAIL_LEN)?;
    let plausible = text.validate_email()
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.starts_with('-') && no_empty_part(local) && is_dotted_domain(domain)
        });
    if plausible {
        Ok(())
    } else {
        Err(fault(
            "email",
            format!("{} is not a plausible mail address", Quoted(text)),
        ))
    }
}

/// A dot neither begins nor ends a local part, nor follows another one (RFC 5321, dot-string); mail
/// libraries refuse to send to anything else.
fn no_empty_part(local: &str) -> bool {
    local.split('.').all(|part| !part.is_empty())
}

/// A domain has a dot, and is no address: neither in brackets nor ending in a number without them.
fn is_dotted_domain(domain: &str) -> bool {
    !domain.starts_with('[')
        && domain
            .rsplit_once('.')
            .is_some_and(|(_, top)| !top.bytes().all(|b| b.is_ascii_digit()))
}

fn one_line(text: &str, max: usize) -> Shaped {
    no_longer_than(text, max)?;
    no_control(text, |_| false)
}

fn no_longer_than(text: &str, max: usize) -> Shaped {
    let len = utf16_len(text);
    if len > max {
        return Err(fault(
            "length",
            format!("is {len} characters long, {max} are allowed"),
        ));
    }
    Ok(())
}

fn no_control(text: &str, allowed: impl Fn(char) -> bool) -> Shaped {
    match text.chars().find(|c| c.is_control() && !allowed(*c)) {
        Some(c) => Err(fault(
            "control_char",
            format!(
                "must not contain the control character U+{:04X}",
                u32::from(c)
            ),
        )),
        None => Ok(()),
    }
}

/// Judges each of some mail addresses.
pub(super) fn judge_emails(field: Field, emails: &[String], violations: &mut Vec<Violation>) {
    let faults = emails
        .iter()
        .filter_map(|address| check_email(address).err());
    for fault in faults.take(super::MAX_REASONS_PER_FIELD) {
        violations.push(Violation::new(
            field,
            fault.message.as_deref().unwrap_or(&fault.code),
        ));
    }
}
