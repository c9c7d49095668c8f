//! The fields of ScanManifest v1, as they stand in the JSON document.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::model::artifact::{ArtifactFormat, ArtifactType, ProfileName};
use crate::model::digest::{Digest, DigestRef};
use crate::model::manifest::number;
use crate::model::result::Isolation;

/// Fields that this version does not know: kept as they are and written back.
type Extra = BTreeMap<String, Value>;

/// A scan with everything it depended on, as read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScanManifest {
    /// `major.minor`; this reader takes any `1.x`.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub manifest_version: String,
    /// Unique name of the scan.
    pub scan_id: String,
    /// When it ran, RFC 3339 in UTC.
    pub created_at: Timestamp,
    /// What was scanned.
    pub input: Input,
    /// The program that scanned.
    pub scanner: Scanner,
    /// The advisories it read.
    pub feeds: Feeds,
    /// The rules that decided.
    pub policy: PolicyRef,
    /// Everything around it.
    pub environment: Environment,
    /// How results are made comparable.
    pub normalization: Normalization,
    /// What came out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactRecord>,
    /// Free labels: `ecosystem`, `base_os`, `tier`, `project`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// SHA-256 of the canonical JSON of this document without this field: a checksum against accidents and careless edits,
    /// not a signature. Absent in older recordings, and where another program wrote it.
    #[serde(default, deserialize_with = "Seal::present", skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What stands where the checksum of a manifest belongs: whatever it is, a manifest that holds it can be read, for that tells
/// that it was edited.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Seal(Value);

impl Seal {
    /// The digest; `None` where something else stands there.
    pub fn digest(&self) -> Option<Digest> {
        self.0.as_str()?.parse().ok()
    }

    /// `null` too is something.
    fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Value::deserialize(deserializer).map(|value| Some(Self(value)))
    }
}

impl From<Digest> for Seal {
    fn from(digest: Digest) -> Self {
        Self(Value::String(digest.to_string()))
    }
}

impl JsonSchema for Seal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Digest::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Digest::json_schema(generator)
    }
}

/// What kind of thing was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum InputType {
    OciImage,
    Directory,
    Sbom,
    Lockfile,
    File,
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Its kind.
    #[serde(rename = "type")]
    pub input_type: InputType,
    /// Image reference with digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_ref: Option<String>,
    /// Digests of the image's layers, lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<DigestRef>,
    /// Where its source came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_provenance: Option<SourceProvenance>,
    /// SHA-256 of the file, or the content digest of the directory's deterministic tar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestRef>,
    /// SHA-256 of the blob that holds a directory's archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_digest: Option<DigestRef>,
    /// Where the scanner saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where its bytes may be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where the input's source came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceProvenance {
    /// Commit of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_sha: Option<String>,
    /// Id of the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How the scanner is packaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScannerKind {
    /// An OCI image.
    Image,
    /// One executable file.
    Binary,
    /// A directory with everything the scanner needs.
    Tree,
    /// All that a run of the scanner read of its machine, the system that it ran on included.
    Closure,
    /// The scanner inside stella.
    BuiltIn,
}

/// The program that scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scanner {
    /// Name of the engine.
    pub engine: String,
    /// How it is packaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ScannerKind>,
    /// Digest of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanner_image_digest: Option<DigestRef>,
    /// Digest of its executable or tree; for the built-in scanner, of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanner_binary_digest: Option<DigestRef>,
    /// SHA-256 of the blob that holds a tree's archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_digest: Option<DigestRef>,
    /// SHA-256 of the listing of its closure, which names every file of it by its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure_digest: Option<DigestRef>,
    /// Its version, as it calls itself.
    pub scanner_version: String,
    /// Digest of its configuration: of the file, or the content digest of the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<DigestRef>,
    /// SHA-256 of the blob that holds the archive of a configuration that is a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_bundle_digest: Option<DigestRef>,
    /// Where the configuration is mounted. Without it the digest is known and the bytes are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_path: Option<String>,
    /// Its flags.
    #[serde(default)]
    pub flags: Vec<String>,
    /// The whole command, with places (`{input}`, `{feed}`, …) for what is mounted. Redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub argv: Vec<String>,
    /// Names of the environment variables that were passed. Values are never recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_names: Vec<String>,
    /// Variables that the command sets for itself, as an adapter has them, with places for what is mounted. Redacted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_env: BTreeMap<String, String>,
    /// Exit codes that mean that it ran well.
    #[serde(default, deserialize_with = "number::all_nearest", skip_serializing_if = "Vec::is_empty")]
    pub expected_exit_codes: Vec<i32>,
    /// Where it may be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Scanner {
    /// The digest that names the program, whatever its packaging.
    pub fn digest(&self) -> Option<&DigestRef> {
        let file = self.scanner_binary_digest.as_ref().or(self.scanner_image_digest.as_ref());
        file.or(self.closure_digest.as_ref())
    }
}

/// The advisories that were read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Feeds {
    /// The vulnerability feed's bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vuln_feed_bundle_digest: Option<DigestRef>,
    /// The licence database; may be null.
    #[serde(default)]
    pub license_db_digest: Option<DigestRef>,
    /// Every feed by name, where a scan uses several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundles: Vec<FeedBundleRef>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeedBundleRef {
    /// Its name, e.g. `osv`.
    pub name: String,
    /// SHA-256 of the archive.
    pub digest: DigestRef,
    /// SHA-256 of the uncompressed, deterministic tar: what identity means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_digest: Option<DigestRef>,
    /// Where it may be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The rules that decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRef {
    /// SHA-256 of the policy bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_bundle_digest: Option<DigestRef>,
    /// SHA-256 of its uncompressed, deterministic tar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_content_digest: Option<DigestRef>,
    /// Name of the rule set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_set: Option<String>,
    /// Commit that the rules were taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where it may be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether the scanner could reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum NetworkMode {
    Enabled,
    Disabled,
}

/// Which times of files a scanner saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileTimes {
    /// Those of the file system: of what it wrote itself the machine's.
    Machine,
    /// None after the frozen clock.
    Clamped,
}

/// What the scanner's clock did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// It stood at `clock_value`.
    Frozen,
    /// It ran; `clock_value` is its value at the start.
    Real,
}

/// Everything around the scanner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// `amd64`, `arm64`, …
    pub arch: String,
    /// `linux`, …
    pub os: String,
    /// Time zone.
    pub tz: String,
    /// Locale.
    pub locale: String,
    /// Network, as it was at recording.
    pub network: NetworkMode,
    /// Clock, as it was at recording.
    pub clock_mode: ClockMode,
    /// The clock's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_value: Option<Timestamp>,
    /// Fingerprint of the system roots that were mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_digest: Option<DigestRef>,
    /// How the fingerprint was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_source: Option<String>,
    /// Folders of the machine that the scanner saw at their own path, beside the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// Folders in which programs were looked up before the system's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// Seconds after which the run was to be ended, where that was chosen.
    #[serde(default, deserialize_with = "number::nearest", skip_serializing_if = "Option::is_none")]
    pub time_limit_seconds: Option<u32>,
    /// MiB of memory that the scanner could use, where that was chosen.
    #[serde(default, deserialize_with = "number::nearest", skip_serializing_if = "Option::is_none")]
    pub memory_limit_mib: Option<u32>,
    /// Which times of files the scanner saw; absent where it saw the file system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_times: Option<FileTimes>,
    /// CPUs that the scanner saw.
    #[serde(default, deserialize_with = "number::nearest", skip_serializing_if = "Option::is_none")]
    pub cpu_count: Option<u32>,
    /// Kernel release: recorded, it cannot be swapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Seed of all randomness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The level of isolation that was reached; absent for a scan inside stella's own process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// SHA-256 of what the sandbox saw of the scan, kept as a blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_digest: Option<DigestRef>,
    /// Versions of tools that the scanner uses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub toolchain_versions: BTreeMap<String, String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How results are made comparable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Normalization {
    /// Version of the output rules of the canonicaliser.
    pub canonicalizer_version: String,
    /// e.g. `cyclonedx-1.6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom_schema: Option<String>,
    /// e.g. `cyclonedx-vex-1.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex_schema: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One artifact that came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactRecord {
    /// What it is for.
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// Its file name in the artifacts' directory.
    pub path: String,
    /// The format of its bytes.
    pub format: ArtifactFormat,
    /// The profile under which it is compared, where it is not that of the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// SHA-256 of the bytes as written.
    pub raw_sha256: Digest,
    /// SHA-256 of the canonical bytes.
    pub canonical_sha256: Digest,
    /// Digest of the profile under which they were made.
    pub profile_digest: Digest,
    /// Where the scanner left it: `-` for its standard output, a path relative to its working directory, or one below
    /// `{out}`. Absent where stella itself wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where it may be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Fields of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}
