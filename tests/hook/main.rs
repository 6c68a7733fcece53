//! The hook end to end: real commits with real git, on every git the machine has.
//!
//! Each module is one area of the matrix; `kit` is the sandbox they share. A scenario runs once on
//! each git of `LEAKWARDEN_TEST_GITS` (see `kit::gits`), and names the git where it fails.

mod kit;

mod attributes;
mod broken;
mod bytes;
mod changes;
mod files;
mod forged;
mod import;
mod install;
mod merges;
mod message;
mod paths;
mod places;
mod repositories;
mod sequences;
mod surroundings;
mod traced;
mod ways;
