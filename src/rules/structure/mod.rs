//! Structures that can be taken apart offline: what is inside a value proves, lowers or refutes it.

mod codes;
mod keys;
mod tokens;
mod url;

use super::filters::{Dropped, Match, Verdict};
use super::likelihood;
use super::syntax::Structure;
use crate::level::Confidence;

/// Looks into a match.
///
/// # Errors
/// Why the match is no finding.
pub fn inspect(kind: Structure, found: &Match<'_>, verdict: &mut Verdict) -> Result<(), Dropped> {
    match kind {
        Structure::Pem => keys::pem(found, verdict),
        Structure::PrivateKeyDer => keys::private_key_der(found, verdict),
        Structure::Base64Pem => keys::base64_pem(found, verdict),
        Structure::Jwk => keys::jwk(found, verdict),
        Structure::Jwt => tokens::jwt(found, verdict),
        Structure::AwsKeyId => tokens::aws_key_id(found, verdict),
        Structure::Macaroon => tokens::macaroon(found, verdict),
        Structure::BasicAuth => tokens::basic_auth(found, verdict),
        Structure::Base64Json => tokens::base64_json(found, verdict),
        Structure::AzureSas => tokens::azure_sas(found, verdict),
        Structure::TotpSeed => codes::totp_seed(found, verdict),
        Structure::RecoveryCodes => codes::recovery_codes(found, verdict),
        Structure::PasswordHash => codes::password_hash(found, verdict),
        Structure::UrlPassword => url::url_password(found, verdict),
        Structure::Password => likelihood::password(found, verdict),
        Structure::CommandPassword => likelihood::command_password(found, verdict),
        Structure::Random => likelihood::random(found, verdict),
        Structure::SeedWords => codes::seed_words(found, verdict),
        Structure::Issued => likelihood::issued(found, verdict),
    }
}

fn certain(verdict: &mut Verdict, reason: impl Into<String>) {
    verdict.confidence = Confidence::Certain;
    verdict.reasons.push(reason.into());
}
