//! What the guard tells systemd, where systemd started it; nothing elsewhere.

use std::time::Duration;

/// Tells the guard's state to whoever supervises it.
#[derive(Debug, Default)]
pub struct Supervisor {}

impl Supervisor {
    /// That it watches what it should; with a line for `systemctl status`.
    pub fn ready(&self, status: &str) {
        let _ = status;
    }

    /// A new line for `systemctl status`.
    pub fn status(&self, status: &str) {
        let _ = status;
    }

    /// How often [`alive`](Self::alive) has to be said, if at all: half of what the unit asks for.
    pub fn watchdog(&self) -> Option<Duration> {
        None
    }

    /// That it is not stuck. Said by the loop itself, never by a thread of its own.
    pub fn alive(&self) {}

    /// That it ends.
    pub fn stopping(&self) {}
}
