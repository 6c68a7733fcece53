//! What is taken apart: tokens, keys, hashes, codes, URLs, and the checksums. The first byte chooses, the
//! last line may be the key.

#![no_main]

use leakwarden::finding::{Confidence, Severity};
use leakwarden::rules::filters::{Match, Place, Steps, judge};
use leakwarden::rules::syntax::{Checksum, RuleSource, Structure};
use leakwarden::rules::{Rule, checksum};
use leakwarden_fuzz::plant;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const STRUCTURES: [Structure; 19] = [
    Structure::Pem,
    Structure::Jwt,
    Structure::AwsKeyId,
    Structure::Macaroon,
    Structure::BasicAuth,
    Structure::Base64Json,
    Structure::UrlPassword,
    Structure::Password,
    Structure::CommandPassword,
    Structure::Random,
    Structure::Issued,
    Structure::TotpSeed,
    Structure::SeedWords,
    Structure::RecoveryCodes,
    Structure::PasswordHash,
    Structure::AzureSas,
    Structure::PrivateKeyDer,
    Structure::Base64Pem,
    Structure::Jwk,
];

const CHECKSUMS: [Checksum; 8] = [
    Checksum::GitlabRoutable,
    Checksum::AzureHisv2,
    Checksum::AzureMarvin,
    Checksum::AzureAad,
    Checksum::AzureDevops,
    Checksum::Grafana,
    Checksum::Confluent,
    Checksum::Nkey,
];

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rule = |structure: &Structure| {
        let text = "id = 'any-thing'\nprovider = 'Any'\nname = 'thing'\nseverity = 'high'\nrotate = 'https://example.com'\n\
                    keywords = ['any']\npattern = '(?P<secret>any.*)'\nexamples = ['any']\n";
        let mut source: RuleSource = leakwarden::document::parse(text).expect("a rule");
        source.structure = Some(*structure);
        Rule::new(source).expect("a rule that compiles")
    };
    STRUCTURES.iter().map(rule).collect()
});

fuzz_target!(|data: &[u8]| {
    let (&choice, rest) = data.split_first().unwrap_or((&0, b""));
    let rule = &RULES[usize::from(choice) % RULES.len()];
    let text = plant::text(rest);
    let end = text.iter().rposition(|&b| b == b'\n').unwrap_or(text.len());
    let key = text.get(end + 1..).filter(|own| !own.is_empty());
    let (before, secret) = text[..end].split_at(end.min(usize::from(choice) / 32));
    let place = Place { path: b"app.conf", before, after: b"\n" };
    let found = Match { secret, whole: &text[..end], key, quoted: choice & 1 == 1, free: true, place };
    let (mut steps, mut quiet) = (Steps::new(true), Steps::default());
    let verdict = judge(rule, &found, &mut steps);
    assert_eq!(verdict, judge(rule, &found, &mut quiet), "the same whether or not it is written down");
    assert!(steps.taken().iter().all(|step| step.kept) == verdict.is_ok(), "the steps tell of the verdict");
    if let Ok(own) = verdict {
        assert!(own.confidence >= Confidence::Possible && own.severity >= Severity::Low);
    }
    for sum in CHECKSUMS {
        checksum::verify(sum, secret);
    }
});
