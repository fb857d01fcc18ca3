//! The variables that a script sees (contract 10.7).

use std::collections::HashSet;

use webhook_domain::{Event, Webhook, case};

use super::{Subject, members, text_as_json};

/// One variable of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value as JSON, spelled as it was sent.
    pub value: String,
}

/// What a script that is told about this event sees, in this order: the event, every value that came
/// with it as `Changes.<field>`, and the webhook's Properties. The values of a deleted row are named
/// `Values.<field>` and the facts of a state event `FieldValues.<field>`, after the members of a payload
/// that tell them. No name comes twice, and no property takes a name of the others in any case.
#[must_use]
pub fn variables(event: &Event, webhook: &Webhook) -> Vec<Variable> {
    let prefix = match Subject::of(event) {
        Subject::Changed => "Changes",
        Subject::Deleted => "Values",
        Subject::State | Subject::Test => "FieldValues",
    };
    let entity = event.entity().map(text_as_json);
    let standard = [
        (
            "EventId",
            Some(text_as_json(&event.id.hyphenated().to_string())),
        ),
        ("Timestamp", Some(text_as_json(&event.at.to_string()))),
        ("Event", Some(text_as_json(&event.body_name()))),
        ("Entity", entity),
        ("PrimaryKey", Some(event.primary_key.to_string())),
        (
            "ContextIdentifier",
            Some(text_as_json(event.context.as_str())),
        ),
        ("ChangedByAssociateId", Some(event.changed_by.0.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| variable(name, &value)));
    let values = members::of(event.data.text())
        .into_iter()
        .map(|member| variable(&format!("{prefix}.{}", member.name), member.value));
    let mut variables: Vec<_> = standard.chain(values).collect();

    let taken: HashSet<_> = variables
        .iter()
        .map(|variable| case::fold(variable.name.clone()))
        .collect();
    let own = members::of(webhook.properties.text())
        .into_iter()
        .filter(|member| !taken.contains(&case::fold(&*member.name)))
        .map(|member| variable(&member.name, member.value));
    variables.extend(own);
    variables
}

fn variable(name: &str, value: &str) -> Variable {
    Variable {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
