#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets: seeds.py FOLDER makes FOLDER/TARGET/NUMBER.

No seed holds a credential: a control character stands where src/plant.rs plants one."""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
RULES = 700

CARRIERS = {
    "settings": [
        "DB_PASSWORD=\1\n", "export TOKEN='\3'\n", "[db]\nuser = app\npassword = \1\n", "db.password: \1\n",
        "//registry.npmjs.org/:_authToken=\3\n", "machine db1 login app password \1 \n", "db1:5432:app:app:\1\n",
        "https://app:\1@git.corp/x\n", "aws_access_key_id = \2\naws_secret_access_key = \3\n", "secret = \"\"\"\1\"\"\"\n",
        "a = \7\npasswords = [\n  '\1', \"\3\",\n]\n",
    ],
    "yaml": [
        "db:\n  user: app\n  password: \1\n", "env:\n  - name: DB_PASSWORD\n    value: \"\1\"\n", "key: |\n  \3\n",
        "kind: Secret\ndata:\n  password: \7\nstringData:\n  token: \3\n", "a: &x \1\npassword: *x\n",
        "password: !!str \1 # no comment\n", "tokens:\n  - \3\n  - \4\n", "environment:\n  - DB_PASS=\1\n", "script: >-\n  curl -u app:\1 x\n",
    ],
    "json": [
        '{"user": "app", "password": "\1"}', '{"name": "TOKEN", "value": "\3"}', '{"body": "{\\"password\\":\\"\1\\"}"}',
        '{"tokens": ["\3", "\4"]}', '{"source": ["password = \'\1\'\\n", "x"]}', '{"url": "\5", "auth": "\7"}', '{"key": "\\u0026token=\3"}',
    ],
    "xml": [
        "<password>\1</password>", '<add key="DbPassword" value="\1"/>', "<Pass encoding=\"base64\">\7</Pass>",
        "<key>TOKEN</key>\n<string>\3</string>", "<password><![CDATA[\1]]></password>", '<x connectionString="Server=a;Uid=app;Pwd=\1;"/>',
    ],
    "code": [
        'password = "\1"\n', "const apiKey: string = '\3';\n", 'String token = "\3";\n', "password := `\1`\n", 'config["password"] = "\1"\n',
        'connect(user="app", password="\1")\n', 'os.Getenv("TOKEN") || "\3"\n', 'define("DB_PASSWORD", "\1");\n', 'let s = Some("\1");\n',
        'setPassword("\1")\n', 'if token == "\3" {\n', 'token = (\n    "\3"\n)\n', 'variable "password" {\n  default = "\1"\n}\n',
        "PASSWORDS = ['\1', '\3']\n", "password = b'\1' # leakwarden:allow test-value it is a test\n", 'var p = @"\1";\n',
    ],
    "shell": [
        "curl -u app:\1 https://x\n", "curl -H 'Authorization: Bearer \3' x\n", "mysql -uapp -p\1 x\n", "tool --password \1 --user x\n",
        "sshpass -p '\1' ssh x\n", "docker login -u x -p \1\n", "ENV DB_PASSWORD \1\n", "ARG TOKEN=\3\n", "cat <<EOF\npassword=\1 \nEOF\n",
        "$env:TOKEN = '\3'\n", "echo \7 | base64 -d\n", "psexec -u app -p \1 cmd\n",
    ],
    "tables": [
        "name,url,password\nnas,https://x,\1\nweb,https://y,\"\6\"\n", "user\tpassword\nanna\t\1\n", "| host | password |\n|---|---|\n| a | `\1` |\n",
        "INSERT INTO users (id, login, password) VALUES (1, 'anna', '\1'), (2, 'b', MD5('\6'));\n",
        "COPY t (id, token) FROM stdin;\n1\t\3\n\\.\n", "CREATE USER app IDENTIFIED BY '\1';\n", "ALTER ROLE app WITH PASSWORD '\1';\n",
    ],
    "prose": [
        "The password is `\1`.\n", "```\ntoken = \3\n```\n", "**Token:** \3\n", "acme token \3\n", "login: app / \1\n", "Key: \2\n\n\4\n",
    ],
    "urls": [
        "\5\n", "GET /x?token=\3&sig=\4 HTTP/1.1\nAuthorization: Basic \7\nCookie: session=\3\n", "redis://:\1@h:6379/0\n",
        "Server=a;Database=b;User Id=app;Password=\1;\n", "AccountName=a;AccountKey=\3==;\n", "https://a:\1@b/?x=%26password=\1\n",
    ],
}


def example(number):
    return bytes([8, number >> 8, number & 255])


def blocks(paths, pattern):
    """What a pattern finds in the texts of these files."""
    for path in paths:
        yield from re.findall(pattern, path.read_text(), re.S)


def seeds():
    all = {name: [bytes([n % 3]) + text.encode("latin1") for n, text in enumerate(own)] for name, own in CARRIERS.items()}
    texts = [text.encode("latin1") for own in CARRIERS.values() for text in own]
    examples = [example(number) for number in range(RULES)]
    for number, own in enumerate(examples):
        all[list(CARRIERS)[number % len(CARRIERS)]].append(b"\0" + own + b"\n")
    all["whole"] = [b"a.txt\n" + text for text in texts + examples]
    all["whole"] += [b".env\n\xff\xfe" + text.decode("latin1").encode("utf-16-le") for text in texts]
    all["whole"] += [b"a.bin\n" + bytes(range(256)) + text for text in texts]
    all["repeats"] = [b"\0" + bytes([kind]) + text for kind in (0, 6) for text in texts + examples[::40]]
    all["names"] = [b"src/" + own for own in examples] + [b"id_rsa", b"a/.env", b"x/\1/secring.gpg", b"feature/\2"]
    all["encodings"] = texts + examples[::10]
    all["structures"] = [bytes([n % 256]) + own for n, own in enumerate(examples * 2)]
    all["structures"] += [bytes([n]) + b"\1\npassword" for n in range(256)]
    toml = [own.encode() for own in blocks([*TOP.glob("docs/*.md"), *TOP.glob("README.md")], r"```toml\n(.*?)```")]
    rules = [own.encode() for own in blocks(TOP.glob("src/rules/builtin/*.toml"), r"\[\[rule\]\]\n.*?(?=\n\n|\Z)")]
    all["rules"] = rules + toml
    files = [path.read_bytes() for path in (TOP / "tests").rglob("*.toml")]
    all["policies"] = toml + files + [b"version = 1\n" + own for own in toml] + [b"version = 1\n" + own for own in rules[::20]]
    end = b'kind = "test-value"\nreason = "made by the tests themselves"\n'
    all["exceptions"] = toml + [b"abcdefgh test-value: made by the tests\n", b"Leakwarden-Allow: abcdefgh test-value: of a test\n", end, b"30d", b"2026-02-01"]
    fixtures = [path.read_bytes() for path in (TOP / "tests" / "formats").rglob("*") if path.is_file() and path.stat().st_size < 8192]
    all["imports"] = [bytes([kind]) + own for kind in range(6) for own in fixtures + toml]
    all["diffs"] = [b"a\nb\nc\n\0a\nx\nb\nc\ny", b"\0a\n", b"a\n\0", b"a\r\nb\0b\na"]
    all["records"] = [b'{"v":1,"ledger":"x","seq":1,"time":"2026-01-01T00:00:00Z","prev":"0","torn":null}', b"1:abc", b"A <a@b.example>"]
    return all


def main():
    folder = pathlib.Path(sys.argv[1])
    for target, own in seeds().items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(own):
            (folder / target / f"seed-{number}").write_bytes(seed)


main()
