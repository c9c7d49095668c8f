//! A whole run: discover, build the subject, replay everything side by side, tell every subscriber.
//!
//! Invariants: whatever a verdict rests on is in memory, or named by a digest that is, before anything foreign runs; each
//! replay is its own fault domain; events reach the subscribers in one order from one thread; the result
//! is the same whatever the number of jobs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::attribute::budget::Budget;
use crate::config::{Config, Subject};
use crate::flow::replay::replay_job::{PreparedReplay, Title};
use crate::flow::suite::base::approved;
use crate::flow::suite::base::subject::BaseSubject;
use crate::flow::suite::before::Before;
use crate::flow::suite::canary::{Canary, NotReady};
use crate::flow::suite::case::{Case, CaseError, Materials};
use crate::flow::suite::discover::{self, DiscoverError, Folders};
use crate::flow::suite::one::{self, Explain, Keep};
use crate::flow::suite::reproduce::keep::{Failing, Keeper};
use crate::flow::suite::shards::common::Common;
use crate::flow::suite::shards::suite::Suite;
use crate::flow::suite::subject::{self, Built, Engine, SubjectError};
use crate::hint;
use crate::host::clock;
use crate::host::fs::FsError;
use crate::host::scratch::Scratch;
use crate::job::artifact::Artifact;
use crate::model::candidate::Candidate;
use crate::model::change::approval::Counted;
use crate::model::change::base::{Base, WithoutBase};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::error_chain::{causes, chain};
use crate::model::event::{Event, Subscriber};
use crate::model::outcome::Outcome;
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::{ReplayResult, RunResult};
use crate::model::shard::{Part, Shard, ShardRun};
use crate::score::gate::request::{GateError, GateRequest};
use crate::workspace::context::Context;

/// What to run.
#[derive(Debug, Clone)]
pub struct CiRequest {
    /// The commit that is checked out, where something tells.
    pub commit: Option<String>,
    /// How many files that git tracks lie there otherwise than the commit has them, where something tells.
    pub uncommitted: Option<u64>,
    /// Replay canaries exactly as recorded: is it repeatable.
    pub pinned: bool,
    /// Only these ids or folder names; everything where empty.
    pub only: Vec<String>,
    /// Only what falls to this shard, and what all of them have in common; everything where `None`.
    pub shard: Option<(Shard, Common)>,
    /// How many replays run at the same time, at least 1.
    pub jobs: usize,
    /// Where expected and actual artifacts are left side by side.
    pub out_dir: Option<PathBuf>,
    /// The base's subject, with which what fails is run once more.
    pub base_subject: Option<BaseSubject>,
    /// The base names a subject: where this checkout names none, it was dropped.
    pub expects_candidate: bool,
    /// The gate that decides; without one the outcomes do.
    pub gate: Option<GateRequest>,
    /// What is run, where it is not all that the configuration's roots hold.
    pub folders: Option<Folders>,
    /// What the run is held against.
    pub base: Option<Base>,
    /// Whose approvals count, where it is held against nothing and there are approvals.
    pub without_base: Option<WithoutBase>,
    /// Approvals that count.
    pub approvals: Vec<Counted>,
    /// How much may be spent on finding the causes of each difference; nothing where `None`.
    pub explain: Option<Budget>,
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum CiError {
    /// Cases or canaries cannot be read.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The subject is not ready.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A folder for restored scanners cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
    /// The gate cannot be asked.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// A shard of nothing.
    #[error("nothing to replay: there is no case and no canary to split into shards")]
    NothingToSplit,
}

impl Diagnostic for CiError {
    fn kind(&self) -> FailureKind {
        match self {
            // What the configuration names is not there or not what it must be.
            Self::Discover(_) => FailureKind::Usage,
            Self::Subject(error) => error.kind(),
            Self::Scratch(_) => FailureKind::Infrastructure,
            Self::Gate(error) => error.kind(),
            Self::NothingToSplit => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::Subject(error) => error.hint(),
            _ => None,
        }
    }
}

/// Something to replay, not yet restored.
///
/// What was read of it before anything foreign ran, or why it could not be; `None` where it is read when its turn comes.
pub(super) enum Item {
    Case(Box<Case>, Title, Option<Result<Materials, Outcome>>),
    Canary(Box<Canary>, Title, Option<Result<Vec<Artifact>, Outcome>>),
}

impl Item {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.title().id
    }

    fn title(&self) -> &Title {
        match self {
            Self::Case(_, title, _) | Self::Canary(_, title, _) => title,
        }
    }
}

/// A run, with what it was made of.
pub(super) struct FinishedRun {
    /// What came out.
    pub(super) result: RunResult,
    /// What was replayed.
    pub(super) items: Vec<Item>,
    /// The candidate.
    pub(super) built: Built,
    /// The first reason why artifacts could not be left where that was asked for.
    unkept: Option<FsError>,
    /// Where the candidate lies for as long as this lives.
    _scratch: Scratch,
}

/// Runs everything that `request` asks for: how it ended, and the first reason why artifacts could not be left where that was asked
/// for.
///
/// # Errors
/// When cases or canaries cannot be read, the subject is not ready, or the gate cannot be asked; how each replay ends is a part of
/// the result.
pub fn run(
    context: &Context,
    request: &CiRequest,
    subscribers: &mut [&mut dyn Subscriber],
) -> Result<(RunResult, Option<FsError>), CiError> {
    run_and_keep(context, request, subscribers).map(|ran| (ran.result, ran.unkept))
}

/// The same, for whoever goes on with what was built.
pub(super) fn run_and_keep(
    context: &Context,
    request: &CiRequest,
    subscribers: &mut [&mut dyn Subscriber],
) -> Result<FinishedRun, CiError> {
    let started_at = clock::now();
    let folders = match &request.folders {
        Some(folders) => folders,
        None => &Folders::of(context)?,
    };
    let mut found = discover::discover(folders, context, &request.only)?;
    let part = match &request.shard {
        None if request.only.is_empty() => Part::Whole,
        None => Part::Selected,
        Some((shard, common)) => {
            let suite = Suite::of(&found, request.pinned);
            if suite.is_empty() {
                // No shard could say what all of them say: that there is nothing.
                return Err(CiError::NothingToSplit);
            }
            let ids = suite.ids_of(*shard, common.durations());
            found.cases.retain(|case| ids.contains(&case.metadata.id));
            found.canaries.retain(|canary| ids.contains(&canary.id));
            let (judged_by, ci_run) = (common.judged_by(&suite), common.ci_run().cloned());
            Part::Shard(Box::new(ShardRun { shard: *shard, judged_by, ci_run }))
        }
    };
    let engine = match &context.config.subject {
        Some(Subject::Scanner(scanner)) if !request.pinned => subject::engine(scanner, &found.engines)?,
        _ => Engine::OfNone,
    };
    let cases = found.cases.into_iter().filter(|_| !request.pinned);
    // A build could change what it is judged by: then all of it is read before.
    let builds = !request.pinned && context.config.subject.as_ref().is_some_and(|subject| subject.build().is_some());
    let cases = cases.map(|case| {
        let read = builds.then(|| read_case(&case, context)).transpose();
        read.map(|read| (read, case)).map_err(DiscoverError::Case)
    });
    let cases = cases.collect::<Result<Vec<_>, DiscoverError>>()?;
    let canaries = found.canaries.into_iter();
    let canaries: Vec<_> = canaries.map(|one| (builds.then(|| read_expected(&one, context)), one)).collect();
    let base_subject = request.base_subject.as_ref().filter(|_| !request.pinned);
    let before = base_subject.map(|subject| Before::take_up(subject, &engine, context));
    let mut tell = |event: &Event| subscribers.iter_mut().for_each(|subscriber| subscriber.on_event(event));
    let mut say = |line: &str| tell(&Event::BuildSaid(line.to_owned()));
    if !request.pinned {
        subject::build(context, &mut say)?;
    }
    let before = before.map(Before::after_the_build);
    // Made after the build, which could put something into it.
    let scratch = Scratch::new().map_err(CiError::Scratch)?;
    let built = if request.pinned { Built::Nothing } else { subject::take_up(context, engine, scratch.path())? };

    let cases = cases.into_iter().map(|(materials, case)| {
        let title = case.title(case.takes(&built), context);
        Item::Case(Box::new(case), title, materials)
    });
    let canaries = canaries.into_iter().map(|(expected, canary)| {
        let title = canary.title(canary.mode(&built, request.pinned), context);
        Item::Canary(Box::new(canary), title, expected)
    });
    let items: Vec<Item> = cases.chain(canaries).collect();
    tell(&Event::RunStarted { jobs: request.jobs });
    for item in &items {
        let Title { id, kind, mode, .. } = item.title();
        tell(&Event::Discovered { id: id.clone(), kind: *kind, mode: *mode });
    }
    let (mut keeper, mut unkept) = (None, None);
    match request.out_dir.as_deref().map(Keeper::new) {
        None => {}
        Some(Ok(made)) => keeper = Some(made),
        Some(Err(error)) => unkept = Some(error),
    }
    let work = Work {
        context,
        built: &built,
        before,
        scratch: &scratch,
        items: &items,
        next: AtomicUsize::new(0),
        out_dir: request.out_dir.as_deref(),
        explain: request.explain,
        unkept: Mutex::new(unkept),
        keeper,
        broken: Mutex::new(None),
    };
    let (replays, warnings) = work.run(request.jobs.max(1), &mut tell);
    // As one that is found to be broken before: nothing is judged.
    if let Some((_, error)) = work.broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(DiscoverError::Case(error).into());
    }
    let finished_at = finished_at(started_at);
    let mut result = RunResult::new(env!("CARGO_PKG_VERSION").to_owned(), started_at, finished_at, replays, warnings);
    result.part = part;
    result.candidate = match subject::candidate(&context.config, &built) {
        _ if request.pinned => Candidate::LeftOut,
        Candidate::None if request.expects_candidate => Candidate::Dropped,
        candidate => candidate,
    };
    result.commit.clone_from(&request.commit);
    result.uncommitted = request.uncommitted;
    result.base.clone_from(&request.base);
    result.without_base.clone_from(&request.without_base);
    result.level = request.gate.as_ref().map_or(context.config.rules.pr_level, GateRequest::level);
    approved::cover(&mut result, &request.approvals, finished_at.to_zoned(TimeZone::UTC).date());
    if let Some(gate) = &request.gate {
        result.gate = Some(match gate.judge_shard(&result, finished_at) {
            Some(of_one) => of_one,
            None => gate.judge(Some(&result), finished_at)?,
        });
    }
    tell(&Event::RunFinished(Box::new(result.clone())));
    let mut unkept = work.unkept.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(Err(error)) = work.keeper.map(|keeper| keeper.finish(context)) {
        unkept.get_or_insert(error);
    }
    Ok(FinishedRun { result, items, built, unkept, _scratch: scratch })
}

fn finished_at(started_at: Timestamp) -> Timestamp {
    clock::now().max(started_at)
}

struct Work<'a> {
    context: &'a Context,
    built: &'a Built,
    /// Tells what failed before the change, where there is a base.
    before: Option<Before>,
    scratch: &'a Scratch,
    items: &'a [Item],
    next: AtomicUsize,
    out_dir: Option<&'a Path>,
    explain: Option<Budget>,
    unkept: Mutex<Option<FsError>>,
    /// Keeps what failing replays need, where a report is left.
    keeper: Option<Keeper>,
    /// The first case of all that cannot be read, by its place.
    broken: Mutex<Option<(usize, CaseError)>>,
}

impl Work<'_> {
    /// Every item once, `jobs` at a time.
    fn run(&self, jobs: usize, tell: &mut impl FnMut(&Event)) -> (Vec<ReplayResult>, Vec<String>) {
        let (sender, receiver) = mpsc::channel::<Event>();
        let (mut replays, mut warnings) = (Vec::new(), Vec::new());
        thread::scope(|scope| {
            let mut started = false;
            for _ in 0..jobs.min(self.items.len()) {
                let sender = sender.clone();
                if thread::Builder::new().spawn_scoped(scope, move || self.worker(&sender)).is_err() {
                    // As many as there are do it, or this one.
                    break;
                }
                started = true;
            }
            if !started {
                self.worker(&sender);
            }
            drop(sender);
            for event in receiver {
                match &event {
                    Event::Finished(result) => replays.push((**result).clone()),
                    Event::Warning(text) => warnings.push(text.clone()),
                    _ => {}
                }
                tell(&event);
            }
        });
        (replays, warnings)
    }

    fn worker(&self, events: &Sender<Event>) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = self.items.get(index) else { return };
            let title = item.title();
            // The receiver lives as long as the workers do.
            let _ = events.send(Event::Started { id: title.id.clone() });
            // A bug in one replay must not take the others with it.
            let replayed = catch_unwind(AssertUnwindSafe(|| self.one(index, item))).unwrap_or_else(|_| {
                title.result(Outcome::Infra {
                    detail: "stella itself failed in this replay: please report it".to_owned(),
                })
            });
            let _ = events.send(Event::Finished(Box::new(replayed)));
        }
    }

    fn canary(
        &self,
        index: usize,
        canary: &Canary,
        title: &Title,
        expected: Vec<Artifact>,
    ) -> Result<PreparedReplay, Outcome> {
        let scratch = self.scratch.path().join(index.to_string());
        std::fs::create_dir(&scratch)
            .map_err(|error| Outcome::Infra { detail: chain("cannot make a private folder", &error) })?;
        canary.replay(title.mode, self.built, expected, self.context, &scratch).map_err(outcome)
    }

    fn broken(&self, index: usize, error: CaseError) {
        let mut first = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|(known, _)| index < *known) {
            *first = Some((index, error));
        }
    }

    fn one(&self, index: usize, item: &Item) -> ReplayResult {
        let replay = match item {
            Item::Case(case, title, read) => {
                let read = read.clone().map_or_else(|| read_case(case, self.context), Ok);
                let read = read.unwrap_or_else(|error| {
                    let outcome = case_outcome(&error);
                    self.broken(index, error);
                    Err(outcome)
                });
                let replay = read.map(|materials| case.replay(materials, self.built, self.context));
                replay.map_err(|outcome| title.result(outcome))
            }
            Item::Canary(canary, title, read) => {
                let read = read.clone().unwrap_or_else(|| read_expected(canary, self.context));
                let replay = read.and_then(|expected| self.canary(index, canary, title, expected));
                replay.map_err(|outcome| title.result(outcome))
            }
        };
        match replay {
            Err(result) => {
                if let Some(keeper) = &self.keeper {
                    keeper.not_begun(&result);
                }
                result
            }
            Ok(replay) => {
                let folder = self.out_dir.map(|out_dir| out_dir.join(&replay.title.id));
                let explain = self.explain.map_or(Explain::Never, Explain::Open);
                let mut over = one::one(&replay, explain, folder.as_deref().map(Keep::SideBySide), self.context);
                over.result.before =
                    self.before.as_ref().and_then(|before| before.of(&replay, &over.result, self.context));
                if let Some(error) = over.unkept {
                    self.unkept.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
                if let Some(keeper) = &self.keeper {
                    let recorded = match item {
                        Item::Case(..) => None,
                        Item::Canary(canary, ..) => Some(canary.manifest()),
                    };
                    let (result, has_secrets) = (&over.result, over.has_secrets);
                    let failing = Failing { replay: &replay, result, recorded, has_secrets };
                    keeper.keep(&failing, &self.scratch.path().join(format!("kept-{index}")), self.context);
                }
                over.result
            }
        }
    }
}

/// What a case holds, or how its replay ends without it.
///
/// # Errors
/// Of a case that is broken.
fn read_case(case: &Case, context: &Context) -> Result<Result<Materials, Outcome>, CaseError> {
    match case.materials(context) {
        Err(error) if error.is_broken() => Err(error),
        read => Ok(read.map_err(|error| case_outcome(&error))),
    }
}

/// What a canary expects, or how its replay ends without it.
fn read_expected(canary: &Canary, context: &Context) -> Result<Vec<Artifact>, Outcome> {
    canary.expected(context).map_err(outcome)
}

fn case_outcome(error: &CaseError) -> Outcome {
    match error {
        CaseError::Gone { digest, .. } => Outcome::Unreplayable { missing: vec![format!("blob {digest}")] },
        error => Outcome::Infra { detail: chain("cannot prepare the case", error) },
    }
}

fn outcome(not_ready: NotReady) -> Outcome {
    match not_ready {
        NotReady::Gone(missing) => Outcome::Unreplayable { missing },
        NotReady::Placeholders(not) => {
            Outcome::Unreplayable { missing: not.problems.iter().map(ToString::to_string).collect() }
        }
        NotReady::Untrue(faults) => Outcome::Unreplayable { missing: faults.iter().map(ToString::to_string).collect() },
        NotReady::Broken(broken) => Outcome::Infra { detail: causes(&broken) },
    }
}

/// What a run without anything to replay should be told.
pub fn nothing_found(request: &CiRequest, config: &Config) -> Hint {
    let above = if config.file.is_none() { Config::above(&config.root) } else { None };
    if let Some(file) = above {
        let file = file.display().to_string();
        hint!("the configuration lies above this folder: run it there, or give {}", Parameter::Config.to(file))
    } else if request.pinned {
        let given = [
            Parameter::Store.to("fixtures/store"),
            Parameter::EmitManifest.to("fixtures/canaries/NAME/manifest.json"),
            Parameter::EmitArtifactsDir.to("fixtures/canaries/NAME/expected"),
            Parameter::Input.to("…"),
            Parameter::Feed.to("…"),
        ];
        hint!("record a canary: {} (docs/canaries.md)", Operation::Scan.with(given, None))
    } else {
        hint!("{} writes a configuration and a first case", Operation::Init)
    }
}
