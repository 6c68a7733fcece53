//! A question to the person at the terminal: shall these findings pass, once, and why?
//!
//! It is asked only where an answer can come: a terminal opens, the commit runs in its foreground,
//! and standard error is on a terminal too, so that the block was seen. It never waits for ever: an
//! IDE started from a shell owns a terminal that nobody looks at.

use super::case::Judgement;
use crate::exception::once::Once;
use crate::policy::Judged;

/// Whether a question makes sense: policy lets all these findings pass once, and somebody is there.
pub(super) fn possible(judged: &[Judged], judgement: &Judgement) -> bool {
    let rules = &judgement.policy.exceptions;
    if !rules.prompt || !rules.once || !rules.ticket.is_empty() || !judgement.may_except() || !super::around::may_ask()
    {
        return false;
    }
    let mut blocking = judged.iter().filter(|own| own.blocking);
    let all_may = blocking.all(|own| {
        let (rule, severity) = (&own.finding.rule, own.finding.severity);
        rules.refusal(rule, severity).is_none() && rules.kinds.keys().any(|kind| !rules.needs_approval(kind, severity))
    });
    all_may && terminal::open().is_some()
}

/// Asks about all blocking findings together. `None`: nobody answered, or nobody wants to.
pub(super) fn ask(judged: &[Judged], judgement: &Judgement) -> Option<Vec<Once>> {
    let kinds: Vec<&str> = judgement.policy.exceptions.kinds.keys().map(String::as_str).collect();
    let answer = terminal::ask(&kinds)?;
    let (kind, reason) = answer.split_once(':')?;
    let blocking = judged.iter().filter(|own| own.blocking);
    let mut ids: Vec<String> = blocking.map(|own| own.id.clone()).collect();
    ids.sort();
    ids.dedup();
    Some(vec![Once { ids, kind: kind.trim().to_owned(), reason: reason.trim().to_owned() }])
}

#[cfg(unix)]
mod terminal {
    use std::fs::File;
    use std::io::{IsTerminal, Read, Write};
    use std::time::{Duration, Instant};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// How long a person may think.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// The terminal, if a question would be seen and answered.
    pub fn open() -> Option<File> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        // In the background a question would stop the job.
        let foreground = rustix::termios::tcgetpgrp(&terminal).ok()? == rustix::process::getpgrp();
        foreground.then_some(terminal)
    }

    pub fn ask(kinds: &[&str]) -> Option<String> {
        let mut terminal = open()?;
        let text = format!(
            "\nleakwarden: Enter keeps the commit blocked. If all of this may pass this once, say why, as `KIND: reason`\n\
             leakwarden: (kinds: {}) [{} s] > ",
            kinds.join(", "),
            PATIENCE.as_secs()
        );
        terminal.write_all(text.as_bytes()).ok()?;
        let line = read_line(&mut terminal)?;
        line.contains(':').then_some(line)
    }

    /// A line, if one comes in time.
    fn read_line(terminal: &mut File) -> Option<String> {
        let end = Instant::now() + PATIENCE;
        let mut line = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: i64::try_from(left.as_secs()).ok()?, tv_nsec: 0 };
            let ready = {
                let mut waits = [PollFd::new(&*terminal, PollFlags::IN)];
                poll(&mut waits, Some(&timeout)).ok()?
            };
            if ready == 0 {
                let _ = terminal.write_all(b"\nleakwarden: no answer; the commit stays blocked\n");
                return None;
            }
            let mut more = [0; 256];
            let count = terminal.read(&mut more).ok()?;
            line.extend_from_slice(&more[..count]);
            if count == 0 || line.contains(&b'\n') || line.len() > 4096 {
                break;
            }
        }
        String::from_utf8(line).ok().map(|line| line.trim().to_owned())
    }
}

/// Consoles of Windows are not asked yet: nothing could be tried there.
#[cfg(not(unix))]
mod terminal {
    pub fn open() -> Option<()> {
        None
    }

    pub fn ask(_: &[&str]) -> Option<String> {
        None
    }
}
