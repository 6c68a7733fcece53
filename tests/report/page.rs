//! The page of a report, in a real browser where there is one: its headings, that nothing is fetched from
//! elsewhere, that it is well formed, and that nothing a record says becomes markup.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use leakwarden::ledger::record::{ByException, Noted, Place, Tally, VERSION};
use leakwarden::ledger::summary::{Period, Summary, summary};
use leakwarden::ledger::{Entry, Event, Record, page, text};
use leakwarden::level::{Confidence, Severity};

const PEOPLE: [&str; 7] = [
    "Ada Lovelace <ada@example.org>",
    "<script>document.title='taken'</script> <mallory@example.org>",
    "O'Brien \"Bob\" & Sons <bob@example.org>",
    "\u{202e}gro.elpmaxe@eve <eve@example.org>",
    "مريم <maryam@example.org>",
    "Esc\u{1b}[2J\u{7}\u{0} <esc@example.org>",
    "A very long name without a single blank in it anywhere at all: Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch <l@example.org>",
];

const REPOSITORIES: [&str; 5] = [
    "/home/ada/src/shop",
    "/home/ada/src/<img src=x onerror=alert(1)>",
    "/srv/\"quoted\" 'repo'",
    "/src/\u{202e}evil",
    "/src/a/b/c/d/e/f/g/h/i/j/k/l/m/infrastructure-as-code",
];

const RULES: [&str; 5] =
    ["aws-access-key-id", "github-token", "<b>own-rule</b>", "generic-password", "stripe-secret-key"];

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// Numbers that look drawn and are the same in every run (the constants are Knuth's, of MMIX).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

fn noted(draw: &mut Draw) -> Noted {
    Noted {
        rule: draw.of(&RULES).to_owned(),
        severity: SEVERITIES[draw.below(4)],
        confidence: Confidence::Likely,
        path: draw.of(&["config/.env", "src/<a href=\"https://example.org/x\">.py", "Ünïcode/ключ.pem"]).to_owned(),
        line: draw.below(400) as u32 + 1,
        secret: format!("p{}", draw.below(60)),
        exception: None,
    }
}

/// Some hundred records of nine months, ending on 22 November 2026.
pub fn records() -> Vec<Record> {
    let end: jiff::Timestamp = END.parse().expect("a time");
    let mut draw = Draw(7);
    let mut all = Vec::new();
    let mut open: Vec<(String, jiff::Timestamp)> = Vec::new();
    let number = 640;
    for seq in 1..=number {
        let time = end - jiff::SignedDuration::from_mins((number - seq) as i64 * 600 + draw.below(500) as i64);
        let clone = draw.below(REPOSITORIES.len());
        let mut entry = Entry {
            host: "laptop-<7>".to_owned(),
            os_user: "ada".to_owned(),
            who: Some(draw.of(&PEOPLE).to_owned()),
            repository: Some(Place { path: REPOSITORIES[clone].to_owned(), clone: format!("c{clone}") }),
            findings: vec![noted(&mut draw)],
            ..Entry::default()
        };
        match draw.below(12) {
            0..=3 => entry.event = Event::Blocked,
            4..=5 => {
                entry.event = Event::Excepted;
                let days = draw.below(400) as i64 - 60;
                let last = end.to_zoned(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(days));
                entry.findings[0].exception = Some(ByException {
                    how: draw.of(&["file", "file", "inline"]).to_owned(),
                    id: format!("e{}", draw.below(40)),
                    kind: draw.of(&["test-value", "false-positive", "fix-later", "<i>kind</i>"]).to_owned(),
                    reason: "a sample </td><script>alert(2)</script> of the docs".to_owned(),
                    expires: (draw.below(5) > 0).then(|| last.to_string()),
                });
            }
            6 => {
                entry.event = Event::Skipped;
                entry.commit = Some(format!("{seq:040x}"));
                entry.how = Some(draw.of(&["no-verify", "rebase", "cherry-pick"]).to_owned());
            }
            7..=8 => {
                entry.event = Event::Unscanned;
                entry.findings.clear();
                let skipped = draw.below(2) as u64;
                entry.commits =
                    Some(Tally { scanned: draw.below(40) as u64, unscanned: draw.below(4) as u64, skipped });
            }
            9 => {
                entry.event = Event::ExposureOpened;
                entry.exposure = Some(format!("x{seq}"));
                open.push((format!("x{seq}"), time));
            }
            _ if open.len() > 9 => {
                let (id, opened) = open.remove(draw.below(open.len()));
                entry.event = Event::ExposureClosed;
                entry.exposure = Some(id);
                entry.opened = Some(opened.to_string());
                entry.how = Some(draw.of(&["revoked", "revoked", "not-a-secret", "removed"]).to_owned());
            }
            _ => {
                if let Some((id, _)) = open.last() {
                    entry.event = Event::ExposureAssigned;
                    entry.exposure = Some(id.clone());
                    entry.text = Some(draw.of(&PEOPLE).to_owned());
                }
            }
        }
        let (ledger, prev) = ("k3f9a2b7".to_owned(), String::new());
        all.push(Record { v: VERSION, ledger, seq: seq as u64, time: time.to_string(), prev, torn: None, entry });
    }
    all
}

const END: &str = "2026-11-22T12:00:00Z";

fn numbers(records: &[Record], from: Option<&str>) -> Summary {
    let from = from.map(|from| from.parse().expect("a time"));
    summary(records, Period { from, until: END.parse().expect("a time") })
}

fn rotate() -> BTreeMap<String, String> {
    let rule = |id: &str, url: &str| (id.to_owned(), url.to_owned());
    BTreeMap::from([
        rule("github-token", "https://example.org/tokens?a=1&b=\"2\""),
        rule("aws-access-key-id", "javascript:alert(3)"),
    ])
}

fn page_of(records: &[Record]) -> String {
    page::render(&numbers(records, None), &rotate())
}

/// Fails where a tag is not closed, or closed by another one; gives all tags with their attributes.
fn tags(page: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let style = page.find("<style>").map(|at| at + 7).zip(page.find("</style>"));
    let text = style.map_or_else(|| page.to_owned(), |(from, to)| format!("{}{}", &page[..from], &page[to..]));
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').find(|name| !name.is_empty()).expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed: {tag}");
        } else if !tag.starts_with('!') {
            all.push(tag.to_owned());
            if !tag.ends_with('/') && name != "meta" {
                open.push(name.to_owned());
            }
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    all
}

/// What a page must and must not hold, whoever made it: the renderer or a browser's own tree.
fn holds(page: &str) {
    for heading in [
        "In short",
        "Open exposures",
        "Week by week",
        "Commits",
        "Repositories",
        "Exceptions",
        "Closed exposures",
        "Rules",
    ] {
        assert!(page.contains(&format!(">{heading}</h2>")), "there is no heading `{heading}`");
    }
    let all = tags(page);
    for tag in &all {
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        assert!(!["script", "img", "link", "iframe", "object", "embed", "b", "i"].contains(&name), "<{tag}>");
        assert!(!tag.contains(" src=") && !tag.contains(" onload=") && !tag.contains(" onerror="), "<{tag}>");
        if let Some((_, rest)) = tag.split_once(" href=\"") {
            assert!(name == "a" && rest.starts_with("https://example.org/tokens?a=1&amp;b=&quot;2&quot;\""), "<{tag}>");
        }
    }
    assert!(
        all.iter().filter(|tag| tag.starts_with("th scope=") || tag.starts_with("th class")).count() > 50,
        "headers have a scope"
    );
    let count = |name: &str| all.iter().filter(|tag| tag.split(' ').next() == Some(name)).count();
    assert_eq!(count("table"), count("caption"));
    assert_eq!(count("svg"), count("desc"));
    assert!(!page.contains(['\u{202e}', '\u{1b}', '\u{7}', '\0']), "control characters");
}

/// A browser, in the order in which they are looked for.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let mut folders = std::env::split_paths(&path).collect::<Vec<_>>().into_iter();
    folders.find_map(|folder| names.iter().map(|name| folder.join(name)).find(|path| path.is_file()))
}

fn in_browser(browser: &Path, folder: &Path, page: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(browser);
    // No sandbox of its own: it cannot have one as root of a container, and the page is ours.
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    // What it looks for on its own account would only be noise.
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.args(arguments).arg(format!("file://{}", page.display()));
    command
}

#[test]
fn the_page_is_well_formed_and_holds_no_markup_of_others() {
    let records = records();
    let page = page_of(&records);
    holds(&page);
    assert!(page.contains("&lt;script&gt;document.title"), "odd names are shown");
    tags(&page_of(&[]));
    tags(&page_of(&records[..3]));
    // Pages to look at: LEAKWARDEN_TEST_PAGES=folder.
    if let Some(folder) = std::env::var_os("LEAKWARDEN_TEST_PAGES").map(PathBuf::from) {
        page::write(&folder.join("full.html"), &page).expect("it can be written");
        page::write(&folder.join("empty.html"), &page_of(&[])).expect("it can be written");
        page::write(&folder.join("few.html"), &page_of(&records[..9])).expect("it can be written");
        std::fs::write(folder.join("report.txt"), text::render(&numbers(&records, None))).expect("it can be written");
    }
}

#[test]
fn a_browser_shows_the_page_and_fetches_nothing() {
    let Some(browser) = browser() else {
        let _ = writeln!(std::io::stderr(), "skipped: no chromium, chromium-browser or google-chrome is on PATH");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    page::write(&path, &page_of(&records())).expect("it can be written");
    let log = folder.path().join("net.json");
    let net = format!("--log-net-log={}", log.display());
    let output = in_browser(&browser, folder.path(), &path, &["--dump-dom", &net]).output().expect("the browser runs");
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(dom.contains("<title>leakwarden: "), "the title is ours: {}", &dom[..dom.len().min(400)]);
    holds(&dom);
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(log.len() > 1000, "the log of what it fetched is there");
    assert!(!log.contains("example.org"), "the browser looked for something that the page names");
}

#[test]
fn the_text_is_aligned_and_safe_for_terminals() {
    let text = text::render(&numbers(&records(), Some("2026-08-01T00:00:00Z")));
    assert!(!text.contains(['\u{202e}', '\u{1b}', '\0']), "{text}");
    assert!(text.lines().count() < 60, "{text}");
    for part in
        ["commits", "  skipped the scan", "exposures open", "open exposures", "exceptions that ended or end soon"]
    {
        assert!(text.lines().any(|line| line.starts_with(part)), "`{part}` is missing:\n{text}");
    }
    let empty = text::render(&numbers(&[], None));
    assert!(empty.contains("no records in this time"), "{empty}");
}

#[test]
fn the_json_says_the_same_numbers() {
    let numbers = numbers(&records(), None);
    let value = serde_json::to_value(&numbers).expect("plain data");
    assert_eq!(value["version"], 1);
    assert_eq!(value["exposures"]["open"].as_array().map(Vec::len), Some(numbers.exposures.open.len()));
    assert_eq!(value["commits"]["scanned"], numbers.commits.tally.scanned);
    assert_eq!(value["events"]["blocked"], numbers.events["blocked"]);
}
