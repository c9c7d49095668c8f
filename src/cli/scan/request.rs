//! From the arguments of `stella scan` to the scan that they ask for. What does not apply to it was refused before
//! (`cli/options`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::error::CliError;
use crate::cli::scan::args::{ClockChoice, NetworkChoice, ScanArgs};
use crate::cli::setup;
use crate::closure::capture::Admitted;
use crate::flow::record::closure::Keeping;
use crate::flow::record::request::scan_request::{ByAdapter, FeedChoice, Run, ScanRequest, Scanner, Sealing};
use crate::host::fs;
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::manifest::NetworkMode;

/// What is missing or too much.
#[derive(Debug, thiserror::Error)]
enum ScanArgsError {
    #[error("nothing to scan")]
    NoInput,
    #[error("the built-in scanner takes no command")]
    BuiltInCommand,
}

impl Diagnostic for ScanArgsError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoInput => "name it with `--input PATH`, or give the command of a scanner after `--`".into(),
            Self::BuiltInCommand => return None,
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
        include_ignored: args.include_ignored,
        with_git: args.with_git,
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

/// How the closure is kept.
fn keeping(args: &ScanArgs) -> Result<Keeping, CliError> {
    let places = |given: &[PathBuf]| {
        let real = |path: &PathBuf| path.canonicalize().or_else(|_| fs::absolute(path));
        given.iter().map(real).collect::<Result<Vec<_>, _>>()
    };
    let admitted = Admitted { of_homes: places(&args.capture)?, credentials: places(&args.capture_secrets)? };
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    Ok(Keeping { limit: u64::from(args.closure_limit) << 20, admitted, home })
}

fn scanner(args: &ScanArgs, artifacts: Vec<ArtifactSpec>, path: Vec<String>) -> Result<Scanner, CliError> {
    let sealing = Sealing {
        clock_runs: args.clock == Some(ClockChoice::Real),
        clamp_file_times: args.clamp_file_times.unwrap_or(true) && args.clock != Some(ClockChoice::Real),
        time_limit: args.timeout.map(|seconds| Duration::from_secs(seconds.into())),
        memory_limit: args.memory,
        path,
        closure: args.closure.then(|| keeping(args)).transpose()?,
    };
    let config = args.scanner_config.clone();
    match (args.scanner.as_deref(), args.command.is_empty()) {
        (Some("builtin"), false) => Err(ScanArgsError::BuiltInCommand.into()),
        (None | Some("builtin"), true) => {
            Ok(Scanner::BuiltIn { flags: args.flag.clone(), call_graph: args.call_graph.clone() })
        }
        (Some(given), true) => {
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
        (named, false) => Ok(Scanner::Command {
            words: args.command.clone(),
            scanner: named.map(|path| Path::new(path).to_owned()),
            artifacts,
            artifact_in_input: args.artifact_in_input,
            config,
            run: if args.as_is { Run::AsIs } else { Run::Sealed(sealing) },
        }),
    }
}
