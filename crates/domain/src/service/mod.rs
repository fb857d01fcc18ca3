//! The use cases: the only async code of the domain besides the ports. A use case reads, decides in
//! pure code and hands the store one write set.

mod identity;
mod locks;
mod outcome;
mod precondition;
mod webhooks;

pub use outcome::{SaveError, Saved, ServiceError, Warning};
pub use precondition::Precondition;
pub use webhooks::Webhooks;
