//! For tests, of this crate and of those who embed it: a store in memory, clocks and ids that stand
//! still, a plugin that remembers, and the contract that every store must keep.

pub mod contract;
mod fixed;
mod memory;

pub use contract::{AnyStore, DeliveryStore};
pub use fixed::{FixedClock, RecordingPlugin, SeqIds};
pub use memory::MemoryStore;
