//! A base, made ready for a run: before anything of the checkout is run.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::ci::base_commit::CiEvent;
use crate::ci::review;
use crate::config::approvals;
use crate::config::rule_changes::{self, RuleChange};
use crate::config::{self, Config, Subject, SubjectPlace};
use crate::flow::suite::base::approved::{self, Approvals, Found, Review};
use crate::flow::suite::base::case_changes::{from_to, of_value};
use crate::flow::suite::base::checkout;
use crate::flow::suite::base::commit::{self, BaseRequest, Which};
use crate::flow::suite::base::committed;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::items::{self, Commits, Writing};
use crate::flow::suite::base::listing::{self, Known, StoredFiles};
use crate::flow::suite::base::moved;
use crate::flow::suite::base::past::Reading;
use crate::flow::suite::base::reverts;
use crate::flow::suite::base::snapshot::{self, Layout};
use crate::flow::suite::base::store_changes;
use crate::flow::suite::base::taken_back;
use crate::flow::suite::base::write_out::{self, LfsPlaces, Wanted};
use crate::flow::suite::discover::Folders;
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::host::clock;
use crate::host::scratch::Scratch;
use crate::model::change::approval::{Approval, ApprovalRules, ChangeKey, Changed, Counted, Cover};
use crate::model::change::base::{Base, Change, Effect, RulesOf};
use crate::model::digest::Digest;
use crate::model::error_chain::chain;
use crate::model::hint::Spelt;
use crate::model::parameter::Parameter;
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
    read_and_compare(own, asked, review).map_err(|error| not_fetched(error, own))
}

/// What git says of an object that a partial clone has not fetched, which differs from release to release, said as what it is.
fn not_fetched(error: BaseError, own: &Context) -> BaseError {
    let is_partial = || Repository::open(&own.config.root).and_then(|repository| repository.is_partial());
    match error {
        BaseError::Git(source @ (GitError::Missing { .. } | GitError::Malformed { .. }))
            if is_partial().unwrap_or(false) =>
        {
            BaseError::Partial(source)
        }
        error => error,
    }
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
    let layout = layout(&repository, &own.config)?;
    all_is_checked_out(&repository, &layout, &own.config)?;
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let tip = Commit::read(&mut objects, &which.rules)?;
    let lfs = lfs_places(&repository, &layout)?;
    let into = asked.is_of_what_is_committed().then(|| scratch.path());
    let mut known = Known::new();
    let change = committed::read(&own.config, &repository, &layout, (&lfs, into), &mut known)?;
    let here = &change.checkout.items;
    let (at, moved_from) = match moved::place(&repository, &mut objects, &tip, &layout, (&own.config, here))? {
        moved::Place::Same => (layout.clone(), None),
        moved::Place::Other(other) => {
            let from = other.path_of(Path::new(&other.file))?;
            (other, Some(from))
        }
        moved::Place::Nowhere => {
            return first_introduction(own, &repository, &mut objects, which, layout, (&change, scratch)).map(Some);
        }
    };
    let review = found(review, asked);
    let change_and_more = (&change, &mut known, scratch);
    let held = held_against(own, &repository, &mut objects, &which, (&at, &layout), review, change_and_more);
    // What is not fetched is not broken.
    let mut prepared = held.map_err(|error| broken(not_fetched(error, own), &change))?;
    let judged = at.path_of(Path::new(&at.file))?;
    let changes = &mut prepared.base.changes;
    changes.extend(moved::taken_away(&repository, &which, &layout, Some(&judged))?);
    changes.sort_by(|a, b| (a.effect, &a.key).cmp(&(b.effect, &b.key)));
    if let Some(from) = moved_from {
        let here = layout.path_of(Path::new(&layout.file))?;
        prepared.base.notes.insert(0, format!("`{here}` is not on the base: it is held against `{from}`, which is"));
    }
    Ok(Some(prepared))
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
    let tip = snapshot::read(objects, &which.rules, &layout, None, &mut HashMap::new())?;
    let lfs = lfs_places(repository, &layout)?;
    let brought = approved::on_disk(&own.config.root)?.into_iter().filter(|one| !tip.approvals.contains(one)).count();
    let reading = Reading { repository, tip: &tip, layout: &layout, context: own, lfs: &lfs, scratch: scratch.path() };
    let entries = taken_back::counted(reading, tip.approvals.clone(), today());
    let mut approvals = Approvals { entries, ..Approvals::default() };
    approvals.waiting_in_head = brought as u64;
    let mut changes = moved::taken_away(repository, &which, &layout, None)?;
    changes.extend(as_a_base(change));
    changes.sort_by(|a, b| (a.effect, &a.key).cmp(&(b.effect, &b.key)));
    let base = Base {
        rules: RulesOf::FirstIntroduction { commit: which.rules.short().to_owned() },
        subject_dropped: false,
        counted_in_head: 0,
        waiting_in_head: approvals.waiting_in_head,
        changes,
        notes: change.notes.iter().cloned().chain(tip.notes).collect(),
    };
    let at = (which.rules, layout);
    let folders = change.folders();
    Ok(Prepared { context: own.clone(), folders, base, approvals, at, _scratch: scratch })
}

/// The base's rules for approvals, and which commit that is; `None` where there is no pull request. Nothing is built or run.
///
/// # Errors
/// When the base cannot be told, is not here, or its configuration cannot be read.
pub fn approval_rules(own: &Config, asked: &BaseRequest) -> Result<Option<(ApprovalRules, Which)>, BaseError> {
    let repository = Repository::open(&own.root)?;
    let mut objects = repository.objects()?;
    let Some(which) = commit::find(&repository, &mut objects, asked)? else { return Ok(None) };
    let own_layout = layout(&repository, own)?;
    let tip = Commit::read(&mut objects, &which.rules)?;
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let lfs = lfs_places(&repository, &own_layout)?;
    let into = asked.is_of_what_is_committed().then(|| scratch.path());
    let change = committed::read(own, &repository, &own_layout, (&lfs, into), &mut HashMap::new())?;
    let here = &change.checkout.items;
    let at = match moved::place(&repository, &mut objects, &tip, &own_layout, (own, here))? {
        moved::Place::Other(other) => other,
        moved::Place::Same | moved::Place::Nowhere => own_layout,
    };
    let (config, _) = snapshot::config_and_approvals(&mut objects, &tip, &at)?;
    Ok(Some((config.approvals, which)))
}

/// What the names of a configuration are, from the top of the repository.
pub(super) fn layout(repository: &Repository, own: &Config) -> Result<Layout, BaseError> {
    let outside = |path: &Path| BaseError::Outside { path: path.display().to_string() };
    let here = Path::new(".").canonicalize().map_err(|_| outside(&own.root))?;
    let mut real = if own.root.is_absolute() { PathBuf::new() } else { here };
    // Word by word: a link in the checkout leads wherever its author likes.
    for part in own.root.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(real.pop()),
            part => real.push(part),
        }
        let is_link = real.symlink_metadata().is_ok_and(|there| there.is_symlink());
        if is_link && real.starts_with(repository.top()) {
            return Err(BaseError::LinkedRoot { path: own.root.display().to_string() });
        }
        if is_link {
            real = real.canonicalize().map_err(|_| outside(&own.root))?;
        }
    }
    let prefix = real.strip_prefix(repository.top()).map_err(|_| outside(&own.root))?;
    let mut text = String::new();
    for part in prefix.components() {
        text += part.as_os_str().to_str().ok_or_else(|| outside(&own.root))?;
        text += "/";
    }
    let file = own.file.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    Ok(Layout {
        top: repository.top().to_owned(),
        root: own.root.clone(),
        prefix: text,
        file: file.unwrap_or(config::FILE_NAME).to_owned(),
    })
}

/// Whether the checkout could be a base itself: else it would leave no change after it with a verdict.
fn as_a_base(change: &committed::Change) -> Option<Change> {
    let error = change.commit.as_ref().err()?;
    let detail = chain("no change after this one could be judged by it", error);
    let key = Changed::Rule { key: "as a base".to_owned() };
    let key = ChangeKey { of: key, old: None, new: Some(Digest::of(detail.as_bytes())) };
    Some(Change { key, effect: Effect::Loosening, detail, reverts_to: None, cover: Cover::None })
}

/// What stands on the base is broken. Its rules cannot judge the change that mends it, and those of the checkout never do.
fn broken(error: BaseError, change: &committed::Change) -> BaseError {
    if !error.is_of_what_stands_there() {
        return error;
    }
    let own = match as_a_base(change) {
        None => "what this checkout has in its place was read and is fine: it may be the mend".to_owned(),
        Some(change) => format!("what this checkout has in its place was read, and is broken too: {}", change.detail),
    };
    let mend = format!(
        "mend it in a change of its own, which somebody who owns the branch looks at and merges past this check: no gate lets it pass; {own}"
    );
    BaseError::Broken { source: Box::new(error), mend: mend.into() }
}

/// The commit at which the change left its base is broken, and the base no more.
fn left_a_broken_one(error: BaseError, which: &Which) -> BaseError {
    if !error.is_of_what_stands_there() {
        return error;
    }
    let (left, rules) = (which.changed_from.short(), which.rules.short());
    let mend = format!("the base has mended it since {left}: merge the base ({rules}) into this change");
    BaseError::Broken { source: Box::new(error), mend: mend.into() }
}

fn held_against(
    own: &Context,
    repository: &Repository,
    objects: &mut Objects,
    which: &Which,
    (layout, own_layout): (&Layout, &Layout),
    review: Found<'_>,
    (change, known, scratch): (&committed::Change, &mut Known, Scratch),
) -> Result<Prepared, BaseError> {
    let place: Option<&SubjectPlace> = own.config.subject_place.as_ref();
    let mut tip = snapshot::read(objects, &which.rules, layout, place, known)?;
    if layout.prefix != own_layout.prefix {
        // The base may have approvals where the configuration is moved to.
        let more = snapshot::approvals_of(objects, &tip.commit, own_layout)?;
        let new: Vec<Approval> = more.into_iter().filter(|one| !tip.approvals.contains(one)).collect();
        tip.approvals.extend(new);
    }
    let tip = tip;
    let was = match which.changed_from == which.rules {
        true => None,
        false => {
            // The base may have moved it since.
            let before = Commit::read(objects, &which.changed_from)?;
            let own_file = own_layout.path_of(Path::new(&own_layout.file))?;
            let was_here = snapshot::read_file(objects, &before, &own_file)?.is_some();
            let layout = if was_here { own_layout } else { layout };
            let was = snapshot::read(objects, &which.changed_from, layout, None, known);
            Some(was.map_err(|error| left_a_broken_one(not_fetched(error, own), which))?)
        }
    };
    // As the base wrote it, with its own build: what the checkout changes is read against that.
    let written = {
        let bytes = snapshot::read_file(objects, &tip.commit, &layout.path_of(Path::new(&layout.file))?)?;
        snapshot::configuration(objects, &tip.commit, layout, bytes.as_deref(), None)?
    };
    let was_config = was.as_ref().map_or(&written, |was| &was.config);

    let store = scratch.path().join("store");
    missing_blobs(objects, repository, &tip.store, layout, &tip.config, &store)?;
    let lfs = lfs_places(repository, layout)?;
    let today = today();
    let approvals = approved::together(&tip.approvals, &own.config.root, &tip.config.approvals, (&which.head, review))?;
    // Before anything of the checkout is run: whoever writes to the repository could write another past.
    let approvals = approvals.with(|entries| {
        let context = own.by_rules_of(tip.config.clone(), &store, Vec::new());
        let scratch = scratch.path();
        let reading = Reading { repository, tip: &tip, layout, context: &context, lfs: &lfs, scratch };
        taken_back::counted(reading, entries, today)
    });
    let is_approved = |key: &ChangeKey| Cover::of(key, &approvals.entries, today).is_approved();

    let mut rules = tip.config.clone();
    let rule_changes = rule_changes::changes(was_config, &own.config);
    if was.is_none() {
        // How the candidate is called, where another way is approved: in the old one it might not run at all.
        let approved = rule_changes.iter().map(|change| rule(change.clone())).filter(|change| is_approved(&change.key));
        let keys: Vec<ChangeKey> = approved.map(|change| change.key).collect();
        called_as_approved(&mut rules, &own.config, |key| {
            keys.iter().any(|approved| approved.of == Changed::Rule { key: key.to_owned() })
        });
    }
    // One of another kind cannot take the place of what the base names, unless that is approved.
    let subject_dropped = rules.subject.is_some() && rule_changes::kind(&rules) != rule_changes::kind(&own.config);
    if subject_dropped {
        // What the base builds is not built by this checkout: nothing could be swapped in.
        rules.subject = None;
    }
    let options = Spelt::from(Parameter::Base.to(which.rules.to_string())).words();
    let context = own.by_rules_of(rules, &store, options);

    // The checkout's folders are found where the checkout says that they are.
    if change.is_unread {
        checkout::read(&own.config)?;
    }
    let checkout = &change.checkout;
    let commits = Commits { tip: &tip, was: was.as_ref(), is_approved: &is_approved };
    let mut writing = Writing { objects, lfs: &lfs, scratch: scratch.path() };
    let mut compared = items::compare(&commits, checkout, &mut writing, &context)?;
    let own_store = change.store(&own.config)?;
    let by = (own, &context.config, scratch.path());
    compared.changes.extend(store_changes::changes(&tip, (checkout, &own_store), by)?);
    reverts::note(&mut compared.changes, repository, objects, &tip, (layout, &context))?;

    let mut notes = tip.notes.clone();
    notes.extend(change.notes.iter().cloned());
    if which.rules.to_string() == which.head {
        notes.push(
            "the base is the commit that is checked out: only what is not committed is held against it".to_owned(),
        );
    }
    let mut changes = compared.changes;
    for change in rule_changes {
        if change.is_the_checkouts {
            notes.push(format!("`{}` is the checkout's: {}", change.key, from_to(&change.old, &change.new)));
        } else {
            changes.push(rule(change));
        }
    }
    if !compared.as_approved.is_empty() {
        notes.push(format!("run as the checkout has them, which is approved: {}", compared.as_approved.join(", ")));
    }
    if was_config.subject.is_none() && own.config.subject.is_some() {
        notes.push("the checkout names a subject and its base none: it is built once the base names it".to_owned());
    }
    changes.extend(as_a_base(change));
    if compared.from_base > 0 {
        notes.push(format!("{} cases and canaries are run as the base has them", compared.from_base));
    }
    notes.extend(approvals.notes.iter().cloned());
    changes.sort_by(|a, b| (a.effect, &a.key).cmp(&(b.effect, &b.key)));
    let base = Base {
        rules: RulesOf::Base {
            commit: which.rules.short().to_owned(),
            changed_from: which.changed_from.short().to_owned(),
            how: which.how.clone(),
        },
        subject_dropped,
        counted_in_head: approvals.counted_in_head,
        waiting_in_head: approvals.waiting_in_head,
        changes,
        notes,
    };
    let at = (which.rules.clone(), layout.clone());
    Ok(Prepared { context, folders: Some(compared.folders), base, approvals, at, _scratch: scratch })
}

fn today() -> Date {
    clock::now().to_zoned(TimeZone::UTC).date()
}

/// Whether entries hold, by the history of HEAD.
///
/// # Errors
/// When the repository or HEAD cannot be read.
pub fn standings(own: &Context, entries: Vec<Approval>) -> Result<Vec<Counted>, BaseError> {
    with_past(own, None, |reading| Ok(taken_back::counted(reading, entries, today())))
}

/// For each change what a new entry for it is approved after, by the history of `at`, or else of HEAD.
///
/// # Errors
/// When the repository or HEAD cannot be read.
pub fn marks(
    own: &Context,
    at: Option<&(ObjectId, Layout)>,
    keys: &[ChangeKey],
) -> Result<Vec<Option<String>>, BaseError> {
    match with_past(own, at, |reading| taken_back::marks(reading, keys)) {
        // Where there is no repository, nothing stood anywhere.
        Err(BaseError::Git(GitError::NotARepository { .. } | GitError::NoGit | GitError::NoCommit(_))) => {
            Ok(vec![None; keys.len()])
        }
        marks => marks,
    }
}

fn with_past<T>(
    own: &Context,
    at: Option<&(ObjectId, Layout)>,
    ask: impl FnOnce(Reading<'_>) -> Result<T, BaseError>,
) -> Result<T, BaseError> {
    let repository = Repository::open(&own.config.root)?;
    let mut objects = repository.objects()?;
    let (commit, layout) = match at {
        Some(at) => at.clone(),
        None => (repository.commit("HEAD")?, layout(&repository, &own.config)?),
    };
    let scratch = Scratch::new().map_err(BaseError::Scratch)?;
    let tip = snapshot::read(&mut objects, &commit, &layout, None, &mut HashMap::new())?;
    let store = scratch.path().join("store");
    missing_blobs(&mut objects, &repository, &tip.store, &layout, &tip.config, &store)?;
    let lfs = lfs_places(&repository, &layout)?;
    let context = own.by_rules_of(tip.config.clone(), &store, Vec::new());
    ask(Reading {
        repository: &repository,
        tip: &tip,
        layout: &layout,
        context: &context,
        lfs: &lfs,
        scratch: scratch.path(),
    })
}

/// Takes over how `own` calls its scanner, key by key where that is approved.
fn called_as_approved(rules: &mut Config, own: &Config, is_approved: impl Fn(&str) -> bool) {
    if is_approved("subject.kind") {
        // What else of it is another one needs an approval of its own, and fails without.
        rules.subject.clone_from(&own.subject);
    }
    let (Some(Subject::Scanner(scanner)), Some(Subject::Scanner(own))) = (&mut rules.subject, &own.subject) else {
        return;
    };
    if is_approved("subject.engine") {
        scanner.engine.clone_from(&own.engine);
    }
    if is_approved("subject.argv") {
        scanner.argv.clone_from(&own.argv);
    }
    if is_approved("subject.artifacts") {
        scanner.artifacts.clone_from(&own.artifacts);
    }
    if is_approved("subject.expect_exit") {
        scanner.expected_exit_codes.clone_from(&own.expected_exit_codes);
    }
}

fn rule(change: RuleChange) -> Change {
    let RuleChange { key, effect, old, new, .. } = change;
    let side = |value: &serde_json::Value| (!value.is_null()).then(|| of_value(value));
    let detail =
        if key.starts_with("profiles.") { "the profile is another one".to_owned() } else { from_to(&old, &new) };
    let key = ChangeKey { old: side(&old), new: side(&new), of: Changed::Rule { key } };
    Change { key, effect, detail, reverts_to: None, cover: Cover::None }
}

fn lfs_places(repository: &Repository, layout: &Layout) -> Result<LfsPlaces, BaseError> {
    Ok(LfsPlaces { folder: repository.lfs_folder()?, top: layout.top.clone() })
}

/// Writes the blobs of the base's fixture store that the checkout lacks or changes.
fn missing_blobs(
    objects: &mut Objects,
    repository: &Repository,
    base: &StoredFiles,
    layout: &Layout,
    rules: &Config,
    to: &Path,
) -> Result<(), BaseError> {
    let own = listing::on_disk(&rules.fixture_store)?;
    let missing: StoredFiles = base
        .iter()
        .filter(|(path, stored)| own.get(*path).is_none_or(|own| own.content != stored.file.content))
        .map(|(path, stored)| (path.clone(), stored.clone()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let path = layout.path_of_joined(&rules.fixture_store)?;
    write_out::write(objects, &[Wanted { files: &missing, path: &path, to }], &lfs_places(repository, layout)?)
}
