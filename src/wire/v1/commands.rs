//! What commands print with `--format json`, beside the result of a run: one versioned type each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::change::accepted::Accepted;
use crate::model::change::approval::ChangeKey;
use crate::model::diagnosis::{Diagnosis, LevelState};
use crate::model::digest::Digest;
use crate::model::manifest::ArtifactRecord;
use crate::report::accept_phrases;
use crate::wire::schema_name::schema_name;
use crate::wire::v1::base::ChangeKeyV1;
use crate::wire::v1::diff_summary::DiffSummaryDocument;
use crate::wire::v1::words::{Isolation, Level};

schema_name!(RecordingSchema = "stella.recording/1");
schema_name!(DiffSchema = "stella.diff/1");
schema_name!(AdaptersSchema = "stella.adapters/1");
schema_name!(ManifestValidationSchema = "stella.manifest-validation/1");
schema_name!(InitSchema = "stella.init/1");
schema_name!(AcceptSchema = "stella.accept/1");
schema_name!(ImageInfoSchema = "stella.image-info/1");
schema_name!(FeedBundleInfoSchema = "stella.feed-bundle-info/1");
schema_name!(AttestSchema = "stella.attest/1");
schema_name!(SubmitSchema = "stella.submit/1");
schema_name!(VerifySchema = "stella.verify/1");
schema_name!(KeySchema = "stella.key/1");
schema_name!(DoctorSchema = "stella.doctor/1");

/// `stella scan`
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordingV1 {
    /// `stella.recording/1`
    pub schema: RecordingSchema,
    /// The manifest's file.
    pub manifest: String,
    /// SHA-256 of its canonical JSON.
    pub manifest_sha256: Digest,
    /// Id of the scan.
    pub scan_id: String,
    /// What came out.
    pub artifacts: Vec<ArtifactRecord>,
    /// Exit code of the scanner.
    pub exit_code: i32,
    /// Things to know.
    pub notes: Vec<String>,
}

/// `stella diff`
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiffV1 {
    /// `stella.diff/1`
    pub schema: DiffSchema,
    /// The level that was asked for.
    pub mode: Level,
    /// Whether the two agree at it.
    pub same: bool,
    /// All three verdicts.
    pub levels: LevelsV1,
    /// Things to know that are not a failure: what could not be read, and why.
    pub notes: Vec<String>,
    /// The parts of each artifact that count in the bytes alone, because nobody reads what they mean.
    pub not_compared: BTreeMap<String, Vec<String>>,
    /// What differs.
    pub diff_summary: DiffSummaryDocument,
}

/// The three verdicts; null is *not applicable*.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "bitwise, semantic, policy")]
pub struct LevelsV1 {
    pub bf: Option<bool>,
    pub sf: Option<bool>,
    pub pf: Option<bool>,
}

/// `stella adapter list`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdaptersV1 {
    /// `stella.adapters/1`
    pub schema: AdaptersSchema,
    /// Sorted by name.
    pub adapters: Vec<AdapterV1>,
}

/// A scanner that stella knows how to run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AdapterV1 {
    /// Its name.
    pub name: String,
    /// What it is.
    pub summary: String,
    /// The release that it was recorded and replayed with; null where it was not run.
    pub verified: Option<String>,
    /// What it can write.
    pub outputs: Vec<String>,
    /// The output that is taken where none is asked for.
    pub default_output: String,
    /// The feed that it reads, in words; null where it takes none.
    pub feed: Option<String>,
    /// The configuration that it reads, in words; null where it takes none.
    pub config: Option<String>,
}

/// `stella manifest validate`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManifestValidationV1 {
    /// `stella.manifest-validation/1`
    pub schema: ManifestValidationSchema,
    /// One entry per file, in the order given.
    pub manifests: Vec<ManifestStateV1>,
}

/// One manifest.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManifestStateV1 {
    /// The file.
    pub file: String,
    /// `replayable`, `not-replayable`, `edited` or `unreadable`
    pub state: &'static str,
    /// Every reason.
    pub problems: Vec<String>,
}

/// `stella init`
#[derive(Debug, Serialize, JsonSchema)]
pub struct InitV1 {
    /// `stella.init/1`
    pub schema: InitSchema,
    /// The inventory that the first case is made of; null where the repository has none.
    pub inventory: Option<String>,
    /// Files that were written.
    pub written: Vec<String>,
    /// Files that were there already.
    pub kept: Vec<String>,
}

/// `stella accept`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AcceptV1 {
    /// `stella.accept/1`
    pub schema: AcceptSchema,
    /// What names all changes that are open: `--exactly` takes it.
    pub exactly: Digest,
    /// The changes that were chosen.
    pub changes: Vec<AcceptableV1>,
    /// How many entries were written.
    pub written: u64,
    /// Cases and canaries that differ from themselves, which cannot be approved.
    pub flaky: Vec<String>,
    /// What the checkout changes of the base and nobody can approve, in words.
    pub refused: Vec<String>,
    /// Cases and canaries that were recorded anew.
    pub recorded: Vec<String>,
}

impl From<&Accepted> for AcceptV1 {
    fn from(accepted: &Accepted) -> Self {
        let change = |key: &ChangeKey| AcceptableV1 {
            change: key.into(),
            detail: accept_phrases::detail(accepted, key),
            takes_back: accepted.takes_back(key).is_some(),
        };
        Self {
            schema: AcceptSchema,
            exactly: accepted.exactly,
            changes: accepted.chosen.iter().map(change).collect(),
            written: accepted.written.len() as u64,
            flaky: accepted.flaky.clone(),
            refused: accepted.refused.iter().map(|change| format!("{}: {}", change.key.of, change.detail)).collect(),
            recorded: accepted.recorded.clone(),
        }
    }
}

/// A change that can be approved.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AcceptableV1 {
    /// The change.
    pub change: ChangeKeyV1,
    /// The same in words, or the cause of the difference, which is shown and not matched.
    pub detail: String,
    /// It takes back what an earlier entry approved.
    pub takes_back: bool,
}

/// `stella image inspect` and `stella image unpack`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImageInfoV1 {
    /// `stella.image-info/1`
    pub schema: ImageInfoSchema,
    /// The image as a manifest names it: its name where it has one, and its digest.
    pub image: String,
    /// SHA-256 of its manifest: its identity.
    pub digest: Digest,
    /// `OS/ARCHITECTURE[/VARIANT]`, by its own configuration.
    pub platform: String,
    /// SHA-256 of its configuration.
    pub config_digest: Digest,
    /// Its layers, lowest first.
    pub layers: Vec<ImageLayerV1>,
    /// The variables that it wants, as `NAME=VALUE`.
    pub env: Vec<String>,
    /// The command that it wants to be run with: entrypoint, then arguments.
    pub command: Vec<String>,
    /// Where that command starts.
    pub working_dir: String,
    /// Its root filesystem, where it was unpacked.
    pub rootfs: Option<ImageRootFsV1>,
}

/// One layer of an image.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImageLayerV1 {
    /// SHA-256 of its blob.
    pub digest: Digest,
    /// Bytes of its blob.
    pub size: u64,
    /// How it is packed.
    pub media_type: String,
    /// SHA-256 of its tar stream.
    pub diff_id: Digest,
}

/// An unpacked image.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImageRootFsV1 {
    /// The folder that is `/`.
    pub path: String,
    /// SHA-256 over its paths, types, modes, link targets and contents.
    pub content_digest: Digest,
    /// What of the image was not kept.
    pub notes: Vec<String>,
}

/// `stella feed build` and `stella feed verify`
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeedBundleInfoV1 {
    /// `stella.feed-bundle-info/1`
    pub schema: FeedBundleInfoSchema,
    /// The bundle's file.
    pub bundle: String,
    /// SHA-256 of the archive: its name.
    pub digest: Digest,
    /// SHA-256 of its uncompressed, deterministic tar: its identity.
    pub content_digest: Digest,
    /// How many records are in it.
    pub records: usize,
}

/// `stella key generate` and `stella key public`
#[derive(Debug, Serialize, JsonSchema)]
pub struct KeyV1 {
    /// `stella.key/1`
    pub schema: KeySchema,
    /// The signature scheme: `ecdsa-p256` or `ed25519`.
    pub algorithm: String,
    /// The public key, in PEM.
    pub public_key: String,
    /// SHA-256 of its DER `SubjectPublicKeyInfo`, by which bundles and logs name it.
    pub digest: Digest,
    /// Where the private key was written; null where none was made.
    pub private_key_file: Option<String>,
    /// Where the public key was written; null where it was not.
    pub public_key_file: Option<String>,
}

/// `stella attest`
#[derive(Debug, Serialize, JsonSchema)]
pub struct AttestV1 {
    /// `stella.attest/1`
    pub schema: AttestSchema,
    /// The gate that the run was judged by.
    pub gate: String,
    /// What it says: `green`, `warn`, `insufficient` or `fail`.
    pub verdict: String,
    /// SHA-256 of the public key that signed; null where nothing was signed, or by a certificate.
    pub key: Option<Digest>,
    /// Why nothing was signed where that is as it should be, as for a pull request of a fork: `fork`. Else null.
    pub skipped: Option<String>,
    /// One for each file and predicate.
    pub attestations: Vec<AttestationV1>,
}

/// What is said of one file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AttestationV1 {
    /// The name of the file.
    pub artifact: String,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// What kind of thing is said.
    pub predicate_type: String,
    /// Where the signed statement was written; null where nothing was signed.
    pub file: Option<String>,
    /// The in-toto statement.
    pub statement: serde_json::Value,
}

/// `stella verify`
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifyV1 {
    /// `stella.verify/1`
    pub schema: VerifySchema,
    /// SHA-256 of the file that the statements are of.
    pub digest: Digest,
    /// What is said of it by a trusted key; there is a document only where all of them verify.
    pub statements: Vec<VerifiedStatementV1>,
}

/// A verified statement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VerifiedStatementV1 {
    /// The file of the bundle or envelope.
    pub bundle: String,
    /// SHA-256 of the public key that signed; null where a certificate did.
    pub key: Option<Digest>,
    /// Whom the certificate that signed names; null where a key did.
    pub certificate: Option<CertificateV1>,
    /// The logs that have the signature; empty where the signature alone was looked at, or a timestamp stands for them.
    pub logs: Vec<LoggedV1>,
    /// When it was signed at the latest, as a timestamp in the bundle shows; null where there is none, or nobody looked.
    pub timestamp: Option<Timestamp>,
    /// What kind of thing is said; null where the file itself is signed, and nothing is said of it.
    pub predicate_type: Option<String>,
    /// The name that the statement gives to the file: a remark.
    pub name: Option<String>,
    /// What is said.
    pub predicate: Option<serde_json::Value>,
}

/// Whom a certificate names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CertificateV1 {
    /// Who: an e-mail address, or the URI of a workflow.
    pub identity: String,
    /// The identity provider that says so.
    pub issuer: String,
}

/// A log that has a signature.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LoggedV1 {
    /// Where it is, as the trusted root says.
    pub log: String,
    /// The index of the entry.
    pub index: u64,
    /// When the log took it up, as it has signed; null where it does not say.
    pub time: Option<Timestamp>,
}

/// `stella submit`
#[derive(Debug, Serialize, JsonSchema)]
pub struct SubmitV1 {
    /// `stella.submit/1`
    pub schema: SubmitSchema,
    /// The log, as it was named.
    pub log: String,
    /// What became of each request, by name.
    pub requests: Vec<SubmittedV1>,
}

/// What became of a request.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SubmittedV1 {
    /// Its name in the queue: that of the file and of the predicate.
    pub name: String,
    /// The bundle; null where there is none: then the request waits.
    pub bundle: Option<String>,
    /// The index of the entry in the log.
    pub index: Option<u64>,
    /// When the log took it up, as it has signed.
    pub time: Option<Timestamp>,
    /// How often it was sent.
    pub sent: Option<u32>,
    /// Whether the log had it already.
    pub was_there: Option<bool>,
    /// Why there is no bundle, as a stable code: `outage` (the log is out of order, or cannot be reached), `refused` (it will not have it),
    /// `other-entry` (it says that it has it, and shows another one), `not-verified` (what it shows does not verify), `not-kept` (the bundle
    /// cannot be written), `not-sent`.
    pub reason: Option<String>,
    /// The same in words.
    pub error: Option<String>,
}

/// `stella doctor`
#[derive(Debug, Serialize, JsonSchema)]
pub struct DoctorV1 {
    /// `stella.doctor/1`
    pub schema: DoctorSchema,
    /// The kernel's release.
    pub kernel: String,
    /// `amd64`, `arm64`, …
    pub arch: String,
    /// The helper program; null where there is none.
    pub helper: Option<String>,
    /// The strongest level that works; null where none does.
    pub best: Option<Isolation>,
    /// Every level, strongest first.
    pub levels: Vec<LevelStateV1>,
    /// How to get more, ready to paste.
    pub advice: Vec<String>,
}

/// One level of isolation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LevelStateV1 {
    /// The level.
    pub level: Isolation,
    /// Whether a run reaches it here.
    pub works: bool,
    /// What it lacks where it works; why it does not where it does not.
    pub reasons: Vec<String>,
}

impl From<&Diagnosis> for DoctorV1 {
    fn from(diagnosis: &Diagnosis) -> Self {
        let level = |state: &LevelState| LevelStateV1 {
            level: state.level.into(),
            works: state.works,
            reasons: state.reasons.clone(),
        };
        Self {
            schema: DoctorSchema,
            kernel: diagnosis.kernel.clone(),
            arch: diagnosis.arch.clone(),
            helper: diagnosis.helper.clone().ok(),
            best: diagnosis.best().map(Into::into),
            levels: diagnosis.levels.iter().map(level).collect(),
            advice: diagnosis.advice.clone(),
        }
    }
}
