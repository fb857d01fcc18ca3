//! How a reply is written for its reader, as the carriers need it; the rules are those of
//! [`crate::culture`].

pub use crate::culture::{Culture, StampText};
