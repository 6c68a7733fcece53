//! Names of keys that only sound like a password's: `bypass`, the id of a type, the name of a file.

use super::characters::contains;
use super::key::{last_word, words};

/// English words that end like `pass` and have nothing to do with it, and Vault's annotations, which give a path.
pub(super) fn no_pass(key: &[u8]) -> bool {
    let word = last_word(key);
    let words = ["compass", "bypass", "surpass", "trespass", "overpass", "underpass", "encompass", "byppass"];
    words.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()))
        || contains(key, b"agent-inject-secret")
        || [b"santa".as_slice(), b"palabra"].iter().any(|own| contains(&key.to_ascii_lowercase(), own))
        || is_ticket(key)
        || is_name_of_type(key)
        || is_file(key)
        || ends_by_chance(key)
}

/// Whether a key names a pass that people show at a gate: `boarding_pass`.
fn is_ticket(key: &[u8]) -> bool {
    let tickets = ["boarding", "season", "battle", "bus", "hall", "ski", "day", "lift", "gate", "travel"];
    let words = words(key);
    matches!(words.as_slice(), [.., kind, pass] if pass == "pass" && tickets.contains(&kind.as_str()))
}

/// Whether a key ends in `pw` as drawn ids may do, and is no name that people form with it.
fn ends_by_chance(key: &[u8]) -> bool {
    let word = last_word(key).to_ascii_lowercase();
    let Some(stem) = word.strip_suffix(b"pw") else { return false };
    let known: [&[u8]; 13] =
        [b"", b"db", b"user", b"usr", b"root", b"admin", b"ftp", b"mail", b"smtp", b"bind", b"my", b"ldap", b"http"];
    !known.contains(&stem)
}

/// Whether a key is the name of a source, as lists of changes have it: `sql_passwd.c: mended`.
fn is_file(key: &[u8]) -> bool {
    let endings: [&[u8]; 10] = [b"c", b"h", b"cc", b"cpp", b"pm", b"pl", b"py", b"rb", b"php", b"go"];
    key.iter().rposition(|&b| b == b'.').is_some_and(|dot| dot > 3 && endings.contains(&&key[dot + 1..]))
}

/// Whether a key names a type or an interface by its id: `GUID_DRS_REPL_SECRET_SYNC`.
fn is_name_of_type(key: &[u8]) -> bool {
    words(key).iter().any(|word| matches!(word.as_str(), "guid" | "uuid" | "clsid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_at_the_end_of_an_id_name_nothing() {
        let id = [b"k3dz7h".as_slice(), b"pw"].concat();
        assert!(no_pass(&id));
        for key in ["pw", "db_pw", "userPw", "bindpw", "smtppw"] {
            assert!(!no_pass(key.as_bytes()), "{key}");
        }
    }
}
