//! provisional
use anyhow::Result;

use super::case::{Failure, Judgement};
use super::journal::Journal;
use crate::exposure::Cause;
use crate::git::history::Commit;
use crate::git::{Repo, Surroundings};
use crate::policy::Judged;

pub(super) fn opened(_: &Journal, _: &Repo, _: &[&Judged], _: &Commit, _: Cause) -> Result<Vec<String>> {
    Ok(Vec::new())
}

pub(super) fn settle(_: &Judgement, _: &Repo, _: &Surroundings) -> Result<Vec<String>, Failure> {
    Ok(Vec::new())
}
