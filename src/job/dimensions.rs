//! The digests of all inputs of a scan: what the floor rule and every cache compare.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::canonical::{JsonError, Limits, jcs};
use crate::model::digest::{Digest, DigestRef};
use crate::model::dimension::Dimensions;
use crate::model::manifest::{ClockMode, FileTimes, NetworkMode, ReplayableManifest};

const SCAN_ID_PREFIX: &str = "scan-";
/// Hexadecimal digits of a scan's name.
const SCAN_ID_DIGITS: usize = 16;

/// What the scanner was told: command, flags, variables and the digest of its configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained above")]
pub struct Invocation {
    pub argv: Vec<String>,
    pub flags: Vec<String>,
    pub env_names: Vec<String>,
    pub set_env: BTreeMap<String, String>,
    pub config: Option<Digest>,
}

impl Invocation {
    /// Its digest.
    ///
    /// # Errors
    /// When a value has no canonical form.
    pub fn digest(&self) -> Result<Digest, JsonError> {
        let mut told = json!({ "argv": self.argv, "flags": self.flags, "env_names": self.env_names });
        // Absent, not empty: older recordings keep their digest.
        if !self.set_env.is_empty() {
            told["set_env"] = json!(self.set_env);
        }
        if let Some(config) = self.config {
            told["config"] = json!(config);
        }
        digest_of(&told)
    }
}

/// Everything around the scanner that can be chosen. The kernel is recorded and not part of it: it cannot be swapped.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of the manifest's `environment`")]
pub struct ExecutionEnvironment {
    pub arch: String,
    pub os: String,
    pub tz: String,
    pub locale: String,
    pub network: NetworkMode,
    pub clock: Option<Timestamp>,
    pub runtime: Option<Digest>,
    pub cpu_count: Option<u32>,
    pub seed: Option<u64>,
    pub roots: Vec<String>,
    /// Folders in which programs are looked up first.
    pub path: Vec<String>,
    /// No file was shown as newer than the clock.
    pub file_times_clamped: bool,
    /// What else was chosen, where anything was.
    pub settings: Option<serde_json::Value>,
}

impl ExecutionEnvironment {
    /// Their digest.
    ///
    /// # Errors
    /// When a value has no canonical form.
    pub fn digest(&self) -> Result<Digest, JsonError> {
        let mut value = json!({
            "arch": self.arch,
            "os": self.os,
            "tz": self.tz,
            "locale": self.locale,
            "network": self.network,
            "clock": self.clock,
            "runtime": self.runtime,
            "cpu_count": self.cpu_count,
            // A text: a seed may be larger than 2^53.
            "seed": self.seed.map(|seed| seed.to_string()),
            "roots": self.roots,
        });
        // Only where something was chosen: the digests of all that was recorded without it stay.
        if !self.path.is_empty() {
            value["path"] = json!(self.path);
        }
        if self.file_times_clamped {
            value["file_times"] = json!("clamped");
        }
        if let Some(settings) = &self.settings {
            value["settings"] = settings.clone();
        }
        digest_of(&value)
    }
}

/// The dimensions of a recording.
///
/// # Errors
/// When a value of the manifest has no canonical form.
pub fn of_manifest(manifest: &ReplayableManifest) -> Result<Dimensions, JsonError> {
    let written = manifest.manifest();
    let (scanner, environment) = (&written.scanner, &written.environment);
    let invocation = Invocation {
        argv: scanner.argv.clone(),
        flags: scanner.flags.clone(),
        env_names: scanner.env_names.clone(),
        set_env: scanner.set_env.clone(),
        config: manifest.config.map(|config| config.identity),
    };
    let environment = ExecutionEnvironment {
        arch: environment.arch.clone(),
        os: environment.os.clone(),
        tz: environment.tz.clone(),
        locale: environment.locale.clone(),
        network: environment.network,
        clock: (environment.clock_mode == ClockMode::Frozen).then_some(manifest.clock),
        runtime: environment.runtime_digest.as_ref().and_then(DigestRef::resolved),
        cpu_count: environment.cpu_count,
        seed: environment.seed,
        roots: environment.roots.clone(),
        path: environment.path.clone(),
        file_times_clamped: environment.file_times == Some(FileTimes::Clamped),
        settings: None,
    };
    let feeds = manifest.feeds.iter().map(|feed| (feed.name.clone(), feed.archive.identity)).collect();
    Ok(Dimensions {
        input: Some(manifest.input.identity),
        scanner: Some(manifest.scanner.identity),
        config: Some(invocation.digest()?),
        feed: feeds_digest(&feeds)?,
        policy: manifest.policy.map(|policy| policy.identity),
        environment: Some(environment.digest()?),
    })
}

/// One digest for several feeds, by name; that of the only one where there is one.
///
/// # Errors
/// When a value has no canonical form.
pub fn feeds_digest(feeds: &BTreeMap<String, Digest>) -> Result<Option<Digest>, JsonError> {
    match feeds.len() {
        0 => Ok(None),
        1 => Ok(feeds.values().next().copied()),
        _ => digest_of(&json!(feeds)).map(Some),
    }
}

/// Whether the manifest that a name stands in has a seal: the name says so, so that a seal that was taken away is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Every recording of today.
    Sealed,
    /// Those from before there were seals, and for a while after.
    Either,
}

/// The name of a scan, derived from its inputs, its outputs and the instant at which it was recorded.
///
/// # Errors
/// When a value has no canonical form.
pub fn scan_id(
    inputs: &Dimensions,
    outputs: &[Digest],
    created_at: Timestamp,
    named: Named,
) -> Result<String, JsonError> {
    let mut of = json!({ "inputs": inputs.known(), "outputs": outputs, "created_at": created_at });
    if let (Named::Sealed, Some(of)) = (named, of.as_object_mut()) {
        of.insert("sealed".to_owned(), true.into());
    }
    let id = digest_of(&of)?;
    Ok(format!("{SCAN_ID_PREFIX}{}", &id.hex()[..SCAN_ID_DIGITS]))
}

/// Whether a text has the form of a name that [`scan_id`] derives; other programs may name their scans otherwise.
pub fn is_derived_id(id: &str) -> bool {
    id.strip_prefix(SCAN_ID_PREFIX).is_some_and(|hex| {
        hex.len() == SCAN_ID_DIGITS && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// SHA-256 of the canonical JSON of `value`.
///
/// # Errors
/// When it has no canonical form: a number that is not a double, a text that is not Unicode.
pub fn digest_of(value: &serde_json::Value) -> Result<Digest, JsonError> {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    Ok(Digest::of(&jcs::canonicalize(&bytes, &Limits::default())?))
}
