//! What is said over the guard's socket: lines of JSON (`docs/guard-protocol.md`).

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::history::Event;
use super::open::OfRepository;

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The longest line of a client, in bytes.
pub const LONGEST: usize = 64 << 10;

/// A request, as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The version of the protocol.
    pub v: u32,
    /// What is asked for.
    #[serde(flatten)]
    pub what: Do,
}

impl Request {
    /// A request of this version.
    pub fn new(what: Do) -> Self {
        Request { v: VERSION, what }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Do {
    /// How it is.
    Status,
    /// The open warnings.
    Warnings,
    /// What becomes of warnings from now on, one line each; and before that what became of them after an
    /// event with this number.
    Follow {
        /// The number.
        #[serde(default)]
        after: Option<u64>,
    },
    /// Registry and policy are read again, and everything is looked at.
    Reload,
    /// The registry is read again.
    Registry,
    /// Nothing is looked at until then.
    Pause {
        /// Until when.
        until: Timestamp,
    },
    /// A pause is over.
    Resume,
    /// A notice is taken for known: of a policy that changed, or of an edited ledger.
    Dismiss {
        /// Its id.
        id: String,
        /// Why.
        reason: String,
    },
    /// An answer once everything that happened before was looked at.
    Sync,
    /// It ends.
    Stop,
}

/// An answer, as one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The version of the protocol.
    pub v: u32,
    /// What was asked for.
    #[serde(flatten)]
    pub what: Said,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// It is done.
    Done(Done),
    /// It cannot be done, and why.
    Error(String),
    /// How it is.
    Status(Box<Status>),
    /// The open warnings.
    Warnings(Warnings),
    /// What became of a warning.
    Event(Box<Event>),
}

/// The open warnings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warnings {
    /// The number of the newest event.
    pub last: u64,
    /// By repository.
    pub repositories: Vec<OfRepository>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The number of the newest event.
    pub last: u64,
}

/// How the guard is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// The program's version.
    pub version: String,
    /// Since when it runs.
    pub since: Timestamp,
    /// Until when nothing is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// What it has given up.
    pub sandbox: String,
    /// Its memory (resident), in bytes; 0 where nobody can tell.
    pub memory: u64,
    /// Folders that are watched.
    pub watches: usize,
    /// Repositories, by folder.
    pub repositories: Vec<Repository>,
    /// Folders below which clones are found.
    pub roots: Vec<PathBuf>,
    /// What does not work besides: policy, registry, ledger. Escaped.
    pub troubles: Vec<String>,
    /// Open warnings of the machine and the user.
    pub warnings: usize,
}

/// How a repository is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// The top of its worktree.
    pub folder: PathBuf,
    /// Whether it is watched.
    pub state: State,
    /// Why not, or why not better. Escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Folders that are watched for it.
    pub folders: usize,
    /// Open warnings.
    pub warnings: usize,
    /// What could not be scanned.
    pub not_scanned: Vec<NotScanned>,
    /// Tracked files whose clean form only a program could make.
    pub filtered: u64,
}

/// Something that could not be scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotScanned {
    /// Its path, escaped.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// Whether a repository is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was not looked at yet.
    Waiting,
    /// The system tells of every change.
    Watched,
    /// It is looked at every now and then.
    Polling,
    /// It is not there.
    Missing,
    /// It cannot be looked at.
    Error,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Watched => "watched",
            State::Polling => "polling",
            State::Missing => "missing",
            State::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_they_are_documented() -> anyhow::Result<()> {
        let text = std::fs::read_to_string("docs/guard-protocol.md")?;
        let requests = text.lines().filter(|line| line.starts_with("{\"v\":1,\"do\":"));
        let mut count = 0;
        for line in requests {
            let request: Request = serde_json::from_str(line).map_err(|error| anyhow::anyhow!("{line}: {error}"))?;
            assert_eq!(serde_json::to_string(&request)?, line);
            count += 1;
        }
        assert!(count >= 9, "{count}");
        let said = Answer { v: 1, what: Said::Error("no".to_owned()) };
        assert_eq!(serde_json::to_string(&said)?, "{\"v\":1,\"error\":\"no\"}");
        let again: Answer = serde_json::from_str("{\"v\":1,\"done\":{\"last\":3}}")?;
        assert_eq!(again.what, Said::Done(Done { last: 3 }));
        assert!(serde_json::from_str::<Request>("{\"v\":1,\"do\":\"nothing\"}").is_err());
        Ok(())
    }
}
