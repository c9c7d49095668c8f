//! `stella manifest`: look at a manifest, say whether it can be replayed, bring it to this version.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::file;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::flow::record::contradictions;
use crate::flow::record::golden;
use crate::host::fs;
use crate::job::manifest_file;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::model::limits;
use crate::model::manifest::{Fault, NotReplayable, ReplayableManifest, ScanManifest};
use crate::report::untrusted;
use crate::wire::v1::commands::{ManifestStateV1, ManifestValidationSchema, ManifestValidationV1};

/// Show, validate or migrate a ScanManifest
#[derive(Debug, Subcommand)]
pub enum ManifestCommand {
    /// Show what a scan depended on
    Show(FileArgs),
    /// Say whether manifests can be read and replayed; list every placeholder
    ///
    /// Exits with 0 when every manifest can be replayed, 3 when one holds placeholders, 5 when one was edited after it was
    /// recorded, or what is expected beside a canary's was, 2 when one cannot be read. What the manifests name in a store is
    /// not looked at: a replay does that.
    Validate(FilesArgs),
    /// Write a manifest in the version of this program
    Migrate(MigrateArgs),
    /// Sign a manifest that can be replayed, and write a Sigstore bundle beside it
    ///
    /// By a key, or without one as `stella attest` does. Nobody hears of it unless you name a log or an authority of timestamps. It is a signature of the
    /// file, as `cosign sign-blob` makes it: `stella verify` and cosign verify it, too.
    Sign(file::SignArgs),
    /// Verify that a manifest is signed by whom you trust, and can be replayed
    ///
    /// Exits with 5 when it is not signed so, or was edited after it was recorded.
    Verify(file::VerifyArgs),
}

/// One manifest.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST.json")]
    file: PathBuf,
}

/// Some manifests.
#[derive(Debug, Args)]
pub struct FilesArgs {
    /// The manifests
    #[arg(value_name = "MANIFEST.json", required = true)]
    files: Vec<PathBuf>,
}

/// A manifest and where it goes.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// The manifest
    #[arg(value_name = "MANIFEST.json")]
    file: PathBuf,
    /// Where to write it [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(global: &GlobalArgs, command: ManifestCommand) -> CliResult {
    match command {
        ManifestCommand::Show(args) => show(global, &args),
        ManifestCommand::Validate(args) => validate(global, &args),
        ManifestCommand::Migrate(args) => migrate(&args),
        ManifestCommand::Sign(args) => {
            let bytes = replayable(args.file())?;
            file::sign(&bytes, &args)
        }
        ManifestCommand::Verify(args) => {
            // The signature first: nothing else is believed of it.
            let bytes = fs::read(args.file(), limits::MAX_DOCUMENT_BYTES)?;
            file::verify(global, &bytes, &args)?;
            replayable(args.file()).map(|_| Exit::Passed.into())
        }
    }
}

/// The bytes of a manifest that can be replayed, and was not edited.
fn replayable(path: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = fs::read(path, limits::MAX_DOCUMENT_BYTES)?;
    let manifest = ReplayableManifest::try_from(manifest_file::read(path)?);
    let manifest = manifest.map_err(|source| Unfit::NotReplayable { path: path.to_owned(), source })?;
    match of_manifest(&manifest, path).into_iter().next() {
        None => Ok(bytes),
        Some(fault) => Err(Unfit::Edited { path: path.to_owned(), fault }.into()),
    }
}

/// A manifest that nobody should sign, or take for what its signer meant.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    /// It was edited.
    #[error("`{}` was edited after it was recorded: {fault}", .path.display())]
    Edited { path: PathBuf, fault: Fault },
    /// It holds placeholders.
    #[error("`{}` cannot be replayed", .path.display())]
    NotReplayable { path: PathBuf, source: NotReplayable },
}

impl Diagnostic for Unfit {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Edited { .. } => FailureKind::Verification,
            Self::NotReplayable { .. } => FailureKind::Inconclusive,
        }
    }
}

fn show(global: &GlobalArgs, args: &FileArgs) -> CliResult {
    let manifest = manifest_file::read(&args.file)?;
    match global.format {
        Format::Json => output::json(&manifest),
        Format::Text => output::data(&describe(&manifest)),
    }
    // It is shown all the same, which is how an edit is looked for.
    for problem in
        ReplayableManifest::try_from(manifest).map(|whole| of_manifest(&whole, &args.file)).into_iter().flatten()
    {
        output::talk(&format!("note: {}: {problem}", args.file.display()));
    }
    Ok(Exit::Passed.into())
}

fn describe(manifest: &ScanManifest) -> String {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let scanner = &manifest.scanner;
    let environment = &manifest.environment;
    let mut lines = vec![
        ("scan", manifest.scan_id.clone()),
        ("recorded", manifest.created_at.to_string()),
        ("digest", or_none(manifest_file::digest(manifest).ok().map(|d| d.to_string()))),
        ("input", or_none(manifest.input.path.clone().or_else(|| manifest.input.image_ref.clone()))),
        ("", or_none(manifest.input.digest.as_ref().map(ToString::to_string))),
        ("scanner", format!("{} {}", scanner.engine, scanner.scanner_version)),
        ("", or_none(scanner.digest().map(ToString::to_string))),
        ("command", if scanner.argv.is_empty() { scanner.flags.join(" ") } else { scanner.argv.join(" ") }),
    ];
    if let Some(closure) = &scanner.closure_digest {
        lines.push(("closure", format!("{closure}: all that the scanner read of its machine")));
    }
    for feed in &manifest.feeds.bundles {
        lines.push(("feed", format!("{} {}", feed.name, feed.content_digest.as_ref().unwrap_or(&feed.digest))));
    }
    lines.push(("policy", or_none(manifest.policy.policy_set.clone())));
    lines.push(("", or_none(manifest.policy.policy_bundle_digest.as_ref().map(ToString::to_string))));
    let clock = environment.clock_value.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let mode = json!(environment.clock_mode).as_str().unwrap_or_default().to_owned();
    lines.push(("clock", format!("{mode} {clock}")));
    lines.push((
        "runtime",
        format!("{} {} TZ={} {}", environment.os, environment.arch, environment.tz, environment.locale),
    ));
    for artifact in &manifest.artifacts {
        lines.push(("artifact", format!("{} ({}) {}", artifact.path, artifact.format, artifact.canonical_sha256)));
    }
    for (key, value) in &manifest.labels {
        lines.push(("label", format!("{key}={value}")));
    }
    // A manifest comes from elsewhere: what it says must not steer the terminal.
    lines.iter().map(|(name, value)| format!("{name:<9} {}\n", untrusted::visible(value))).collect()
}

fn validate(global: &GlobalArgs, args: &FilesArgs) -> CliResult {
    let mut exits = Vec::new();
    let mut rows = Vec::new();
    for file in &args.files {
        let (state, problems, exit) = match manifest_file::read(file) {
            Err(error) => ("unreadable", vec![causes(&error)], Exit::Usage),
            Ok(manifest) => match ReplayableManifest::try_from(manifest) {
                Ok(manifest) => match of_manifest(&manifest, file) {
                    faults if faults.is_empty() => ("replayable", Vec::new(), Exit::Passed),
                    faults => ("edited", faults.iter().map(ToString::to_string).collect(), Exit::Verification),
                },
                Err(not) => {
                    ("not-replayable", not.problems.iter().map(ToString::to_string).collect(), Exit::Inconclusive)
                }
            },
        };
        exits.push(exit);
        rows.push((file.display().to_string(), state, problems));
    }
    match global.format {
        Format::Json => {
            let manifests = rows.into_iter().map(|(file, state, problems)| ManifestStateV1 { file, state, problems });
            output::json(&ManifestValidationV1 { schema: ManifestValidationSchema, manifests: manifests.collect() });
        }
        Format::Text => {
            for (file, state, problems) in &rows {
                output::data_line(&format!("{file}: {}", state.replace('-', " ")));
                problems.iter().for_each(|problem| output::data_line(&format!("  {}", untrusted::message(problem))));
            }
        }
    }
    Ok(Exit::strongest(exits).into())
}

/// What shows that a manifest was edited, and that what is expected of a canary was.
fn of_manifest(manifest: &ReplayableManifest, file: &Path) -> Vec<Fault> {
    let mut faults = contradictions::of_manifest(manifest);
    faults.extend(golden::edited(manifest.manifest(), file));
    faults
}

fn migrate(args: &MigrateArgs) -> CliResult {
    let manifest = manifest_file::read(&args.file)?;
    let migrated = manifest_file::migrate(manifest);
    let bytes = manifest_file::to_bytes(&migrated)?;
    match &args.out {
        Some(path) => fs::write_output(path, &bytes)?,
        None => output::document(&String::from_utf8_lossy(&bytes)),
    }
    Ok(Exit::Passed.into())
}
