//! `stella scan`: record a scan.

mod chosen;
mod request;
mod show;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::args::{GlobalArgs, IsolationArgs, label};
use crate::cli::error::{CliError, CliResult, ExitCode};
use crate::cli::{output, setup};
use crate::execute::failure::Failure;
use crate::execute::run_job;
use crate::flow::record::recording::{self, RecordError};
use crate::flow::replay::output_dir;
use crate::host::fs;
use crate::job::machine_settings::{MAX_MEMORY_LIMIT, MAX_TIME_LIMIT};
use crate::job::manifest_file;
use crate::model::exit::Exit;
use crate::oci::Platform;
use crate::report::showing;

/// Record a scan with everything it depended on
///
/// Without a command the built-in scanner reads the SBOM, lockfile or directory given with --input.
/// With a command, that command runs sealed in a copy of the input: no network, private directories,
/// fixed time zone and locale. The places {input}, {rootfs}, {feed}, {policy}, {config}, {scanner}
/// and {out} may stand in it.
///
/// With --scanner NAME an adapter makes the command: `stella adapter list` names them.
///
///   stella scan --input package-lock.json --feed osv/
///   stella scan --scanner bandit --input src/
///   stella scan --input . --artifact findings=-:sarif -- zizmor --offline --format sarif .
///   stella scan --as-is --artifact findings=out.json -- ./existing-step.sh
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ScanArgs {
    /// What to scan: a file, a directory, or an image (an OCI layout, or HOST/NAME@sha256:…)
    /// [default with a command: the working directory]
    #[arg(long, value_name = "PATH|IMAGE")]
    input: Option<PathBuf>,
    /// The platform of an image, e.g. linux/arm64 [default: the only one, else that of this machine]
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// What is not a part of the input, e.g. a virtual environment whose links leave it (repeatable)
    #[arg(long, value_name = "PATH")]
    exclude: Vec<PathBuf>,
    /// A call graph for the built-in scanner's reachability (JSON, stella.callgraph/1)
    #[arg(long, value_name = "FILE")]
    call_graph: Option<PathBuf>,
    /// Advisories: a directory or a bundle; NAME=PATH where a scanner reads several
    #[arg(long, value_name = "[NAME=]PATH")]
    feed: Vec<String>,
    /// Rules that decide: a directory or a bundle [default: the policy that ships with stella]
    #[arg(long, value_name = "PATH")]
    policy: Option<PathBuf>,
    /// The scanner: `builtin`; an adapter, with its program where it is not on PATH (`bandit=venv/bin/bandit`); with a
    /// command an executable, or a directory with everything it needs
    #[arg(long, value_name = "NAME[=PATH]|PATH")]
    scanner: Option<String>,
    /// What the adapter's scanner reads its configuration or rules from, seen as {config}: a file or a directory
    #[arg(long, value_name = "PATH")]
    scanner_config: Option<PathBuf>,
    /// What the adapter's scanner writes, e.g. sarif [default: the adapter's]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    output: Vec<String>,
    /// Its version, for the manifest [default: an adapter asks for it]
    #[arg(long, value_name = "VERSION")]
    scanner_version: Option<String>,
    /// A flag of the built-in scanner, e.g. --flag=--distro=debian-12, or one more for an adapter's command
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    flag: Vec<String>,
    /// What the command writes: a file, or `-` for its standard output
    #[arg(long, value_name = "TYPE=PATH[:FORMAT[/PROFILE]]")]
    artifact: Vec<String>,
    /// An environment variable that the command may see; its value is never recorded
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// Exit codes that mean that it ran well, e.g. 0,1 [default: the adapter's, else any; the one seen is recorded]
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    expect_exit: Vec<i32>,
    /// A label for the manifest, e.g. tier=regulated
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// Allow the network while recording; a replay is always offline
    #[arg(long, value_enum, default_value = "deny", value_name = "MODE")]
    network: NetworkChoice,
    /// Run the command where it is, unsealed; stella ends with its exit code
    #[arg(long)]
    as_is: bool,
    /// The instant at which the clock is frozen, or `real` for a scanner that waits for it to move [default: now]
    #[arg(long, value_name = "RFC3339|real", value_parser = clock)]
    clock: Option<ClockChoice>,
    /// Seconds after which the command is ended [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TIME_LIMIT)))]
    timeout: Option<u32>,
    /// Mebibytes of memory that the command may use [default: 8192]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MEMORY_LIMIT)))]
    memory: Option<u32>,
    /// A folder in which programs are looked up before the system's; the command sees it as with --ro (repeatable)
    #[arg(long, value_name = "DIR")]
    path: Vec<PathBuf>,
    /// An artifact that lies in the input already is part of it: the command sees it and must write it anew
    #[arg(long)]
    artifact_in_input: bool,
    /// Where to write the manifest
    #[arg(long, value_name = "FILE", default_value = "MANIFEST.json")]
    emit_manifest: PathBuf,
    /// Where to write the artifacts [default: they are kept in the store only]
    #[arg(long, value_name = "DIR")]
    emit_artifacts_dir: Option<PathBuf>,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// The command of another scanner
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// What the clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClockChoice {
    At(Timestamp),
    Real,
}

fn clock(text: &str) -> Result<ClockChoice, String> {
    if text == "real" {
        return Ok(ClockChoice::Real);
    }
    text.parse().map(ClockChoice::At).map_err(|error| format!("{error}; expected e.g. 2026-01-31T12:00:00Z, or real"))
}

/// Whether a recording may reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NetworkChoice {
    Deny,
    Allow,
}

pub fn run(global: &GlobalArgs, args: &ScanArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let request = request::of(args, &context)?;
    let recording =
        recording::record(&request, &context).map_err(|error| failed(error).without(run_job::secrets(&request.job)))?;
    if let Some(directory) = &args.emit_artifacts_dir {
        fs::ensure_dir(directory).map_err(CliError::infrastructure)?;
        for artifact in &recording.artifacts {
            fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes).map_err(CliError::infrastructure)?;
        }
        output_dir::ledger(directory, recording.executed.ledger.as_deref()).map_err(CliError::infrastructure)?;
    }
    let bytes = manifest_file::to_bytes(&recording.manifest).map_err(CliError::infrastructure)?;
    output::file(&args.emit_manifest, &bytes)?;
    show::show(global, args, &recording)?;
    Ok(if args.as_is { ExitCode::of_wrapped(recording.executed.exit_code) } else { Exit::Passed.into() })
}

/// Characters of a line of what a run showed, so that it fits into a terminal of 80 columns.
const SHOWN_WIDTH: usize = 70;

fn failed(error: RecordError) -> CliError {
    let shown = match &error {
        RecordError::Execute(Failure { showing, .. }) | RecordError::Artifact { showing, .. } => {
            showing::wrapped(showing, SHOWN_WIDTH)
        }
        _ => Vec::new(),
    };
    CliError::from(error).showing(shown)
}
