//! From arguments to a scan that can be recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::error::CliError;
use crate::cli::scan::chosen::{self, Chosen};
use crate::cli::scan::{ClockChoice, NetworkChoice, ScanArgs};
use crate::cli::setup;
use crate::execute::builtin::ENGINE;
use crate::execute::scanner_version;
use crate::execute::unsandboxed::HostPaths;
use crate::flow::record::recording::RecordRequest;
use crate::format;
use crate::host::{clock, fs};
use crate::job::in_place;
use crate::job::machine_settings::Settings;
use crate::job::manifest_summary::{self, UNKNOWN_VERSION};
use crate::job::material::{InputMaterial, MaterialError, ScannerMaterial};
use crate::job::scan_spec::Job;
use crate::model::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::model::limits;
use crate::model::manifest::{InputType, NetworkMode};
use crate::workspace::context::Context;
use crate::workspace::image::{self, InputOptions};
use crate::workspace::open_inputs;

/// The scan that the arguments ask for; everything it depends on is read here.
pub(super) fn of(args: &ScanArgs, context: &Context) -> Result<RecordRequest, CliError> {
    let created_at = clock::now();
    let frozen = match args.clock {
        Some(ClockChoice::At(instant)) => instant,
        Some(ClockChoice::Real) | None => whole_second(created_at),
    };
    let path = setup::visible("--path", &args.path)?;
    let Chosen { scanner, argv, set_env, artifacts: known, exit_codes, roots, adapter } =
        chosen::scanner(args, context)?;
    let is_builtin = matches!(scanner, ScannerMaterial::BuiltIn);
    let artifacts = args.artifact.iter().map(|text| text.parse::<ArtifactSpec>()).collect::<Result<Vec<_>, _>>();
    let mut artifacts = artifacts.map_err(CliError::usage)?;
    artifacts.extend(known);
    context.config.check_profiles(&artifacts).map_err(|error| {
        CliError::usage(error).hint("name one of your own under `profiles` in .stella.yaml; docs/profiles.md")
    })?;
    check(args, is_builtin, adapter.is_some(), &artifacts)?;

    let input_path = args.input.clone().unwrap_or_else(|| PathBuf::from("."));
    let input = input(args, &input_path, &artifacts, context)?;
    let is_image = matches!(input, InputMaterial::Image(_));
    if !is_image && argv.iter().any(|word| word.contains(crate::model::text::placeholder::ROOTFS)) {
        return Err(CliError::usage("`{rootfs}` stands for an unpacked image, and the input is none"));
    }
    if is_image && args.as_is {
        return Err(CliError::usage("`--as-is` takes no image: its command finds the image by itself"));
    }
    if is_image && args.call_graph.is_some() {
        return Err(CliError::usage("`--call-graph` goes with files and directories, not with images"));
    }
    let feeds = args.feed.iter().map(|given| {
        let (name, path) = given.split_once('=').unwrap_or(("osv", given));
        if !manifest_summary::is_plain_name(name) {
            return Err(CliError::usage(format!("feed `{name}`: expected a plain name without `/` before the `=`"))
                .hint("a path that holds a `=` needs a name, e.g. `--feed osv=PATH`"));
        }
        open_inputs::feed(name, Path::new(path), context).map_err(|error| {
            CliError::usage(error).hint("a feed is a directory, or a bundle made by `stella feed build`")
        })
    });
    let feeds = feeds.collect::<Result<Vec<_>, _>>()?;
    let policy = args.policy.as_ref().map(|path| open_inputs::policy(path, context)).transpose();
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
    let config = args.scanner_config.as_deref().map(InputMaterial::read_configuration).transpose();
    let config = config.map_err(CliError::usage)?;
    let as_is = args.as_is.then(|| place(args, &input_path)).transpose()?;
    let mut request = RecordRequest {
        job: Job {
            input,
            scanner,
            argv,
            config,
            flags: if is_builtin { args.flag.clone() } else { Vec::new() },
            env: env(&args.env)?,
            set_env,
            recorded_env: None,
            expected_exit_codes: match (is_builtin, args.expect_exit.as_slice()) {
                (true, _) => vec![0],
                (false, []) => exit_codes,
                (false, given) => given.to_vec(),
            },
            artifacts,
            feeds,
            policy,
            clock: frozen,
            tz: "UTC".to_owned(),
            locale: "C".to_owned(),
            seed: 0,
            settings: if is_builtin || args.as_is {
                Settings::default()
            } else {
                Settings {
                    clock_runs: args.clock == Some(ClockChoice::Real),
                    time_limit: args.timeout.map(|seconds| Duration::from_secs(seconds.into())),
                    memory_limit: args.memory,
                    path: path.clone(),
                    ..Settings::of_this_machine()
                }
            },
            roots: if is_builtin { Vec::new() } else { with_path(together(&context.roots, roots), &path) },
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
    };
    if let Some(adapter) = adapter {
        request.engine.clone_from(&adapter.name);
        if args.scanner_version.is_none()
            && let Some(version) = scanner_version::of(&request.job, &adapter.version_arguments, context)
        {
            request.scanner_version = version;
        }
    }
    Ok(request)
}

/// Folders that the user shows and folders that the scanner needs, each once.
fn together(given: &[String], needed: Vec<String>) -> Vec<String> {
    let mut all = given.to_vec();
    all.extend(needed.into_iter().filter(|folder| !given.contains(folder)));
    all
}

/// The same with every folder of `PATH` that would not be visible otherwise.
fn with_path(mut roots: Vec<String>, path: &[String]) -> Vec<String> {
    for folder in path {
        if !in_place::runs_in_place(Path::new(folder), &roots) {
            roots.push(folder.clone());
        }
    }
    roots
}

/// A frozen clock shows no fraction of a second that nobody asked for.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn check(args: &ScanArgs, is_builtin: bool, is_adapted: bool, artifacts: &[ArtifactSpec]) -> Result<(), CliError> {
    if is_builtin && args.input.is_none() {
        return Err(CliError::usage("nothing to scan")
            .hint("name it with `--input PATH`, or give the command of a scanner after `--`"));
    }
    if is_builtin && !artifacts.is_empty() {
        return Err(CliError::usage(
            "`--artifact` names what a command writes; the built-in scanner's artifacts are fixed",
        ));
    }
    if (is_builtin || is_adapted) && args.as_is {
        return Err(CliError::usage("`--as-is` needs a command").hint("put it after `--`"));
    }
    if is_builtin && (args.scanner_config.is_some() || !args.output.is_empty()) {
        return Err(CliError::usage("the built-in scanner takes neither `--scanner-config` nor `--output`"));
    }
    if !is_builtin && artifacts.is_empty() {
        return Err(CliError::usage("nothing is kept of this command")
            .hint("name what it writes, e.g. `--artifact findings=out.json`, or `--artifact findings=-` for its standard output"));
    }
    let of_a_sandbox = args.clock == Some(ClockChoice::Real)
        || args.timeout.is_some()
        || args.memory.is_some()
        || !args.path.is_empty();
    if (is_builtin || args.as_is) && of_a_sandbox {
        return Err(CliError::usage(
            "`--clock real`, `--timeout`, `--memory` and `--path` are for a command that runs sealed, and for an adapter's",
        ));
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
    if !is_builtin && !is_adapted && (args.call_graph.is_some() || !args.flag.is_empty()) {
        return Err(CliError::usage(
            "`--call-graph` and `--flag` are for the built-in scanner; a command has its own flags",
        ));
    }
    Ok(())
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
        ArtifactPath::File(_) if args.artifact_in_input => None,
        ArtifactPath::File(file) => Some(path.join(file)),
        ArtifactPath::Stdout => None,
    }));
    let asked = InputOptions { without: &without, platform: args.platform.clone() };
    let input = image::input(path, &asked, context).map_err(|error| match error {
        error @ (MaterialError::Image { .. }
        | MaterialError::ImageName(_)
        | MaterialError::NoRegistry(_)
        | MaterialError::Read { .. }) => CliError::from(error),
        error => CliError::from(error)
            .hint("name a smaller input with `--input`, or leave a part of it out with `--exclude PATH`"),
    })?;
    let Some(graph) = &args.call_graph else { return Ok(input) };
    let bytes = fs::read(graph, limits::MAX_DOCUMENT_BYTES).map_err(CliError::usage)?;
    input.with_file("callgraph.json", bytes).map_err(CliError::usage)
}

fn input_type(input: &InputMaterial) -> InputType {
    match input {
        InputMaterial::Tree(_) => InputType::Directory,
        InputMaterial::Image(_) => InputType::OciImage,
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

fn place(args: &ScanArgs, input: &Path) -> Result<HostPaths, CliError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(CliError::infrastructure);
    let feed = args.feed.first().map(|given| given.split_once('=').map_or(given.as_str(), |(_, path)| path));
    Ok(HostPaths {
        directory: absolute(Path::new("."))?,
        input: absolute(input)?,
        feed: feed.map(|path| absolute(Path::new(path))).transpose()?,
        policy: args.policy.as_deref().map(absolute).transpose()?,
        config: args.scanner_config.as_deref().map(absolute).transpose()?,
    })
}
