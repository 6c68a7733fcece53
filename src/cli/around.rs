//! What the environment says: git's variables, who runs the program, where the user's policy is, and
//! what day it is.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::civil::Date;

use crate::git::message::parameters;
use crate::git::{Moment, Surroundings};
use crate::guard::desk::Session;

/// Today, in UTC: the same in every clone at the same moment.
pub(super) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The day of a time in Unix seconds.
pub(super) fn day(seconds: i64) -> Option<Date> {
    Some(jiff::Timestamp::from_second(seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The user's own policy file, whether it is there or not.
pub(super) fn user_policy() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "leakwarden").map(|folders| folders.config_dir().join("config.toml"))
}

/// Those of these variables that are set.
pub(super) fn set_among(names: &[&'static str]) -> Vec<&'static str> {
    names.iter().copied().filter(|name| set(name).is_some()).collect()
}

/// The folders of PATH.
pub(super) fn path() -> Vec<PathBuf> {
    set("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// The user's home.
pub(super) fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|folders| folders.home_dir().to_path_buf())
}

/// Where this user's configuration is, everybody's: `XDG_CONFIG_HOME` or `~/.config`. `None` where there is no
/// home.
pub(super) fn config_folder() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|folders| folders.config_dir().to_path_buf())
}

/// Where this user's data is kept: a copy of the program, hooks that git's configuration names. `None`
/// where there is no home.
pub(super) fn data_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "leakwarden").map(|folders| folders.data_local_dir().to_path_buf())
}

/// Where this user's state is kept: the ledger, the open exposures. `None` where there is no home.
pub(super) fn state_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "leakwarden")?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_path_buf())
}

/// Where programs of this user's session keep their sockets; `None` where there is no such folder.
pub(super) fn runtime_folder() -> Option<PathBuf> {
    set("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute() && folder.is_dir())
}

/// Where this user's service of the guard is, if there is one: systemd's user unit, launchd's agent.
pub(super) fn guard_services() -> Vec<PathBuf> {
    let Some(folders) = directories::BaseDirs::new() else { return Vec::new() };
    vec![
        folders.config_dir().join("systemd/user/leakwarden-guard.service"),
        folders.home_dir().join("Library/LaunchAgents/org.leakwarden.guard.plist"),
    ]
}

/// The account on this machine, as its variables say; empty where they say nothing.
pub(super) fn os_user() -> String {
    let found = ["LOGNAME", "USER", "USERNAME"].iter().find_map(|name| set(name)?.into_string().ok());
    #[cfg(unix)]
    let found = found.or_else(|| Some(format!("uid {}", rustix::process::getuid().as_raw())));
    found.unwrap_or_default()
}

/// The name of this machine; empty where nobody can tell.
pub(super) fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = set("COMPUTERNAME").and_then(|name| name.into_string().ok()).unwrap_or_default();
    name
}

/// What tells whether there is a desktop.
pub(super) fn session() -> Session {
    Session { bus: set("DBUS_SESSION_BUS_ADDRESS"), runtime: runtime_folder() }
}

/// The variables that git sets for a hook.
pub(super) fn surroundings(size_cap: u64, moment: Moment) -> Surroundings {
    Surroundings {
        size_cap,
        index_file: index_file(),
        object_folders: object_folders(),
        other_heads: if moment == Moment::Merge { merge_names() } else { Vec::new() },
    }
}

/// The index that git names for a hook.
pub(super) fn index_file() -> Option<PathBuf> {
    set("GIT_INDEX_FILE").map(Into::into)
}

/// The process of git that runs this hook, as the shim tells it.
pub(super) fn git_process() -> Option<String> {
    let value = set("LEAKWARDEN_GIT")?.into_string().ok()?;
    // Number 1 may be any process: of a container, or outside the shell's own system.
    let tells = value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit()) && !matches!(&*value, "" | "0" | "1");
    tells.then_some(value)
}

/// Whether a hook that was here before runs after this one.
pub(super) fn a_hook_follows() -> bool {
    set("LEAKWARDEN_CHAIN").is_some()
}

fn set(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn object_folders() -> Vec<PathBuf> {
    let own = set("GIT_OBJECT_DIRECTORY").map(Into::into);
    let others = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    own.into_iter().chain(env::split_paths(&others).filter(|path| !path.as_os_str().is_empty())).collect()
}

/// In pre-merge-commit git names the commits that are merged by `GITHEAD_<oid>` variables.
fn merge_names() -> Vec<String> {
    let names =
        env::vars_os().filter_map(|(name, _)| name.into_string().ok()?.strip_prefix("GITHEAD_").map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Who runs the program, if it is no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Automation {
    /// A continuous-integration service.
    Ci,
    /// A coding agent.
    Agent,
}

/// Variables that coding agents set for the commands they run, from their documentation and the
/// lists that other tools keep (the `AI_AGENT` and `AGENT` conventions first).
const AGENTS: [&str; 22] = [
    "AI_AGENT",
    "AGENT",
    "CLAUDECODE",
    "CLAUDE_CODE",
    "CURSOR_AGENT",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "CODEX_CI",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "GEMINI_CLI",
    "COPILOT_CLI",
    "COPILOT_AGENT",
    "OPENCODE",
    "OPENCODE_CLIENT",
    "AUGMENT_AGENT",
    "QWEN_CODE",
    "CLINE_ACTIVE",
    "ANTIGRAVITY_AGENT",
    "AMP_CURRENT_THREAD_ID",
    "GOOSE_TERMINAL",
    "REPLIT_AGENT",
    "CRUSH",
];

/// Variables that continuous-integration services set, from their documentation.
const SERVICES: [&str; 10] = [
    "CI",
    "CONTINUOUS_INTEGRATION",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "CIRCLECI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "BITBUCKET_BUILD_NUMBER",
];

/// Whether this is run by automation, as its variables say.
pub(super) fn automation() -> Option<Automation> {
    let on = |name: &&str| set(name).is_some_and(|value| !matches!(value.to_str(), Some("0" | "false")));
    if AGENTS.iter().any(on) {
        return Some(Automation::Agent);
    }
    SERVICES.iter().any(on).then_some(Automation::Ci)
}

/// The exceptions that were typed for this commit: `git -c leakwarden.allow=…` and
/// `LEAKWARDEN_ALLOW`. What a configuration file says does not count.
///
/// # Errors
/// Where a variable is no text.
pub(super) fn typed_exceptions() -> Result<String> {
    let given = match set("GIT_CONFIG_PARAMETERS") {
        Some(value) => value.into_string().ok().context("GIT_CONFIG_PARAMETERS is no UTF-8 text")?,
        None => String::new(),
    };
    let mut lines = parameters(&given, "leakwarden.allow");
    if let Some(value) = set("LEAKWARDEN_ALLOW") {
        lines.push(value.into_string().ok().context("LEAKWARDEN_ALLOW is no UTF-8 text")?);
    }
    Ok(lines.join("\n"))
}

/// The author of the commit that is being made, as its object will say it; git tells it to its hooks.
/// An amend keeps the author and the time of the commit it replaces.
pub(super) fn author() -> Option<String> {
    let value = |name: &str| set(name)?.into_string().ok();
    let date = value("GIT_AUTHOR_DATE")?;
    let date = date.strip_prefix('@').unwrap_or(&date);
    Some(format!("{} <{}> {date}", value("GIT_AUTHOR_NAME")?, value("GIT_AUTHOR_EMAIL")?))
}

/// Whether git was told not to ask anybody anything.
pub(super) fn may_ask() -> bool {
    env::var_os("GIT_TERMINAL_PROMPT").is_none_or(|value| value != "0") && automation().is_none()
}
