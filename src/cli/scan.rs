//! `stella scan`: record a scan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::args::{Format, GlobalArgs, IsolationArgs, label};
use crate::cli::error::{CliError, CliResult, ExitCode};
use crate::cli::{output, setup};
use crate::flow::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::flow::as_is::Where;
use crate::flow::builtin::ENGINE;
use crate::flow::context::Context;
use crate::flow::failure::Failure;
use crate::flow::job::Job;
use crate::flow::manifest_file;
use crate::flow::material::{InputMaterial, MaterialError, ScannerMaterial};
use crate::flow::record::{self, RecordError, RecordRequest, Recording};
use crate::flow::recorded::{self, UNKNOWN_VERSION};
use crate::flow::shell;
use crate::flow::trees;
use crate::format;
use crate::host::{clock, fs};
use crate::model::artifact::ArtifactType;
use crate::model::exit::Exit;
use crate::model::manifest::{InputType, NetworkMode};
use crate::report::json::commands::RecordingV1;

/// Record a scan with everything it depended on
///
/// Without a command the built-in scanner reads the SBOM, lockfile or directory given with --input.
/// With a command, that command runs sealed in a copy of the input: no network, private directories,
/// fixed time zone and locale. The places {input}, {feed}, {policy}, {scanner} and {out} may stand
/// in it.
///
///   stella scan --input package-lock.json --feed osv/
///   stella scan --input . --artifact findings=-:sarif -- zizmor --offline --format sarif .
///   stella scan --as-is --artifact findings=out.json -- ./existing-step.sh
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ScanArgs {
    /// What to scan: a file or a directory [default with a command: the working directory]
    #[arg(long, value_name = "PATH")]
    input: Option<PathBuf>,
    /// What is no part of the input, e.g. a virtual environment whose links leave it (repeatable)
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
    /// The scanner: `builtin`, an executable, or a directory with everything it needs
    #[arg(long, value_name = "NAME|PATH")]
    scanner: Option<String>,
    /// Its version, for the manifest
    #[arg(long, value_name = "VERSION")]
    scanner_version: Option<String>,
    /// A flag of the built-in scanner, e.g. --flag=--distro=debian-12
    #[arg(long, value_name = "FLAG", allow_hyphen_values = true)]
    flag: Vec<String>,
    /// What the command writes: a file, or `-` for its standard output
    #[arg(long, value_name = "TYPE=PATH[:FORMAT]")]
    artifact: Vec<String>,
    /// An environment variable that the command may see; its value is never recorded
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// Exit codes that mean that it ran well, e.g. 0,1 [default: any; the one seen is recorded]
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
    /// The instant at which the clock is frozen [default: now]
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,
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

/// Whether a recording may reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NetworkChoice {
    Deny,
    Allow,
}

pub fn run(global: &GlobalArgs, args: &ScanArgs) -> CliResult {
    let context = setup::context(global, &args.isolation)?;
    let request = request(args, &context)?;
    let recording = record::record(&request, &context).map_err(failed)?;
    if let Some(directory) = &args.emit_artifacts_dir {
        fs::ensure_dir(directory).map_err(CliError::infrastructure)?;
        for artifact in &recording.artifacts {
            fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes).map_err(CliError::infrastructure)?;
        }
    }
    let bytes = manifest_file::to_bytes(&recording.manifest).map_err(CliError::infrastructure)?;
    output::file(&args.emit_manifest, &bytes)?;
    show(global, args, &recording)?;
    Ok(if args.as_is { ExitCode::of_wrapped(recording.executed.exit_code) } else { Exit::Passed.into() })
}

fn failed(error: RecordError) -> CliError {
    match &error {
        RecordError::Execute(Failure::Unhealthy(_)) | RecordError::Artifact { .. } => {
            CliError::new(Exit::Inconclusive, error)
                .hint("nothing was recorded: a scan that is not healthy says nothing")
        }
        RecordError::SameName(_) => CliError::usage(error),
        _ => CliError::infrastructure(error),
    }
}

fn request(args: &ScanArgs, context: &Context) -> Result<RecordRequest, CliError> {
    let created_at = clock::now();
    let frozen = args.clock.unwrap_or_else(|| whole_second(created_at));
    let (scanner, argv) = scanner(args)?;
    let is_builtin = matches!(scanner, ScannerMaterial::BuiltIn);
    let artifacts = args.artifact.iter().map(|text| text.parse::<ArtifactSpec>()).collect::<Result<Vec<_>, _>>();
    let artifacts = artifacts.map_err(CliError::usage)?;
    check(args, is_builtin, &artifacts)?;

    let input_path = args.input.clone().unwrap_or_else(|| PathBuf::from("."));
    let input = input(args, &input_path, &artifacts, context)?;
    let feeds = args.feed.iter().map(|given| {
        let (name, path) = given.split_once('=').unwrap_or(("osv", given));
        if !recorded::is_plain_name(name) {
            return Err(CliError::usage(format!("feed `{name}`: expected a plain name without `/` before the `=`"))
                .hint("a path that holds a `=` needs a name, e.g. `--feed osv=PATH`"));
        }
        trees::feed(name, Path::new(path), context).map_err(|error| {
            CliError::usage(error).hint("a feed is a directory, or a bundle made by `stella feed build`")
        })
    });
    let feeds = feeds.collect::<Result<Vec<_>, _>>()?;
    let policy = args.policy.as_ref().map(|path| trees::policy(path, context)).transpose();
    let policy =
        policy.map_err(|error| CliError::usage(error).hint("policies/README.md says what a policy is made of"))?;
    // What decides is an input as any other: without it a later stella could not say what it said today.
    let policy = policy.or_else(|| is_builtin.then(|| context.default_policy.clone()));
    let input_type = input_type(&input);
    let engine = match &scanner {
        ScannerMaterial::BuiltIn => ENGINE.to_owned(),
        ScannerMaterial::Binary { name, .. } => name.clone(),
        ScannerMaterial::Tree(_) => {
            argv.first().map_or("scanner", |word| word.rsplit('/').next().unwrap_or(word)).to_owned()
        }
    };
    let version = if is_builtin { env!("CARGO_PKG_VERSION") } else { UNKNOWN_VERSION };
    let as_is = args.as_is.then(|| place(args, &input_path)).transpose()?;
    Ok(RecordRequest {
        job: Job {
            input,
            scanner,
            argv,
            flags: args.flag.clone(),
            env: env(&args.env)?,
            recorded_env: Vec::new(),
            expected_exit_codes: if is_builtin { vec![0] } else { args.expect_exit.clone() },
            artifacts,
            feeds,
            policy,
            clock: frozen,
            tz: "UTC".to_owned(),
            locale: "C".to_owned(),
            seed: 0,
            roots: if is_builtin { Vec::new() } else { context.roots.clone() },
            network: match args.network {
                NetworkChoice::Deny => NetworkMode::Disabled,
                NetworkChoice::Allow => NetworkMode::Enabled,
            },
        },
        engine,
        scanner_version: args.scanner_version.clone().unwrap_or_else(|| version.to_owned()),
        labels: args.label.iter().cloned().collect(),
        input_type,
        as_is,
        created_at,
    })
}

/// A frozen clock shows no fraction of a second that nobody asked for.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn check(args: &ScanArgs, is_builtin: bool, artifacts: &[ArtifactSpec]) -> Result<(), CliError> {
    if is_builtin && args.input.is_none() {
        return Err(CliError::usage("nothing to scan")
            .hint("name it with `--input PATH`, or give the command of a scanner after `--`"));
    }
    if is_builtin && !artifacts.is_empty() {
        return Err(CliError::usage(
            "`--artifact` names what a command writes; the built-in scanner's artifacts are fixed",
        ));
    }
    if is_builtin && args.as_is {
        return Err(CliError::usage("`--as-is` needs a command").hint("put it after `--`"));
    }
    if !is_builtin && artifacts.is_empty() {
        return Err(CliError::usage("nothing is kept of this command")
            .hint("name what it writes, e.g. `--artifact findings=out.json`, or `--artifact findings=-` for its standard output"));
    }
    let sealing = args.isolation.require_isolation.is_some() || !args.isolation.ro.is_empty();
    if args.as_is && sealing {
        return Err(CliError::usage("`--as-is` seals nothing: it takes neither `--require-isolation` nor `--ro`"));
    }
    if args.as_is
        && [args.feed.first().map(String::as_str), args.policy.as_deref().and_then(Path::to_str)]
            .into_iter()
            .flatten()
            .any(|path| Path::new(path).is_file())
    {
        return Err(CliError::usage(
            "`--as-is` takes directories, not bundles: its command reads the files themselves",
        ));
    }
    if args.as_is && args.feed.len() > 1 {
        return Err(CliError::usage("`--as-is` knows one feed: its command finds the others by itself"));
    }
    if !is_builtin && (args.call_graph.is_some() || !args.flag.is_empty()) {
        return Err(CliError::usage(
            "`--call-graph` and `--flag` are for the built-in scanner; a command has its own flags",
        ));
    }
    Ok(())
}

fn scanner(args: &ScanArgs) -> Result<(ScannerMaterial, Vec<String>), CliError> {
    let unusable = |error| CliError::usage(error);
    let Some((program, rest)) = args.command.split_first() else {
        return match args.scanner.as_deref() {
            None | Some("builtin") => Ok((ScannerMaterial::BuiltIn, Vec::new())),
            Some(_) => {
                Err(CliError::usage("a scanner needs its command")
                    .hint("e.g. `--scanner bin/scan -- {scanner} {input}`"))
            }
        };
    };
    match args.scanner.as_deref() {
        Some("builtin") => Err(CliError::usage("the built-in scanner takes no command")),
        Some(_) if !args.command.iter().any(|word| word.contains("{scanner}")) => {
            Err(CliError::usage("the command does not run the scanner that was named")
                .hint("write `{scanner}` where it stands"))
        }
        Some(path) => Ok((trees::scanner(Path::new(path)).map_err(unusable)?, args.command.clone())),
        None => {
            let found = trees::look_up(program, std::env::var_os("PATH").as_deref()).ok_or_else(|| {
                CliError::usage(format!("no program `{program}`")).hint("is it installed, and on PATH?")
            })?;
            let material = trees::executable(&found).map_err(CliError::usage)?;
            let argv = std::iter::once("{scanner}".to_owned()).chain(rest.iter().cloned());
            Ok((material, argv.collect()))
        }
    }
}

fn input(
    args: &ScanArgs,
    path: &Path,
    artifacts: &[ArtifactSpec],
    context: &Context,
) -> Result<InputMaterial, CliError> {
    // What stella itself writes is no part of what is scanned, nor is an artifact that an earlier run left behind: it
    // would pass for this one's.
    let mut without = vec![context.local.root().to_owned(), args.emit_manifest.clone()];
    without.extend(args.emit_artifacts_dir.clone());
    without.extend(args.exclude.iter().cloned());
    without.extend(artifacts.iter().filter_map(|artifact| match &artifact.path {
        ArtifactPath::File(file) => Some(path.join(file)),
        ArtifactPath::Stdout => None,
    }));
    let input = InputMaterial::read(path, &without).map_err(|error| match error {
        MaterialError::Read { .. } if path.to_string_lossy().contains("@sha256:") => {
            CliError::usage(error).hint("images cannot be scanned yet: give a file or a directory")
        }
        MaterialError::Read { .. } => CliError::usage(error),
        error => CliError::usage(error)
            .hint("name a smaller input with `--input`, or leave a part of it out with `--exclude PATH`"),
    })?;
    let Some(graph) = &args.call_graph else { return Ok(input) };
    let bytes = fs::read(graph, crate::host::limits::MAX_DOCUMENT_BYTES).map_err(CliError::usage)?;
    input.with_file("callgraph.json", bytes).map_err(CliError::usage)
}

fn input_type(input: &InputMaterial) -> InputType {
    match input {
        InputMaterial::Tree(_) => InputType::Directory,
        InputMaterial::File { name, bytes, .. } => match format::read_inventory(name, bytes, None) {
            Ok(inventory) if inventory.kind.is_sbom() => InputType::Sbom,
            Ok(_) => InputType::Lockfile,
            Err(_) => InputType::File,
        },
    }
}

fn env(names: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let value = |name: &String| match std::env::var(name) {
        Ok(value) => Ok((name.clone(), value)),
        Err(error) => Err(CliError::usage(format!("`--env {name}`: {error}")).hint("set it, or leave the option out")),
    };
    names.iter().map(value).collect()
}

fn place(args: &ScanArgs, input: &Path) -> Result<Where, CliError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(CliError::infrastructure);
    let feed = args.feed.first().map(|given| given.split_once('=').map_or(given.as_str(), |(_, path)| path));
    Ok(Where {
        directory: absolute(Path::new("."))?,
        input: absolute(input)?,
        feed: feed.map(|path| absolute(Path::new(path))).transpose()?,
        policy: args.policy.as_deref().map(absolute).transpose()?,
    })
}

/// The words in their order, each once.
fn distinct<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for word in words {
        if !seen.contains(word) {
            seen.push(*word);
        }
    }
    seen
}

fn replay_command(global: &GlobalArgs, args: &ScanArgs) -> String {
    let text = |path: &Path| path.display().to_string();
    let mut words = ["stella", "replay", "--from"].map(str::to_owned).to_vec();
    words.extend([text(&args.emit_manifest), "--out-dir".to_owned(), "replay_out/".to_owned()]);
    for (flag, path) in [("--config", &global.config), ("--store", &global.store)] {
        words.extend(path.iter().flat_map(|path| [flag.to_owned(), text(path)]));
    }
    words.extend(args.env.iter().flat_map(|name| ["--env".to_owned(), name.clone()]));
    shell::line(words)
}

fn show(global: &GlobalArgs, args: &ScanArgs, recording: &Recording) -> Result<(), CliError> {
    let manifest = &recording.manifest;
    let digest = manifest_file::digest(manifest).map_err(CliError::infrastructure)?;
    for note in &recording.notes {
        output::talk(&format!("note: {note}"));
    }
    let executor = &recording.executed.executor;
    if let Some(level) = executor.isolation {
        let lost: Vec<&str> = executor.lost.iter().map(|lost| lost.split(':').next().unwrap_or(lost)).collect();
        output::talk(&format!(
            "isolation `{}`, which lacks: {} (docs/sandbox.md)",
            level.code(),
            distinct(&lost).join(", ")
        ));
    }
    if global.format == Format::Json {
        output::json(&RecordingV1 {
            schema: "stella.recording/1",
            manifest: args.emit_manifest.display().to_string(),
            manifest_sha256: digest,
            scan_id: manifest.scan_id.clone(),
            artifacts: manifest.artifacts.clone(),
            exit_code: recording.executed.exit_code,
            notes: recording.notes.clone(),
        });
        return Ok(());
    }
    // A wrapped step owns stdout.
    let say: fn(&str) = if args.as_is { output::talk } else { |text| output::data(&format!("{text}\n")) };
    let documents = recording.artifacts.iter().map(|artifact| format::read_document(artifact.format, &artifact.bytes));
    let (mut packages, mut findings, mut decision) = (None, None, None);
    for document in documents.flatten() {
        packages = packages.or(document.packages.map(|all| all.len()));
        findings = findings.or(document.findings.map(|all| all.len()));
        decision = decision.or(document.decision);
    }
    let count = |n: Option<usize>, what: &str| n.map(|n| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
    let decided = decision.map(|d| {
        let reasons: Vec<&str> = d.reasons.iter().map(String::as_str).collect();
        format!(
            "policy says {}{}",
            d.verdict(),
            if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) }
        )
    });
    let facts: Vec<String> =
        [count(packages, "package"), count(findings, "finding"), decided].into_iter().flatten().collect();
    say(&format!(
        "recorded {}: {}",
        manifest.scan_id,
        if facts.is_empty() { "artifacts of unknown meaning".to_owned() } else { facts.join(", ") }
    ));
    for artifact in &manifest.artifacts {
        let primary = if artifact.artifact_type == ArtifactType::Ledger { " (not compared)" } else { "" };
        say(&format!(
            "  {:<9} {:<18} {}{primary}",
            artifact.artifact_type.code(),
            artifact.path,
            artifact.canonical_sha256
        ));
    }
    say(&format!("manifest {} ({digest})", args.emit_manifest.display()));
    say(&format!("replay it: {}", replay_command(global, args)));
    Ok(())
}
