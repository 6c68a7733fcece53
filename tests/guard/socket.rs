//! The socket: garbage, long lines, other versions, silence, many clients, followers.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use anyhow::{Result, ensure};

use crate::daemon::{Daemon, GENEROUS, folder, raw, sync};
use crate::in_repository;

#[test]
fn garbage_is_answered_and_hurts_nobody() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        for line in [
            "",
            "x",
            "{}",
            "{\"v\":1}",
            "{\"v\":1,\"do\":\"format\"}",
            "[[[[",
            "\u{0}\u{1}",
            "{\"v\":2,\"do\":\"status\"}",
        ] {
            let answer = raw(s, format!("{line}\n").as_bytes())?;
            ensure!(answer.starts_with("{\"v\":1,\"error\":"), "{line}: {answer}");
        }
        let answer = raw(s, &vec![b'x'; 200 << 10])?;
        ensure!(answer.contains("at most 64 KiB") || answer.is_empty(), "{answer}");
        ensure!(raw(s, b"{\"v\":1,\"do\":\"status\"}\n")?.starts_with("{\"v\":1,\"status\":"));
        // One line after the other on one connection.
        let two = raw(s, b"x\n{\"v\":1,\"do\":\"registry\"}\n")?;
        ensure!(two.starts_with("{\"v\":1,\"error\":"), "{two}");
        sync(s)
    })
}

#[test]
fn silent_clients_keep_nobody_out_for_long() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        let silent: Vec<UnixStream> =
            (0..20).map(|_| UnixStream::connect(folder(s).join("guard.sock"))).collect::<Result<_, _>>()?;
        crate::daemon::until("it serves again", || Ok(s.leakwarden("guard sync")?.code == Some(0)))?;
        drop(silent);
        Ok(())
    })
}

#[test]
fn followers_hear_that_it_ends() -> Result<()> {
    in_repository(|s| {
        let _daemon = Daemon::run(s)?;
        let mut stream = UnixStream::connect(folder(s).join("guard.sock"))?;
        stream.set_read_timeout(Some(GENEROUS))?;
        stream.write_all(b"{\"v\":1,\"do\":\"follow\"}\n")?;
        let mut lines = BufReader::new(stream).lines();
        ensure!(lines.next().is_some_and(|line| line.is_ok_and(|line| line.contains("\"done\""))));
        s.leakwarden("guard stop")?.ok()?;
        ensure!(lines.next().is_none_or(|line| line.is_err()));
        Ok(())
    })
}
