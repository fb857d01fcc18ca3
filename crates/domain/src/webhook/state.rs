//! The state of a webhook (contract 2.2).

/// Whether a webhook's events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum WebhookState {
    /// Events are delivered.
    Active = 1,
    /// A person stopped it.
    Stopped = 2,
    /// Too many deliveries in a row failed, or the receiver answered 410.
    TooManyErrors = 3,
}

impl WebhookState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 3] = [Self::Active, Self::Stopped, Self::TooManyErrors];

    /// The state with this number; `None` for 0, which is `Unknown` on the wire and never stored.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as i16 == number)
    }

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Stopped => "Stopped",
            Self::TooManyErrors => "TooManyErrors",
        }
    }
}
