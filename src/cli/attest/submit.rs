//! `stella submit`: what was signed and waits in a queue goes into a log.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::submit::Patience;
use crate::attest::rekor::transport::LogPlace;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::keyless::{self, NoIdentity};
use crate::cli::attest::trust::TrustArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::flow::attest::log::{self, SubmitRequest};
use crate::flow::attest::queue::Queue;
use crate::flow::attest::submit::Outcome;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{SubmitSchema, SubmitV1, SubmittedV1};

/// Send what is signed to a log, and write bundles that anyone can verify offline
///
/// What a log has is public for ever, so you name it: there is no default. A request that was sent once is sent again as the same bytes, which
/// a log takes once: run it again after whatever went wrong. Exits with 4 when one is missing.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The folder in which `stella attest --queue` has left requests
    #[arg(long, value_name = "DIR")]
    queue: PathBuf,
    /// The log: a Rekor
    #[arg(long, value_name = "URL", required_unless_present = "signing_config")]
    rekor_url: Option<String>,
    /// Its API: 1, the first generation, or 2, which takes signatures by keys of ecdsa-p256 alone
    #[arg(long, value_name = "VERSION", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=2))]
    rekor_api_version: u32,
    /// Where a log of API 2 shows its checkpoint and tiles [default: below its own URL]
    #[arg(long, value_name = "URL")]
    rekor_tiles_url: Option<String>,
    /// An authority that says when something was signed (RFC 3161), for what has no timestamp yet
    #[arg(long, value_name = "URL")]
    timestamp_url: Option<String>,
    /// The log and the authority, as a signing_config.json of Sigstore names them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rekor_url", "rekor_api_version", "timestamp_url"])]
    signing_config: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Where to write NAME.PREDICATE.sigstore.json, and all of them in attestations.sigstore.jsonl
    #[arg(long, value_name = "DIR")]
    out_dir: PathBuf,
    /// Where to write what became of each, as `--format json` prints it
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// How many are sent at the same time
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// How many seconds all of it may take while the log is out of order
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    patience: u32,
}

/// How often one request is sent at most: with the pauses between it is the time that ends it.
const ATTEMPTS: u32 = 50;

pub fn run(global: &GlobalArgs, args: &SubmitArgs) -> CliResult {
    let root = args.trust.root()?;
    let patience = Patience { within: Duration::from_secs(args.patience.into()), attempts: ATTEMPTS };
    let (url, generation, timestamps) = services(args)?;
    let request = SubmitRequest {
        place: LogPlace { url: &url, tiles: args.rekor_tiles_url.as_deref() },
        generation,
        timestamps: timestamps.as_deref(),
        queue: &Queue::in_folder(&args.queue),
        to: &args.out_dir,
        root: &root,
        patience,
        jobs: args.jobs.into(),
    };
    let (outcomes, together) = log::submit(&request)?;
    let is_whole = outcomes.iter().all(|outcome| outcome.result.is_ok());
    let entries: Vec<SubmittedV1> = outcomes.into_iter().map(shown).collect();
    let document = SubmitV1 { schema: SubmitSchema, log: url, requests: entries };
    if let Some(path) = &args.report {
        let text = serde_json::to_string_pretty(&document).map_err(Unwritable)? + "\n";
        fs::write_output(path, text.as_bytes())?;
    }
    match global.format {
        Format::Json => output::json(&document),
        Format::Text => {
            for entry in &document.requests {
                let line = match (&entry.bundle, &entry.error) {
                    (Some(bundle), _) => format!("{bundle}: in the log at {}", entry.index.unwrap_or_default()),
                    (None, error) => {
                        format!("{}: not in the log: {}", entry.name, error.as_deref().unwrap_or_default())
                    }
                };
                output::data(&(untrusted::log_line(&line) + "\n"));
            }
        }
    }
    together?;
    Ok(if is_whole { Exit::Passed } else { Exit::Infrastructure }.into())
}

/// The log, its generation, and who gives timestamps.
fn services(args: &SubmitArgs) -> Result<(String, Generation, Option<String>), CliError> {
    if let Some(path) = &args.signing_config {
        let config = keyless::read_config(path)?;
        let (url, generation) = config.rekor.ok_or_else(|| NoIdentity::NotNamed { path: path.clone(), what: "log" })?;
        return Ok((url, generation, config.timestamps));
    }
    let generation = Generation::of_api(args.rekor_api_version).unwrap_or_default();
    Ok((args.rekor_url.clone().unwrap_or_default(), generation, args.timestamp_url.clone()))
}

/// The report cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be encoded")]
struct Unwritable(#[source] serde_json::Error);

impl Diagnostic for Unwritable {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

fn shown(outcome: Outcome) -> SubmittedV1 {
    let Outcome { name, result } = outcome;
    match result {
        Ok(done) => SubmittedV1 {
            name,
            bundle: Some(done.bundle.display().to_string()),
            index: Some(done.logged.index),
            time: done.logged.time,
            sent: Some(done.sent),
            was_there: Some(done.was_there),
            reason: None,
            error: None,
        },
        Err(error) => SubmittedV1 {
            name,
            bundle: None,
            index: None,
            time: None,
            sent: None,
            was_there: None,
            reason: Some(error.code().to_owned()),
            error: Some(causes(&error)),
        },
    }
}
