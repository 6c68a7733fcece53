//! System calls of the hook: no Internet socket, no child process.

use std::fs;

use anyhow::{Result, ensure};

use crate::kit::{LEAKWARDEN, Sandbox, in_repository, line, plant, skip};

const CALLS: &str = "trace=execve,execveat,fork,vfork,clone,clone3,socket,connect,bind,sendto";

/// Runs `command` in the shell under strace, in the sandbox; the trace, or `None` where there is
/// no tracing.
fn traced(s: &Sandbox, script: &str) -> Result<Option<String>> {
    let trace = s.root().join("trace");
    let works = s.run(s.command("strace").arg("-o").arg(&trace).args(["-f", "-e", CALLS, "true"]));
    if !works.is_ok_and(|o| o.code == Some(0)) {
        skip("system calls: strace is absent or not allowed");
        return Ok(None);
    }
    let mut command = s.command("strace");
    command.args(["-f", "-s", "400", "-e", CALLS, "-o"]).arg(&trace).args(["sh", "-c", script]);
    s.run(command.env("GIT_INDEX_FILE", ".git/index"))?;
    Ok(Some(fs::read_to_string(&trace)?))
}

/// No socket but of this machine, and nothing started by leakwarden.
fn alone(trace: &str) -> Result<()> {
    ensure!(!trace.contains("AF_INET"), "an Internet socket:\n{trace}");
    // Lines begin with the process id.
    let process = |line: &str| line.split(' ').next().map(str::to_owned);
    let started = format!("execve(\"{LEAKWARDEN}\"");
    let mut own = std::collections::BTreeSet::new();
    for line in trace.lines() {
        let Some(id) = process(line) else { continue };
        if line.contains(&started) && !line.contains("= -1") {
            own.insert(id);
        } else if own.contains(&id) {
            let thread = line.contains("CLONE_THREAD") || line.contains("resumed>");
            let process = ["execve", "fork(", "clone"].iter().any(|call| line.contains(call));
            ensure!(!process || thread, "a process of leakwarden's own: {line}");
        }
    }
    ensure!(!own.is_empty(), "leakwarden did not run:\n{trace}");
    Ok(())
}

#[test]
fn direct_calls() -> Result<()> {
    in_repository(|s| {
        let hook = |line: &str| -> Result<()> {
            let Some(trace) = traced(s, &format!("exec '{LEAKWARDEN}' {line}"))? else { return Ok(()) };
            alone(&trace)
        };
        s.append("README.md", "clean\n")?;
        s.git("add .")?;
        hook("hook pre-commit")?;
        s.write("app.conf", line(&plant::github("traced")))?;
        s.git("add .")?;
        hook("hook pre-commit")?;
        hook("hook pre-merge-commit --format json")?;
        hook("scan --staged")?;
        s.write("../message", "Subject\n")?;
        hook("hook commit-msg ../message")?;
        hook("--version")
    })
}

#[test]
fn a_whole_commit() -> Result<()> {
    in_repository(|s| {
        s.append("README.md", "clean\n")?;
        let Some(trace) = traced(s, "git commit -q -a -m x")? else { return Ok(()) };
        alone(&trace)?;
        s.write("app.conf", line(&plant::github("traced-commit")))?;
        s.git("add .")?;
        let Some(trace) = traced(s, "git commit -q -m x")? else { return Ok(()) };
        alone(&trace)
    })
}

#[test]
fn many_files_and_a_merge() -> Result<()> {
    in_repository(|s| {
        s.git("checkout -q -b side")?;
        for n in 0..400 {
            s.write(format!("folder/{n}.txt"), format!("file {n}\n").repeat(200))?;
        }
        s.write("folder/app.conf", line(&plant::github("traced-many")))?;
        s.git("add .")?;
        let Some(trace) = traced(s, &format!("'{LEAKWARDEN}' hook pre-commit"))? else { return Ok(()) };
        alone(&trace)?;
        s.commit_unchecked("many")?;
        s.git("checkout -q main")?;
        let Some(trace) = traced(s, "git merge -q --no-ff -m x side")? else { return Ok(()) };
        alone(&trace)
    })
}
