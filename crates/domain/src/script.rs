//! Scripts that webhooks of type `crmscript` name as their target (contract 10.7).

use crate::clock::Timestamp;

/// The longest source of a script, in bytes.
pub const MAX_SCRIPT_BYTES: usize = 1024 * 1024;
/// The longest include name of a script, in characters.
pub const MAX_SCRIPT_NAME_LEN: usize = 255;

/// A stored script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its include name, unique within the context without regard to case.
    pub name: String,
    /// JavaScript.
    pub source: String,
    /// When it was stored last.
    pub updated_at: Timestamp,
}
