//! The body of a delivery, from an event and the webhook as it is now (contract 10.2), and the variables
//! of a script (contract 10.7). Must not send, sign or check anything: the same event and webhook always
//! give the same bytes (decision 31).
//!
//! Whatever is stored gives valid JSON in which no member comes twice (threat E22).

mod columns;
mod members;
mod variables;

use webhook_domain::event::EventKind;
use webhook_domain::rules::RESERVED_PAYLOAD_NAMES;
use webhook_domain::{Event, Webhook, case};

use columns::Told;
use members::Member;
pub use variables::{Variable, variables};

/// Which values of an event its payload tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValues {
    /// Those that the original tells: columns of known entities that hold nothing sensitive
    /// (contract 11.3). The values of custom events stay here.
    #[default]
    Listed,
    /// Everything that came with a signalled event.
    All,
}

/// How payloads are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadOptions {
    /// Which values are told.
    pub field_values: FieldValues,
}

/// The body of the delivery of this event to this webhook: compact JSON, members in the order of
/// contract 10.2, the webhook's own Properties last.
#[must_use]
pub fn render(event: &Event, webhook: &Webhook, options: &PayloadOptions) -> Vec<u8> {
    let data = members::of(event.data.text());
    let subject = Subject::of(event);
    let size = event.data.text().map_or(0, str::len)
        + webhook.properties.text().map_or(0, str::len)
        + webhook.name.len()
        + 512;
    let mut body = Object::with_capacity(size);

    body.text("EventId", &event.id.hyphenated().to_string());
    body.text("Timestamp", &event.at.to_string());
    body.start("Changes");
    let changes = if subject == Subject::Changed {
        data.as_slice()
    } else {
        &[]
    };
    body.items(changes.iter().map(|member| member.raw_name));
    if subject == Subject::Deleted {
        let ids = data.iter().filter(|member| columns::is_id(&member.name));
        body.start("Values");
        body.members(ids);
    }
    body.text("Event", &event.body_name());
    body.raw("PrimaryKey", &event.primary_key.to_string());
    if let Some(entity) = event.entity() {
        body.text("Entity", entity);
    }
    body.text("ContextIdentifier", event.context.as_str());
    body.raw("ChangedByAssociateId", &event.changed_by.0.to_string());
    body.text("WebhookName", &webhook.name);
    if let Some(values) = field_values(event, subject, &data, *options) {
        body.start("FieldValues");
        body.members(values.into_iter());
    }
    for member in members::of(webhook.properties.text()) {
        if !is_reserved(&member.name) {
            body.member(&member);
        }
    }
    body.end()
}

/// What the data of an event stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// New values of a row.
    Changed,
    /// What a row held that is gone.
    Deleted,
    /// Facts about a webhook.
    State,
    /// Nothing: it is a test.
    Test,
}

impl Subject {
    fn of(event: &Event) -> Self {
        match event.kind {
            EventKind::State => Self::State,
            EventKind::Test => Self::Test,
            // A row that a user deleted is still there, marked: `softdeleted` tells what changed.
            EventKind::Signalled if verb(event).eq_ignore_ascii_case("deleted") => Self::Deleted,
            EventKind::Signalled => Self::Changed,
        }
    }
}

/// What happened, by the name of the event: after the last dot.
fn verb(event: &Event) -> &str {
    event
        .name
        .as_str()
        .rsplit_once('.')
        .map_or("", |(_, verb)| verb)
}

/// The members of `FieldValues`; `None` when the payload has no such member.
fn field_values<'d, 't>(
    event: &Event,
    subject: Subject,
    data: &'d [Member<'t>],
    options: PayloadOptions,
) -> Option<Vec<&'d Member<'t>>> {
    match (subject, options.field_values) {
        (Subject::Test, _) => None,
        (Subject::State, _) | (_, FieldValues::All) => Some(data.iter().collect()),
        (Subject::Changed | Subject::Deleted, FieldValues::Listed) => {
            let told = columns::told_about(event.entity().unwrap_or_default(), verb(event));
            match told {
                Told::Nothing => return None,
                Told::Empty => return Some(Vec::new()),
                Told::Columns(_) | Told::ExtraTable => {}
            }
            let values: Vec<_> = data
                .iter()
                .filter(|member| told.tells(&member.name, member.value))
                .collect();
            // Of a deleted row often nothing but ids is known, and `Values` has told those.
            let repeats = subject == Subject::Deleted
                && values.iter().all(|member| columns::is_id(&member.name));
            (!repeats).then_some(values)
        }
    }
}

/// Whether a member is the payload's own, so that no property can be (decision 20).
fn is_reserved(name: &str) -> bool {
    RESERVED_PAYLOAD_NAMES
        .iter()
        .any(|reserved| case::same(reserved, name))
}

/// A JSON object that is being written.
struct Object {
    out: Vec<u8>,
}

impl Object {
    fn with_capacity(size: usize) -> Self {
        let mut out = Vec::with_capacity(size);
        out.push(b'{');
        Self { out }
    }

    fn comma(&mut self, before: u8) {
        if self.out.last() != Some(&before) {
            self.out.push(b',');
        }
    }

    /// The name of a member; whatever is written next is its value.
    fn start(&mut self, name: &str) {
        self.comma(b'{');
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A member whose value is JSON.
    fn raw(&mut self, name: &str, value: &str) {
        self.start(name);
        self.out.extend_from_slice(value.as_bytes());
    }

    /// A member whose value is a text.
    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &text_as_json(value));
    }

    /// A member as it was sent.
    fn member(&mut self, member: &Member<'_>) {
        self.comma(b'{');
        self.out.extend_from_slice(member.raw_name.as_bytes());
        self.out.push(b':');
        self.out.extend_from_slice(member.value.as_bytes());
    }

    /// An object of these members as a value.
    fn members<'m, 't: 'm>(&mut self, members: impl Iterator<Item = &'m Member<'t>>) {
        self.out.push(b'{');
        for member in members {
            self.member(member);
        }
        self.out.push(b'}');
    }

    /// An array of these items, each JSON, as a value.
    fn items<'m>(&mut self, items: impl Iterator<Item = &'m str>) {
        self.out.push(b'[');
        for item in items {
            self.comma(b'[');
            self.out.extend_from_slice(item.as_bytes());
        }
        self.out.push(b']');
    }

    fn end(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

/// A text as a JSON string.
fn text_as_json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
pub(crate) mod tests;
