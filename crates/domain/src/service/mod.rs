//! The use cases: the only async code of the domain besides the ports. A use case reads, decides in
//! pure code and hands the store one write set.

mod deliveries;
mod identity;
mod importing;
mod locks;
mod outcome;
mod precondition;
mod signals;
mod testing_targets;
mod transition;
mod webhooks;

pub use deliveries::{Deliveries, DeliveriesError, MAX_PAGE};
pub use importing::{ForeignStamp, ForeignWebhook, ImportOptions, Imported, NamedAssociate};
pub use outcome::{SaveError, Saved, ServiceError, Warning};
pub use precondition::Precondition;
pub use signals::{SignalDraft, SignalError, Signals};
pub use webhooks::{Webhooks, views_of};
