//! `stella verify`: is this file what a signed statement says.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::SignedDuration;

use crate::attest::dsse;
use crate::attest::key::private;
use crate::attest::key::public::PublicKey;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::key::Unreadable;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::flow::attest::verify::{self, Expected, RequiredFidelity};
use crate::host::{clock, fs};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{VerifiedStatementV1, VerifySchema, VerifyV1};

/// Verify that signed statements are of a file, by keys that you trust
///
/// Offline, and without asking whoever signed. Exits with 5 when one of the statements is not signed by one of the keys, is of another file,
/// or does not say what is required. A verdict that fails is signed as one that passes is: what each statement says is shown.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A DSSE envelope, as `stella attest` writes it (repeatable: each must verify)
    #[arg(long, value_name = "FILE", required = true)]
    bundle: Vec<PathBuf>,
    /// A public key that is trusted (repeatable: one of them must have signed)
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// The type of the predicate that each must have
    #[arg(long = "type", value_name = "URI")]
    predicate_type: Option<String>,
    /// What the predicate replay-fidelity must reach, such as regression.bf>=0.98 (repeatable)
    #[arg(long, value_name = "QUESTION.LEVEL>=SHARE")]
    require_fidelity: Vec<RequiredFidelity>,
    /// How old at most what it says may be, such as 30d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    max_age: Option<SignedDuration>,
    /// The file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    file: String,
}

/// `30d`
fn days(text: &str) -> Result<SignedDuration, String> {
    let number = text.strip_suffix('d').and_then(|digits| digits.parse::<u16>().ok()).filter(|days| *days > 0);
    number
        .map(|days| SignedDuration::from_hours(24 * i64::from(days)))
        .ok_or_else(|| "expected 1d to 65535d".to_owned())
}

pub fn run(global: &GlobalArgs, args: &VerifyArgs) -> CliResult {
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
        max_age: args.max_age,
    };
    let mut statements = Vec::new();
    for path in &args.bundle {
        let bytes = fs::read(path, dsse::MOST_BYTES)?;
        let verified = verify::verify(&bytes, &keys, &expected, clock::now())
            .map_err(|source| NotVerified { bundle: path.clone(), source })?;
        statements.push(VerifiedStatementV1 {
            bundle: path.display().to_string(),
            key: verified.key,
            predicate_type: verified.predicate_type,
            name: verified.name,
            predicate: verified.predicate,
        });
    }
    match global.format {
        Format::Json => output::json(&VerifyV1 { schema: VerifySchema, digest, statements }),
        Format::Text => {
            for said in &statements {
                let verdict = verify::verdict(&said.predicate_type, &said.predicate);
                let verdict = verdict.map(|verdict| format!(", which says {verdict}")).unwrap_or_default();
                let line = format!("{}: verified, {} by {}{verdict}", said.bundle, said.predicate_type, said.key);
                output::data(&(untrusted::log_line(&line) + "\n"));
            }
        }
    }
    Ok(Exit::Passed.into())
}

fn read_key(path: &Path) -> Result<PublicKey, CliError> {
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
struct NotVerified {
    bundle: PathBuf,
    source: verify::VerifyError,
}

impl crate::model::diagnostic::Diagnostic for NotVerified {
    fn kind(&self) -> crate::model::diagnostic::FailureKind {
        self.source.kind()
    }
}
