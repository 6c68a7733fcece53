//! The guard: one process a user that watches repositories and warns before anyone commits.
//!
//! What is to be warned of is a function of the state on disk ([`look`]); events only tell when to look
//! again, and where. So a lost event, a restart or a storm of changes can delay a warning and never
//! falsify one.
//!
//! - [`warning`]: what is warned of;
//! - [`look`]: one repository as it is now, as warnings;
//! - [`values`]: the same value in two places, and values that are too old;
//! - [`duty`]: the hooks of a repository, as warnings;
//! - [`house`]: policy and ledger, as warnings, and `kept`, whether the ledger is what it was;
//! - [`own_policies`]: policies of repositories that changed;
//! - [`record`]: what the ledger says of them;
//! - [`desk`], [`systemd`]: who is told besides those who ask;
//! - [`sandbox`]: what it gives up;
//! - [`service`]: the files that start it with the session;
//! - [`registry`]: which repositories are watched;
//! - [`watch`], [`queue`], [`pending`]: being told of changes, and when to look;
//! - [`open`], [`history`]: which warnings are open, and what became of others;
//! - [`protocol`], [`socket`]: what can be asked of it;
//! - [`run`]: the loop.

pub mod desk;
pub mod duty;
pub mod file;
pub mod history;
pub mod house;
mod kept;
pub mod look;
pub mod open;
pub mod own_policies;
pub mod pending;
pub mod protocol;
pub mod queue;
pub mod record;
pub mod registry;
#[cfg(unix)]
pub mod run;
pub mod sandbox;
mod see;
pub mod service;
#[cfg(unix)]
pub mod socket;
pub mod systemd;
pub mod values;
mod walk;
pub mod warning;
pub mod watch;

pub use look::{Look, Machine, Pulse, Scope, Watched};
pub use see::Value;
pub use warning::{Kind, Warning};
