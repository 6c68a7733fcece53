//! What to do about an exposure, in the right order, as commands that can be copied. Pure.
//!
//! What was never pushed is taken out of the commits: nobody else has it. What was pushed is replaced
//! first, since no command of git's takes back what others have fetched; cleaning comes after.

use super::Exposure;
use crate::finding::{Part, escape};
use crate::git::holders::{Head, Where};
use crate::report::human::shell_quote;

/// Commits above the one that brings a value, beyond which a rebase is more trouble than a rewrite.
const FAR: usize = 50;

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What to do, and why.
    pub text: String,
    /// The commands, in their order.
    pub commands: Vec<String>,
}

/// The steps for an exposure that is at these places; `contact` is whom policy names.
pub fn steps(own: &Exposure, at: &Where, pushed: bool, contact: Option<&str>) -> Vec<Step> {
    let mut out = Vec::new();
    if pushed {
        out.push(rotate(own));
        out.push(tell(contact));
        out.extend(clean(at));
        let text = "close it, with what shows that the value no longer works";
        out.push(step(text, [close(own, "revoked", "when and by whom it was replaced, and how that was checked")]));
        return out;
    }
    if at.held() {
        out.extend(take_out(at));
        out.extend(set_aside(at));
        out.push(step("look again: no branch, tag or stash should hold it", [show(own)]));
    }
    if !at.reflog.is_empty() || !at.held() && !at.brought.is_empty() {
        out.push(expire());
    }
    let text = "close it; this is refused as long as anything holds it. If the value was used anywhere, or anybody \
                else could read this clone, replace it all the same";
    out.push(step(text, [close(own, "removed", "how it was taken out, and why nobody else had it")]));
    out
}

fn step<const N: usize>(text: impl Into<String>, commands: [String; N]) -> Step {
    Step { text: text.into(), commands: commands.into() }
}

fn rotate(own: &Exposure) -> Step {
    let text = format!("replace the {} first: whoever has fetched it keeps it, whatever is done in git", own.what());
    match &own.rotate {
        Some(link) => Step { text: format!("{text}: {link}"), commands: Vec::new() },
        None => Step { text: format!("{text}; its issuer says where"), commands: Vec::new() },
    }
}

fn tell(contact: Option<&str>) -> Step {
    let whom = match contact {
        Some(contact) => escape(contact.as_bytes()),
        None => "whoever answers for security where you work".to_owned(),
    };
    step(format!("tell {whom}; they look for signs that somebody used it"), [])
}

fn close(own: &Exposure, how: &str, evidence: &str) -> String {
    format!("leakwarden exposures close {} --how {how} --evidence '… {evidence} …'", own.id)
}

fn show(own: &Exposure) -> String {
    format!("leakwarden exposures show {}", own.id)
}

/// How to take it out of what HEAD and other branches hold, while nobody else has it.
fn take_out(at: &Where) -> Vec<Step> {
    let Some(head) = &at.head else {
        return other_branches(at);
    };
    let elsewhere = at.branches.len() > 1 || !at.others.is_empty() && !detached_alone(at);
    let alone = head.brought.len() == 1 && !elsewhere && at.tags.is_empty();
    if alone && head.oldest == head.id && !head.merges {
        return amend(at, head);
    }
    if alone && !head.merges && head.above <= FAR {
        return fix_up(at, head);
    }
    rewrite_here(at)
}

fn detached_alone(at: &Where) -> bool {
    at.branches.is_empty() && at.others.len() == 1 && at.others[0] == "HEAD (detached)"
}

fn other_branches(at: &Where) -> Vec<Step> {
    let all = || at.branches.iter().chain(&at.others);
    if all().next().is_none() {
        return Vec::new();
    }
    let first = at.branches.first().map(|name| format!("git switch {}", shell_quote(name.as_bytes())));
    let names: Vec<String> = all().map(|name| escape(name.as_bytes())).collect();
    let text = format!("it is not below HEAD but on {}: go there, and ask again", names.join(", "));
    vec![Step { text, commands: first.into_iter().collect() }]
}

/// Whether it stands in the message of the oldest commit, and nowhere else in it.
fn in_message(at: &Where, commit: &str) -> bool {
    let mut own = at.brought.iter().filter(|one| one.commit == commit).peekable();
    own.peek().is_some() && own.all(|one| one.part == Part::Message)
}

/// Out of the files, and staged.
fn edit(at: &Where, head: &Head) -> Step {
    let in_name = |path: &Vec<u8>| at.brought.iter().any(|one| one.part == Part::Path && one.path == *path);
    let (named, files): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = head.paths.iter().partition(|path| in_name(path));
    let renamed = named.len() + head.masked;
    if files.is_empty() && renamed == 0 {
        return step("HEAD's files hold it no more; what is left is the history", []);
    }
    let words: Vec<String> = files.iter().map(|path| shell_quote(path)).collect();
    let mut told = Vec::new();
    let mut commands = Vec::new();
    if !words.is_empty() {
        told.push("take it out of the file, and read it from the environment or a secret store instead");
        commands.push(format!("git add -- {}", words.join(" ")));
    }
    if renamed > 0 {
        told.push("give the file another name, or leave it out: move it in a file manager, then");
        commands.push("git add -A".to_owned());
    }
    Step { text: told.join("; "), commands }
}

fn amend(at: &Where, head: &Head) -> Vec<Step> {
    if in_message(at, &head.id) {
        let text = "only the newest commit's message holds it, and nobody else has it: write the message without it \
                    (not with `-m`: a shell keeps its history)";
        return vec![step(text, ["git commit --amend".to_owned()])];
    }
    let undo = if head.first { "git update-ref -d HEAD" } else { "git reset --soft HEAD~1" };
    let text = format!(
        "put the corrected files into the newest commit in place of it (or take the commit back and make it again: {undo})"
    );
    vec![edit(at, head), step(text, ["git commit --amend".to_owned()])]
}

fn fix_up(at: &Where, head: &Head) -> Vec<Step> {
    let short: String = head.oldest.chars().take(12).collect();
    let base = if head.first { "--root".to_owned() } else { format!("{short}~1") };
    if in_message(at, &head.oldest) {
        let text =
            format!("the message of {short} holds it: in the list that opens, write `reword` before that commit");
        return vec![step(text, [format!("git rebase -i {base}")])];
    }
    if head.paths.is_empty() && head.masked == 0 {
        let text = format!(
            "a later commit has taken it out of the files: in the list that opens, put that commit right after {short} \
             and write `fixup` before it"
        );
        return vec![step(text, [format!("git rebase -i --autosquash {base}")])];
    }
    let text = format!(
        "put the correction into the commit that brought it, {} below HEAD; where the rebase stops at a conflict, \
         keep the side without it",
        if head.above == 1 { "1 commit".to_owned() } else { format!("{} commits", head.above) }
    );
    let commands = [format!("git commit --fixup={short}"), format!("git rebase -i --autosquash {base}")];
    vec![edit(at, head), step(text, commands)]
}

/// A rewrite in the clone that one works in: git-filter-repo takes `origin` away and prunes what nothing
/// reaches, so both are kept first.
fn rewrite_here(at: &Where) -> Vec<Step> {
    let text = "git filter-repo takes `origin` away and prunes what no branch reaches: keep both first";
    let keep = ["url=$(git remote get-url origin)", "git clone --mirror . ../before-the-rewrite.git"];
    let mut out = vec![step(text, keep.map(str::to_owned))];
    out.extend(rewrite(at));
    let text = "add `origin` again, if there was one; and remove the copy, which holds the secret, when all is well";
    let back = ["git remote add origin \"$url\"", "git fetch origin", "rm -rf ../before-the-rewrite.git"];
    out.push(step(text, back.map(str::to_owned)));
    out
}

/// A rewrite of history: a file with the value, which nothing keeps, and the words of git-filter-repo (https://github.com/newren/git-filter-repo).
fn rewrite(at: &Where) -> Vec<Step> {
    let mut out = Vec::new();
    if let Some(head) = at.head.as_ref().filter(|head| !head.paths.is_empty() || head.masked > 0) {
        out.push(edit(at, head));
        out.push(step("commit that", ["git commit".to_owned()]));
    }
    let text = "write the value into a file outside every repository that only you can read: in an editor, one value \
                a line, never on a command line, which the shell's history and the list of processes show";
    let make = ["umask 077".to_owned(), "values=$(mktemp)".to_owned(), "\"${EDITOR:-vi}\" \"$values\"".to_owned()];
    out.push(step(text, make));
    let mut words = vec!["git filter-repo --force --replace-text \"$values\"".to_owned()];
    if at.brought.iter().any(|one| one.part == Part::Message) {
        words.push("--replace-message \"$values\"".to_owned());
    }
    let text = "rewrite all branches and tags without it; commit or stash your work first. A value of several lines, \
                such as a private key, goes with its file";
    out.push(step(text, [words.join(" ")]));
    let mut files: Vec<String> = at
        .brought
        .iter()
        .filter(|one| one.part != Part::Message && !one.masked)
        .map(|one| shell_quote(&one.path))
        .collect();
    files.sort();
    files.dedup();
    if !files.is_empty() {
        let paths: Vec<String> = files.iter().map(|path| format!("--path {path}")).collect();
        let text = "or, where the whole file should go from history, keep a copy of it elsewhere and";
        out.push(step(text, [format!("git filter-repo --force --invert-paths {}", paths.join(" "))]));
    }
    if at.brought.iter().any(|one| one.part == Part::Path && one.masked) {
        let text = "it stands in the name of a file: write that path into the file in place of the value, and";
        out.push(step(text, ["git filter-repo --force --invert-paths --paths-from-file \"$values\"".to_owned()]));
    }
    out.push(step("then remove the file with the value", ["rm -f -- \"$values\"".to_owned()]));
    out
}

/// Stashes and tags.
fn set_aside(at: &Where) -> Vec<Step> {
    let mut out = Vec::new();
    if !at.stashes.is_empty() {
        // The highest number first: dropping one renumbers those above it.
        let mut stashes = at.stashes.clone();
        let number = |name: &String| name.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>().unwrap_or(0);
        stashes.sort_by_key(|name| std::cmp::Reverse(number(name)));
        let commands = stashes.iter().map(|name| format!("git stash drop '{}'", escape(name.as_bytes()))).collect();
        let text = "a stash holds it; take out of it what you need (`git stash show -p` shows it), then drop it";
        out.push(Step { text: text.to_owned(), commands });
    }
    if !at.tags.is_empty() {
        let commands = at.tags.iter().map(|name| format!("git tag -d -- {}", shell_quote(name.as_bytes()))).collect();
        let text = "a tag holds it; unless the rewrite has moved it, delete it and make it again on the new commit";
        out.push(Step { text: text.to_owned(), commands });
    }
    out
}

fn expire() -> Step {
    let text = "git keeps the old commits in its reflog, here alone, for 30 to 90 days. To remove them now, which also \
                loses every other way back: undone resets and rebases, and all stashes (`git stash list`)";
    let commands = ["git reflog expire --expire=now --expire-unreachable=now --all", "git gc --prune=now"];
    step(text, commands.map(str::to_owned))
}

/// After it was pushed and replaced: for those for whom a value that no longer works is still a nuisance.
fn clean(at: &Where) -> Vec<Step> {
    let mut out = Vec::new();
    if let Some(head) = at.head.as_ref().filter(|head| !head.paths.is_empty() || head.masked > 0) {
        out.push(edit(at, head));
        out.push(step(
            "commit and push that, so that nobody takes the old file for the right one",
            ["git commit".to_owned(), "git push".to_owned()],
        ));
    }
    if at.remotes.is_empty() {
        let text = "no branch of a remote holds it any more, as far as this clone knows (`git fetch --all` tells \
                    more); the host may still show the old commit by its id";
        out.push(step(text, []));
    } else {
        let text = "then clean history, if it is worth the trouble: everybody's clones and open merge requests are of \
                    the old one. In a fresh clone";
        let mut names: Vec<&str> = at.remotes.iter().map(|name| name.split('/').next().unwrap_or(name)).collect();
        names.dedup();
        let (remote, others) = names.split_first().map_or(("origin", [].as_slice()), |(first, rest)| (*first, rest));
        let remote = shell_quote(remote.as_bytes());
        out.push(step(
            text,
            [
                format!("url=$(git remote get-url {remote})"),
                "git clone \"$url\" ../cleaning".to_owned(),
                "cd ../cleaning".to_owned(),
            ],
        ));
        let bare = Where { head: None, ..at.clone() };
        out.extend(rewrite(&bare));
        let mut text = "git filter-repo has removed `origin`: add it again and push; `--force-with-lease` refuses \
                        where somebody else has pushed since"
            .to_owned();
        if !others.is_empty() {
            let names: Vec<String> = others.iter().map(|name| escape(name.as_bytes())).collect();
            text.push_str(&format!("; likewise to {}", names.join(", ")));
        }
        let mut push = vec![
            "git remote add origin \"$url\"".to_owned(),
            "git fetch origin".to_owned(),
            "git push --force-with-lease origin --all".to_owned(),
        ];
        if !at.tags.is_empty() {
            push.push("git push --force origin --tags".to_owned());
        }
        out.push(Step { text, commands: push });
    }
    let text = "everybody else clones again; a pull into an old clone, and a push of it, would bring it back";
    out.push(step(text, []));
    let text = "ask the host to drop cached views, pull requests and forks that still show the old commits";
    out.push(step(text, []));
    out.extend(set_aside(&Where { tags: Vec::new(), ..at.clone() }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposure::{Cause, Status, VERSION};
    use crate::git::holders::Brought;
    use crate::level::Severity;

    fn exposure() -> Exposure {
        let own = str::to_owned;
        Exposure {
            version: VERSION,
            id: own("k3f9a2b7"),
            clone: own("0123456789ab"),
            repository: own("/r"),
            rule: own("a-rule"),
            provider: own("A"),
            name: own("key"),
            severity: Severity::High,
            redacted: own("[redacted]"),
            rotate: Some(own("https://example.org/keys")),
            pseudonym: own("p"),
            cause: Cause::Skipped,
            opened: own("2026-11-22T00:00:00Z"),
            author: own("A <a@x>"),
            assigned: None,
            sites: Vec::new(),
            more_sites: false,
            status: Status::Open,
            closed: None,
            pushed: false,
            reopened: 0,
            events: Vec::new(),
        }
    }

    fn brought(commit: &str, path: &str, part: Part) -> Brought {
        let author = "A <a@x>".to_owned();
        Brought { commit: commit.to_owned(), author, time: 0, path: path.as_bytes().to_vec(), masked: false, part }
    }

    const QUOTED: &str = "git add -- 'my file'\\''s.py'";
    const C: &str = "cccccccccccccccccccccccccccccccccccccccc";

    fn on_main(above: usize, change: impl FnOnce(&mut Where)) -> Where {
        let id = if above == 0 { C } else { "dddddddddddddddddddddddddddddddddddddddd" };
        let mut at = Where {
            brought: vec![brought(C, "my file's.py", Part::Content)],
            branches: vec!["main".to_owned()],
            head: Some(Head {
                id: id.to_owned(),
                brought: vec![C.to_owned()],
                oldest: C.to_owned(),
                above,
                paths: vec![b"my file's.py".to_vec()],
                ..Head::default()
            }),
            ..Where::default()
        };
        change(&mut at);
        at
    }

    fn head(at: &mut Where) -> &mut Head {
        at.head.as_mut().expect("it has one")
    }

    /// All text and commands of the steps, and that each of `words` stands in them in this order.
    fn in_order(name: &str, steps: &[Step], words: &[&str], never: &[&str]) {
        let all = steps.iter().flat_map(|step| std::iter::once(&step.text).chain(&step.commands));
        let all = all.cloned().collect::<Vec<_>>().join("\n");
        let mut from = 0;
        for word in words {
            let at = all[from..].find(word);
            assert!(at.is_some(), "{name}: `{word}` is missing, or too early, in:\n{all}");
            from += at.unwrap_or(0);
        }
        for word in never {
            assert!(!all.contains(word), "{name}: `{word}` does not belong into:\n{all}");
        }
    }

    #[test]
    fn what_was_not_pushed() {
        let message = |at: &mut Where| at.brought = vec![brought(C, "", Part::Message)];
        type Row = (&'static str, Where, &'static [&'static str], &'static [&'static str]);
        let rows: &[Row] = &[
            (
                "newest",
                on_main(0, |_| ()),
                &[QUOTED, "git reset --soft HEAD~1", "git commit --amend", "--how removed"],
                &["rebase", "expire", "update-ref"],
            ),
            (
                "first",
                on_main(0, |at| head(at).first = true),
                &["git update-ref -d HEAD", "--amend"],
                &["reset --soft"],
            ),
            ("message", on_main(0, message), &["message", "git commit --amend"], &["git add"]),
            (
                "below",
                on_main(3, |_| ()),
                &[QUOTED, "git commit --fixup=cccccccccccc", "--autosquash cccccccccccc~1"],
                &["filter-repo"],
            ),
            (
                "taken out later",
                on_main(3, |at| head(at).paths.clear()),
                &["put that commit right after cccccccccccc", "--autosquash cccccccccccc~1"],
                &["git add", "--fixup"],
            ),
            ("first below", on_main(3, |at| head(at).first = true), &["--autosquash --root"], &["~1"]),
            ("message below", on_main(3, message), &["reword", "git rebase -i cccccccccccc~1"], &["fixup"]),
            (
                "merge",
                on_main(3, |at| head(at).merges = true),
                &[
                    "git add",
                    "umask 077",
                    "mktemp",
                    "filter-repo --force --replace-text",
                    "--invert-paths --path 'my file'\\''s.py'",
                    "rm -f",
                ],
                &["rebase -i", "push"],
            ),
            ("far", on_main(99, |_| ()), &["filter-repo"], &["rebase -i"]),
            ("two branches", on_main(0, |at| at.branches.push("b".to_owned())), &["filter-repo"], &["--amend"]),
            ("tag", on_main(0, |at| at.tags.push("v1".to_owned())), &["filter-repo", "git tag -d -- v1"], &["--amend"]),
            (
                "stash",
                on_main(0, |at| at.stashes = vec!["stash@{0}".to_owned(), "stash@{10}".to_owned()]),
                &["--amend", "drop 'stash@{10}'", "drop 'stash@{0}'"],
                &[],
            ),
            (
                "elsewhere",
                on_main(0, |at| (at.head, at.branches) = (None, vec!["to pic".to_owned()])),
                &["git switch 'to pic'"],
                &["filter-repo", "--amend"],
            ),
            (
                "reflog",
                on_main(0, |at| (at.head, at.branches, at.reflog) = (None, Vec::new(), vec!["HEAD@{1}".to_owned()])),
                &["reflog expire", "git gc --prune=now", "--how removed"],
                &["filter-repo", "show"],
            ),
        ];
        for (name, at, words, never) in rows {
            in_order(name, &steps(&exposure(), at, false, Some("sec@x")), words, never);
            in_order(name, &steps(&exposure(), at, false, None), &["close k3f9a2b7"], &["https://example.org/keys"]);
        }
    }

    #[test]
    fn what_was_pushed_is_replaced_first() {
        let on_remote = |at: &mut Where| at.remotes.push("origin/main".to_owned());
        let all = steps(&exposure(), &on_main(0, on_remote), true, Some("sec@\u{1b}x"));
        let words = [
            "https://example.org/keys",
            "tell sec@\\x1bx",
            "git add",
            "git push",
            "clone",
            "filter-repo",
            "--force-with-lease",
            "clones again",
            "cached",
            "--how revoked",
        ];
        in_order("pushed", &all, &words, &["--amend", "--how removed"]);
        let gone = Where { once_remote: vec!["refs/remotes/origin/main@{1}".to_owned()], ..Where::default() };
        in_order(
            "pushed over",
            &steps(&exposure(), &gone, true, None),
            &["replace the A key first", "whoever answers", "by its id", "--how revoked"],
            &["filter-repo"],
        );
    }
}
