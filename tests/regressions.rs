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

/// A key that everybody may know, or one whose checksum fails, stands for no secret around it.
#[test]
fn a_lesser_token_inside_a_password_does_not_hide_it() {
    let public = ["pk_", "live_"].concat();
    assert!(blocks(&make(&format!("db_password=\"{{base62:12}}!{public}{{base62:24}}\""))));
    assert!(blocks(&make(&format!("password = \"{}{{base62:36}}!Q2z$k9\"", ["npm", "_"].concat()))));
}

#[test]
fn keys_with_colons_and_in_bold() {
    for text in [
        "<wsse:Password>{password:12}x9</wsse:Password>",
        "{lb}\"Smtp:Password\": \"{password:12}x9\"{rb}",
        "spring:password={password:12}x9",
        "$DB::password = \"{password:12}x9\"",
        "**Token:** {base62:32}",
        "- **API key**: `{base62:32}`",
    ] {
        assert!(blocks(&make(text)), "{text}");
    }
    assert!(!blocks(&make("\"AWS::SecretsManager::Secret\": \"{hex:16}\"")));
}

#[test]
fn a_value_before_a_value_is_not_named() {
    let first = make("{lower:20}");
    for text in [format!("passwords = [\"{first}-secret\", "), format!("login(\"{first}-password\", ")] {
        let all = found((text.clone() + &make("\"{base62:24}\"])")).as_bytes());
        assert!(all.iter().all(|own| own.reasons.iter().all(|why| !why.contains(&first))), "{text}");
    }
}

/// A provider's name in a key, or above it, makes no credential of what the key does not call one.
#[test]
fn names_beside_providers() {
    for text in [
        "heroku:\n  idempotency_key: {uuid}",
        "# deployed to Heroku\nassignee: {uuid}",
        "LINODE_IMAGE_SHA256={hex:64}",
        "GITEA_COMMIT={hex:40}",
        "xero_tenant: {base62:48}",
        "heroku,{uuid},2024-01-01",
        "cache:\n  key: {hex:40}",
        "signing key: {HEX:40}",
        "{lb}\"token.js\": \"{hex:40}\"{rb}",
        "USDC_TOKEN=0x{hex:40}",
        "encrypted_key = \"{base62:44}\"",
        "recovery_phrase: \"enter your recovery phrase here before you can continue with the login\"",
    ] {
        let text = make(&text.replace('\n', "{nl}"));
        let what: Vec<String> = found(text.as_bytes())
            .into_iter()
            .filter(|own| own.confidence >= Confidence::Likely)
            .map(|own| own.rule)
            .collect();
        assert!(what.is_empty(), "{what:?} in {text}");
    }
}

fn blocks_in(path: &str, text: &str) -> bool {
    let scan = scan_content(path.as_bytes(), text.as_bytes(), &RuleSet::builtin(), |_, _, _| Ok::<(), ()>(()));
    scan.expect("nothing fails here").findings.iter().any(|own| own.confidence >= Confidence::Likely)
}

#[test]
fn maps_and_lists_whose_names_are_the_secrets() {
    for text in [
        "API_KEYS = {lb}\"{base62:32}\": \"alice\"{rb}",
        "{lb}\"tokens\": {lb}\"{base62:32}\": {lb}\"user\": 1{rb}{rb}{rb}",
        "$tokens = ['{base62:32}' => 'alice'];",
        "passwords = {lb}\"{base62:16}\": \"anna\"{rb}",
        "passwords: [svc:{base62:14}, b]",
        "- value: {base62:20}{nl}  name: \"DB_PASSWORD\"",
        "h = {lb}\"X-Api-Key\": \"{base62:14}9 \" + \"x\"{rb}",
    ] {
        assert!(blocks(&make(text)), "{text}");
    }
    for text in [
        "const keys = {lb} \"up\": \"ArrowUp38\", \"down\": \"ArrowDown40\" {rb};",
        "const tokens = {lb}\"color\": \"blue/500a9\"{rb}",
        "Authorization: MAC id=\"h480{lower:4}93hd8\", ts=\"1336363200\"",
    ] {
        assert!(!blocks(&make(text)), "{text}");
    }
    let several = make("t = {lb}\"tokens\": {lb}\"{base62:32}\": \"anna\", \"{base62:32}\": \"bob\"{rb}{rb}");
    assert_eq!(found(several.as_bytes()).len(), 2, "each name of such a map");
}

#[test]
fn a_key_that_only_sounds_made_up_or_harmless() {
    assert!(blocks_in("app.py", &make("common_password = \"{base62:14}\"")));
    assert!(blocks_in("x.lock", &make("authToken = \"{hex:40}\"")));
    assert!(!blocks_in("Podfile.lock", &make("  AppAuth: {hex:40}")));
    assert!(blocks_in("app.xml", &make("<config><Key>{base62:32}</Key></config>")));
    assert!(!blocks_in("list.xml", &make("<Contents><Key>{base62:32}</Key><Size>4</Size></Contents>")));
    assert!(!blocks_in("nginx.conf", "    fastcgi_pass php8backend;\n    uwsgi_pass django42app;\n"));
    assert!(!blocks_in("schema.txt", "password varchar30\nusername bpchar60\n"));
    assert!(!blocks_in("view.js", "const renderPass = \"xkqzwbfp\";\n"));
}

#[test]
fn a_full_stop_ends_the_sentence_and_not_the_password() {
    let password = make("{base62:14}7");
    let text = format!("The password is {password}.\n");
    let all = found(text.as_bytes());
    assert_eq!(
        all.first().map(|own| own.location.end_column - own.location.column),
        u32::try_from(password.len()).ok()
    );
}

#[test]
fn a_file_of_logins_holds_passwords_however_weak() {
    let words = ["swordfish", "hunter22", "password", "letmein"];
    for word in words {
        assert!(blocks_in(".ftpconfig", &format!("{{\n  \"user\": \"root\",\n  \"pass\": \"{word}\"\n}}\n")), "{word}");
        assert!(blocks_in("db/.pgpass", &format!("db1:5432:shop:app:{word}\n")), "{word}");
        assert!(blocks_in(".netrc", &format!("machine m1 login anna password {word}\n")), "{word}");
        assert!(blocks_in("wp-config.php", &format!("define( 'DB_PASSWORD', '{word}' );\n")), "{word}");
        assert!(!blocks_in("tests/wp-config.php", &format!("define( 'DB_PASSWORD', '{word}' );\n")), "{word}");
    }
    for blank in ["database_password_here", "<password>", "your_password", "********", "example password"] {
        assert!(!blocks_in("wp-config.php", &format!("define( 'DB_PASSWORD', '{blank}' );\n")), "{blank}");
    }
    assert!(!blocks_in("wp-config.php", "$db_password = read_from_vault();\n"));
}

#[test]
fn the_trailer_of_the_ledger_is_no_secret() {
    for id in [["k3p", "wdjg3"], ["c2axk", "mdp"], ["vkwcx", "key"], ["7q4xe", "tok"]] {
        let line = make(&format!("Leakwarden-Ledger: {}:29:{{hex:16}}", id.concat()));
        assert!(!blocks(&format!("Mend the build\n\n{line}\n")), "{line}");
        assert!(blocks(&format!("{}\n{line} password = {}", "Mend it", make("{base62:16}"))), "what stands beside it");
    }
    assert!(blocks(&make("Leakwarden-Ledger: password={base62:20}")), "what only looks like it");
}

#[test]
fn a_signature_holds_no_token_after_a_digit_of_base64() {
    // One approval in some hundred ends its public key so: its zeros then look like a token of Meta's.
    let key = make("signature = \"U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg{base62:41}");
    let rest = make(&["EA", "AAAAsbGVha3dhcmRlbgAAAAAAAAAGc2hhNTEy{base62:90}\"\n"].concat());
    for joined in ["/", "+"] {
        assert!(!blocks(&format!("{key}{joined}{rest}")), "{joined}");
    }
    let token = make(&["EA", "AG{base62:180}"].concat());
    assert!(blocks(&format!("https://graph.facebook.com/{token}")), "a folder of a URL");
    assert!(blocks(&format!("/srv/Deploy2/shops/north/facebook/tokens/{token}")), "folders of a path");
}

#[test]
fn a_call_on_two_lines_is_given_one_text() {
    assert!(blocks(&make("    ds.setPassword(\n        \"{base62:16}\");\n")));
    let others = [
        "    force_password_change(\n        \"(distinguishedName=\" + str(dn) + \")\")\n",
        "    check_credential_is_unicode(\n        'foo\\xe2\\x80\\x99', 'bar\\xe2\\x80'\n    )\n",
        "set password_string    \"(P|p)assword.*\"\n",
    ];
    for text in others {
        assert!(!blocks(text), "{text}");
    }
}

#[test]
fn prose_and_hidden_values_are_followed_by_no_secret() {
    let others = [
        "WARN auth: expired for user_id={uuid} ip=10.0.0.4\n",
        "DEBUG token=*** jti={uuid} exp=1692429062\n",
        "refreshToken: 'acme:refreshToken:v1',\n",
        "const all = \"ABCDEFGHIJKLMNOPQRSTUVWXYZ\".toCharArray();\n",
        "docker run --link my-mongo:mongo -v data:/data -p 1337:1337 shop\n",
        "{lb}\"password_salt\": \"{hex:32}\"{rb}\n",
        "login: accounts/Login2021\n",
    ];
    for text in others {
        assert!(!blocks(&make(text)), "{text}");
    }
    assert!(blocks(&make("HASHIDS_SALT={hex:32}\n")), "a salt that a program has for all");
    assert!(blocks(&make("def login(token: str=\"{base62:32}\"): pass\n")), "a type before it");
}

#[test]
fn tables_of_wikis_hold_passwords() {
    let tables = [
        "+--------+------------+\n| user   | password   |\n+========+============+\n| deploy | {password:14} |\n+--------+------------+\n",
        "|===\n|user |password\n|deploy |{password:14}\n|===\n",
        "||user||password||\n|deploy|{password:14}|\n",
        "| Gerät | Passwort |\n|-------|----------|\n| Drucker | Lorbeer-2017 | \n",
    ];
    for text in tables {
        assert!(blocks_in("network.txt", &make(text)), "{text}");
    }
}

#[test]
fn what_forms_pages_and_lists_say_of_passwords() {
    let others = [
        "'password' => 'required|min:8|max:64',\n",
        "'password' => 'trim|required|min_length[8]|callback_check1',\n",
        "'new_password' => 'required|string|min:8|regex:/[a-z]/|different:old_password',\n",
        "'password' => 'length:6,16|alphaDash',\n",
        "SECRET_KEY_FACTORY = \"PBKDF2WithHmacSHA512\"\n",
        "SECRET_KEY_SPEC = \"AES/CBC/PKCS5Padding\"\n",
        "Cache restored from key: Linux-node-{hex:64}\n",
        "DEBUG cache key=user:1234:perm:{hex:32} hit\n",
        "<el-input v-model=\"a\" show-password :placeholder=\"$t('login.pwd2')\"/>\n",
        "LOGIN_PASSWORD = \"xpath=//input[@id='pwd1']\"\n",
        "passwordInput = '#mat-input-1';\n",
        "password: \"![{base64:32}]\"\n",
        "SHA256 (token-cli.zip) = {hex:64}\n",
        "export const RESET_PASSWORD_SUCCESS = '@acme/RESET_PASSWORD_SUCCESS';\n",
        "var keyVaultSecretsUser = '{uuid}'\n",
        "CREATE USER &&app_user IDENTIFIED BY \"&&app_pwd\";\n",
        "token_issuer = \"https://sts.windows.net/{uuid}/\"\n",
        "vault.hashicorp.com/agent-inject-secret-db: \"kv/data/prod2/db\"\n",
        "algolia: {lb} appId: '{BASE36:10}', apiKey: '{hex:32}', indexName: 'docs' {rb}\n",
    ];
    for text in others {
        assert!(!blocks(&make(text)), "{text}");
    }
    assert!(!blocks("root_password: \"{{ lookup('passwordstore', 'hosts/db01/root') }}\"\n"));
    assert!(!blocks("MasterUserPassword: '{{resolve:secretsmanager:prod1/db:SecretString:password}}'\n"));
    for text in
        ["keys = {lb}\"{hex:64}\": \"a.tar.gz\"{rb}\n", "palabra clave: marketing2024\n", "# PASSWORD=mandatory\n"]
    {
        assert!(!blocks(&make(text)), "{text}");
    }
    assert!(!blocks_in(".my.cnf", "[client]\npassword=@PASSWORD@\n"));
    assert!(blocks(&make("authorization: str = \"{base62:32}\"\n")), "a typed name");
    for text in ["db_password: \"{uuid}\"\n", "password = '#{base62:14}'\n", "apiKey: '{hex:32}'\n"] {
        assert!(blocks(&make(text)), "{text}");
    }
}

#[test]
fn where_a_field_of_a_form_ends() {
    let text = make("client_secret={base62:20}&grant_type=client_credentials\n");
    let found = found(text.as_bytes());
    let ends: Vec<_> = found.iter().map(|f| f.span.end).collect();
    assert_eq!(ends, ["client_secret=".len() + 20], "{text}");
}

#[test]
fn what_code_pages_and_lists_of_changes_name_is_no_secret() {
    let others = [
        "- fix password reset token: {hex:40}\n",
        "environment {lb} DB_PASSWORD = credentials('{uuid}') {rb}\n",
        "setError({lb} password: 'auth.errors.wrong-pwd1' {rb})\n",
        "AnnotationSecret = \"acme.io/secret-checksum1\"\n",
        "password = \"css=#pwd1\"\n",
        "my $cwd_pwd = \"$ENV{lb}PWD{rb}/lib2\";\n",
        "export const SECRET_SENTINEL = '{hex:32}';\n",
        "forgotPassword: \"{uuid}\",\n",
        "hints: {lb} password: \"8+chars,no-spaces\" {rb}\n",
    ];
    for text in others {
        assert!(!blocks(&make(text)), "{text}");
    }
    let sealed = make("kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgB{base64:120}\n");
    assert!(!blocks(&sealed), "{sealed}");
    assert!(blocks(&make("kind: Settings\n    password: AgB{base64:120}\n")));
    assert!(!blocks_in("app/login.js", "var a={password:\"pwField__1xZk9\",secret:\"sc__3Gd0q\"};\n"));
    assert!(!blocks_in("Assets/Menu.unity", &make("  secretPrefab: {hex:32}\n")));
    for text in [
        "- API token: {hex:40}\n",
        "password = \"prod.db.{base62:16}\"\n",
        "auth = \"id={base62:20}\"\n",
        "headers = {lb}\"Authorization\": \"OAuth2 \" + \"{base62:40}\"{rb}\n",
        "#define DEVICE_TOK \"{base62:32}\"\n",
    ] {
        assert!(blocks(&make(text)), "{text}");
    }
}
