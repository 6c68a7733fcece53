//! Ordinary ways to write a password, found by sets made without sight of the rules.

use leakwarden::finding::Confidence;
use leakwarden::rules::RuleSet;
use leakwarden::rules::template::expand;
use leakwarden::scan::scan_content;

fn make(template: &str) -> String {
    expand(template, "forms", None).expect("a valid template")
}

fn blocks_in(path: &str, text: &str) -> bool {
    let scan = scan_content(path.as_bytes(), text.as_bytes(), &RuleSet::builtin(), |_, _, _| Ok::<(), ()>(()));
    scan.expect("nothing fails here").findings.iter().any(|own| own.confidence >= Confidence::Likely)
}

/// `pass`, `pw` and `auth` are parts of many words; with blanks, brackets or a type behind them they were not seen.
#[test]
fn short_words_of_keys_with_anything_behind_them() {
    let password = make("k{lower:5}!{digit:4}");
    for key in ["pass", "pw", "db_pw", "$pass", "PASS", "pass2", "passwrd", "passcode", "mdp"] {
        for (before, sign) in [
            ("const char* ", "     = "),
            ("char ", "[] = "),
            ("char ", "[20] = "),
            ("my ", "\t= "),
            ("", " <- "),
            ("", "  := "),
            ("#define ", " "),
            ("#define ", "\t"),
            ("Dim ", " As String = "),
        ] {
            let text = format!("{before}{key}{sign}\"{password}\";\n");
            assert!(blocks_in("src/net.ino", &text), "{text}");
        }
    }
    let token = make("{hex:40}");
    for line in ["char auth[] = ", "auth   = ", "tok\t= "] {
        assert!(blocks_in("src/net.ino", &format!("{line}\"{token}\";\n")), "{line}");
    }
    for text in ["user, pass := \"anna\", ", "const [user, pass] = [\"anna\", ", "pass = ", "password: ", "DB_PASS="] {
        let (word, number) = (make("Q{lower:1}artz"), make("7{digit:3}"));
        assert!(blocks_in("src/net.js", &format!("{text}\"{word}_{number}\"]\n")), "{text}");
    }
    for text in [
        "password = \"screen_1024\";\n",
        "renderPass = \"lighting_2048\";\n",
        "const SECRET_SANTA = \"variantB7\";\n",
        "@password_attempts_key \"larch:v3:pw_attempts:24h\"\n",
        "the password is base64 encoded\n",
        "tests pass   in 12.5 seconds\n",
    ] {
        assert!(!blocks_in("src/net.js", text), "{text}");
    }
    let hash = make("\"password\": \"bcrypt$$2b$12${base62:53}\"\n");
    assert!(!blocks_in("fixtures/users.json", &hash), "a hash as Django keeps it");
}

#[test]
fn calls_that_common_programs_make() {
    for text in [
        "conn = psycopg2.connect(\"dbname=shop user=shop host=db1.corp.net password=k{lower:5}!{digit:4}\")",
        "client.connect(host, port, username, \"{base62:12}\")",
        "yag = yagmail.SMTP(me, '{base62:14}')",
        "auth := smtp.PlainAuth(\"\", user, \"{base62:14}\", host)",
        "new Sequelize('shop', 'root', '{base62:14}')",
        "mysql_real_connect(con, host, \"root\", \"{base62:14}\", \"shop\", 0, NULL, 0)",
        "pwd.send_keys(\"{base62:12}\")",
        "Algorithm.HMAC256(\"{base62:14}\")",
        "var jwtKey = []byte(\"{base62:14}\")",
        "ENV[\"DB_PASS\"] ||= \"{base62:14}\"",
        "#define STAPSK  \"{base62:12}\"",
        "git clone https://bob:k{lower:5}#{digit:4}@git.corp.net/x.git",
        "url = \"mongodb://bob:k{lower:5}{digit:4}@@db1.corp.net/shop\"",
        "<meta-data android:name=\"net.corp.API_KEY\" android:value=\"{base62:40}\"/>",
    ] {
        let text = make(text) + "\n";
        assert!(blocks_in("src/app.py", &text), "{text}");
    }
    assert!(blocks_in("notes.txt", &make("wifi password - k{lower:3}R{digit:4}\n")));
    for text in [
        "ciphers = 'HIGH:!aNULL:!MD5:!PSK:!RC4:!ADH@STRENGTH'\n",
        "signal.connect(sender, handler, name, \"ticket-sold2\")\n",
        "var key = Encoding.ASCII.GetBytes(settings.Value);\n",
    ] {
        assert!(!blocks_in("src/app.py", text), "{text}");
    }
}

#[test]
fn more_ways_to_pass_a_password() {
    for text in [
        "client.username_pw_set(\"sensor\", \"{base62:12}\")",
        "pika.PlainCredentials('bob', '{base62:12}')",
        "xhr.setRequestHeader('Authorization', 'Basic ' + btoa('bob:{base62:11}7'));",
        "$pass = md5(\"{base62:12}\");",
        "users = {lb}\"bob\": \"{base62:11}K7\"{rb}",
        "subprocess.run([\"mysqldump\", \"-u\", \"root\", \"-p{base62:12}\", \"shop\"])",
        "if (txtPassword.Text == \"{base62:12}\")",
        "if(strcmp(pass,\"{base62:12}\")==0)",
        "INSERT INTO `users` (`id`,`login`,`pass`) VALUES (1,'bob','{base62:12}');",
        "<Password value=\"{base62:12}\"/>",
        "request.setValue(\"{base62:40}\", forHTTPHeaderField: \"X-Api-Key\")",
    ] {
        let text = make(text) + "\n";
        assert!(blocks_in("src/app.py", &text), "{text}");
    }
    for text in [
        "users = {lb}\"bob\": \"admin\"{rb}\n",
        "lblPassword.Text = \"Password:\";\n",
        "$hash = md5(\"file_contents\");\n",
        "# pass: see the wiki\n",
        "wpa_passphrase SSID passphrase\n",
    ] {
        assert!(!blocks_in("src/app.py", &make(text)), "{text}");
    }
    assert!(blocks_in("src/app.py", &make("# pass: Q{lower:5}{digit:4}!\n")));
}

#[test]
fn names_of_keys_in_more_languages_and_abbreviations() {
    for key in ["salasana", "lozinka", "kodeord", "geslo", "clave", "pass_word", "mat_khau"] {
        assert!(blocks_in("src/app.py", &make(&format!("{key} = \"{{base62:11}}7\"\n"))), "{key}");
    }
    for line in ["a = 1\nsk = ", "qiniu_sk = ", "weather_api = ", "cred = ", "vapid_private = "] {
        assert!(blocks_in("src/app.py", &make(&format!("{line}\"{{base62:40}}\"\n"))), "{line}");
    }
    for text in ["{\"sk\": \"Zabudnut\u{e9} heslo\"}\n", "AES256_HMAC_SHA1_96_SK: \"AES256_HMAC_SHA1_96-SK\"\n"] {
        assert!(!blocks_in("src/app.py", text), "{text}");
    }
}

#[test]
fn what_a_tenth_set_showed() {
    for (path, text) in [
        (
            "res/values-pt-rBR/strings.xml",
            "<string name=\"hint_email\">E-mail</string>\n<string name=\"hint_password\">Digite sua senha</string>\n",
        ),
        ("build/testrun.log", "PASS: login_redirect_ok1\nPASS: invoice_pdf_a4\n"),
        ("include/tls_psk.h", "    [AUTH_PSK_AES128_CCM8]   = \"psk_aes128_ccm8\",\n"),
        ("shop/keys.py", "PASSWORD_RESET_KEY = \"pwreset.attempts.60min\"\n"),
        ("excel/modLogin.bas", "Private Const SHEET_PWD_CELL As String = \"Config!B7\"\n"),
    ] {
        assert!(!blocks_in(path, text), "{text}");
    }
    let (word, number) = (make("vesp{lower:2}"), make("l{lower:3}0{digit:1}"));
    assert!(blocks_in("mutt/muttrc", &format!("set imap_pass  = '{word}.{number}'\n")));
    assert!(blocks_in("app.xml", &make("<password>k{lower:5}!{digit:4}</password>\n")));
}

/// A neighbour that is a common password says nothing of a value that is drawn.
#[test]
fn a_common_password_hides_no_token() {
    let key = make("{upper:6}2{upper:9}7{upper:10}5{upper:4}");
    assert!(blocks_in("docs/totp.rst", &format!(">>> otp.match('123456', time=14753)\n>>> otp = TOTP(key='{key}')\n")));
    let word = make("br{lower:2}dog");
    assert!(!blocks_in(
        "src/check.py",
        &format!("COMMON = [\"123456\", \"qwerty\", \"iloveyou\"]\npassword = \"{word}\"\n")
    ));
}
