//! Telling people by mail that a webhook fails or was disabled (contract 10.5, threats H1 to H9).
//!
//! Notices are rows of the store, recorded with what they tell about. A [`Mailer`] takes those that are
//! due and hands them to one mail server, in a task of its own: however slow that server is, no delivery
//! waits for it.
//!
//! Must not send anything but plain text, nor let a text of somebody else stand anywhere but in a quoted
//! block of the body.

mod budget;
mod compose;
mod foreign;
mod mailer;
mod settings;

pub use mailer::Mailer;
pub use settings::{MailSettings, MailSettingsError, SmtpLogin, SmtpSecurity, SmtpServer};
