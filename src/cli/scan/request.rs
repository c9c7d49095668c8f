//! From the arguments of `stella scan` to the scan that they ask for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::error::CliError;
use crate::cli::scan::args::{ClockChoice, NetworkChoice, ScanArgs};
use crate::cli::setup;
use crate::flow::record::request::scan_request::{ByAdapter, FeedChoice, Run, ScanRequest, Scanner, Sealing};
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::manifest::NetworkMode;

/// Arguments that do not go together.
#[derive(Debug, thiserror::Error)]
enum ScanArgsError {
    #[error("nothing to scan")]
    NoInput,
    #[error("`--artifact` names what a command writes; the built-in scanner's artifacts are fixed")]
    BuiltInArtifact,
    #[error("the built-in scanner takes neither `--scanner-config` nor `--output`")]
    BuiltInConfig,
    #[error("the built-in scanner takes no command")]
    BuiltInCommand,
    #[error("an adapter knows what its scanner writes: it takes no `--artifact`")]
    AdapterArtifact,
    #[error("`--output` chooses what an adapter writes; a command says it by itself")]
    CommandOutput,
    #[error("`--call-graph` and `--flag` are for the built-in scanner; a command has its own flags")]
    CommandFlag,
    #[error("`--as-is` needs a command")]
    AsIsWithoutCommand,
    #[error("`--as-is` seals nothing: it takes neither `--require-isolation` nor `--ro`")]
    AsIsSealed,
    #[error(
        "`--clock real`, `--clamp-file-times`, `--timeout`, `--memory`, `--ledger` and `--path` are for a command that runs sealed, and for an adapter's"
    )]
    NotSealed,
}

impl Diagnostic for ScanArgsError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoInput => "name it with `--input PATH`, or give the command of a scanner after `--`".into(),
            Self::AdapterArtifact => "choose with `--output`".into(),
            Self::AsIsWithoutCommand => "put it after `--`".into(),
            _ => return None,
        })
    }
}

/// The scan that the arguments ask for.
pub(super) fn of(args: &ScanArgs) -> Result<ScanRequest, CliError> {
    let path = setup::visible("--path", &args.path)?;
    let artifacts = args.artifact.iter().map(|text| text.parse::<ArtifactSpec>()).collect::<Result<Vec<_>, _>>()?;
    let scanner = scanner(args, artifacts, path)?;
    let input = match (&args.input, &scanner) {
        (Some(input), _) => input.clone(),
        (None, Scanner::BuiltIn { .. }) => return Err(ScanArgsError::NoInput.into()),
        (None, Scanner::Adapter(_) | Scanner::Command { .. }) => PathBuf::from("."),
    };
    let written = std::iter::once(&args.emit_manifest).chain(&args.emit_artifacts_dir);
    Ok(ScanRequest {
        scanner,
        input,
        platform: args.platform.clone(),
        exclude: args.exclude.clone(),
        written: written.cloned().collect(),
        feeds: args.feed.iter().map(|text| text.parse()).collect::<Result<Vec<FeedChoice>, _>>()?,
        policy: args.policy.clone(),
        env: setup::variables(&args.env)?,
        search: setup::search(&args.path),
        expected_exit_codes: args.expect_exit.clone(),
        scanner_version: args.scanner_version.clone(),
        labels: args.label.iter().cloned().collect(),
        clock: match args.clock {
            Some(ClockChoice::At(instant)) => Some(instant),
            Some(ClockChoice::Real) | None => None,
        },
        network: match args.network {
            NetworkChoice::Deny => NetworkMode::Disabled,
            NetworkChoice::Allow => NetworkMode::Enabled,
        },
    })
}

fn scanner(args: &ScanArgs, artifacts: Vec<ArtifactSpec>, path: Vec<String>) -> Result<Scanner, ScanArgsError> {
    let sealing = Sealing {
        clock_runs: args.clock == Some(ClockChoice::Real),
        clamp_file_times: args.clamp_file_times.unwrap_or(true) && args.clock != Some(ClockChoice::Real),
        time_limit: args.timeout.map(|seconds| Duration::from_secs(seconds.into())),
        memory_limit: args.memory,
        path,
    };
    let config = args.scanner_config.clone();
    match (args.scanner.as_deref(), args.command.is_empty()) {
        (Some("builtin"), false) => Err(ScanArgsError::BuiltInCommand),
        (None | Some("builtin"), true) => builtin(args),
        (Some(given), true) => {
            refuse(!artifacts.is_empty(), ScanArgsError::AdapterArtifact)?;
            refuse(args.as_is, ScanArgsError::AsIsWithoutCommand)?;
            refuse(args.call_graph.is_some(), ScanArgsError::CommandFlag)?;
            let (name, program) = given.split_once('=').map_or((given, None), |(name, path)| (name, Some(path)));
            Ok(Scanner::Adapter(ByAdapter {
                name: name.to_owned(),
                program: program.map(PathBuf::from),
                outputs: args.output.clone(),
                options: args.flag.clone(),
                config,
                sealing,
            }))
        }
        (named, false) => {
            refuse(!args.output.is_empty(), ScanArgsError::CommandOutput)?;
            refuse(args.call_graph.is_some() || !args.flag.is_empty(), ScanArgsError::CommandFlag)?;
            let isolation = &args.isolation;
            refuse(args.as_is && is_sealed(args), ScanArgsError::NotSealed)?;
            refuse(
                args.as_is && (isolation.require_isolation.is_some() || !isolation.ro.is_empty()),
                ScanArgsError::AsIsSealed,
            )?;
            Ok(Scanner::Command {
                words: args.command.clone(),
                scanner: named.map(|path| Path::new(path).to_owned()),
                artifacts,
                artifact_in_input: args.artifact_in_input,
                config,
                run: if args.as_is { Run::AsIs } else { Run::Sealed(sealing) },
            })
        }
    }
}

fn builtin(args: &ScanArgs) -> Result<Scanner, ScanArgsError> {
    refuse(args.input.is_none(), ScanArgsError::NoInput)?;
    refuse(!args.artifact.is_empty(), ScanArgsError::BuiltInArtifact)?;
    refuse(args.as_is, ScanArgsError::AsIsWithoutCommand)?;
    refuse(args.scanner_config.is_some() || !args.output.is_empty(), ScanArgsError::BuiltInConfig)?;
    refuse(is_sealed(args), ScanArgsError::NotSealed)?;
    Ok(Scanner::BuiltIn { flags: args.flag.clone(), call_graph: args.call_graph.clone() })
}

/// Whether an option says how a sandbox is.
fn is_sealed(args: &ScanArgs) -> bool {
    let clock_runs = args.clock == Some(ClockChoice::Real);
    let clamps = args.clamp_file_times.is_some();
    let limits = args.timeout.is_some() || args.memory.is_some();
    clock_runs || clamps || limits || args.ledger.is_some() || !args.path.is_empty()
}

fn refuse(when: bool, error: ScanArgsError) -> Result<(), ScanArgsError> {
    if when { Err(error) } else { Ok(()) }
}
