//! The ledger: one line of JSON for each event that somebody may ask about later, chained by hashes.
//!
//! - [`record`]: what a line says;
//! - [`line`]: a record as bytes, and what the chain reads of them;
//! - [`chain`]: appending a record;
//! - [`read`]: the files, their lines, their records;
//! - [`verify`]: finding out what was changed afterwards;
//! - [`sink`]: the local sockets to which lines may go as well;
//! - [`export`]: records in the forms that other programs read;
//! - [`summary`]: the numbers of a report, [`text`] and [`page`] show them.
//!
//! Nothing here reaches a network: central collection is the work of what a fleet already runs.

pub mod chain;
pub mod export;
pub mod line;
pub mod page;
pub mod read;
pub mod record;
pub mod sink;
pub mod summary;
mod tail;
pub mod text;
pub mod verify;

pub use chain::Ledger;
pub use record::{Entry, Event, Record};
