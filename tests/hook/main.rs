//! The hook end to end: real commits with real git, on every git the machine has.
//!
//! Each module is one area of the matrix; `kit` is the sandbox they share. A scenario runs once on
//! each git of `LEAKWARDEN_TEST_GITS` (see `kit::gits`), and names the git where it fails.

mod kit;

mod approvals;
mod attributes;
mod broken;
mod bytes;
mod changes;
mod exceptions;
mod exposures;
mod files;
mod forged;
mod import;
mod install;
mod loopholes;
mod matrix;
mod merges;
mod message;
mod once;
mod paths;
mod places;
mod policy;
mod prompt;
mod repositories;
mod sequences;
mod surroundings;
mod traced;
mod verify;
mod ways;
