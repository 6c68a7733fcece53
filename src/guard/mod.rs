//! The guard: one process a user that watches repositories and warns before anyone commits.
//!
//! What is to be warned of is a function of the state on disk ([`look`]); events only tell when to look
//! again, and where. So a lost event, a restart or a storm of changes can delay a warning and never
//! falsify one.
//!
//! - [`warning`]: what is warned of;
//! - [`look`]: one repository as it is now, as warnings;
//! - [`duty`]: hooks, policy and ledger, as warnings;
//! - [`desk`], [`systemd`]: who is told besides those who ask;
//! - [`sandbox`]: what it gives up;
//! - [`service`]: the files that start it with the session.

pub mod desk;
pub mod duty;
pub mod look;
pub mod sandbox;
pub mod service;
pub mod systemd;
pub mod warning;

pub use look::{Look, Machine, Scope, Watched};
pub use warning::{Kind, Warning};
