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
//! - [`record`]: what the ledger says of them;
//! - [`desk`], [`systemd`]: who is told besides those who ask;
//! - [`sandbox`]: what it gives up;
//! - [`service`]: the files that start it with the session.

pub mod desk;
pub mod duty;
pub mod file;
pub mod house;
mod kept;
pub mod look;
pub mod record;
pub mod sandbox;
mod see;
pub mod service;
pub mod systemd;
pub mod values;
mod walk;
pub mod warning;

pub use look::{Look, Machine, Scope, Watched};
pub use see::Value;
pub use warning::{Kind, Warning};
