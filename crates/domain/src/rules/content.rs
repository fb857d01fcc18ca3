//! From a draft to what may be saved: each member is taken from the draft or kept from the stored
//! webhook (contract 2.5, decision 8), and judged when it changes.

use std::sync::Arc;

use super::shape::{MAX_TARGET_LEN, Shape};
use super::{
    Field, SaveRules, Violation, events, headers, member, properties, recipients, target,
    utf16_len, utf16_prefix,
};
use crate::associate::AssociateId;
use crate::plugin::{DeliveryPlugin, PluginRegistry, TargetError};
use crate::quoted::Quoted;
use crate::webhook::{
    CustomHeaders, EventName, EventNames, Given, NotifyVia, NotifyWhen, PluginName, Properties,
    Secret, Webhook, WebhookDraft, WebhookState,
};

/// The members of a webhook that clients set, judged and ready to be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Display name.
    pub name: String,
    /// Event names.
    pub events: EventNames,
    /// Receiver.
    pub target_url: String,
    /// Signing secret.
    pub secret: Option<Secret>,
    /// State asked for.
    pub state: WebhookState,
    /// Plugin.
    pub plugin: PluginName,
    /// Custom headers.
    pub headers: CustomHeaders,
    /// Custom properties.
    pub properties: Properties,
    /// Addresses that are told about failures.
    pub error_emails: Vec<String>,
    /// Associates that are told about failures.
    pub error_associates: Vec<AssociateId>,
    /// Free text.
    pub description: Option<String>,
    /// How failures are told.
    pub notify_via: NotifyVia,
    /// Which failures are told.
    pub notify_when: NotifyWhen,
}

/// A draft that broke no rule.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What may be saved.
    pub content: Content,
    /// The plugin is not installed, and the rules store such webhooks.
    pub unknown_type: bool,
}

/// Judges a draft against what is stored, if anything is.
///
/// # Errors
/// Every rule that is broken: the insecure target first, the others in carrier order (decision 17).
/// Whether the associates exist is not looked at here, see [`super::associates_to_look_up`].
pub fn judge(
    draft: WebhookDraft,
    stored: Option<&Webhook>,
    plugins: &PluginRegistry,
    rules: &SaveRules,
) -> Result<Judged, Vec<Violation>> {
    let mut violations = Vec::new();
    let state = draft
        .state
        .or(stored.map(|s| s.state))
        .unwrap_or(WebhookState::Active);
    let activates =
        state == WebhookState::Active && stored.is_some_and(|s| s.state != WebhookState::Active);
    // On create and on activation everything is judged; else only what changes.
    let all = stored.is_none() || activates;

    let name = member::needed(
        Field::Name,
        draft.name,
        stored.map(|s| s.name.as_str()),
        &mut violations,
    );
    let target_url = member::needed(
        Field::TargetUrl,
        draft.target_url,
        stored.map(|s| s.target_url.as_str()),
        &mut violations,
    );
    let plugin = member::plugin_name(draft.plugin, stored, &mut violations);
    let secret = member::optional(
        draft.secret,
        stored.and_then(|s| s.secret.as_ref()).map(Secret::expose),
    );
    let description = member::optional(
        draft.description,
        stored.and_then(|s| s.description.as_deref()),
    );
    Shape {
        name: name.judged(all),
        target_url: target_url.judged(all),
        secret: secret.judged(all),
        plugin: plugin.judged(all),
        errors_email: None,
        description: description.judged(all),
    }
    .judge(&mut violations);

    let events = event_names(draft.events, stored, all, &mut violations);
    let headers = custom_headers(draft.headers, stored, all, &mut violations);
    let properties = custom_properties(draft.properties, stored, all, &mut violations);
    let error_emails = recipients::emails(
        draft.errors_email,
        draft.error_emails,
        stored,
        all,
        &mut violations,
    );
    recipients::judge_domains(
        &error_emails,
        stored.filter(|_| !all),
        &rules.mail_domains,
        &mut violations,
    );
    let error_associates = recipients::associates(draft.error_associates, stored, &mut violations);

    let notify = told(
        draft.notify_via,
        draft.notify_when,
        stored,
        !error_emails.is_empty() || !error_associates.is_empty(),
    );

    let installed = plugins.named(&plugin.text);
    let mut insecure = None;
    if target_url.changed || plugin.changed || all {
        if installed.is_none() && !plugin.text.trim().is_empty() && !rules.store_unknown_types {
            violations.push(unknown_type(&plugin.text, plugins));
        }
        insecure = judge_target(&target_url.text, installed, rules, &mut violations);
    }

    if insecure.is_some() || !violations.is_empty() {
        violations.sort_by_key(|violation| violation.field);
        return Err(insecure.into_iter().chain(violations).collect());
    }
    Ok(Judged {
        unknown_type: installed.is_none(),
        content: Content {
            name: name.text,
            events,
            target_url: target_url.text,
            // A secret of nothing but blanks protects nothing: it is none (threat G8).
            secret: Some(secret.text)
                .filter(|s| !s.trim().is_empty())
                .and_then(Secret::new),
            state,
            plugin: installed.map_or_else(|| PluginName::new(&plugin.text), |p| p.name().clone()),
            headers,
            properties,
            error_emails,
            error_associates,
            description: Some(description.text).filter(|d| !d.is_empty()),
            notify_via: notify.0,
            notify_when: notify.1,
        },
    })
}

/// How and when people are told. Where the call does not say it, and there is somebody to tell who was
/// not there before, it is a mail when the webhook is disabled: clients of the time before these members
/// expect that (contract 10.5).
fn told(
    via: Option<NotifyVia>,
    when: Option<NotifyWhen>,
    stored: Option<&Webhook>,
    somebody: bool,
) -> (NotifyVia, NotifyWhen) {
    let nobody_before =
        stored.is_none_or(|s| s.error_emails.is_empty() && s.error_associates.is_empty());
    let kept_via = stored.map_or(NotifyVia::NONE, |s| s.notify_via);
    let kept_when = stored.map_or(NotifyWhen::NONE, |s| s.notify_when);
    let begins = somebody && nobody_before;
    let via = via.unwrap_or(if begins && kept_via == NotifyVia::NONE {
        NotifyVia::EMAIL
    } else {
        kept_via
    });
    let when = when.unwrap_or(if begins && kept_when == NotifyWhen::NONE {
        NotifyWhen::DISABLING
    } else {
        kept_when
    });
    (via, when)
}

fn event_names(
    given: Given<Vec<String>>,
    stored: Option<&Webhook>,
    all: bool,
    violations: &mut Vec<Violation>,
) -> EventNames {
    match (given, stored) {
        (Given::Null, Some(_)) => {
            violations.push(Violation::new(Field::Events, "must not be null"));
            EventNames::default()
        }
        (Given::Null | Given::Absent, None) => events::read(&[], violations),
        (Given::Value(names), None) => events::read(&names, violations),
        (Given::Value(names), Some(s)) if !s.events.iter().map(EventName::as_str).eq(&names) => {
            events::read(&names, violations)
        }
        (Given::Value(_) | Given::Absent, Some(s)) => {
            if all {
                events::judge(&s.events, violations);
            }
            s.events.clone()
        }
    }
}

fn custom_headers(
    given: Given<Vec<(String, String)>>,
    stored: Option<&Webhook>,
    all: bool,
    violations: &mut Vec<Violation>,
) -> CustomHeaders {
    match (given, stored) {
        (Given::Null, _) | (Given::Absent, None) => CustomHeaders::default(),
        (Given::Value(pairs), None) => headers::read(pairs, violations),
        (Given::Value(pairs), Some(s))
            if !s
                .headers
                .iter()
                .eq(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))) =>
        {
            headers::read(pairs, violations)
        }
        (Given::Value(_) | Given::Absent, Some(s)) => {
            if all {
                headers::judge(s.headers.iter(), violations);
            }
            s.headers.clone()
        }
    }
}

fn custom_properties(
    given: Given<String>,
    stored: Option<&Webhook>,
    all: bool,
    violations: &mut Vec<Violation>,
) -> Properties {
    match (given, stored) {
        (Given::Null, _) | (Given::Absent, None) => Properties::default(),
        (Given::Value(text), None) => properties::read(&text, None, violations),
        (Given::Value(text), Some(s)) if s.properties.text() != Some(text.as_str()) => {
            properties::read(&text, Some(&s.properties).filter(|_| !all), violations)
        }
        (Given::Value(_) | Given::Absent, Some(s)) => {
            if all {
                properties::judge(&s.properties, violations);
            }
            s.properties.clone()
        }
    }
}

fn unknown_type(plugin: &str, plugins: &PluginRegistry) -> Violation {
    Violation::new(
        Field::Type,
        format_args!(
            "{} is not an installed plugin; known are: {}",
            Quoted(plugin),
            plugins.names()
        ),
    )
}

/// The plugin judges the target. Where none is known, a target that was meant as a URL is judged as
/// one, so that an unknown `Type` is no way around the rules for URLs. Answers the violation whose
/// text clients test for, because it leads whatever else is wrong.
fn judge_target(
    target_url: &str,
    installed: Option<&Arc<dyn DeliveryPlugin>>,
    rules: &SaveRules,
    violations: &mut Vec<Violation>,
) -> Option<Violation> {
    if target_url.trim().is_empty() {
        return None;
    }
    // Of a target that is too long, which was said already, only the beginning is looked at: no
    // plugin has to bear a megabyte, and no answer repeats one.
    let too_long = utf16_len(target_url) > MAX_TARGET_LEN;
    let target = if too_long {
        utf16_prefix(target_url, MAX_TARGET_LEN)
    } else {
        target_url
    };
    let verdict = match installed {
        Some(plugin) => plugin.check_target(target),
        None if target::looks_like_url(target) => {
            target::check_http_target(target, &rules.targets).map(drop)
        }
        None => Ok(()),
    };
    let mut insecure = None;
    for reason in verdict.err().into_iter().flatten() {
        let violation = Violation::new(Field::TargetUrl, &reason);
        match reason {
            TargetError::Insecure(_) => insecure = Some(violation),
            TargetError::Refused(_) if too_long => {}
            TargetError::Refused(_) => violations.push(violation),
        }
    }
    insecure
}
