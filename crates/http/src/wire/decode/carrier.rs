//! The Webhook carrier of a request (contract 2.1 and 2.5). Members that only the server sets are
//! checked and forgotten, whatever they hold: clients send back stamps of the year 0.

use serde::de::{Error, MapAccess, SeqAccess};
use webhook_domain::json::MemberName;
use webhook_domain::{Given, WebhookDraft};

use super::Pass;
use super::headers::Headers;
use super::strangers::Strangers;
use super::values::{Flags, RawObject, State, Text, Texts, WholeNumber};
use super::wanted::{Read, Wanted, refuse_twice};
use crate::wire::member::{Member, MemberSet};

/// A Webhook, or null.
#[derive(Clone, Copy)]
pub(super) struct Carrier<'p> {
    pub(super) pass: &'p Pass,
}

/// The name of a member of the carrier as it is defined, from any case of it.
pub(super) fn wire_name(name: &str) -> Option<&'static str> {
    Member::find(name).map(Member::name)
}

impl<'de> Wanted<'de> for Carrier<'_> {
    type Value = Option<WebhookDraft>;
    const WANTED: &'static str = "must be an object or null";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut draft = WebhookDraft::default();
        let mut seen = MemberSet::default();
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            let Some(member) = Member::find(&name) else {
                strangers.check(name, &mut members, self.pass.ignored_member())?;
                continue;
            };
            if !seen.insert(member) {
                return Err(refuse_twice(&mut members));
            }
            self.read_member(member, &mut draft, &mut members)?;
        }
        Ok(Some(draft))
    }
}

impl Carrier<'_> {
    fn read_member<'de, A: MapAccess<'de>>(
        self,
        member: Member,
        draft: &mut WebhookDraft,
        members: &mut A,
    ) -> Result<(), A::Error> {
        match member {
            Member::WebhookId => draft.id = members.next_value_seed(Read(WholeNumber))?,
            Member::Name => draft.name = members.next_value_seed(Read(Text))?,
            Member::Events => draft.events = members.next_value_seed(Read(Texts))?,
            Member::TargetUrl => draft.target_url = members.next_value_seed(Read(Text))?,
            Member::Secret => draft.secret = members.next_value_seed(Read(Text))?,
            Member::State => draft.state = members.next_value_seed(Read(State))?,
            Member::Type => draft.plugin = members.next_value_seed(Read(Text))?,
            Member::Headers => draft.headers = members.next_value_seed(Read(Headers))?,
            Member::Properties => draft.properties = members.next_value_seed(RawObject)?,
            Member::ErrorsEmail => draft.errors_email = members.next_value_seed(Read(Text))?,
            Member::ErrorEmails => draft.error_emails = members.next_value_seed(Read(Texts))?,
            Member::ErrorAssociates => {
                let associates = Associates { pass: self.pass };
                draft.error_associates = members.next_value_seed(Read(associates))?;
            }
            Member::Description => draft.description = members.next_value_seed(Read(Text))?,
            Member::NotifyVia => draft.notify_via = members.next_value_seed(Read(Flags::new()))?,
            Member::NotifyWhen => {
                draft.notify_when = members.next_value_seed(Read(Flags::new()))?
            }
            Member::Registered
            | Member::RegisteredAssociate
            | Member::Updated
            | Member::UpdatedAssociate
            | Member::TotalCalls
            | Member::TotalErrors
            | Member::ConsecutiveErrors
            | Member::LastError => members.next_value_seed(self.pass.ignored_member())?,
        }
        Ok(())
    }
}

/// An array of MDOListItem (contract 3.2), or null. Nothing of an item counts but its `Id`.
#[derive(Clone, Copy)]
struct Associates<'p> {
    pass: &'p Pass,
}

impl<'de> Wanted<'de> for Associates<'_> {
    type Value = Given<Vec<i32>>;
    const WANTED: &'static str = "must be an array of objects";

    fn null<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Given::Null)
    }

    fn array<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = items.next_element_seed(Read(AssociateItem { pass: self.pass }))? {
            ids.push(id);
        }
        Ok(Given::Value(ids))
    }
}

struct AssociateItem<'p> {
    pass: &'p Pass,
}

impl<'de> Wanted<'de> for AssociateItem<'_> {
    type Value = i32;
    const WANTED: &'static str = "must be an object";

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut id = None;
        let mut strangers = Strangers::new();
        while let Some(name) = members.next_key_seed(MemberName)? {
            if !name.eq_ignore_ascii_case("Id") {
                strangers.check(name, &mut members, self.pass.ignored_item_member())?;
            } else if id.is_some() {
                return Err(refuse_twice(&mut members));
            } else {
                id = Some(members.next_value_seed(Read(WholeNumber))?);
            }
        }
        id.flatten().ok_or_else(|| A::Error::custom("needs an Id"))
    }
}
