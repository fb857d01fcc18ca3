//! Running scripts with nothing of the host in reach (contract 10.7, threat J11).
//!
//! Scripts are JavaScript. What they see:
//!
//! - `getVariable(name)`: the variable of this name as a text. A text is itself, null and what is not
//!   there are `""`, anything else is its JSON.
//! - `context.variables`: the same variables as JavaScript values.
//! - `print(..)` and `printLine(..)`: add to what the attempt keeps, up to 4,000 characters.
//! - `context.result.body`: becomes the message of the attempt; without it, what was printed does.
//!
//! `await` may stand anywhere. An exception or a rejected promise that nobody handles is a failed
//! attempt. There are no modules, files, network, timers or environment.
//!
//! Must not hand a value of the engine to anybody else: what leaves a run is plain text.

mod engine;
mod plugin;

use std::time::Duration;

pub use plugin::ScriptPlugin;

/// How much a script may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptSettings {
    /// How long a run may take once it began; it waits as long at most for its turn.
    pub time_limit: Duration,
    /// How much memory of the engine a run may take, in bytes.
    pub memory_bytes: usize,
    /// How many scripts run at once, each on a thread of its own.
    pub at_once: usize,
}

impl Default for ScriptSettings {
    /// 60 seconds, 8 MiB, four at once.
    fn default() -> Self {
        Self {
            time_limit: Duration::from_secs(60),
            memory_bytes: 8 * 1024 * 1024,
            at_once: 4,
        }
    }
}
