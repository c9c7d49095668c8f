//! The built-in scanner from end to end: files, feed, policy and clock in; SBOM, findings, VEX, evidence and decision out.
//!
//! Invariants: the result depends on nothing but the arguments; no order of files, records or packages reaches it; what was
//! not understood is in the notes.

use std::path::Path;

use jiff::Timestamp;

use crate::compare::semantic::Semantics;
use crate::format::detect::by_name;
use crate::format::evidence;
use crate::format::inventory::read_inventory;
use crate::format::{self, FormatError};
use crate::host::fs::{self, FsError};
use crate::job::artifact::{Produced, usual_type};
use crate::job::material::FeedMaterial;
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::limits;
use crate::model::package::Package;
use crate::policy::{Policy, PolicyError, PolicyInput, PolicyLimits};
use crate::scanner::callgraph::{self, CallGraph, CallGraphError};
use crate::scanner::feed::Feed;
use crate::scanner::scan;

/// Name of the engine in manifests.
pub const ENGINE: &str = "stella";

/// Everything that a scan depends on.
#[derive(Debug)]
pub struct Scan<'a> {
    /// Every file of the input with its path.
    pub files: Vec<(&'a str, &'a [u8])>,
    /// Flags, as in a manifest.
    pub flags: &'a [String],
    /// Feeds of OSV records.
    pub feeds: &'a [FeedMaterial],
    /// Decides.
    pub policy: &'a Policy,
    /// What the scanner takes for now.
    pub clock: Timestamp,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Output {
    /// The artifacts.
    pub artifacts: Vec<Produced>,
    /// Whether the policy lets it pass.
    pub passed: bool,
    /// How many packages and findings there are.
    pub counts: (usize, usize),
    /// What was not understood.
    pub notes: Vec<String>,
}

/// Why a scan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuiltInError {
    /// A flag that the scanner does not have.
    #[error("unknown flag `{0}` of the built-in scanner: it has `--distro=NAME-RELEASE`, e.g. `--distro=debian-12`")]
    Flag(String),
    /// No file of the input is an inventory.
    #[error("nothing to scan: no SBOM, lockfile or package database among {files} file(s)")]
    NoInventory {
        /// How many files there are.
        files: usize,
    },
    /// An inventory that cannot be read.
    #[error("`{file}`")]
    Inventory {
        /// The file.
        file: String,
        /// Why.
        source: FormatError,
    },
    /// A call graph that cannot be read.
    #[error("`{file}` is not a call graph")]
    CallGraph {
        /// The file.
        file: String,
        /// Why.
        source: CallGraphError,
    },
    /// More than one call graph.
    #[error("`{first}` and `{second}` are both call graphs: one is read")]
    TwoCallGraphs {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A feed that does not hold OSV records.
    #[error("feed `{name}`: {why}")]
    Feed {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// More than one feed.
    #[error("the built-in scanner reads one feed: put all OSV records into one")]
    TwoFeeds,
    /// The policy cannot decide.
    #[error("the policy cannot decide")]
    Policy(#[source] PolicyError),
}

impl Diagnostic for BuiltInError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl Scan<'_> {
    /// Scans.
    pub fn run(&self) -> Result<Output, BuiltInError> {
        let distro = self.distro()?;
        let (packages, graph, mut notes) = self.read_files(distro.as_deref())?;
        let empty = Feed::new(Vec::new());
        let feed = match self.feeds {
            [] => &empty,
            [only] => only
                .advisories
                .as_deref()
                .map_err(|why| BuiltInError::Feed { name: only.name.clone(), why: why.clone() })?,
            [_, _, ..] => return Err(BuiltInError::TwoFeeds),
        };
        let scan = scan::scan(&packages, feed, graph.as_ref());
        notes.extend(scan.notes.iter().cloned());

        let meaning = Semantics::from_parts(
            Some(scan.packages.clone()),
            Some(scan.findings.clone()),
            Some(scan.vex.clone()),
            None,
        );
        let decision = self
            .policy
            .decide(&PolicyInput::of(&meaning), self.clock, &PolicyLimits::default())
            .map_err(BuiltInError::Policy)?;
        let paths: Vec<evidence::CallPath> = scan
            .evidence
            .iter()
            .map(|path| evidence::CallPath { finding: path.finding.clone(), path: path.symbols.clone() })
            .collect();

        let mut artifacts = vec![
            artifact("sbom.cdx.json", ArtifactFormat::Cyclonedx, format::cyclonedx::write(&scan.packages)),
            artifact("findings.json", ArtifactFormat::StellaFindings, format::findings::write(&scan.findings)),
            artifact("vex.cdx.json", ArtifactFormat::CyclonedxVex, format::cyclonedx::vex::write(&scan.vex)),
            artifact("vex.openvex.json", ArtifactFormat::Openvex, format::openvex::write(&scan.vex, self.clock)),
            artifact("decision.json", ArtifactFormat::StellaDecision, format::decision::write(&decision)),
        ];
        if graph.is_some() {
            artifacts.push(artifact("evidence.json", ArtifactFormat::Json, evidence::write(&paths)));
        }
        Ok(Output { artifacts, passed: decision.passed, counts: (scan.packages.len(), scan.findings.len()), notes })
    }

    /// The distribution of system packages: a flag, else what `os-release` of the input says.
    fn distro(&self) -> Result<Option<String>, BuiltInError> {
        let mut distro =
            self.files.iter().find(|(path, _)| path.rsplit('/').next() == Some("os-release")).and_then(|(_, bytes)| {
                let text = String::from_utf8_lossy(bytes);
                let field = |name: &str| {
                    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
                    Some(line.trim_matches(['"', '\'']).to_owned())
                };
                Some(format!("{}-{}", field("ID")?, field("VERSION_ID")?))
            });
        for flag in self.flags {
            match flag.strip_prefix("--distro=") {
                Some(name) if !name.is_empty() => distro = Some(name.to_owned()),
                _ => return Err(BuiltInError::Flag(flag.clone())),
            }
        }
        Ok(distro)
    }

    #[expect(clippy::type_complexity, reason = "three values that are taken apart at once")]
    fn read_files(&self, distro: Option<&str>) -> Result<(Vec<Package>, Option<CallGraph>, Vec<String>), BuiltInError> {
        let (mut packages, mut graph, mut notes) = (Vec::new(), None::<(&str, CallGraph)>, Vec::new());
        let mut inventories = 0_usize;
        for (path, bytes) in &self.files {
            if callgraph::is_one(bytes) {
                let read = callgraph::read(bytes)
                    .map_err(|source| BuiltInError::CallGraph { file: (*path).to_owned(), source })?;
                if let Some((first, _)) = graph.replace((path, read)) {
                    return Err(BuiltInError::TwoCallGraphs { first: first.to_owned(), second: (*path).to_owned() });
                }
                continue;
            }
            match read_inventory(path, bytes, distro) {
                Ok(inventory) => {
                    inventories += 1;
                    let skipped = inventory.skipped.iter().map(|s| format!("{path}: `{}` left out: {}", s.what, s.why));
                    notes.extend(summarised(path, skipped.collect()));
                    packages.extend(inventory.packages);
                }
                // A directory holds files of every kind; a file that was named must be understood.
                Err(FormatError::Unrecognised { .. } | FormatError::Encoding { .. } | FormatError::Utf16 { .. })
                    if self.files.len() > 1 => {}
                Err(source) => return Err(BuiltInError::Inventory { file: (*path).to_owned(), source }),
            }
        }
        if inventories == 0 {
            return Err(BuiltInError::NoInventory { files: self.files.len() });
        }
        Ok((packages, graph.map(|(_, graph)| graph), notes))
    }
}

/// The first few of many like notes, and how many more there are.
fn summarised(path: &str, mut notes: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let more = notes.len().saturating_sub(SHOWN);
    notes.truncate(SHOWN);
    if more > 0 {
        notes.push(format!("{path}: {more} more left out"));
    }
    notes
}

fn artifact(name: &str, format: ArtifactFormat, bytes: Vec<u8>) -> Produced {
    let artifact_type = if name == "evidence.json" { ArtifactType::Evidence } else { usual_type(format) };
    Produced { artifact_type, name: name.to_owned(), format, profile: None, bytes: bytes.into() }
}

/// Reads back what a built-in scanner in another process wrote.
pub fn read_artifacts(directory: &Path) -> Result<Vec<Produced>, FsError> {
    let mut artifacts = Vec::new();
    for (name, format) in by_name::BUILT_IN {
        if let Some(bytes) = fs::read_if_present(&directory.join(name), limits::MAX_DOCUMENT_BYTES)? {
            artifacts.push(artifact(name, format, bytes));
        }
    }
    Ok(artifacts)
}
