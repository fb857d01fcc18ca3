//! What the OpenAPI document says about request bodies. The decoder is written by hand, so these
//! schemas are too; tests hold them to what it reads. The schemas of replies are derived from the
//! carriers themselves.

mod calls;
pub(crate) mod examples;
mod list_request;
mod patch;
mod pieces;
mod webhook_input;

pub use calls::{LastErrorInput, ResendInput, SignalData, SignalInput, TestInput};
pub use list_request::ListRequest;
pub use patch::{PatchInput, PatchOperationInput};
pub use webhook_input::WebhookInput;
