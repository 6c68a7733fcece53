//! Ways past the engine that were found by attack and review, each kept closed.

use leakwarden::finding::{Confidence, Finding};
use leakwarden::rules::RuleSet;
use leakwarden::rules::syntax::Checksum;
use leakwarden::rules::template::expand;
use leakwarden::scan::scan_content;

fn found(text: &[u8]) -> Vec<Finding> {
    let scan = scan_content(b"file", text, &RuleSet::builtin(), |_, _, _| Ok::<(), ()>(()));
    scan.expect("nothing fails here").findings
}

fn blocks(text: &str) -> bool {
    found(text.as_bytes()).iter().any(|f| f.confidence >= Confidence::Likely)
}

fn make(template: &str) -> String {
    expand(template, "regressions", Some(Checksum::Crc32Base62)).expect("a valid template")
}

fn token() -> String {
    make(&(["gh", "p_"].concat() + "{base62:30}{checksum}"))
}

#[test]
fn two_encodings_in_one_file() {
    let wide: Vec<u8> = format!("t = {}\n", token()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let ascii = b"plain text, and some more of it\n".repeat(50);
    assert!(!found(&[ascii.as_slice(), &wide].concat()).is_empty(), "UTF-16 after ASCII");
    let words: Vec<u8> = "hello world\n".repeat(50).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let tail = format!("t = {}\n", token());
    assert!(!found(&[words.as_slice(), tail.as_bytes()].concat()).is_empty(), "ASCII after UTF-16");
    assert!(!found(&[b"\xff\xfe".as_slice(), tail.as_bytes()].concat()).is_empty(), "a mark before ASCII");
    assert!(!found(&[b"x".as_slice(), &wide].concat()).is_empty(), "UTF-16 at an odd offset");
    assert_eq!(found(&wide).len(), 1, "and it is told once");
}

#[test]
fn the_host_of_a_url_is_the_one_after_its_password() {
    let url = make("postgres://app:{base62:16}@db.prod.corp/app?notify=");
    assert!(blocks(&(url.clone() + "me@example.com")));
    assert!(blocks(&(url + "x@localhost")));
    assert!(blocks(&make("postgres://app:{base62:16}@notexample.com/app")));
}

#[test]
fn a_dummy_does_not_hide_what_follows_it() {
    assert!(blocks(&make("redis://:password@localhost:6379,redis://:{base62:20}@cache.prod.corp:6379")));
}

#[test]
fn openpgp_keys_with_their_checksum_line() {
    let key = make("-----BEGIN PGP {repeat:P:1}RIVATE KEY BLOCK-----{nl}{nl}{pem:1200}{nl}={base64:4}{nl}");
    assert!(blocks(&key));
}

#[test]
fn a_password_is_not_shown_as_the_key_of_its_neighbour() {
    for separator in [",", ", ", "(", " ", ":", "="] {
        let password = make("k9Fx{base62:7}");
        let text = format!("db_password = {password}{separator}{}\n", token());
        for finding in found(text.as_bytes()) {
            let shown = format!("{finding:?}");
            assert!(!shown.contains(&password), "after `{separator}`: {shown}");
        }
    }
}

#[test]
fn passwords_with_odd_characters_and_dummy_words() {
    assert!(blocks(&make("db_password = \"aB3<{base62:12}\"")));
    assert!(blocks(&make("db_password = \"changeme{base62:20}\"")));
    assert!(!blocks("db_password = \"<your password>\""));
}

#[test]
fn values_apart_from_their_keys() {
    for text in [
        "- name: DB_PASSWORD\n  value: {base62:18}\n",
        "<add key=\"DbPassword\" value=\"{base62:18}\"/>",
        "const password = process.env.DB_PASSWORD || '{base62:18}';",
        "const dbPassword string = \"{base62:18}\"",
        "Authorization: Bearer {base62:40}",
    ] {
        assert!(blocks(&make(text)), "{text}");
    }
}

#[test]
fn ordinary_code_is_quiet() {
    for text in [
        "void PK11_HandlePasswordCheck(PK11SlotInfo *slot, void *wincx);",
        "pub const SYS_memfd_secret: c_long = __X32_SYSCALL_BIT + 447;",
        "pub const STATUS_NO_SECRETS: NTSTATUS = 0xC0000371_u32 as _;",
        "site-packages/decryptpassword.py,sha256=7VIJ,4578",
        "credential_source=Ec2InstanceMetadata",
        "\"CustomerMasterKeySpec\": \"ECC_NIST_P521\"",
        "outer.update(password.translate(_trans_5C))",
    ] {
        assert!(!blocks(text), "{text}");
    }
}

#[test]
fn escapes_before_a_token_are_no_part_of_it() {
    for before in ["\\u0022", "\\x22", "\\033[1m", "%s", "\\n", "token%3D", "prod_"] {
        let text = make(&format!("x = \"{before}{}_live_{{base62:24}}", ["s", "k"].concat()));
        assert!(blocks(&text), "after {before}");
    }
}

/// Many keywords without values are no reason to give up, and cost little.
#[test]
fn lists_of_words_are_scanned_to_the_end() {
    for line in ["password\n", "token _key secret\n", "password "] {
        let text = line.repeat((1 << 19) / line.len());
        let scan = scan_content(b"file", text.as_bytes(), &RuleSet::builtin(), |_, _, _| Ok::<(), ()>(()));
        assert_eq!(scan.expect("nothing fails here").given_up, None, "{line}");
    }
}
