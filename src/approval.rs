//! Approvals: a second person's signature under an exception, made and checked by `ssh-keygen`, the
//! only program that is run here.
//!
//! What is signed is [`Exception::request`]; who may sign is a list in git's allowed-signers format
//! (`ssh-keygen(1)`, "ALLOWED SIGNERS"), whose options `ssh-keygen` itself honours.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::exception::Exception;
use crate::rules::encoding::decode_base64;

/// What the signatures are for: one made for anything else (a commit, a login) is none here.
pub const NAMESPACE: &str = "leakwarden-approval";

/// The longest signature that is looked at, in base64; those of hardware keys take 1,000 bytes.
const LONGEST: usize = 16 << 10;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// A key to sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A file: the private key, or the public one of a key that an agent holds.
    File(PathBuf),
    /// The line of a public key that an agent holds.
    Agent(String),
}

/// Checks that an exception's approval holds: that it signs this very request, by somebody on the
/// list who is not the requester.
///
/// # Errors
/// Says why it does not hold, or why nobody can tell.
pub fn check(exception: &Exception, repo_id: &str, signers: &[String]) -> Result<()> {
    let Some(approval) = &exception.approval else {
        bail!("it waits for a second person (`leakwarden approve {}`)", exception.id);
    };
    ensure!(!signers.is_empty(), "it is approved, and policy names nobody who may do that (`exceptions.signers`)");
    ensure!(!same_person(&approval.by, &exception.by), "it takes a second person, and {} asked for it", approval.by);
    let desk = Desk::new(&approval.signature, signers)?;
    let request = exception.request(repo_id);
    if !desk.verifies(&desk.signers, &approval.by, &request)? {
        let again = format!("`leakwarden approve {}`", exception.id);
        if desk.fits(&request)? {
            bail!("the list of signers does not let {} approve with the key that signed it ({again})", approval.by);
        }
        bail!("its approval is for something else: another finding, kind, end or repository ({again})");
    }
    let requester = address(&exception.by);
    if desk.verifies(&desk.owners, requester, &request)? {
        bail!("it takes a second person, and the key that approved it is {requester}'s, who asked for it");
    }
    Ok(())
}

/// Signs a request; the signature's lines between its armour, joined.
///
/// A passphrase or a touch of a hardware key is asked for by `ssh-keygen` at the terminal.
///
/// # Errors
/// Where `ssh-keygen` cannot be run or does not sign.
pub fn sign(key: &Key, request: &str) -> Result<String> {
    let folder = folder()?;
    let mut command = keygen("sign");
    match key {
        Key::File(path) => command.arg("-f").arg(path),
        Key::Agent(line) => {
            let path = folder.path().join("key.pub");
            write(&path, &format!("{line}\n"))?;
            command.arg("-U").arg("-f").arg(path)
        }
    };
    command.stderr(Stdio::inherit());
    let output = run(command, request)?;
    ensure!(output.status.success(), "`ssh-keygen` did not sign; what it says stands above");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    Ok(lines.collect())
}

/// Under which names the key that made a signature stands in the list of signers.
///
/// # Errors
/// Where `ssh-keygen` cannot be run.
pub fn names(signature: &str, signers: &[String]) -> Result<Vec<String>> {
    let desk = Desk::new(signature, signers)?;
    let mut command = keygen("find-principals");
    command.arg("-s").arg(&desk.signature).arg("-f").arg(&desk.signers);
    let output = run(command, "")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // A pattern names nobody.
    let names =
        text.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty() && !name.contains(['*', '?', '!']));
    Ok(names.map(str::to_owned).collect())
}

/// Whether two people, each given as `Name <address>` or as an address alone, are one by their
/// addresses. Who they call themselves is their own word: this finds mistakes, not lies.
pub fn same_person(one: &str, other: &str) -> bool {
    address(one).eq_ignore_ascii_case(address(other))
}

/// The address of `Name <address>`, or all of it.
pub fn address(person: &str) -> &str {
    person.rsplit_once('<').map_or(person, |(_, rest)| rest).trim_end_matches('>').trim()
}

/// The public key inside a signature of `ssh-keygen -Y sign` (with its armour, as in a commit, or
/// without): tells whether the key that approved an exception also signed a commit.
pub fn public_key(signature: &str) -> Option<Vec<u8>> {
    // PROTOCOL.sshsig: "SSHSIG", a version of 4 bytes, and the key with its length before it.
    let body: String = signature.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let bytes = decode_base64(body.as_bytes())?;
    let (length, rest) = bytes.strip_prefix(b"SSHSIG")?.get(4..)?.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    rest.get(..length).map(<[u8]>::to_vec)
}

/// What `ssh-keygen` needs to check one signature: files in a folder that nobody else can read.
struct Desk {
    signature: PathBuf,
    signers: PathBuf,
    /// The same list without restrictions: whose key is it, whatever it may be used for?
    owners: PathBuf,
    _folder: TempDir,
}

impl Desk {
    fn new(signature: &str, signers: &[String]) -> Result<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
        ensure!(
            !signature.is_empty() && signature.len() <= LONGEST && signature.bytes().all(plain),
            "its `approval` is no signature"
        );
        let folder = folder()?;
        let path = |name: &str| folder.path().join(name);
        let mut armoured = format!("{BEGIN}\n");
        for line in signature.as_bytes().chunks(70) {
            armoured.extend(line.iter().copied().map(char::from).chain(['\n']));
        }
        armoured.push_str(&format!("{END}\n"));
        let list = signers.join("\n");
        let owners: String = list.lines().map(|line| unrestricted(line) + "\n").collect();
        let desk =
            Desk { signature: path("approval.sig"), signers: path("signers"), owners: path("owners"), _folder: folder };
        write(&desk.signature, &armoured)?;
        write(&desk.signers, &format!("{list}\n"))?;
        write(&desk.owners, &owners)?;
        Ok(desk)
    }

    /// Whether a list gives a person the key that signed this.
    fn verifies(&self, list: &Path, person: &str, request: &str) -> Result<bool> {
        let mut command = keygen("verify");
        command.arg("-s").arg(&self.signature).arg("-f").arg(list).arg("-I").arg(person);
        decided(&run(command, request)?)
    }

    /// Whether the signature is for this request, whoever made it.
    fn fits(&self, request: &str) -> Result<bool> {
        let mut command = keygen("check-novalidate");
        command.arg("-s").arg(&self.signature);
        decided(&run(command, request)?)
    }
}

/// `ssh-keygen` at work for approvals. It takes no messages from a locale: none of them is read.
fn keygen(what: &str) -> Command {
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", what]);
    if what != "find-principals" {
        command.args(["-n", NAMESPACE]);
    }
    command.stderr(Stdio::piped());
    command
}

fn run(mut command: Command, input: &str) -> Result<Output> {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child =
        spawned.context("approvals need `ssh-keygen`, which cannot be run (install OpenSSH 8.2 or newer)")?;
    if let Some(mut pipe) = child.stdin.take() {
        // It may have decided before it read everything; its exit code counts.
        let _ = pipe.write_all(input.as_bytes());
    }
    child.wait_with_output().context("`ssh-keygen` gives no answer")
}

/// Its yes or no; anything else is an error.
fn decided(output: &Output) -> Result<bool> {
    match output.status.code() {
        Some(0) => Ok(true),
        // What it says where a signature, a key or a person is not right.
        Some(255) => Ok(false),
        _ => bail!("this `ssh-keygen` cannot check approvals (install OpenSSH 8.2 or newer)"),
    }
}

fn folder() -> Result<TempDir> {
    TempDir::with_prefix("leakwarden-").context("approvals need a temporary folder, and none can be made")
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.context("a temporary file cannot be written")
}

/// A line of the list without the options that restrict its key.
fn unrestricted(line: &str) -> String {
    let words = words(line);
    let kind = |word: &&str| ["ssh-", "sk-", "ecdsa-"].iter().any(|start| word.starts_with(start));
    let Some(at) = words.iter().skip(1).position(kind).map(|at| at + 1) else { return line.to_owned() };
    let authority = words[1..at].iter().any(|options| options.to_ascii_lowercase().contains("cert-authority"));
    let options = if authority { "cert-authority " } else { "" };
    format!("{} {options}{}", words[0], words[at..].join(" "))
}

/// The words of a line; blanks in double quotes part none.
fn words(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = line.split(|c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    parts.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_their_address() {
        assert!(same_person("Ann <ann@example.org>", "ann@Example.org"));
        assert!(same_person("A <ann@example.org>", "B < ann@example.org >"));
        assert!(!same_person("Ann <ann@example.org>", "Ann <bob@example.org>"));
    }

    #[test]
    fn restrictions_are_taken_off_a_line() {
        for (line, bare) in [
            ("a@x ssh-ed25519 KEY comment", "a@x ssh-ed25519 KEY comment"),
            ("a@x,b@x namespaces=\"git, ssh-x\",valid-before=\"20300101\" ssh-ed25519 KEY", "a@x,b@x ssh-ed25519 KEY"),
            (
                "\"a b\" CERT-AUTHORITY,namespaces=\"x\" ecdsa-sha2-nistp256 K",
                "\"a b\" cert-authority ecdsa-sha2-nistp256 K",
            ),
            ("# remark", "# remark"),
            ("", ""),
        ] {
            assert_eq!(unrestricted(line), bare);
        }
    }

    #[test]
    fn what_is_no_signature_has_no_key() {
        for text in ["", "AAAA", "U1NIU0lH", "U1NIU0lHAAAAAf____8"] {
            assert_eq!(public_key(text), None, "{text}");
        }
    }
}
