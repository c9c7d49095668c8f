//! `stella verify`: is this file what a signed statement says.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::SignedDuration;

use crate::attest::bundle;
use crate::attest::key::private;
use crate::attest::key::public::PublicKey;
use crate::attest::x509::certified::LogIs;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::certificate::CertificateArgs;
use crate::cli::attest::key::Unreadable;
use crate::cli::attest::trust::TrustArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::flow::attest::expected::{self, Expected, RequiredFidelity, RequiredVerdict};
use crate::flow::attest::verify::{self, Signer, Signers, Trust, Verified};
use crate::host::{clock, fs};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{CertificateV1, LoggedV1, VerifiedStatementV1, VerifySchema, VerifyV1};

/// Verify that signed statements are of a file, by whom you trust
///
/// Offline, and without asking whoever signed. Exits with 5 when one of the statements is not signed by whom you name, is in no log, is of
/// another file, or does not say what is required. A verdict that fails is signed as one that passes is: what each statement says is shown.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A Sigstore bundle, as `stella submit` and cosign write it, several of them, one in a line, or with --signature-only a DSSE envelope, as
    /// `stella attest` does (repeatable: each must verify)
    #[arg(long, value_name = "FILE", required = true)]
    bundle: Vec<PathBuf>,
    /// A public key that is trusted (repeatable: one of them must have signed)
    #[arg(long, value_name = "FILE", required_unless_present_any = ["certificate_identity", "certificate_identity_regexp"])]
    key: Vec<PathBuf>,
    #[command(flatten)]
    certificate: CertificateArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Look at nothing but who signed: no log need have the signature, and nothing shows when it was made
    #[arg(long, conflicts_with_all = ["trusted_root", "certificate_identity", "certificate_identity_regexp"])]
    signature_only: bool,
    /// Take a timestamp by an authority of the trusted root in the place of a log, where no log has the signature
    #[arg(long, conflicts_with = "signature_only")]
    allow_no_log: bool,
    /// The type of the predicate that each must have
    #[arg(long = "type", value_name = "URI")]
    predicate_type: Option<String>,
    /// What the predicate replay-fidelity must reach, such as regression.bf>=0.98 (repeatable)
    #[arg(long, value_name = "REQUIREMENT")]
    require_fidelity: Vec<RequiredFidelity>,
    /// The verdict that it must say: release.passed, release.green (and warns of nothing), pr.passed or pr.green
    #[arg(long, value_name = "GATE.VERDICT")]
    require_verdict: Option<RequiredVerdict>,
    /// How old at most what it says may be, such as 30d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    max_age: Option<SignedDuration>,
    /// The file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    file: String,
}

/// Several bundles, one in a line.
const MOST_BYTES: u64 = 8 * bundle::MOST_BYTES;

/// `30d`
fn days(text: &str) -> Result<SignedDuration, String> {
    let digits = text.strip_suffix('d').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|digits| digits.parse::<u16>().ok()).filter(|days| *days > 0);
    number
        .map(|days| SignedDuration::from_hours(24 * i64::from(days)))
        .ok_or_else(|| "expected 1d to 65535d".to_owned())
}

pub fn run(global: &GlobalArgs, args: &VerifyArgs) -> CliResult {
    let identity = args.certificate.identity()?;
    let keys = args.key.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let digest = match args.file.parse::<Digest>() {
        Ok(digest) => digest,
        Err(error) if args.file.starts_with("sha256:") => return Err(NotADigest(error).into()),
        Err(_) => fs::digest(Path::new(&args.file), u64::MAX)?,
    };
    let expected = Expected {
        digest,
        predicate_type: args.predicate_type.clone(),
        fidelity: args.require_fidelity.clone(),
        verdict: args.require_verdict.clone(),
        max_age: args.max_age,
    };
    let root = if args.signature_only { None } else { Some(args.trust.root()?) };
    let signers = identity.as_ref().map_or(Signers::Keys(&keys), Signers::Certificate);
    let log_is = if args.allow_no_log { LogIs::NotNeeded } else { LogIs::Needed };
    let trust = Trust { signers, logs: root.as_ref(), log_is };
    let mut statements = Vec::new();
    for path in &args.bundle {
        let bytes = fs::read(path, MOST_BYTES)?;
        let verified = verify::verify_all(&bytes, trust, &expected, clock::now())
            .map_err(|source| NotVerified { bundle: path.clone(), source })?;
        statements.extend(verified.into_iter().map(|verified| shown(path, verified)));
    }
    match global.format {
        Format::Json => output::json(&VerifyV1 { schema: VerifySchema, digest, statements }),
        Format::Text => {
            for said in &statements {
                output::data(&(untrusted::log_line(&line(said)) + "\n"));
            }
        }
    }
    Ok(Exit::Passed.into())
}

/// What was verified, as a document has it.
pub fn shown(path: &Path, verified: Verified) -> VerifiedStatementV1 {
    let Verified { signer, logs, shown, said } = verified;
    let (key, certificate) = match signer {
        Signer::Key(key) => (Some(key), None),
        Signer::Certificate { identity, issuer } => (None, Some(CertificateV1 { identity, issuer })),
    };
    let (predicate_type, name, predicate) = match said {
        Some(said) => (Some(said.predicate_type), Some(said.name), Some(said.predicate)),
        None => (None, None, None),
    };
    let logs = logs.into_iter().map(|logged| LoggedV1 { log: logged.log, index: logged.index, time: logged.time });
    VerifiedStatementV1 {
        bundle: path.display().to_string(),
        key,
        certificate,
        logs: logs.collect(),
        timestamp: shown,
        predicate_type,
        name,
        predicate,
    }
}

/// What was verified, in a line.
pub fn line(said: &VerifiedStatementV1) -> String {
    let what = said.predicate_type.as_deref().unwrap_or("the file itself");
    let by = match (&said.key, &said.certificate) {
        (Some(key), _) => key.to_string(),
        (None, certificate) => {
            certificate.as_ref().map(|by| format!("{} ({})", by.identity, by.issuer)).unwrap_or_default()
        }
    };
    let mut line = format!("{}: verified, {what} by {by}", said.bundle);
    if let (Some(kind), Some(predicate)) = (&said.predicate_type, &said.predicate)
        && let Some(verdict) = expected::verdict(kind, predicate)
    {
        line += &format!(", which says {verdict}");
    }
    match said.logs.first() {
        None if said.timestamp.is_some() => line += ", in no log",
        None => line += ", its signature alone",
        Some(logged) => {
            line += &format!(", in {} at {}", logged.log, logged.index);
            if let Some(time) = logged.time {
                line += &format!(" since {time}");
            }
        }
    }
    if let Some(time) = said.timestamp {
        line += &format!(", signed by {time} at the latest");
    }
    line
}

/// Reads a public key, and names the place where that fails.
///
/// # Errors
/// When it is not one.
pub fn read_key(path: &Path) -> Result<PublicKey, CliError> {
    let text = fs::read(path, private::MOST_BYTES)?;
    Ok(PublicKey::read(&text).map_err(|source| Unreadable { place: path.display().to_string(), source })?)
}

/// A digest is written wrongly.
#[derive(Debug, thiserror::Error)]
#[error("the digest cannot be read")]
struct NotADigest(#[source] crate::model::digest::DigestError);

impl crate::model::diagnostic::Diagnostic for NotADigest {
    fn kind(&self) -> crate::model::diagnostic::FailureKind {
        crate::model::diagnostic::FailureKind::Usage
    }
}

/// An envelope that does not verify, by its file.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is not verified", .bundle.display())]
pub struct NotVerified {
    /// The file.
    pub bundle: PathBuf,
    /// Why.
    pub source: verify::VerifyError,
}

impl crate::model::diagnostic::Diagnostic for NotVerified {
    fn kind(&self) -> crate::model::diagnostic::FailureKind {
        self.source.kind()
    }

    fn hint(&self) -> Option<crate::model::diagnostic::Hint> {
        self.source.hint()
    }
}
