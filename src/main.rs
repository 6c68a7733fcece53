//! The program. Everything is in the library; here a process begins and ends.

use std::process::ExitCode;

fn main() -> ExitCode {
    leakwarden::cli::guard_process();
    leakwarden::cli::run(std::env::args_os().collect()).into()
}
