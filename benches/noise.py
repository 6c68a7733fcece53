#!/usr/bin/env python3
"""Counts leakwarden's findings per MB in sources that hold hardly a credential.

    python3 benches/noise.py fetch DIR
    python3 benches/noise.py scan DIR [--leakwarden PROGRAM] [--verdicts docs/noise.md] [--list]

`fetch` brings the packages named below into DIR, by their registries' own clients (cargo, npm, pip,
apt-get), and unpacks them; what is already there is left alone. It needs about 2 GB. A package that
cannot be had is named, and the others are fetched all the same. No code of a package is run, save
what pip runs of a Python source package to read its metadata.

`scan` scans each package, and prints findings per MB by registry, and by rule and confidence. The MB
are those that were scanned (10^6 bytes; git's ignore rules count). The reports are kept in
DIR/reports. With --verdicts it reads the verdicts on likely and certain findings from the table of that
document and prints the share of each; --list prints that table anew, with `none yet` where a finding
has no verdict: somebody has to look at its line, and to write `true`, `dummy` or `false` there.

The names are: the twenty packages of a registry that are fetched most, then some twenty that deal
with credentials, configuration, tests of authentication, and Debian's sources of applications.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile

CARGO = """
syn hashbrown bitflags proc-macro2 getrandom base64 quote libc rand_core indexmap rand cfg-if
regex-syntax serde itoa memchr regex-automata unicode-ident thiserror once_cell

oauth2 openidconnect jsonwebtoken reqwest lettre tokio-postgres mysql_async redis mongodb tiberius
aws-config aws-sigv4 object_store ldap3 imap config figment rocket octocrab russh ssh-key rustls
vaultrs kube-client yup-oauth2 sqlx-core
"""

NPM = """
semver ansi-styles debug minimatch strip-ansi chalk supports-color string-width ansi-regex ms
lru-cache brace-expansion tslib emoji-regex wrap-ansi type-fest commander glob color-name
color-convert

passport jsonwebtoken nodemailer mongodb mysql2 pg firebase-admin stripe twilio next-auth
@octokit/rest convict dotenv simple-oauth2 keycloak-js @azure/identity @azure/msal-node ldapjs
imapflow ssh2 node-forge tedious parse-server verdaccio ghost pm2 serverless npm
"""

PIP = """
boto3 packaging urllib3 certifi idna requests typing-extensions charset-normalizer setuptools
botocore cryptography aiobotocore python-dateutil six pyyaml pydantic pygments cffi click numpy

django authlib oauthlib google-auth msal azure-identity psycopg2 pymysql sqlalchemy pymongo paramiko
pyjwt django-allauth ansible-core hvac moto twine ldap3 dynaconf celery tweepy praw impacket buildbot
jupyterhub slack-sdk snowflake-connector-python mitmproxy scrapy passlib
"""

DEBIAN = "postfix dovecot wordpress mediawiki roundcube keystone puppet-agent freeradius exim4 samba"

CONFIDENCES = ("certain", "likely", "possible")
VERDICTS = ("true", "dummy", "false")


def run(command, **options):
    """Runs a client quietly; gives whether it succeeded, within five minutes."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=300,
            **options,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def unpack(archive, into):
    """Unpacks a package's archive into a new folder, without a leading folder of its own."""
    scratch = pathlib.Path(tempfile.mkdtemp(dir=into.parent))
    if archive.suffix in (".whl", ".zip"):
        shutil.unpack_archive(archive, scratch, "zip")
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
    inner = list(scratch.iterdir())
    alone = inner[0] if len(inner) == 1 and inner[0].is_dir() else scratch
    alone.rename(into)
    shutil.rmtree(scratch, ignore_errors=True)
    os.chmod(into, 0o755)


def bare(archive):
    """An archive's name without what names its form."""
    name = archive.name
    for end in (".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".zip"):
        name = name.removesuffix(end)
    return name.split("-py3-")[0].split("-cp3")[0].split("-py2.py3-")[0] if archive.suffix == ".whl" else name


def from_cargo(names, folder):
    """`cargo info` brings the source of the one crate that it is asked about, and unpacks it."""
    home = folder.parent / ".cargo-home"
    for name in names:
        if not run(["cargo", "info", "--quiet", name], env={**os.environ, "CARGO_HOME": str(home)}, cwd=folder):
            yield name
    for crate in home.glob("registry/src/*/*"):
        crate.rename(folder / crate.name)
    shutil.rmtree(home, ignore_errors=True)


def one_npm(name, folder):
    """`npm pack` brings a package as it was published."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", scratch, name], cwd=scratch)
        archives = list(pathlib.Path(scratch).glob("*.tgz"))
        for archive in archives:
            unpack(archive, folder / bare(archive))
    return bool(archives)


def one_pip(name, folder):
    """The source package where its metadata can be read, else what pip would install."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        download = ["pip", "download", "--quiet", "--no-deps", "--dest", scratch]
        if not run([*download, "--no-binary", name, name]) and not run([*download, name]):
            return False
        for archive in pathlib.Path(scratch).iterdir():
            unpack(archive, folder / bare(archive))
    return True


def one_by_one(bring):
    """A client that is asked for one package at a time, and mostly waits: four of them at once."""

    def from_client(names, folder):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            had = pool.map(lambda name: bring(name, folder), names)
            yield from (name for name, there in zip(names, had) if not there)

    return from_client


def from_debian(names, folder):
    """`apt-get source` with the machine's own sources, their source packages switched on.

    A security update that its mirror no longer holds is replaced by the release's own version.
    """
    apt = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    for part in ("parts", "lists/partial"):
        (apt / part).mkdir(parents=True)
    for source in pathlib.Path("/etc/apt/sources.list.d").glob("*.sources"):
        text = source.read_text().replace("Types: deb\n", "Types: deb deb-src\n")
        if "debian" in text.lower():
            (apt / "parts" / source.name).write_text(text)
    options = [
        "-o", f"Dir::Etc::sourceparts={apt}/parts",
        "-o", "Dir::Etc::sourcelist=/dev/null",
        "-o", f"Dir::State::lists={apt}/lists",
    ]  # fmt: skip
    run(["apt-get", *options, "update"])
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")
    for name in names:
        scratch = apt / name
        scratch.mkdir()
        for asked in (name, f"{name}/{release}"):
            if run(["apt-get", *options, "source", "--download-only", asked], cwd=scratch):
                break
        descriptions = list(scratch.glob("*.dsc"))
        if not descriptions:
            yield name
        for description in descriptions:
            into = folder / description.stem
            run(["dpkg-source", "--no-check", "--no-copy", "-x", description.name, str(into)], cwd=scratch)
            shutil.rmtree(into / ".pc", ignore_errors=True)  # copies of what Debian's patches changed
    shutil.rmtree(apt, ignore_errors=True)


SOURCES = {
    "cargo": (from_cargo, CARGO),
    "npm": (one_by_one(one_npm), NPM),
    "pip": (one_by_one(one_pip), PIP),
    "debian": (from_debian, DEBIAN),
}


def is_of(package, name):
    """Whether a folder is of a package, whatever its version."""
    start = name.lstrip("@").replace("/", "-").replace("-", "_").lower()
    stem = package.replace("-", "_").lower()
    return stem.startswith(start) and stem[len(start) :][:2] in ("", *(f"_{digit}" for digit in range(10)))


def group(registry, package):
    """A registry's name, and whether the package is one of the twenty that it is asked for most."""
    often, _, rest = SOURCES[registry][1].strip().partition("\n\n")
    often = bool(rest) and any(is_of(package, name) for name in often.split())
    return f"{registry}, most used" if often else f"{registry}, others" if rest else registry


def fetch(root, only):
    """Fetches what is not there yet, and tells what could not be had."""
    for registry, (bring, names) in SOURCES.items():
        if only and registry not in only:
            continue
        folder = root / registry
        folder.mkdir(parents=True, exist_ok=True)
        there = [found.name for found in folder.iterdir()]
        wanted = [name for name in names.split() if not any(is_of(found, name) for found in there)]
        for name in bring(wanted, folder.resolve()) if wanted else ():
            print(f"{registry}: {name} could not be fetched", file=sys.stderr)


def verdicts(document):
    """The verdicts of the document's table: `| package | path:line,line | rule | verdict |`."""
    known = {}
    for line in document.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("| ").split(" | ")]
        if len(cells) == 4 and cells[3] in VERDICTS:
            path, _, lines = cells[1].rpartition(":")
            for number in lines.split(","):
                known[cells[0], f"{path}:{number}", cells[2]] = cells[3]
    return known


def scan(root, leakwarden, only):
    """Scans each package; gives its registry, name, scanned bytes and findings."""
    reports = root / "reports"
    reports.mkdir(mode=0o700, exist_ok=True)
    for registry in SOURCES:
        folder = root / registry
        if not folder.is_dir() or (only and registry not in only):
            continue
        for package in sorted(folder.iterdir()):
            report = reports / f"{registry}-{package.name}.json"
            with report.open("wb") as out:
                done = subprocess.run(
                    [leakwarden, "scan", ".", "--format", "json"], cwd=package, stdout=out, stderr=subprocess.DEVNULL
                )
            if done.returncode not in (0, 1, 3):
                sys.exit(f"{leakwarden} ended with {done.returncode} on {package}")
            told = json.loads(report.read_text())
            yield registry, package.name, told["receipt"]["bytes"], told["findings"]


def tell(scanned, known, listed):
    """Prints the tables."""
    size, count, packages = collections.Counter(), collections.Counter(), collections.Counter()
    rules, judged, rows = (collections.defaultdict(collections.Counter) for _ in range(3))
    for registry, package, scanned_bytes, findings in scanned:
        source = group(registry, package)
        packages[source] += 1
        size[source] += scanned_bytes
        for finding in findings:
            rule, confidence = finding["rule"], finding["confidence"]
            count[source, confidence] += 1
            count[source, "blocking"] += finding["blocking"]
            rules[rule][confidence] += 1
            if confidence == "possible":
                continue
            path = finding["path"].removeprefix("./")
            verdict = known.get((package, f"{path}:{finding['line']}", rule), "none yet")
            judged[source][verdict] += 1
            rules[rule][verdict] += 1
            rows[package, path, rule, verdict][finding["line"]] += 1

    heads = ["source", "packages", "MB", *CONFIDENCES]
    heads += ["the first two per MB", "that block, per MB", *VERDICTS, "none yet", "share true", "dummy and false per MB"]
    table(heads)
    for source in [*sorted(size), "all"]:
        these = list(size) if source == "all" else [source]
        mega = sum(size[one] for one in these) / 1e6
        numbers = [sum(count[one, confidence] for one in these) for confidence in CONFIDENCES]
        shares = [sum(judged[one][verdict] for one in these) for verdict in (*VERDICTS, "none yet")]
        sure = numbers[0] + numbers[1]
        rates = [f"{many / mega:.3f}" for many in (sure, sum(count[one, "blocking"] for one in these))]
        share = f"{100 * shares[0] / sure:.0f} %" if sure else "-"
        wrong = f"{(shares[1] + shares[2]) / mega:.3f}"
        row(source, sum(packages[one] for one in these), f"{mega:.1f}", *numbers, *rates, *shares, share, wrong)

    mega = sum(size.values()) / 1e6
    print()
    table(["rule", *CONFIDENCES, "first two per MB", *VERDICTS, "none yet"])
    for rule, told in sorted(rules.items(), key=lambda item: (-item[1]["certain"] - item[1]["likely"], item[0])):
        numbers = [told[confidence] for confidence in CONFIDENCES]
        rate = f"{(numbers[0] + numbers[1]) / mega:.3f}"
        row(f"`{rule}`", *numbers, rate, *(told[verdict] for verdict in (*VERDICTS, "none yet")))

    if listed:
        print()
        table(["package", "path:line", "rule", "verdict"])
        for (package, path, rule, verdict), lines in rows.items():
            row(f"`{package}`", f"`{path}:{','.join(map(str, sorted(lines)))}`", f"`{rule}`", verdict)


def row(*cells):
    """Prints a row of a Markdown table."""
    print("|", " | ".join(map(str, cells)), "|")


def table(heads):
    """Prints a Markdown table's head."""
    row(*heads)
    print("|" + "---|" * len(heads))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("action", choices=("fetch", "scan"))
    words.add_argument("folder", type=pathlib.Path, metavar="DIR")
    words.add_argument("--only", action="append", choices=SOURCES, help="of this registry only")
    words.add_argument("--leakwarden", default="leakwarden", metavar="PROGRAM")
    words.add_argument("--verdicts", type=pathlib.Path, metavar="DOCUMENT")
    words.add_argument("--list", action="store_true", help="name each likely or certain finding, and its verdict")
    asked = words.parse_args()
    if asked.action == "fetch":
        return fetch(asked.folder, asked.only)
    known = verdicts(asked.verdicts) if asked.verdicts else {}
    tell(scan(asked.folder, asked.leakwarden, asked.only), known, asked.list)


main()
