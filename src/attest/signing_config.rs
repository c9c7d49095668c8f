//! Where to sign: the services of a `signing_config.json`, as Sigstore distributes it and `cosign signing-config create` writes it.

use std::error::Error;

use sigstore_verify::trust_root::{self, SigningConfig as Read};

use crate::attest::rekor::generation::Generation;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// The most bytes of such a file.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// The services that are valid today, of each the one with the highest version that is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningConfig {
    /// The authority that gives certificates out.
    pub fulcio: Option<String>,
    /// The log.
    pub rekor: Option<(String, Generation)>,
    /// Where an authority of timestamps answers.
    pub timestamps: Option<String>,
}

/// It cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("it is not a signing configuration that is known")]
pub struct NotASigningConfig(#[source] Box<dyn Error + Send + Sync>);

impl Diagnostic for NotASigningConfig {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl SigningConfig {
    /// That of Sigstore's public instance, as it was when this release was made.
    ///
    /// # Errors
    /// None that a release has.
    pub fn public_good() -> Result<Self, NotASigningConfig> {
        Self::read(trust_root::SIGSTORE_PRODUCTION_SIGNING_CONFIG.as_bytes())
    }

    /// That of its staging instance.
    ///
    /// # Errors
    /// None that a release has.
    pub fn staging() -> Result<Self, NotASigningConfig> {
        Self::read(trust_root::SIGSTORE_STAGING_SIGNING_CONFIG.as_bytes())
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`NotASigningConfig`].
    pub fn read(json: &[u8]) -> Result<Self, NotASigningConfig> {
        let text = std::str::from_utf8(json).map_err(|error| NotASigningConfig(Box::new(error)))?;
        let read = Read::from_json(text).map_err(|error| NotASigningConfig(Box::new(error)))?;
        let rekor = read
            .rekor_url(None)
            .and_then(|log| Generation::of_api(log.major_api_version).map(|generation| (log.url.clone(), generation)));
        Ok(Self {
            fulcio: read.fulcio_url().map(|service| service.url.clone()),
            rekor,
            timestamps: read.tsa_url().map(|service| service.url.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_each_service_the_valid_one_of_the_highest_version_counts() {
        let service = |url: &str, version: u32, start: &str| json!({ "url": url, "majorApiVersion": version, "validFor": { "start": start }, "operator": "o" });
        let (past, future) = ("2024-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
        let config = json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service("http://fulcio", 1, past)],
            "oidcUrls": [],
            "rekorTlogUrls": [service("http://one", 1, past), service("http://two", 2, past), service("http://later", 2, future), service("http://three", 3, past)],
            "tsaUrls": [service("http://tsa/api/v1/timestamp", 1, past)],
            "rekorTlogConfig": { "selector": "ANY" },
            "tsaConfig": { "selector": "ANY" },
        });
        let read = SigningConfig::read(config.to_string().as_bytes()).unwrap();
        assert_eq!(read.rekor, Some(("http://two".to_owned(), Generation::Second)));
        assert_eq!(read.fulcio.as_deref(), Some("http://fulcio"));
        assert_eq!(read.timestamps.as_deref(), Some("http://tsa/api/v1/timestamp"));
        for known in [SigningConfig::public_good(), SigningConfig::staging()] {
            let known = known.unwrap();
            assert!(known.fulcio.is_some() && known.rekor.is_some() && known.timestamps.is_some(), "{known:?}");
        }
        for no in ["{}", "[]", "", "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v9+json\"}"] {
            assert!(SigningConfig::read(no.as_bytes()).is_err(), "{no}");
        }
    }
}
