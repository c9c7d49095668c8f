//! The built-in scanner from end to end: files, feed, policy and clock in; SBOM, findings, VEX, evidence and decision out, and
//! beside them what was looked at and what the feed held.
//!
//! Invariants: the result depends on nothing but the arguments; no order of files, records or packages reaches it; what was
//! not understood is in the notes.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::compare::semantic::Semantics;
use crate::format::coverage::{self, Undecided};
use crate::format::detect::by_name;
use crate::format::evidence;
use crate::format::feed_totals::{self, FeedTotals};
use crate::format::reading::{self, FileRead, NotRead, Reading, ReadingError};
use crate::format::{self, InventoryKind, Skipped};
use crate::host::fs::{self, FsError};
use crate::job::artifact::{Artifact, usual_type};
use crate::job::material::FeedMaterial;
use crate::job::osv_feed::FeedError;
use crate::model::artifact::{ArtifactFormat, ArtifactType};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::limits;
use crate::policy::{Policy, PolicyError, PolicyInput, PolicyLimits};
use crate::scanner::callgraph::{self, CallGraph, CallGraphError};
use crate::scanner::feed::Feed;
use crate::scanner::gaps::{Gaps, Note, Weight};
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
    pub artifacts: Vec<Artifact>,
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
    /// A distribution that nobody knows.
    #[error(
        "`{0}` names no distribution of Debian packages: expected `debian` or `ubuntu` with a release, e.g. `--distro=debian-12`"
    )]
    Distribution(String),
    /// A flag that says something else than an earlier one.
    #[error("`{0}` is the second of its kind: what is scanned has one distribution")]
    Twice(String),
    /// No file of the input is an inventory that can be read.
    #[error("nothing to scan: no SBOM, lockfile or package database that can be read among {files} file(s){}", known(.not_read))]
    NoInventory {
        /// How many files there are.
        files: usize,
        /// Those that list packages and cannot be read.
        not_read: Vec<NotRead>,
    },
    /// Inventories were read, and of no package that they list anything can be known.
    #[error("nothing to scan: no package that is listed can be used: {}", lost(.left_out))]
    NothingUsable {
        /// What was left out.
        left_out: Vec<Skipped>,
    },
    /// An inventory that cannot be read.
    #[error(transparent)]
    Inventory(#[from] ReadingError),
    /// No feed at all, so that nothing could ever be found.
    #[error("no feed of advisories was given, and without one nothing can be found")]
    NoFeed,
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
    #[error("feed `{name}`: not a feed of OSV records")]
    Feed {
        /// Its name.
        name: String,
        /// What is wrong with it.
        source: Arc<FeedError>,
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
    ///
    /// # Errors
    /// When a flag, an inventory, a call graph, the feed or the policy cannot be used; what cannot be decided of a package is a part
    /// of the output.
    pub fn run(&self) -> Result<Output, BuiltInError> {
        let distro = distro(self.flags)?;
        let (reading, graph) = self.read_files(distro)?;
        check_feeds(self.feeds.len())?;
        let only = self.feeds.first().ok_or(BuiltInError::NoFeed)?;
        let feed = only.advisories.as_deref();
        let feed = feed.map_err(|error| BuiltInError::Feed { name: only.name.clone(), source: Arc::clone(error) })?;
        let scan = scan::scan(&reading.packages, feed, graph.as_ref());
        let mut notes = told(&reading);
        let is_debian = |file: &FileRead| file.kind == InventoryKind::DpkgStatus;
        if let Some(distro) = distro.filter(|_| !reading.read.iter().any(is_debian)) {
            let text = format!("`--distro={distro}` says nothing: no database of Debian packages is in the input");
            notes.push(Note::new(Weight::Told, text));
        }
        notes.extend(scan.notes.iter().cloned());
        notes.sort_by_key(|note| note.weight);

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
        artifacts.push(artifact(
            coverage::FILE,
            ArtifactFormat::Json,
            coverage::write(&reading, &undecided(&scan.gaps)),
        ));
        artifacts.push(artifact(feed_totals::FILE, ArtifactFormat::Json, feed_totals::write(&totals(feed))));
        Ok(Output {
            artifacts,
            passed: decision.passed,
            counts: (scan.packages.len(), scan.findings.len()),
            notes: notes.iter().map(ToString::to_string).collect(),
        })
    }

    fn read_files(&self, distro: Option<&str>) -> Result<(Reading, Option<CallGraph>), BuiltInError> {
        let mut graph = None::<(&str, CallGraph)>;
        let mut others = Vec::with_capacity(self.files.len());
        for (path, bytes) in &self.files {
            if !callgraph::is_one(bytes) {
                others.push((*path, *bytes));
                continue;
            }
            let read = callgraph::read(bytes)
                .map_err(|source| BuiltInError::CallGraph { file: (*path).to_owned(), source })?;
            if let Some((first, _)) = graph.replace((path, read)) {
                return Err(BuiltInError::TwoCallGraphs { first: first.to_owned(), second: (*path).to_owned() });
            }
        }
        let mut reading = reading::read_input(&others, distro)?;
        // The name of a file that is scanned alone is not a part of what is scanned.
        if let ([_], [file]) = (self.files.as_slice(), reading.read.as_mut_slice()) {
            file.path = ALONE.to_owned();
        }
        if reading.read.is_empty() {
            return Err(BuiltInError::NoInventory { files: self.files.len(), not_read: reading.not_read });
        }
        let left_out = || reading.read.iter().flat_map(|file| &file.skipped).filter(|entry| entry.is_lost);
        if reading.packages.is_empty() && left_out().next().is_some() {
            return Err(BuiltInError::NothingUsable { left_out: left_out().cloned().collect() });
        }
        Ok((reading, graph.map(|(_, graph)| graph)))
    }
}

/// The distribution of system packages that the flags give.
fn distro(flags: &[String]) -> Result<Option<&str>, BuiltInError> {
    let mut distro = None;
    for flag in flags {
        match flag.strip_prefix("--distro=") {
            Some(name) if !reading::is_distribution(name) => return Err(BuiltInError::Distribution(flag.clone())),
            Some(name) if distro.replace(name).is_none() => {}
            Some(_) => return Err(BuiltInError::Twice(flag.clone())),
            _ => return Err(BuiltInError::Flag(flag.clone())),
        }
    }
    Ok(distro)
}

/// Whether the scanner has these flags: what can be told before anything is read.
///
/// # Errors
/// [`BuiltInError::Flag`] and [`BuiltInError::Twice`].
pub fn check_flags(flags: &[String]) -> Result<(), BuiltInError> {
    distro(flags).map(drop)
}

/// Whether there are no more feeds than the scanner reads.
///
/// # Errors
/// [`BuiltInError::TwoFeeds`].
pub fn check_feeds(count: usize) -> Result<(), BuiltInError> {
    if count > 1 { Err(BuiltInError::TwoFeeds) } else { Ok(()) }
}

/// What stands for the path of a file that is scanned alone.
const ALONE: &str = ".";
/// How many things of one kind are told one by one.
const SHOWN: usize = 3;

fn known(not_read: &[NotRead]) -> String {
    let named: Vec<String> =
        not_read.iter().take(SHOWN).map(|file| format!("`{}` is {}", file.path, file.what)).collect();
    let more = not_read.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more are known") } else { String::new() };
    if named.is_empty() { String::new() } else { format!(" ({}{more}, which is not read)", named.join(", ")) }
}

fn lost(left_out: &[Skipped]) -> String {
    let named = left_out.iter().take(SHOWN).map(|entry| format!("`{}` ({})", entry.what, entry.why));
    let more = left_out.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| format!("{more} more"));
    named.chain(more).collect::<Vec<_>>().join(", ")
}

/// What became of the files, for people.
fn told(reading: &Reading) -> Vec<Note> {
    let mut notes = Vec::new();
    for file in reading.not_read.iter().take(SHOWN) {
        notes.push(Note::new(Weight::Unread, format!("`{}` is not read: {}", file.path, file.what)));
    }
    if let Some(more) = reading.not_read.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let text = format!("{more} more files that list packages are not read: all are in `{}`", coverage::FILE);
        notes.push(Note::new(Weight::Unread, text));
    }
    for file in &reading.read {
        let path = if file.path == ALONE { "the input" } else { &file.path };
        for entry in file.skipped.iter().take(SHOWN) {
            let text = format!("{path}: `{}` left out: {}", entry.what, entry.why);
            notes.push(Note::new(Weight::LeftOut, text));
        }
        if let Some(more) = file.skipped.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let text = format!("{path}: {more} more left out: all are in `{}`", coverage::FILE);
            notes.push(Note::new(Weight::LeftOut, text));
        }
        if file.packages == 0 && file.with.is_none() {
            let what = if file.skipped.is_empty() { "lists no package" } else { "lists no package that is compared" };
            notes.push(Note::new(Weight::Told, format!("{path} was read, and {what}")));
        }
    }
    notes
}

fn undecided(gaps: &Gaps) -> Undecided {
    let packages = gaps.packages.iter().map(|gap| (gap.package.clone(), gap.why.clone()));
    let advisories = gaps.advisories.iter().map(|gap| (gap.advisory.clone(), gap.package.clone(), gap.why.clone()));
    Undecided { packages: packages.collect(), advisories: advisories.collect() }
}

fn totals(feed: &Feed) -> FeedTotals {
    let totals = feed.totals();
    FeedTotals {
        records: totals.read,
        withdrawn: totals.withdrawn,
        superseded: totals.read.saturating_sub(totals.withdrawn + feed.len()),
        unread: totals.unread.clone(),
        unknown_ecosystems: totals.unknown_ecosystems.clone(),
    }
}

fn artifact(name: &str, format: ArtifactFormat, bytes: Vec<u8>) -> Artifact {
    let artifact_type = match name {
        "evidence.json" => ArtifactType::Evidence,
        // What a feed holds changes with every day: it is kept, and never compared.
        feed_totals::FILE => ArtifactType::Ledger,
        _ => usual_type(format),
    };
    Artifact { artifact_type, name: name.to_owned(), format, profile: None, bytes: bytes.into() }
}

/// Reads back what a built-in scanner in another process wrote.
///
/// # Errors
/// When a file cannot be read or is too large.
pub fn read_artifacts(directory: &Path) -> Result<Vec<Artifact>, FsError> {
    let mut artifacts = Vec::new();
    for (name, format) in by_name::BUILT_IN {
        if let Some(bytes) = fs::read_if_present(&directory.join(name), limits::MAX_DOCUMENT_BYTES)? {
            artifacts.push(artifact(name, format, bytes));
        }
    }
    Ok(artifacts)
}
