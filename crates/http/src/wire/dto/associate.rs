//! People in replies: as carriers of their own and as items of a list (contract 3).

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;
use webhook_domain::{Associate, UserType};

use super::pieces::{EmptyList, EmptyObject};
use crate::wire::culture::Culture;

/// What kind of user an associate is, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UserType)]
pub enum UserTypeDto {
    /// Not known.
    Unknown,
    /// A person with a login.
    InternalAssociate,
    /// A room or a thing that can be booked.
    ResourceAssociate,
    /// A customer with a login.
    ExternalAssociate,
    /// Nobody in particular.
    AnonymousAssociate,
    /// The server itself, or a service.
    SystemAssociate,
}

impl From<UserType> for UserTypeDto {
    fn from(user_type: UserType) -> Self {
        match user_type {
            UserType::Unknown => Self::Unknown,
            UserType::InternalAssociate => Self::InternalAssociate,
            UserType::ResourceAssociate => Self::ResourceAssociate,
            UserType::ExternalAssociate => Self::ExternalAssociate,
            UserType::AnonymousAssociate => Self::AnonymousAssociate,
            UserType::SystemAssociate => Self::SystemAssociate,
        }
    }
}

/// A person or service that works with webhooks. In requests the whole object is ignored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = Associate)]
pub struct AssociateDto<'a> {
    /// Primary key.
    #[schema(example = 12)]
    associate_id: i32,
    /// Initials or login name.
    #[schema(example = "KARI")]
    name: &'a str,
    /// Key of the person behind the login; 0 when there is none.
    #[schema(example = 48)]
    person_id: i32,
    /// Place in sorted lists.
    rank: i16,
    /// Text that is shown beside the name.
    tooltip: Cow<'a, str>,
    /// Kind of user, by name.
    r#type: UserTypeDto,
    /// Key of the primary user group.
    group_idx: i32,
    /// Name as people read it.
    #[schema(example = "Kari Solheim")]
    full_name: Cow<'a, str>,
    /// Name as it stands in letters.
    #[schema(example = "Kari Solheim")]
    formal_name: Cow<'a, str>,
    /// Whether the associate was retired.
    deleted: bool,
    /// Key of the service user; 0 when there is none.
    ej_user_id: i32,
    /// Always null.
    #[schema(required)]
    user_name: Option<&'a str>,
    /// Always empty.
    #[schema(value_type = Object)]
    extra_fields: EmptyObject,
    /// Always empty.
    #[schema(value_type = Object)]
    custom_fields: EmptyObject,
    /// What the caller may do with the associate.
    table_right: TableRightDto<'a>,
    /// Always empty.
    #[schema(value_type = Object)]
    field_properties: EmptyObject,
}

impl<'a> AssociateDto<'a> {
    /// The carrier of an associate.
    #[must_use]
    pub fn new(associate: &'a Associate, culture: &Culture) -> Self {
        Self {
            associate_id: associate.id.0,
            name: &associate.name,
            person_id: associate.person_id,
            rank: associate.rank,
            tooltip: culture.text(&associate.tooltip),
            r#type: associate.user_type.into(),
            group_idx: associate.group_idx,
            full_name: culture.text(&associate.full_name),
            formal_name: culture.text(&associate.full_name),
            deleted: associate.deleted,
            ej_user_id: associate.ej_user_id,
            user_name: None,
            extra_fields: EmptyObject {},
            custom_fields: EmptyObject {},
            table_right: TableRightDto {
                mask: "Select",
                reason: culture.text(""),
            },
            field_properties: EmptyObject {},
        }
    }
}

/// What somebody may do with a row.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = TableRight)]
pub struct TableRightDto<'a> {
    /// Names of rights with commas between them.
    #[schema(example = "Select")]
    mask: &'a str,
    /// Why it is not more; empty when there is nothing to say.
    reason: Cow<'a, str>,
}

/// An item of a list; here an associate that is told about failures.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[schema(as = MDOListItem)]
pub struct MdoListItemDto<'a> {
    /// Key of the associate.
    #[schema(example = 12)]
    id: i32,
    /// Name as people read it.
    #[schema(example = "Kari Solheim")]
    name: Cow<'a, str>,
    /// Text that is shown beside the name.
    tool_tip: Cow<'a, str>,
    /// Whether the associate was retired.
    deleted: bool,
    /// Place in sorted lists.
    rank: i32,
    /// Always null.
    #[schema(required)]
    r#type: Option<&'a str>,
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    child_items: EmptyList,
    /// Always null.
    #[schema(required)]
    icon_hint: Option<&'a str>,
    /// Always 0.
    color_block: i32,
    /// Always null.
    #[schema(required)]
    extra_info: Option<&'a str>,
    /// Always null.
    #[schema(required)]
    style_hint: Option<&'a str>,
    /// Always null.
    #[schema(required)]
    full_name: Option<&'a str>,
    /// Always null.
    #[schema(required)]
    table_right: Option<TableRightDto<'a>>,
    /// Always empty.
    #[schema(value_type = Object)]
    field_properties: EmptyObject,
}

impl<'a> MdoListItemDto<'a> {
    /// The item of an associate.
    #[must_use]
    pub fn new(associate: &'a Associate, culture: &Culture) -> Self {
        Self {
            id: associate.id.0,
            name: culture.text(&associate.full_name),
            tool_tip: culture.text(&associate.tooltip),
            deleted: associate.deleted,
            rank: associate.rank.into(),
            r#type: None,
            child_items: EmptyList,
            icon_hint: None,
            color_block: 0,
            extra_info: None,
            style_hint: None,
            full_name: None,
            table_right: None,
            field_properties: EmptyObject {},
        }
    }
}
