//! A base, made ready for a run: before anything of the checkout is run.

use std::path::{Path, PathBuf};

use crate::ci::base_commit::CiEvent;
use crate::ci::review;
use crate::config::Config;
use crate::config::approvals;
use crate::flow::suite::base::approved::{self, Approvals, Found, Review};
use crate::flow::suite::base::broken;
use crate::flow::suite::base::checkout;
use crate::flow::suite::base::commit::{self, BaseRequest, Which};
use crate::flow::suite::base::committed;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::hold::{self, Held, Sides};
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::Known;
use crate::flow::suite::base::past::states::Reading;
use crate::flow::suite::base::place::{self, Place};
use crate::flow::suite::base::snapshot;
use crate::flow::suite::base::standings;
use crate::flow::suite::base::subject::BaseSubject;
use crate::flow::suite::base::taken_away;
use crate::flow::suite::base::taken_back;
use crate::flow::suite::base::write_out::LfsPlaces;
use crate::flow::suite::discover::Folders;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::host::scratch::Scratch;
use crate::model::change::approval::ApprovalRules;
use crate::model::change::base::{Base, RulesOf};
use crate::workspace::context::Context;

/// A base that is ready.
pub struct Prepared {
    /// What the run goes by: the base's rules.
    pub context: Context,
    /// What is run; `None` where the checkout's own roots say it.
    pub folders: Option<Folders>,
    /// What the checkout changes.
    pub base: Base,
    /// Approvals that count.
    pub approvals: Approvals,
    /// The base's subject; `None` where one side has none.
    pub subject: Option<BaseSubject>,
    /// The commit whose rules count, and where it has them.
    pub at: (ObjectId, Layout),
    /// Where folders of the base lie for as long as this lives.
    _scratch: Scratch,
}

/// Makes the base ready; `None` where there is no pull request, and so no base.
///
/// # Errors
/// When the base cannot be told, is not here, or cannot be read.
pub fn prepare(own: &Context, asked: &BaseRequest, review: Option<&Review>) -> Result<Option<Prepared>, BaseError> {
    read_and_compare(own, asked, review).map_err(|error| broken::not_fetched(error, own))
}

fn read_and_compare(
    own: &Context,
    asked: &BaseRequest,
    review: Option<&Review>,
) -> Result<Option<Prepared>, BaseError> {
    if *asked == BaseRequest::System(CiEvent::NoPullRequest) {
        return Ok(None);
    }
    let root = own.config.root.clone();
    let repository = Repository::open(&root)?;
    let mut objects = repository.objects()?;
    let Some(which) = commit::find(&repository, &mut objects, asked)? else { return Ok(None) };
    let layout = Layout::of_checkout(&repository, &own.config)?;
    all_is_checked_out(&repository, &layout, &own.config)?;
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let tip = Commit::read(&mut objects, &which.rules)?;
    let lfs = LfsPlaces::of(&repository, &layout)?;
    let into = asked.is_of_what_is_committed().then(|| scratch.path());
    let mut known = Known::new();
    let change = committed::read(&own.config, &repository, &layout, (&lfs, into), &mut known)?;
    let here = &change.checkout.items;
    let (at, moved_from) = match place::place(&repository, &mut objects, &tip, &layout, (&own.config, here))? {
        Place::Same => (layout.clone(), None),
        Place::Other(other) => {
            let from = other.path_of(Path::new(&other.file))?;
            (other, Some(from))
        }
        Place::Nowhere => {
            return first_introduction(own, &repository, &mut objects, which, layout, (&change, scratch)).map(Some);
        }
    };
    let sides = Sides {
        own,
        own_layout: &layout,
        repository: &repository,
        which: &which,
        layout: &at,
        change: &change,
        review: found(review, asked),
        scratch: scratch.path(),
    };
    let held = hold::hold(&sides, &mut objects, &mut known);
    // What is not fetched is not broken.
    let Held { context, folders, mut base, approvals, subject } =
        held.map_err(|error| broken::broken(broken::not_fetched(error, own), &change))?;
    let judged = at.path_of(Path::new(&at.file))?;
    base.changes.extend(taken_away::taken_away(&repository, &which, &layout, Some(&judged))?);
    base.changes.sort_by(|a, b| (a.effect, &a.key).cmp(&(b.effect, &b.key)));
    if let Some(from) = moved_from {
        let here = layout.path_of(Path::new(&layout.file))?;
        base.notes.insert(0, format!("`{here}` is not on the base: it is held against `{from}`, which is"));
    }
    let at = (which.rules, at);
    Ok(Some(Prepared { context, folders: Some(folders), base, approvals, subject, at, _scratch: scratch }))
}

/// What is known of a review of what is asked for.
fn found<'a>(review: Option<&'a Review>, asked: &BaseRequest) -> Found<'a> {
    match (review, asked) {
        (Some(review), _) => Found::Review(review),
        (None, BaseRequest::System(told)) => {
            review::pull_request(told).map_or_else(|none| Found::NotApplicable(none.why), |_| Found::NotGiven)
        }
        (None, BaseRequest::Revision { .. }) => Found::NotGiven,
    }
}

/// Refuses a checkout that leaves out a part of what is judged: it would look as if the change took that away.
fn all_is_checked_out(repository: &Repository, layout: &Layout, own: &Config) -> Result<(), BaseError> {
    let files = [layout.file.as_str(), approvals::FILE_NAME].map(PathBuf::from);
    let roots = own.cases.iter().chain(&own.canaries).chain([&own.fixture_store]);
    let mut paths = Vec::new();
    for file in &files {
        paths.push(layout.path_of(file)?);
    }
    // What lies outside of the repository is refused where it is read.
    paths.extend(roots.filter_map(|root| layout.path_of_joined(root).ok()));
    match repository.not_checked_out(&paths)? {
        None => Ok(()),
        Some(path) => Err(BaseError::Sparse { path }),
    }
}

/// Nothing of the base is there to hold the checkout against: its own rules count. What of the base it takes away is approved by the base.
fn first_introduction(
    own: &Context,
    repository: &Repository,
    objects: &mut Objects,
    which: Which,
    layout: Layout,
    (change, scratch): (&committed::Change, Scratch),
) -> Result<Prepared, BaseError> {
    if change.is_unread {
        checkout::read(&own.config)?;
    }
    let tip = snapshot::read(objects, &which.rules, &layout, None, &mut Known::new())?;
    let lfs = LfsPlaces::of(repository, &layout)?;
    let brought = approved::on_disk(&own.config.root)?.into_iter().filter(|one| !tip.approvals.contains(one)).count();
    let reading = Reading { repository, tip: &tip, layout: &layout, context: own, lfs: &lfs, scratch: scratch.path() };
    let entries = taken_back::counted(reading, tip.approvals.clone(), standings::today());
    let mut approvals = Approvals { entries, ..Approvals::default() };
    approvals.waiting_in_head = brought as u64;
    let mut changes = taken_away::taken_away(repository, &which, &layout, None)?;
    changes.extend(broken::as_a_base(change));
    changes.sort_by(|a, b| (a.effect, &a.key).cmp(&(b.effect, &b.key)));
    let base = Base {
        rules: RulesOf::FirstIntroduction { commit: which.rules.short().to_owned() },
        config: own.config_given(),
        subject_dropped: false,
        counted_in_head: 0,
        waiting_in_head: approvals.waiting_in_head,
        changes,
        notes: change.notes.iter().cloned().chain(tip.notes).collect(),
    };
    let at = (which.rules, layout);
    let folders = change.folders();
    Ok(Prepared { context: own.clone(), folders, base, approvals, subject: None, at, _scratch: scratch })
}

/// The base's rules for approvals, and which commit that is; `None` where there is no pull request. Nothing is built or run.
///
/// # Errors
/// When the base cannot be told, is not here, or its configuration cannot be read.
pub fn approval_rules(own: &Config, asked: &BaseRequest) -> Result<Option<(ApprovalRules, Which)>, BaseError> {
    let repository = Repository::open(&own.root)?;
    let mut objects = repository.objects()?;
    let Some(which) = commit::find(&repository, &mut objects, asked)? else { return Ok(None) };
    let own_layout = Layout::of_checkout(&repository, own)?;
    let tip = Commit::read(&mut objects, &which.rules)?;
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let lfs = LfsPlaces::of(&repository, &own_layout)?;
    let into = asked.is_of_what_is_committed().then(|| scratch.path());
    let change = committed::read(own, &repository, &own_layout, (&lfs, into), &mut Known::new())?;
    let here = &change.checkout.items;
    let at = match place::place(&repository, &mut objects, &tip, &own_layout, (own, here))? {
        Place::Other(other) => other,
        Place::Same | Place::Nowhere => own_layout,
    };
    let (config, _) = snapshot::config_and_approvals(&mut objects, &tip, &at)?;
    Ok(Some((config.approvals, which)))
}
