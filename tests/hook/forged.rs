//! Indexes whose TREE extension (git's cache of tree ids) disagrees with the entries. What git
//! itself then commits is the measure: it is asked in each case.

use anyhow::{Context as _, Result, ensure};

use crate::kit::{Sandbox, in_repository, line, plant, table};

/// A node of a TREE extension: name, entry count as written (`-1`: not valid), number of subtrees,
/// object id.
type Node = (&'static str, &'static str, u32, Tree);

/// The trees that a scenario has: with the secret in `dir/app.conf`, or without.
#[derive(Clone, Copy)]
enum Tree {
    Clean,
    Secret,
    CleanFolder,
    SecretFolder,
    Blob,
    Missing,
}

struct Trees {
    clean: String,
    secret: String,
}

impl Trees {
    fn oid(&self, s: &Sandbox, tree: Tree) -> Result<String> {
        match tree {
            Tree::Clean => Ok(self.clean.clone()),
            Tree::Secret => Ok(self.secret.clone()),
            Tree::CleanFolder => s.ask_git(&format!("rev-parse {}:dir", self.clean)),
            Tree::SecretFolder => s.ask_git(&format!("rev-parse {}:dir", self.secret)),
            Tree::Blob => s.ask_git("rev-parse HEAD:README.md"),
            Tree::Missing => Ok("5".repeat(40)),
        }
    }
}

/// The data of a TREE extension.
fn tree_data(s: &Sandbox, nodes: &[Node], trees: &Trees) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    for (name, count, subtrees, tree) in nodes {
        data.extend_from_slice(format!("{name}\0{count} {subtrees}\n").as_bytes());
        if *count != "-1" {
            let oid = trees.oid(s, *tree)?;
            let bytes = (0..oid.len()).step_by(2).map(|i| u8::from_str_radix(&oid[i..i + 2], 16));
            data.extend(bytes.collect::<Result<Vec<u8>, _>>()?);
        }
    }
    Ok(data)
}

/// An extension of an index: signature, length, data.
fn extension(signature: &[u8; 4], data: &[u8]) -> Result<Vec<u8>> {
    Ok([signature.as_slice(), &u32::try_from(data.len())?.to_be_bytes(), data].concat())
}

/// Replaces the TREE extension of the index.
fn forge(s: &Sandbox, nodes: &[Node], trees: &Trees) -> Result<()> {
    replace_extensions(s, &extension(b"TREE", &tree_data(s, nodes, trees)?)?)
}

/// Puts `extensions` in place of those that the index has, and makes its checksum right again.
fn replace_extensions(s: &Sandbox, extensions: &[u8]) -> Result<()> {
    let index = std::fs::read(s.path(".git/index"))?;
    let at = index.windows(4).position(|w| w == b"TREE").context("the index has a TREE extension")?;
    let length = u32::from_be_bytes(index[at + 4..at + 8].try_into()?) as usize;
    ensure!(at + 8 + length + 20 == index.len(), "TREE is the only extension");
    let mut forged = [&index[..at], extensions].concat();
    std::fs::write(s.root().join("forged"), &forged)?;
    let sum = s.run(s.command("sha1sum").arg(s.root().join("forged")))?.ok()?.stdout.clone();
    forged.extend((0..40).step_by(2).map(|i| u8::from_str_radix(&sum[i..i + 2], 16)).collect::<Result<Vec<u8>, _>>()?);
    Ok(std::fs::write(s.path(".git/index"), forged)?)
}

struct Forgery {
    /// Whether the entries hold the secret.
    entries: bool,
    nodes: &'static [Node],
}

const FORGERIES: &[(&str, Forgery)] = &[
    (
        "a secret tree over clean entries",
        Forgery { entries: false, nodes: &[("", "2", 1, Tree::Secret), ("dir", "1", 0, Tree::SecretFolder)] },
    ),
    (
        "a clean tree over entries with a secret",
        Forgery { entries: true, nodes: &[("", "2", 1, Tree::Clean), ("dir", "1", 0, Tree::CleanFolder)] },
    ),
    (
        "a secret root over a clean subtree",
        Forgery { entries: false, nodes: &[("", "2", 1, Tree::Secret), ("dir", "1", 0, Tree::CleanFolder)] },
    ),
    (
        "a clean root over a secret subtree",
        Forgery { entries: false, nodes: &[("", "2", 1, Tree::Clean), ("dir", "1", 0, Tree::SecretFolder)] },
    ),
    ("a secret root without subtrees", Forgery { entries: false, nodes: &[("", "2", 0, Tree::Secret)] }),
    (
        "a secret root over a subtree that is not valid",
        Forgery { entries: false, nodes: &[("", "2", 1, Tree::Secret), ("dir", "-1", 0, Tree::Clean)] },
    ),
    (
        "a root that is not valid, entries with a secret",
        Forgery { entries: true, nodes: &[("", "-1", 1, Tree::Clean), ("dir", "-1", 0, Tree::Clean)] },
    ),
    (
        "a root that is not valid over a secret subtree",
        Forgery { entries: false, nodes: &[("", "-1", 1, Tree::Clean), ("dir", "1", 0, Tree::SecretFolder)] },
    ),
    (
        "a root that is not valid over a clean subtree, entries with a secret",
        Forgery { entries: true, nodes: &[("", "-1", 1, Tree::Clean), ("dir", "1", 0, Tree::CleanFolder)] },
    ),
    (
        "a missing root, entries with a secret",
        Forgery { entries: true, nodes: &[("", "2", 1, Tree::Missing), ("dir", "-1", 0, Tree::Clean)] },
    ),
];

/// Entry counts of a secret root that are not the number of entries, or not written as git does.
/// What git makes of them depends on its version.
const COUNTS: &[(&str, &str)] = &[
    ("none", "0"),
    ("one", "1"),
    ("too many", "9"),
    ("the largest", "2147483647"),
    ("beyond the largest", "4294967295"),
    ("a leading zero", "02"),
    ("a plus sign", "+2"),
    ("a leading space", " 2"),
    ("letters behind it", "2x"),
];

/// The repository with both trees in its object database and the entries as asked for.
fn prepare(s: &Sandbox, entries: bool, seed: &str) -> Result<Trees> {
    s.start()?;
    s.write("dir/app.conf", line(&plant::github(seed)))?;
    s.git("add .")?;
    let secret = s.ask_git("write-tree")?;
    s.write("dir/app.conf", "clean = 1\n")?;
    s.git("add .")?;
    let clean = s.ask_git("write-tree")?;
    if entries {
        s.git(&format!("read-tree {secret}"))?;
        s.git("write-tree")?;
    }
    Ok(Trees { clean, secret })
}

/// Whether git commits the secret with the index as it is; everything is then put back.
fn git_commits_the_secret(s: &Sandbox, trees: &Trees) -> Result<bool> {
    let index = std::fs::read(s.path(".git/index"))?;
    s.commit("--no-verify --allow-empty")?.ok()?;
    let committed = s.ask_git("rev-parse HEAD:dir/app.conf")?;
    let secret = s.ask_git(&format!("rev-parse {}:dir/app.conf", trees.secret))?;
    s.git("update-ref HEAD HEAD~")?;
    std::fs::write(s.path(".git/index"), index)?;
    Ok(committed == secret)
}

#[test]
fn a_tree_that_disagrees_with_the_entries() -> Result<()> {
    table(FORGERIES, |s, case| {
        let trees = prepare(s, case.entries, "forged")?;
        forge(s, case.nodes, &trees)?;
        let committed = git_commits_the_secret(s, &trees)?;
        let said = s.commit("")?;
        if committed { said.blocked_at("dir/app.conf:1:").map(drop) } else { said.clean() }
    })
}

#[test]
fn a_tree_with_an_odd_count_of_entries() -> Result<()> {
    table(COUNTS, |s, count| {
        let trees = prepare(s, false, "forged-count")?;
        forge(s, &[("", count, 0, Tree::Secret)], &trees)?;
        let committed = git_commits_the_secret(s, &trees)?;
        let said = s.commit("")?;
        // To refuse such an index is right in any case.
        ensure!(said.code != Some(0) || !committed, "git commits the secret unseen: {said:?}");
        Ok(())
    })
}

/// Data that git reads and a stricter reader does not: it must not pass for "no tree".
#[test]
fn a_tree_that_only_git_reads() -> Result<()> {
    table(&[("NUL ends the counts", true), ("a byte too many", false)], |s, &nul| {
        let trees = prepare(s, false, "forged-lenient")?;
        let mut data = if nul {
            let secret = tree_data(s, &[("", "2", 0, Tree::Secret)], &trees)?;
            let clean = tree_data(s, &[("", "2", 0, Tree::Clean)], &trees)?;
            let (counts, id) = secret.split_at(b"\x002 0\n".len());
            [&counts[..counts.len() - 1], b"\0", id, b"\n", &clean[counts.len()..]].concat()
        } else {
            tree_data(s, &[("", "-1", 1, Tree::Clean), ("dir", "1", 0, Tree::SecretFolder)], &trees)?
        };
        data.extend((!nul).then_some(b'x'));
        replace_extensions(s, &extension(b"TREE", &data)?)?;
        let committed = git_commits_the_secret(s, &trees)?;
        let said = s.commit("")?;
        ensure!(said.code != Some(0) || !committed, "git commits the secret unseen: {said:?}");
        Ok(())
    })
}

/// The orders in which a true TREE and a decoy may stand; git takes the last true one.
#[derive(Clone, Copy)]
enum Decoy {
    /// An unknown extension whose data looks like a TREE that ends the index.
    Inside,
    /// A second TREE before, or behind, the one with the secret.
    Before,
    Behind,
}

#[test]
fn a_decoy_beside_the_tree_that_git_reads() -> Result<()> {
    let rows = [("inside another extension", Decoy::Inside), ("before", Decoy::Before), ("behind", Decoy::Behind)];
    table(&rows, |s, decoy| {
        let trees = prepare(s, false, "decoy")?;
        let secret = extension(b"TREE", &tree_data(s, &[("", "2", 0, Tree::Secret)], &trees)?)?;
        let clean = extension(b"TREE", &tree_data(s, &[("", "2", 0, Tree::Clean)], &trees)?)?;
        let extensions = match decoy {
            Decoy::Inside => [secret, extension(b"JUNK", &clean)?].concat(),
            Decoy::Before => [clean, secret].concat(),
            Decoy::Behind => [secret, clean].concat(),
        };
        replace_extensions(s, &extensions)?;
        let committed = git_commits_the_secret(s, &trees)?;
        let said = s.commit("")?;
        ensure!(said.code != Some(0) || !committed, "git commits the secret unseen: {said:?}");
        Ok(())
    })
}

#[test]
fn the_receipt_says_that_the_tree_was_scanned() -> Result<()> {
    in_repository(|s| {
        s.write("app.conf", "a = 1\n")?;
        s.git("add .")?;
        let tree = s.ask_git("write-tree")?;
        let report = s.staged()?;
        ensure!(report.receipt("source") == "tree" && report.receipt("tree") == tree.as_str(), "{}", report.0);
        s.write("other.conf", "a = 1\n")?;
        s.git("add .")?;
        let report = s.staged()?;
        ensure!(report.receipt("source") == "entries" && report.receipt("tree").is_null(), "{}", report.0);
        ensure!(report.receipt("files") == 2, "{}", report.0);
        Ok(())
    })
}

#[test]
fn a_root_that_is_no_tree() -> Result<()> {
    table(&[("", ())], |s, ()| {
        let trees = prepare(s, true, "forged-blob")?;
        forge(s, &[("", "2", 0, Tree::Blob)], &trees)?;
        let said = s.hook("pre-commit")?;
        ensure!(said.code == Some(3) || said.code == Some(1), "{said:?}");
        ensure!(s.commit("")?.code != Some(0), "no commit is made");
        Ok(())
    })
}

#[test]
fn a_forged_tree_in_a_merge() -> Result<()> {
    table(&[("", ())], |s, ()| {
        let trees = prepare(s, false, "forged-merge")?;
        s.git("reset -q --hard")?;
        s.git("checkout -q -b side")?;
        s.write("side.txt", "side\n")?;
        s.commit_unchecked("side")?;
        s.git("checkout -q main")?;
        s.git("merge -q --no-ff --no-commit side")?;
        s.git("write-tree")?;
        forge(s, &[("", "2", 1, Tree::Secret), ("dir", "1", 0, Tree::SecretFolder)], &trees)?;
        s.commit("")?.blocked_at("dir/app.conf:1:").map(drop)
    })
}

#[test]
fn entries_of_the_same_name_and_out_of_order() -> Result<()> {
    in_repository(|s| {
        // `update-index --index-info` takes what no worktree would give.
        s.write("../blob", line(&plant::github("stages")))?;
        let oid = s.ask_git("hash-object -w ../blob")?;
        let info =
            format!("100644 {oid} 0\tREADME.md.conf\n100644 {oid} 0\tREADME.md-conf\n100755 {oid} 0\tREADME.md/x\n");
        s.run_with(s.git_command().args(["update-index", "--index-info"]), &info)?.ok()?;
        let said = s.hook("pre-commit")?;
        said.blocked_at("README.md.conf:1:")?.blocked_at("README.md-conf:1:")?;
        s.commit("")?.blocked().map(drop)
    })
}
