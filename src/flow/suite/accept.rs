//! Accepts what a change changes: judges it as a pull request is judged, writes an entry for each change that was chosen, and records
//! anew what was asked for.
//!
//! Invariants: the candidate is built once, and what is recorded is recorded with the very build that was judged; an entry is of one change,
//! from what it was to what it is; what differs from itself gets none.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::config::approvals;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::prepare::Prepared;
use crate::flow::suite::base::standings;
use crate::flow::suite::base::without;
use crate::flow::suite::canary::Canary;
use crate::flow::suite::case::Case;
use crate::flow::suite::patch::{Aside, PatchError};
use crate::flow::suite::record_anew::{self, Approved, RecordAnewError};
use crate::flow::suite::run::{self, CiError, CiRequest, FinishedRun, Item};
use crate::host::fs::{self, FsError};
use crate::host::{clock, machine};
use crate::model::change::accepted::Accepted;
use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::event::Subscriber;
use crate::model::limits;
use crate::model::outcome::Outcome;
use crate::model::result::{Mode, ReplayResult, RunResult, SubjectKind};
use crate::workspace::context::Context;

/// What is to be accepted.
#[derive(Debug, Clone, Default)]
pub struct AcceptRequest {
    /// Only changes of these cases and canaries; all, rules included, where empty.
    pub ids: Vec<String>,
    /// Only if this names exactly the changes that are open.
    pub exactly: Option<Digest>,
    /// What the entries say; without it nothing is written.
    pub entry: Option<Entry>,
    /// What differs is recorded anew, too.
    pub update: bool,
    /// Every canary is recorded anew that the candidate leaves canonically the same.
    pub all_equal: bool,
    /// Nothing is written into the checkout: what would be is given as a patch.
    pub as_patch: bool,
}

/// What was accepted, and the patch where one was asked for.
#[derive(Debug)]
pub struct Done {
    /// What was accepted of the run.
    pub accepted: Accepted,
    /// What makes the checkout so; `None` where it is so already.
    pub patch: Option<Vec<u8>>,
}

/// What an entry says beside its change.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Why it is right.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day on which it counts; [`DAYS`] from now where nobody says.
    pub until: Option<Date>,
}

/// For how many days an approval counts where nobody says.
pub const DAYS: i64 = 90;

/// Why nothing is accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It cannot be judged.
    #[error(transparent)]
    Run(#[from] CiError),
    /// Approvals from before cannot be read.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// There is nothing to judge.
    #[error("no case and no canary was found, and nothing of them is gone")]
    Nothing(Hint),
    /// Other changes are open than those that were named.
    #[error("the changes that are open here are {found}, and not {asked}")]
    Others {
        /// What names those that are open.
        found: Digest,
        /// What was named.
        asked: Digest,
    },
    /// What was named is nothing here.
    #[error("nothing that was replayed or changed is called `{0}`")]
    Unknown(String),
    /// An entry that says nothing.
    #[error("a reason and a name must not be empty")]
    Empty,
    /// An entry that would not count.
    #[error("{0} is over already")]
    Over(Date),
    /// The end of the calendar.
    #[error("the day until which it counts cannot be told")]
    Until(#[source] jiff::Error),
    /// The file is not a text.
    #[error("{} is not UTF-8 text", approvals::FILE_NAME)]
    NotText(#[source] std::string::FromUtf8Error),
    /// The file is not one of approvals.
    #[error("{} cannot be added to", approvals::FILE_NAME)]
    Approvals(#[source] approvals::ApprovalsError),
    /// The file cannot be read.
    #[error("cannot read {}", approvals::FILE_NAME)]
    Read(#[source] FsError),
    /// The file cannot be written.
    #[error("cannot write {}", approvals::FILE_NAME)]
    Write(#[source] FsError),
    /// There is no patch.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// One was not recorded anew.
    #[error("`{id}` was not recorded anew; entries that were written stay")]
    Record {
        /// Which.
        id: String,
        /// Why.
        source: RecordAnewError,
    },
}

impl Diagnostic for AcceptError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Run(error) => error.kind(),
            Self::Base(error) => error.kind(),
            Self::Patch(error) => error.kind(),
            Self::Record { source, .. } => source.kind(),
            Self::Nothing(_) | Self::Others { .. } => FailureKind::Inconclusive,
            Self::Read(_) | Self::Write(_) => FailureKind::Infrastructure,
            Self::Unknown(_) | Self::Empty | Self::Over(_) | Self::Until(_) | Self::NotText(_) | Self::Approvals(_) => {
                FailureKind::Usage
            }
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Run(error) => error.hint(),
            Self::Base(error) => error.hint(),
            Self::Record { source, .. } => source.hint(),
            Self::Nothing(hint) => Some(hint.clone()),
            Self::Others { .. } => Some("look at the report of this very commit".into()),
            _ => None,
        }
    }
}

/// Accepts what `request` says of the checkout, judged by `base` where there is one.
///
/// # Errors
/// When the checkout cannot be judged, other changes are open than those that were named, the entry would say or count for
/// nothing, or a file cannot be read or written.
pub fn accept(
    own: &Context,
    base: Option<&Prepared>,
    request: &AcceptRequest,
    subscribers: &mut [&mut dyn Subscriber],
) -> Result<Done, AcceptError> {
    let aside = if request.as_patch { Some(Aside::new(&own.config.root)?) } else { None };
    let earlier = match base {
        Some(base) => base.approvals.entries.clone(),
        None => without::all(own)?,
    };
    let context = base.map_or(own, |base| &base.context);
    let judged = CiRequest {
        commit: None,
        base_subject: None,
        uncommitted: None,
        pinned: false,
        only: Vec::new(),
        shard: None,
        jobs: machine::parallelism(),
        out_dir: None,
        gate: None,
        expects_candidate: base.is_some_and(|base| base.base.subject_dropped),
        explain: None,
        folders: base.and_then(|base| base.folders.clone()),
        base: base.map(|base| base.base.clone()),
        without_base: None,
        approvals: earlier.clone(),
    };
    let ran = run::run_and_keep(context, &judged, subscribers)?;
    let open = ran.result.open_changes();
    if ran.result.replays.is_empty() && open.is_empty() {
        return Err(AcceptError::Nothing(run::nothing_found(&judged, &own.config)));
    }
    let exactly = ChangeKey::digest_of_all(&open);
    if let Some(asked) = request.exactly
        && asked != exactly
    {
        return Err(AcceptError::Others { found: exactly, asked });
    }
    let known = |id: &String| {
        ran.result.replays.iter().any(|replay| replay.id == *id) || open.iter().any(|key| key.of.id() == Some(id))
    };
    if let Some(unknown) = request.ids.iter().find(|id| !known(id)) {
        return Err(AcceptError::Unknown(unknown.clone()));
    }
    let is_wanted =
        |id: Option<&str>| request.ids.is_empty() || id.is_some_and(|id| request.ids.iter().any(|one| one == id));
    let chosen: Vec<ChangeKey> = open.into_iter().filter(|key| is_wanted(key.of.id())).collect();
    let is_flaky = |replay: &&ReplayResult| matches!(replay.outcome, Outcome::Flaky { .. });
    let flaky = ran.result.replays.iter().filter(is_flaky).filter(|replay| is_wanted(Some(&replay.id)));
    let flaky = flaky.map(|replay| replay.id.clone()).collect();
    let unapproved = ran.result.base.iter().flat_map(|base| base.open());
    let refused = unapproved.filter(|change| !change.key.can_be_approved() && is_wanted(change.key.of.id()));
    let refused = refused.cloned().collect();
    let written = match &request.entry {
        None => Vec::new(),
        Some(entry) => entries(entry, &chosen, || standings::marks(own, base.map(|base| &base.at), &chosen))?,
    };
    if !written.is_empty() {
        write(own, &written, aside.as_ref())?;
    }
    let recorded = record(request, &ran, &chosen, aside.as_ref(), context)?;
    let earlier = earlier.into_iter().map(|counted| counted.approval).collect();
    let patch = aside.map(|aside| aside.patch(&context.config.fixture_store)).transpose()?;
    Ok(Done {
        accepted: Accepted { run: ran.result, exactly, chosen, written, flaky, refused, recorded, earlier },
        patch,
    })
}

/// An entry for each change. One that was approved before and taken back is approved after that.
fn entries(
    entry: &Entry,
    chosen: &[ChangeKey],
    marks: impl FnOnce() -> Result<Vec<Option<String>>, BaseError>,
) -> Result<Vec<Approval>, AcceptError> {
    let Entry { reason, by, until } = entry;
    if reason.trim().is_empty() || by.trim().is_empty() {
        return Err(AcceptError::Empty);
    }
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    let span: Span = DAYS.days();
    let until = match until {
        Some(until) if *until < today => return Err(AcceptError::Over(*until)),
        Some(until) => *until,
        None => today.checked_add(span).map_err(AcceptError::Until)?,
    };
    let entry = |(key, after): (&ChangeKey, Option<String>)| {
        let (key, reason, by) = (key.clone(), reason.clone(), by.clone());
        Approval { key, reason, by, until, after }
    };
    Ok(chosen.iter().zip(marks()?).map(entry).collect())
}

fn write(own: &Context, entries: &[Approval], aside: Option<&Aside>) -> Result<(), AcceptError> {
    let file = own.config.root.join(approvals::FILE_NAME);
    let old = fs::read_if_present(&file, limits::MAX_CONFIG_BYTES).map_err(AcceptError::Read)?;
    let old = String::from_utf8(old.unwrap_or_default()).map_err(AcceptError::NotText)?;
    let text = approvals::with(&old, entries).map_err(AcceptError::Approvals)?;
    let file = match aside {
        None => file,
        Some(aside) => aside.copy_of(&file)?,
    };
    fs::write_atomic(&file, text.as_bytes()).map_err(AcceptError::Write)
}

/// Records anew what was accepted, and what is canonically the same; the ids of both.
fn record(
    request: &AcceptRequest,
    ran: &FinishedRun,
    chosen: &[ChangeKey],
    aside: Option<&Aside>,
    context: &Context,
) -> Result<Vec<String>, AcceptError> {
    let fixtures = &context.config.fixture_store;
    let fixtures = match aside {
        None => fixtures.clone(),
        Some(aside) => aside.store(fixtures)?,
    };
    let wanted = wanted(request, &ran.result, chosen);
    let mut recorded = BTreeSet::new();
    for item in &ran.items {
        let id = item.id();
        let Some(approved) = wanted.get(id) else { continue };
        let done = match item {
            Item::Case(case, ..) => match aside {
                None => record_anew::case(case, &ran.built, approved, context),
                Some(aside) => {
                    let case = Case::clone(case).shown_at(&aside.copy_of(&case.shown)?);
                    record_anew::case(&case, &ran.built, approved, context)
                }
            },
            Item::Canary(canary, ..) => match aside {
                None => record_anew::canary(canary, &ran.built, approved, &fixtures, context),
                Some(aside) => {
                    let canary = Canary::clone(canary).shown_at(&aside.copy_of(&canary.shown)?);
                    record_anew::canary(&canary, &ran.built, approved, &fixtures, context)
                }
            },
        };
        done.map_err(|source| AcceptError::Record { id: id.to_owned(), source })?;
        recorded.insert(id.to_owned());
    }
    Ok(recorded.into_iter().collect())
}

/// What is to be recorded anew, and what must come out of it.
fn wanted(request: &AcceptRequest, result: &RunResult, chosen: &[ChangeKey]) -> BTreeMap<String, Approved> {
    let mut wanted: BTreeMap<String, Approved> = BTreeMap::new();
    if request.update {
        // What was approved before is recorded anew as well: else it would differ again once its approval is over.
        let before = result.covered.iter().filter(|covered| covered.cover.is_approved()).map(|covered| &covered.key);
        let is_named =
            |key: &&ChangeKey| request.ids.is_empty() || request.ids.iter().any(|id| key.of.id() == Some(id));
        for key in chosen.iter().chain(before.filter(is_named)) {
            if let Changed::Difference { id, artifact } = &key.of {
                wanted.entry(id.clone()).or_default().insert(artifact.clone(), key.new);
            }
        }
    }
    if request.all_equal {
        for replay in result.replays.iter().filter(|replay| is_refreshed(replay)) {
            wanted.entry(replay.id.clone()).or_default();
        }
    }
    wanted
}

/// Whether what this checkout builds is another one than what was recorded, and nothing came out otherwise.
fn is_refreshed(replay: &ReplayResult) -> bool {
    let same = matches!(replay.outcome, Outcome::Match { .. });
    same && replay.kind == SubjectKind::Canary && replay.mode == Mode::Regression && replay.recorded != replay.replayed
}
