//! A scanner from which a profile is to be learnt, by names and paths, to a job that can be run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::flow::record::request::error::ScanRequestError;
use crate::flow::record::request::excluded;
use crate::flow::record::request::resolve::open_feed;
use crate::flow::record::request::scanner;
use crate::host::{clock, fs};
use crate::job::machine_settings::Settings;
use crate::job::material::InputMaterial;
use crate::job::scan_spec::ScanSpec;
use crate::model::artifact_spec::{ArtifactPath, ArtifactSpec};
use crate::model::manifest::NetworkMode;
use crate::model::text::placeholder;
use crate::workspace::context::Context;

/// What is to be run, again and again.
#[derive(Debug, Clone)]
pub struct LearnRequest {
    /// What is scanned: a file or a directory.
    pub input: PathBuf,
    /// What is not a part of it.
    pub exclude: Vec<PathBuf>,
    /// What the command writes.
    pub artifacts: Vec<ArtifactSpec>,
    /// Advisories.
    pub feed: Option<PathBuf>,
    /// Variables that the command may see.
    pub env: BTreeMap<String, String>,
    /// Exit codes that mean that it ran well; empty means any.
    pub expected_exit_codes: Vec<i32>,
    /// The words of the command; the first is the program.
    pub command: Vec<String>,
    /// Where programs are looked up, as in `PATH`.
    pub search: Option<OsString>,
}

/// Reads everything that the command depends on.
///
/// # Errors
/// Where something is missing or is not what it must be.
pub fn job(request: &LearnRequest, context: &Context) -> Result<ScanSpec, ScanRequestError> {
    if !fs::is_missing(&request.input) {
        excluded::check(&request.input, &request.exclude)?;
    }
    let mut without = vec![context.local.root().to_owned()];
    without.extend(request.exclude.iter().cloned());
    without.extend(request.artifacts.iter().filter_map(|artifact| match &artifact.path {
        ArtifactPath::File(file) => Some(request.input.join(file)),
        ArtifactPath::Stdout => None,
    }));
    let (program, rest) = request.command.split_first().ok_or(ScanRequestError::NoCommand)?;
    let feed = request.feed.as_deref().map(|path| open_feed("osv", path, context)).transpose()?;
    Ok(ScanSpec {
        input: InputMaterial::read(&request.input, &without).map_err(ScanRequestError::Input)?,
        scanner: scanner::program(program, request.search.as_deref())?,
        argv: std::iter::once(placeholder::SCANNER.to_owned()).chain(rest.iter().cloned()).collect(),
        flags: Vec::new(),
        config: None,
        set_env: BTreeMap::new(),
        env: request.env.clone(),
        recorded_env: None,
        expected_exit_codes: request.expected_exit_codes.clone(),
        artifacts: request.artifacts.clone(),
        feeds: feed.into_iter().collect(),
        policy: None,
        clock: clock::now(),
        tz: "UTC".to_owned(),
        locale: "C".to_owned(),
        seed: 0,
        settings: Settings::default(),
        roots: context.roots.clone(),
        network: NetworkMode::Disabled,
    })
}
