//! The arguments of `stella scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::args::{IsolationArgs, label};
use crate::job::machine_settings::{MAX_MEMORY_LIMIT, MAX_TIME_LIMIT};
use crate::oci::Platform;

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
    pub(super) input: Option<PathBuf>,
    /// The platform of an image, e.g. linux/arm64 [default: the only one, else that of this machine]
    #[arg(long, value_name = "OS/ARCH")]
    pub(super) platform: Option<Platform>,
    /// What is not a part of the input, e.g. a virtual environment whose links leave it (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(super) exclude: Vec<PathBuf>,
    /// What git ignores is a part of the input too, e.g. node_modules of a scanner that reads it
    #[arg(long)]
    pub(super) include_ignored: bool,
    /// The repository itself, `.git`, is a part of the input: for a scanner that reads its history
    #[arg(long)]
    pub(super) with_git: bool,
    /// A call graph for the built-in scanner's reachability (JSON, stella.callgraph/1)
    #[arg(long, value_name = "FILE")]
    pub(super) call_graph: Option<PathBuf>,
    /// Advisories: a directory or a bundle; NAME=PATH where a scanner reads several
    #[arg(long, value_name = "[NAME=]PATH")]
    pub(super) feed: Vec<String>,
    /// Rules that decide: a directory or a bundle [default: the policy that ships with stella]
    #[arg(long, value_name = "PATH")]
    pub(super) policy: Option<PathBuf>,
    /// The scanner: `builtin`; an adapter, with its program where it is not on PATH (`bandit=venv/bin/bandit`); with a
    /// command an executable, or a directory with everything it needs
    #[arg(long, value_name = "NAME[=PATH]|PATH")]
    pub(super) scanner: Option<String>,
    /// What the adapter's scanner reads its configuration or rules from, seen as {config}: a file or a directory
    #[arg(long, value_name = "PATH")]
    pub(super) scanner_config: Option<PathBuf>,
    /// What the adapter's scanner writes, e.g. sarif [default: the adapter's]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(super) output: Vec<String>,
    /// Its version, for the manifest [default: an adapter asks for it]
    #[arg(long, value_name = "VERSION")]
    pub(super) scanner_version: Option<String>,
    /// A flag of the built-in scanner, e.g. --flag=--distro=debian-12, or one more for an adapter's command
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    pub(super) flag: Vec<String>,
    /// What the command writes: a file, or `-` for its standard output
    #[arg(long, value_name = "TYPE=PATH[:FORMAT[/PROFILE]]")]
    pub(super) artifact: Vec<String>,
    /// An environment variable that the command may see; its value is never recorded
    #[arg(long, value_name = "NAME")]
    pub(super) env: Vec<String>,
    /// Exit codes that mean that it ran well, e.g. 0,1 [default: the adapter's, else any; the one seen is recorded]
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..=255))]
    pub(super) expect_exit: Vec<i32>,
    /// A label for the manifest, e.g. tier=regulated
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub(super) label: Vec<(String, String)>,
    /// Allow the network while recording; a replay is always offline
    #[arg(long, value_enum, default_value = "deny", value_name = "MODE")]
    pub(super) network: NetworkChoice,
    /// Run the command where it is, unsealed; stella ends with its exit code
    #[arg(long)]
    pub(super) as_is: bool,
    /// The instant at which the clock is frozen, or `real` for a scanner that waits for it to move [default: now]
    #[arg(long, value_name = "RFC3339|real", value_parser = clock)]
    pub(super) clock: Option<ClockChoice>,
    /// Seconds after which the command is ended [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TIME_LIMIT)))]
    pub(super) timeout: Option<u32>,
    /// Mebibytes of memory that the command may use [default: 8192]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MEMORY_LIMIT)))]
    pub(super) memory: Option<u32>,
    /// Show the command no file as newer than the clock [default: true, where the clock is frozen]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) clamp_file_times: Option<bool>,
    /// Keep what the command reads of this machine: its replay then needs nothing of any machine (docs/closures.md)
    #[arg(long)]
    pub(super) closure: bool,
    /// Mebibytes that the files of the closure may have together
    #[arg(long, value_name = "MIB", default_value = "2048", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) closure_limit: u32,
    /// A file or folder of a home that the closure may hold, though it is not the scanner's (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(super) capture: Vec<PathBuf>,
    /// A file that looks like credentials and that the closure may hold all the same (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(super) capture_secrets: Vec<PathBuf>,
    /// A folder in which programs are looked up before the system's; the command sees it as with --ro (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(super) path: Vec<PathBuf>,
    /// An artifact that lies in the input already is part of it: the command sees it and must write it anew
    #[arg(long)]
    pub(super) artifact_in_input: bool,
    /// Where to write what the sandbox saw, each look-up of a path that is not there included, as lines of JSON: also where the
    /// command fails. Each open then costs two stops
    #[arg(long, value_name = "FILE")]
    pub(super) ledger: Option<PathBuf>,
    /// Where to write the manifest
    #[arg(long, value_name = "FILE", default_value = "MANIFEST.json")]
    pub(super) emit_manifest: PathBuf,
    /// Where to write the artifacts [default: they are kept in the store only]
    #[arg(long, value_name = "DIR")]
    pub(super) emit_artifacts_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) isolation: IsolationArgs,
    /// The command of another scanner
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

/// What the clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockChoice {
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
pub(super) enum NetworkChoice {
    Deny,
    Allow,
}
