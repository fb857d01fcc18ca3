//! Events, deliveries and attempts on the database. What follows from an attempt and who listens for an
//! event are the domain's to say; here it is written down, together with everything else of a commit.

mod changes;
pub(crate) mod claim;
mod listeners;
mod log;
mod nodes;
mod notices;
mod queue;
mod reads;
pub(crate) mod record;
mod resend;
mod rows;
mod settle;
pub(crate) mod statements;
mod stats;
mod sweep;
pub(crate) mod tidings;
pub(crate) mod turn;

#[cfg(test)]
mod tests;
