//! The people and services that own, register and update webhooks (contract 3.1).

use std::fmt;

/// The key of an associate within its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssociateId(pub i32);

impl fmt::Display for AssociateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of user an associate is; numbers as in contract 2.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum UserType {
    /// Not known.
    Unknown = 0,
    /// A person with a login.
    #[default]
    InternalAssociate = 1,
    /// A room or a thing that can be booked.
    ResourceAssociate = 2,
    /// A customer with a login.
    ExternalAssociate = 3,
    /// Nobody in particular.
    AnonymousAssociate = 4,
    /// The server itself, or a service account.
    SystemAssociate = 5,
}

impl UserType {
    /// Every type, in the order of its number.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::InternalAssociate,
        Self::ResourceAssociate,
        Self::ExternalAssociate,
        Self::AnonymousAssociate,
        Self::SystemAssociate,
    ];

    /// The type with this number.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|t| *t as i16 == number)
    }

    /// The name that stands on the wire and in the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::InternalAssociate => "InternalAssociate",
            Self::ResourceAssociate => "ResourceAssociate",
            Self::ExternalAssociate => "ExternalAssociate",
            Self::AnonymousAssociate => "AnonymousAssociate",
            Self::SystemAssociate => "SystemAssociate",
        }
    }
}

/// Somebody who may be shown as `RegisteredAssociate` or `UpdatedAssociate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Associate {
    /// Key within the context.
    pub id: AssociateId,
    /// Initials or login name, unique in the context without regard to case.
    pub name: String,
    /// The person behind the login; 0 when there is none.
    pub person_id: i32,
    /// Sort order in lists.
    pub rank: i16,
    /// Free text shown beside the name.
    pub tooltip: String,
    /// What kind of user this is.
    pub user_type: UserType,
    /// Primary user group.
    pub group_idx: i32,
    /// The name as people read it.
    pub full_name: String,
    /// Whether the associate was retired. A retired associate cannot log in.
    pub deleted: bool,
    /// Key of the service user; 0 when there is none.
    pub ej_user_id: i32,
    /// Where mail reaches this associate; `None` when nobody said. Never on the wire.
    pub email: Option<String>,
}
