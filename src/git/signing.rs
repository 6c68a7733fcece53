//! With which key git signs, as its configuration says.

use super::command::{git, output};

/// `user.signingKey` where it is, or may be, an SSH key: a path with `~` expanded, or `key::` and a
/// public key that an agent holds. `None` where none is set, or it is OpenPGP's or X.509's.
pub fn ssh_key() -> Option<String> {
    let ask = |arguments: &[&str]| {
        let text = String::from_utf8(output(git(arguments)).ok()?).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let key = ask(&["config", "--type=path", "--get", "user.signingKey"])?;
    let ssh = ask(&["config", "--get", "gpg.format"]).is_some_and(|format| format == "ssh");
    let names_one = key.starts_with("key::") || key.starts_with("ssh-") || std::path::Path::new(&key).is_file();
    (ssh || names_one).then_some(key)
}
