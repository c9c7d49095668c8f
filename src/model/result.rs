//! The result of a run: what every output shows and every later step reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::artifact::ArtifactType;
use crate::model::candidate::{Candidate, CandidateKind, Coverage};
use crate::model::change::approval::{ChangeKey, Changed};
use crate::model::change::base::{Base, CoveredDifference, WithoutBase};
use crate::model::change::before::BeforeChange;
use crate::model::comparison::diff::DiffSummary;
use crate::model::comparison::fidelity::{Fidelity, Level};
use crate::model::comparison::movement::Movement;
use crate::model::digest::Digest;
use crate::model::dimension::{Dimension, Dimensions};
use crate::model::exit::Exit;
use crate::model::experiment::explanation::Explanation;
use crate::model::gate_result::GateResult;
use crate::model::outcome::Outcome;
use crate::model::rate::Tally;
use crate::model::shard::Part;
use crate::model::showing::Showing;
use crate::model::text::redact::Known;

/// What a replay was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// A regression case: a folder with input and expected findings.
    Case,
    /// A canary: a recorded manifest with its expected artifacts.
    Canary,
    /// A manifest given by name.
    Manifest,
}

impl SubjectKind {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Canary => "canary",
            Self::Manifest => "manifest",
        }
    }
}

/// Which question a replay answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Did I break it: the subject swapped in, everything else pinned.
    Regression,
    /// Is it repeatable: everything as recorded.
    Fidelity,
}

impl Mode {
    /// The stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Fidelity => "fidelity",
        }
    }
}

/// How well a replay was isolated, found by trying; strongest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Namespaces and system-call tracing.
    Full,
    /// Tracing without namespaces.
    Traced,
    /// Namespaces without tracing: no network, private directories; the clock is the machine's.
    Isolated,
    /// Nothing.
    None,
}

impl Isolation {
    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Where and how a replay ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorEnv {
    /// The built-in scanner ran inside this process: no foreign code ran, and no sandbox was needed.
    pub in_process: bool,
    /// The level of isolation that was reached; `None` in process.
    pub isolation: Option<Isolation>,
    /// What that level lacks, in words.
    pub lost: Vec<String>,
    /// What the sandbox denied, in words.
    pub denied: Vec<String>,
    /// SHA-256 of the ledger; `None` where nothing was observed.
    pub ledger: Option<Digest>,
    /// `amd64`, `arm64`, …
    pub arch: String,
    /// `linux`, …
    pub os: String,
    /// Time zone that the scanner saw.
    pub tz: String,
    /// Locale that the scanner saw.
    pub locale: String,
    /// The instant at which the clock was frozen; `None` where it ran.
    pub clock: Option<Timestamp>,
}

/// A file of the repository, for annotations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceLocation {
    /// Path relative to the repository's root, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// One compared artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactResult {
    /// Its name, e.g. `findings.json`.
    pub name: String,
    /// What it is for.
    pub artifact_type: ArtifactType,
    /// Digest of the canonical bytes that were expected.
    pub expected: Option<Digest>,
    /// Digest of the canonical bytes that came out.
    pub actual: Option<Digest>,
    /// Digest of the profile under which both were read.
    pub profile: Digest,
    /// What the profile masked in the actual document: path → how often.
    pub masked: BTreeMap<String, u64>,
    /// What names the build of the tool in the actual document, and was put aside: path → how often.
    pub identity: BTreeMap<String, u64>,
    /// The parts of it that count in the bytes alone, because nobody reads what they mean.
    pub not_compared: Vec<String>,
    /// Digests of what it means; `None` where both sides are the same byte for byte, or no meaning is known.
    pub meaning: Option<Sides>,
    /// Digests of the decision on each side; `None` as above, or where nothing was decided.
    pub decision: Option<Sides>,
}

/// Digests of two sides; `None` where there is nothing on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Of what was expected.
    pub expected: Option<Digest>,
    /// Of what came out.
    pub actual: Option<Digest>,
}

impl ArtifactResult {
    /// What stands for each side at a level of fidelity: where no meaning is known, its bytes.
    pub fn sides(&self, level: Level) -> Sides {
        let bytes = Sides { expected: self.expected, actual: self.actual };
        match level {
            Level::Bitwise => bytes,
            Level::Semantic => self.meaning.unwrap_or(bytes),
            Level::Policy => self.decision.or(self.meaning).unwrap_or(bytes),
        }
    }

    /// The change of it in a replay, as an approval names it; `None` where the sides agree at that level.
    pub fn difference(&self, replay: &str, level: Level) -> Option<ChangeKey> {
        let Sides { expected, actual } = self.sides(level);
        let of = Changed::Difference { id: replay.to_owned(), artifact: self.name.clone() };
        (expected != actual).then_some(ChangeKey { of, old: expected, new: actual })
    }
}

/// The recording that a replay was made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recording {
    /// Id of the scan.
    pub scan_id: String,
    /// SHA-256 of the manifest's canonical JSON.
    pub manifest: Digest,
}

/// One replay with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayResult {
    /// Unique in the run: the case's or canary's id, or the scan id.
    pub id: String,
    /// A title for people.
    pub title: String,
    /// What it was made from.
    pub kind: SubjectKind,
    /// Which question it answers.
    pub mode: Mode,
    /// The candidate ran in it.
    pub candidate: bool,
    /// The recording; `None` for a case.
    pub recording: Option<Recording>,
    /// How it ended.
    pub outcome: Outcome,
    /// The three verdicts; `None` where nothing could be compared.
    pub fidelity: Option<Fidelity>,
    /// What changed; empty for a match.
    pub diff: DiffSummary,
    /// What was gained and what was lost; `None` where nothing differs or nothing was compared.
    pub movement: Option<Movement>,
    /// Every artifact that was compared.
    pub artifacts: Vec<ArtifactResult>,
    /// Digests of all inputs as recorded.
    pub recorded: Dimensions,
    /// Digests of all inputs as replayed.
    pub replayed: Dimensions,
    /// Where it ran; `None` where it did not.
    pub executor: Option<ExecutorEnv>,
    /// Labels of the manifest or case: `ecosystem`, `base_os`, `tier`, …
    pub labels: BTreeMap<String, String>,
    /// The file to open.
    pub source: Option<SourceLocation>,
    /// One command that runs this replay alone.
    pub reproduce: String,
    /// Things to know that are not a failure.
    pub notes: Vec<String>,
    /// The experiment that found the causes, where one was made.
    pub explanation: Option<Explanation>,
    /// What a run that went wrong showed.
    pub showing: Option<Showing>,
    /// Whether it failed before the change; `None` where nobody asked.
    pub before: Option<BeforeChange>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

impl ReplayResult {
    /// Whether the candidate ran in it: a replay that could not begin is none.
    pub fn ran_candidate(&self) -> bool {
        self.candidate && !matches!(self.outcome, Outcome::Unreplayable { .. } | Outcome::Infra { .. })
    }

    /// The same with none of these values in what scanners said and wrote. What names things (ids, artifacts, labels, places) stays:
    /// approvals and histories are kept by it.
    #[must_use]
    pub fn without(mut self, secrets: &Known) -> Self {
        let hide = |text: &mut String| *text = secrets.hide(text);
        match &mut self.outcome {
            Outcome::Match { .. } | Outcome::Drift { .. } => {}
            Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => hide(detail),
            Outcome::Unreplayable { missing } => missing.iter_mut().for_each(hide),
        }
        self.diff.texts(&mut |text| *text = secrets.hide(text));
        for artifact in &mut self.artifacts {
            for places in [&mut artifact.masked, &mut artifact.identity] {
                *places =
                    std::mem::take(places).into_iter().map(|(path, count)| (secrets.hide(&path), count)).collect();
            }
        }
        if let Some(env) = &mut self.executor {
            env.denied.iter_mut().for_each(hide);
        }
        self.notes.iter_mut().for_each(hide);
        if let Some(of) = &mut self.explanation {
            of.not_excluded.iter_mut().for_each(hide);
            of.cells.iter_mut().filter_map(|cell| cell.failed.as_mut()).for_each(hide);
            of.changes.iter_mut().for_each(|change| hide(&mut change.what));
        }
        self.showing = self.showing.map(|of| of.without(secrets));
        if let Some(BeforeChange::NotKnown { why }) = &mut self.before {
            hide(why);
        }
        self
    }
}

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// Version of stella that ran.
    pub stella_version: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// Every replay, sorted by kind and id.
    pub replays: Vec<ReplayResult>,
    /// Counts of the replays that asked *did I break it*.
    pub regression: Tally,
    /// Counts of the replays that asked *is it repeatable*.
    pub fidelity: Tally,
    /// Things that went wrong beside the replays and never change the verdict.
    pub warnings: Vec<String>,
    /// What is known of the candidate.
    pub candidate: Candidate,
    /// The commit that was checked out; `None` where nothing tells, as outside of a repository and in results from before they told.
    pub commit: Option<String>,
    /// How many files that git tracks lay in the checkout otherwise than the commit has them, before anything was built; `None` where
    /// nothing tells, as for [`commit`](Self::commit).
    pub uncommitted: Option<u64>,
    /// How much of what there is it is of.
    pub part: Part,
    /// What it was held against; `None` where there was no base.
    pub base: Option<Base>,
    /// Whose approvals counted, where there was no base and there are approvals.
    pub without_base: Option<WithoutBase>,
    /// The level at which differences are named and approved: that of the gate that was asked.
    pub level: Level,
    /// Differences for which there is an approval, or was one.
    pub covered: Vec<CoveredDifference>,
    /// What a gate says of it, where one was asked.
    pub gate: Option<GateResult>,
}

impl RunResult {
    /// Counts `replays` by the question they answer.
    pub fn new(
        stella_version: String,
        started_at: Timestamp,
        finished_at: Timestamp,
        mut replays: Vec<ReplayResult>,
        warnings: Vec<String>,
    ) -> Self {
        replays.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
        let (mut regression, mut fidelity) = (Tally::default(), Tally::default());
        for replay in &replays {
            let tally = match replay.mode {
                Mode::Regression => &mut regression,
                Mode::Fidelity => &mut fidelity,
            };
            tally.add(&replay.outcome, |level| replay.fidelity.and_then(|f| f.at(level)));
        }
        Self {
            stella_version,
            started_at,
            finished_at,
            replays,
            regression,
            fidelity,
            warnings,
            candidate: Candidate::Unknown,
            commit: None,
            uncommitted: None,
            part: Part::Whole,
            base: None,
            without_base: None,
            level: Level::Bitwise,
            covered: Vec::new(),
            gate: None,
        }
    }

    /// On which replays the candidate was run.
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        for replay in &self.replays {
            let ran = replay.ran_candidate();
            coverage.concerned += u64::from(replay.candidate && replay.kind != SubjectKind::Manifest);
            match replay.kind {
                SubjectKind::Case => coverage.cases.add(ran),
                SubjectKind::Canary => {
                    coverage.canaries.add(ran);
                    if !replay.candidate {
                        coverage.unclaimed.push(replay.id.clone());
                    }
                }
                SubjectKind::Manifest => {}
            }
        }
        coverage
    }

    /// The digest of the candidate, as the replays have it in which it ran; `None` where they have more than one, as those of shards that
    /// built it each for itself may, and where what a replay names is not the candidate alone, as with a feed.
    pub fn candidate_digest(&self) -> Option<Digest> {
        let Candidate::Built(named) = &self.candidate else { return None };
        let dimension = match named.kind {
            CandidateKind::BuiltIn | CandidateKind::Scanner => Dimension::Scanner,
            CandidateKind::Policy => Dimension::Policy,
            CandidateKind::Feed => return None,
        };
        let ran = self.replays.iter().filter(|replay| replay.ran_candidate());
        let mut digests = ran.map(|replay| replay.replayed.get(dimension));
        let first = digests.next()??;
        digests.all(|other| other == Some(first)).then_some(first)
    }

    /// Its identity, made from its content: the same result read twice is the same run.
    ///
    /// It holds the instants of the run, to the nanosecond, and what was replayed with which outcome.
    pub fn id(&self) -> Digest {
        let mut text = format!("stella.run/1\n{}\n{}\n", self.started_at, self.finished_at);
        let replays = self.replays.iter().map(|replay| {
            let ReplayResult { kind, mode, id, outcome, duration_ms, .. } = replay;
            // The id may hold anything: its length says where it ends.
            format!("{} {} {} {duration_ms} {}:{id}\n", kind.code(), mode.code(), outcome.code(), id.len())
        });
        text.extend(replays);
        Digest::of(text.as_bytes())
    }

    /// What comes out of its replays and differs, artifact by artifact. What is flaky is not a change that could be named.
    pub fn differences(&self) -> Vec<ChangeKey> {
        let drifted = self.replays.iter().filter(|replay| matches!(replay.outcome, Outcome::Drift { .. }));
        let keys = drifted.flat_map(|replay| {
            replay.artifacts.iter().filter_map(|artifact| artifact.difference(&replay.id, self.level))
        });
        keys.collect()
    }

    /// What needs an approval and has none that counts.
    pub fn open_changes(&self) -> Vec<ChangeKey> {
        let is_approved =
            |key: &ChangeKey| self.covered.iter().any(|covered| covered.key == *key && covered.cover.is_approved());
        let mut open: Vec<ChangeKey> = self.differences().into_iter().filter(|key| !is_approved(key)).collect();
        open.extend(self.base.iter().flat_map(|base| base.open()).map(|change| change.key.clone()));
        // Whoever approves a difference approves that it is recorded.
        open.retain(ChangeKey::can_be_approved);
        let all = open.clone();
        open.retain(|key| !all.iter().any(|other| other != key && other.covers(key)));
        open
    }

    /// How the process ends: as the gate says, where one was asked; else by the outcomes. A run that replayed nothing is
    /// inconclusive, and so is one of a whole repository in which what was built ran nowhere, and one that lacks a shard.
    pub fn exit(&self) -> Exit {
        if let Some(gate) = &self.gate {
            return gate.exit();
        }
        // A shard to which nothing falls is whole; whether there is anything at all is said of all of them together.
        if self.replays.is_empty() && self.part.shard().is_none() {
            return Exit::Inconclusive;
        }
        let idle =
            matches!(self.candidate, Candidate::Built(_)) && !self.part.is_partial() && self.coverage().concerned == 0;
        let missing = matches!(self.part, Part::Incomplete(_));
        let idle = (idle || missing || self.candidate == Candidate::Dropped).then_some(Exit::Inconclusive);
        Exit::strongest(self.replays.iter().map(|replay| replay.outcome.exit()).chain(idle))
    }
}
