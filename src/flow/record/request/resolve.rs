//! From a request to a scan that can be recorded: everything it depends on is read here.

use std::path::Path;

use jiff::Timestamp;

use crate::execute::builtin;
use crate::execute::scanner_version;
use crate::execute::unsandboxed::HostPaths;
use crate::flow::record::recording::RecordRequest;
use crate::flow::record::request::error::ScanRequestError;
use crate::flow::record::request::excluded;
use crate::flow::record::request::scan_request::{Run, ScanRequest, Scanner, Sealing};
use crate::flow::record::request::scanner::Chosen;
use crate::format;
use crate::hint;
use crate::host::{clock, fs};
use crate::job::in_place;
use crate::job::machine_settings::Settings;
use crate::job::manifest_summary::UNKNOWN_VERSION;
use crate::job::material::{FeedMaterial, InputMaterial};
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::model::hint::Hint;
use crate::model::limits;
use crate::model::manifest::InputType;
use crate::model::parameter::Parameter;
use crate::model::text::placeholder;
use crate::scanner::callgraph;
use crate::workspace::context::Context;
use crate::workspace::git_folder;
use crate::workspace::image::{self, InputOptions};
use crate::workspace::open_inputs;
use crate::workspace::work_tree::{self, LeftOut};

/// A request that can be recorded, and what is to be known of it.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What to record.
    pub request: RecordRequest,
    /// Things to know.
    pub notes: Vec<Hint>,
}

/// Reads everything that the scan depends on.
///
/// # Errors
/// Where something is missing, is not what it must be, or does not go with the rest: see [`ScanRequestError`].
pub fn resolve(request: &ScanRequest, context: &Context) -> Result<Resolved, ScanRequestError> {
    let created_at = clock::now();
    let chosen = Chosen::of(request, context)?;
    context.config.check_profiles(&chosen.artifacts)?;
    request.check(&chosen.artifacts)?;
    let left = LeftOut::of(&request.input, request.include_ignored);
    let input = request.read_input(&chosen.artifacts, &left, context)?;
    request.check_input(&input, &chosen.argv)?;
    let feeds =
        request.feeds.iter().map(|feed| open_feed(&feed.name, &feed.path, context)).collect::<Result<Vec<_>, _>>()?;
    let policy = request.policy.as_ref().map(|path| open_inputs::policy(path, context)).transpose();
    let policy = policy.map_err(ScanRequestError::Policy)?;
    let is_builtin = matches!(request.scanner, Scanner::BuiltIn { .. });
    // What decides is an input as any other: without it a later stella could not say what it said today.
    let policy = policy.or_else(|| is_builtin.then(|| context.default_policy.clone()));
    let (input_type, engine, pointers) = (input_type(&input), chosen.engine(), work_tree::pointers(&input));
    let config = request.scanner.config().map(InputMaterial::read_configuration).transpose();
    let as_is = request.is_as_is().then(|| request.place()).transpose()?;
    let sealing = request.sealing();
    let Chosen { scanner, argv, set_env, artifacts, exit_codes, roots, adapter } = chosen;
    let job = ScanSpec {
        input,
        scanner,
        argv,
        config: config.map_err(ScanRequestError::Config)?,
        flags: match &request.scanner {
            Scanner::BuiltIn { flags, .. } => flags.clone(),
            Scanner::Adapter(_) | Scanner::Command { .. } => Vec::new(),
        },
        env: request.env.clone(),
        set_env,
        recorded_env: None,
        expected_exit_codes: match (is_builtin, request.expected_exit_codes.as_slice()) {
            (true, _) => vec![0],
            (false, []) => exit_codes,
            (false, given) => given.to_vec(),
        },
        artifacts,
        feeds,
        policy,
        clock: request.clock.unwrap_or_else(|| whole_second(created_at)),
        tz: "UTC".to_owned(),
        locale: "C".to_owned(),
        seed: 0,
        settings: sealing.map_or_else(Settings::default, settings),
        roots: if is_builtin {
            Vec::new()
        } else {
            with_path(together(&context.roots, roots), sealing.map_or(&[], |sealing| &sealing.path))
        },
        network: request.network,
    };
    let version = match (adapter, &request.scanner_version) {
        (_, Some(given)) => given.clone(),
        (Some(adapter), None) => {
            scanner_version::of(&job, &adapter.version_arguments, context).unwrap_or_else(|| UNKNOWN_VERSION.to_owned())
        }
        (None, None) => if is_builtin { env!("CARGO_PKG_VERSION") } else { UNKNOWN_VERSION }.to_owned(),
    };
    let left_out = request.left_out(&job.artifacts);
    let unverified = adapter.filter(|adapter| adapter.verified.is_none()).map(|adapter| {
        format!("the adapter `{}` is not verified: nobody says with which release it was run", adapter.name)
    });
    Ok(Resolved {
        request: RecordRequest {
            job,
            engine,
            scanner_version: version,
            labels: request.labels.clone(),
            input_type,
            as_is,
            closure: sealing.and_then(|sealing| sealing.closure.clone()),
            created_at,
            ignored: left.ignored,
        },
        notes: unverified.map(Hint::from).into_iter().chain(left_out).chain(left.notes).chain(pointers).collect(),
    })
}

/// A feed: a directory of records, or a bundle.
///
/// # Errors
/// Where it is neither.
pub fn open_feed(name: &str, path: &Path, context: &Context) -> Result<FeedMaterial, ScanRequestError> {
    open_inputs::feed(name, path, context).map_err(ScanRequestError::Feed)
}

impl ScanRequest {
    fn check(&self, artifacts: &[ArtifactSpec]) -> Result<(), ScanRequestError> {
        if let Scanner::BuiltIn { flags, .. } = &self.scanner {
            builtin::check_flags(flags)?;
            builtin::check_feeds(self.feeds.len())?;
        }
        if matches!(self.scanner, Scanner::Command { .. }) && artifacts.is_empty() {
            return Err(ScanRequestError::NothingKept);
        }
        if self.is_as_is() {
            let bundle = self.feeds.iter().map(|feed| &feed.path).chain(&self.policy).find(|path| path.is_file());
            if bundle.is_some() {
                return Err(ScanRequestError::AsIsBundle);
            }
            if self.feeds.len() > 1 {
                return Err(ScanRequestError::AsIsFeeds);
            }
        }
        Ok(())
    }

    /// Whether what the input turned out to be goes with the scanner.
    fn check_input(&self, input: &InputMaterial, argv: &[String]) -> Result<(), ScanRequestError> {
        let is_image = matches!(input, InputMaterial::Image(_));
        if !is_image && argv.iter().any(|word| word.contains(placeholder::ROOTFS)) {
            return Err(ScanRequestError::NoRootfs);
        }
        if !is_image && self.platform.is_some() {
            return Err(ScanRequestError::PlatformOfFile(self.input.clone()));
        }
        if is_image && self.is_as_is() {
            return Err(ScanRequestError::AsIsImage);
        }
        if is_image && matches!(self.scanner, Scanner::BuiltIn { call_graph: Some(_), .. }) {
            return Err(ScanRequestError::CallGraphOfImage);
        }
        Ok(())
    }

    fn read_input(
        &self,
        artifacts: &[ArtifactSpec],
        left: &LeftOut,
        context: &Context,
    ) -> Result<InputMaterial, ScanRequestError> {
        let in_input = matches!(self.scanner, Scanner::Command { artifact_in_input: true, .. });
        // What stella itself writes is not a part of what is scanned, nor is an artifact that an earlier run left behind: it
        // would pass for this one's.
        let mut without = vec![context.local.root().to_owned()];
        without.extend(self.written.iter().cloned());
        without.extend(self.exclude.iter().cloned());
        without.extend(left.paths.iter().cloned());
        without.extend(artifacts.iter().filter_map(|artifact| match &artifact.path {
            ArtifactPath::File(_) if in_input => None,
            ArtifactPath::File(file) => Some(self.input.join(file)),
            ArtifactPath::Stdout => None,
        }));
        if !fs::is_missing(&self.input) {
            excluded::check(&self.input, &self.exclude)?;
        }
        if let Some(why) = git_folder::refused(&self.input).filter(|_| self.with_git) {
            return Err(ScanRequestError::History { input: self.input.clone(), why });
        }
        let asked = InputOptions { without: &without, with_git: self.with_git, platform: self.platform.clone() };
        let input = image::input(&self.input, &asked, context).map_err(ScanRequestError::Input)?;
        let Scanner::BuiltIn { call_graph: Some(graph), .. } = &self.scanner else { return Ok(input) };
        if matches!(input, InputMaterial::Image(_)) {
            return Ok(input);
        }
        let bytes = fs::read(graph, limits::MAX_DOCUMENT_BYTES)?;
        callgraph::read(&bytes).map_err(|source| ScanRequestError::NoCallGraph { file: graph.clone(), source })?;
        input.with_file("callgraph.json", bytes).map_err(ScanRequestError::CallGraph)
    }

    /// Says that an artifact lies in the input and is not a part of it: a command that looks for the file does not find it.
    fn left_out(&self, artifacts: &[ArtifactSpec]) -> Option<Hint> {
        let Scanner::Command { artifact_in_input: false, run: Run::Sealed(_), .. } = &self.scanner else { return None };
        let lies_there = |artifact: &&ArtifactSpec| match &artifact.path {
            ArtifactPath::File(file) => self.input.join(file).symlink_metadata().is_ok(),
            ArtifactPath::Stdout => false,
        };
        artifacts.iter().find(lies_there).map(|artifact| {
            hint!(
                "`{}` lies in the input and is what the command writes: it is left out of the input, unless {} is given",
                artifact.path.to_string(),
                Parameter::ArtifactInInput
            )
        })
    }

    /// The real places of a command that runs where it is.
    fn place(&self) -> Result<HostPaths, ScanRequestError> {
        let absolute = |path: &Path| fs::absolute(path).map_err(ScanRequestError::Place);
        Ok(HostPaths {
            directory: absolute(Path::new("."))?,
            input: absolute(&self.input)?,
            feed: self.feeds.first().map(|feed| absolute(&feed.path)).transpose()?,
            policy: self.policy.as_deref().map(absolute).transpose()?,
            config: self.scanner.config().map(absolute).transpose()?,
        })
    }
}

fn settings(sealing: &Sealing) -> Settings {
    Settings {
        clock_runs: sealing.clock_runs,
        clamp_file_times: sealing.clamp_file_times,
        time_limit: sealing.time_limit,
        memory_limit: sealing.memory_limit,
        path: sealing.path.clone(),
        notes_look_ups: sealing.closure.is_some(),
        ..Settings::of_this_machine()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_shown_once_and_one_of_path_where_it_would_be_hidden() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(together(&words(&["/a"]), words(&["/b", "/a"])), words(&["/a", "/b"]));
        assert_eq!(with_path(words(&["/opt"]), &words(&["/opt/bin", "/srv/bin"])), words(&["/opt", "/srv/bin"]));
    }
}
