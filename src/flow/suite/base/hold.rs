//! A checkout, held against its base: by which rules it runs, what is run, and what it changes.
//!
//! Invariants: everything of the base is read, and every approval is looked for in its history, before anything of the checkout is
//! run; rules of the checkout count only where the base has approved them.

use std::path::Path;

use jiff::civil::Date;

use crate::config::rule_changes::{self, RuleChange};
use crate::config::{Config, Subject};
use crate::flow::suite::base::approved::{self, Approvals, Found};
use crate::flow::suite::base::broken;
use crate::flow::suite::base::case_changes::{from_to, of_value};
use crate::flow::suite::base::checked_out;
use crate::flow::suite::base::checkout;
use crate::flow::suite::base::commit::Which;
use crate::flow::suite::base::committed;
use crate::flow::suite::base::error::BaseError;
use crate::flow::suite::base::items::{self, Commits, Compared, Writing};
use crate::flow::suite::base::layout::Layout;
use crate::flow::suite::base::listing::Known;
use crate::flow::suite::base::past::states::Reading;
use crate::flow::suite::base::reverts;
use crate::flow::suite::base::snapshot::{self, Snapshot};
use crate::flow::suite::base::standings;
use crate::flow::suite::base::store_changes;
use crate::flow::suite::base::subject::{self, BaseSubject};
use crate::flow::suite::base::taken_back;
use crate::flow::suite::base::write_out::{self, LfsPlaces};
use crate::flow::suite::discover::Folders;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::model::change::approval::{Approval, ChangeKey, Changed, Cover};
use crate::model::change::base::{Base, Change, RulesOf};
use crate::model::hint::Spelt;
use crate::model::parameter::Parameter;
use crate::workspace::context::Context;

/// What is held against what.
pub(super) struct Sides<'a> {
    /// The checkout and its own rules.
    pub own: &'a Context,
    /// Where its configuration lies.
    pub own_layout: &'a Layout,
    /// The repository of both.
    pub repository: &'a Repository,
    /// The base.
    pub which: &'a Which,
    /// Where the base has the configuration.
    pub layout: &'a Layout,
    /// The side of the change.
    pub change: &'a committed::Change,
    /// What is known of a review.
    pub review: Found<'a>,
    /// A private folder.
    pub scratch: &'a Path,
}

/// What came out.
pub(super) struct Held {
    /// The rules that the run goes by.
    pub context: Context,
    /// What is run.
    pub folders: Folders,
    /// What the checkout changes.
    pub base: Base,
    /// Approvals that count.
    pub approvals: Approvals,
    /// The base's subject; `None` where one side has none.
    pub subject: Option<BaseSubject>,
}

/// What is read of the base.
struct Read {
    /// The base itself. Its subject is built as the checkout says.
    tip: Snapshot,
    /// What the change started from; `None` where that is the base itself.
    was: Option<Snapshot>,
    /// The configuration of the base as it is written, with its own build.
    written: Config,
}

impl Read {
    /// The rules that the checkout changed.
    fn changed_rules(&self) -> &Config {
        self.was.as_ref().map_or(&self.written, |was| &was.config)
    }
}

/// Holds them against each other.
///
/// # Errors
/// When the base or the checkout cannot be read.
pub(super) fn hold(sides: &Sides<'_>, objects: &mut Objects, known: &mut Known) -> Result<Held, BaseError> {
    let read = sides.read(objects, known)?;
    let store = sides.scratch.join("store");
    let lfs = LfsPlaces::of(sides.repository, sides.layout)?;
    write_out::missing_blobs(objects, &lfs, &read.tip.store, sides.layout, &read.tip.config, &store)?;
    let today = standings::today();
    let approvals = sides.approvals(&read.tip, &store, &lfs, today)?;
    let is_approved = |key: &ChangeKey| Cover::of(key, &approvals.entries, today).is_approved();

    let rule_changes = rule_changes::changes(read.changed_rules(), &sides.own.config);
    let (rules, subject_dropped) = sides.rules(&read, &rule_changes, &is_approved);
    let options = Spelt::from(Parameter::Base.to(sides.which.rules.to_string())).words();
    let context = sides.own.by_rules_of(rules, &store, options);

    // The checkout's folders are found where the checkout says that they are.
    if sides.change.is_unread {
        checkout::read(&sides.own.config)?;
    }
    let checkout = &sides.change.checkout;
    let commits = Commits { tip: &read.tip, was: read.was.as_ref(), is_approved: &is_approved };
    let mut writing = Writing { objects, lfs: &lfs, scratch: sides.scratch };
    let mut compared = items::compare(&commits, checkout, &mut writing, &context)?;
    let own_store = sides.change.store(&sides.own.config)?;
    let by = (sides.own, &context.config, sides.scratch);
    compared.changes.extend(store_changes::changes(&read.tip, (checkout, &own_store), by)?);
    if let Ok(head) = &sides.change.commit {
        let of_head = (head, sides.own_layout);
        compared.changes.extend(checked_out::changes(sides.repository, objects, &sides.which.changed_from, of_head)?);
    }
    reverts::note(&mut compared.changes, sides.repository, objects, &read.tip, (sides.layout, &context))?;

    let notes = sides.notes(&read, &compared, &rule_changes, &approvals.notes);
    let mut changes = compared.changes;
    changes.extend(rule_changes.into_iter().filter(|change| !change.is_the_checkouts).map(rule));
    changes.extend(broken::as_a_base(sides.change));
    let base = Base {
        rules: RulesOf::Base {
            commit: sides.which.rules.short().to_owned(),
            changed_from: sides.which.changed_from.short().to_owned(),
            how: sides.which.how.clone(),
        },
        config: sides.own.config_given(),
        subject_dropped,
        counted_in_head: approvals.counted_in_head,
        waiting_in_head: approvals.waiting_in_head,
        changes,
        notes,
    };
    let subject = read.written.subject.as_ref().zip(context.config.subject.as_ref()).map(|subjects| {
        let into = (&lfs, sides.scratch);
        subject::of_commit((objects, known), &read.tip.commit, sides.layout, subjects, into, compared.of_checkout)
    });
    Ok(Held { context, folders: compared.folders, base, approvals, subject })
}

impl Sides<'_> {
    fn read(&self, objects: &mut Objects, known: &mut Known) -> Result<Read, BaseError> {
        let place = self.own.config.subject_place.as_ref();
        let mut tip = snapshot::read(objects, &self.which.rules, self.layout, place, known)?;
        if self.layout.prefix != self.own_layout.prefix {
            // The base may have approvals where the configuration is moved to.
            let more = snapshot::approvals_of(objects, &tip.commit, self.own_layout)?;
            let new: Vec<Approval> = more.into_iter().filter(|one| !tip.approvals.contains(one)).collect();
            tip.approvals.extend(new);
        }
        let was = if self.which.changed_from == self.which.rules { None } else { Some(self.was(objects, known)?) };
        let file = self.layout.path_of(Path::new(&self.layout.file))?;
        let bytes = snapshot::read_file(objects, &tip.commit, &file)?;
        let written = snapshot::configuration(objects, &tip.commit, self.layout, bytes.as_deref(), None)?;
        Ok(Read { tip, was, written })
    }

    /// What the change started from.
    fn was(&self, objects: &mut Objects, known: &mut Known) -> Result<Snapshot, BaseError> {
        // The base may have moved it since.
        let before = Commit::read(objects, &self.which.changed_from)?;
        let own_file = self.own_layout.path_of(Path::new(&self.own_layout.file))?;
        let was_here = snapshot::read_file(objects, &before, &own_file)?.is_some();
        let layout = if was_here { self.own_layout } else { self.layout };
        let was = snapshot::read(objects, &self.which.changed_from, layout, None, known);
        was.map_err(|error| broken::left_a_broken_one(broken::not_fetched(error, self.own), self.which))
    }

    /// Approvals that count, each with whether it holds.
    fn approvals(&self, tip: &Snapshot, store: &Path, lfs: &LfsPlaces, today: Date) -> Result<Approvals, BaseError> {
        let of_checkout = (self.which.head.as_str(), self.review);
        let together = approved::together(&tip.approvals, &self.own.config.root, &tip.config.approvals, of_checkout)?;
        // Before anything of the checkout is run: whoever writes to the repository could write another past.
        Ok(together.with(|entries| {
            let context = self.own.by_rules_of(tip.config.clone(), store, Vec::new());
            let (repository, layout, scratch) = (self.repository, self.layout, self.scratch);
            let reading = Reading { repository, tip, layout, context: &context, lfs, scratch };
            taken_back::counted(reading, entries, today)
        }))
    }

    /// The rules that the run goes by, and whether the checkout drops the base's subject.
    fn rules(&self, read: &Read, changes: &[RuleChange], is_approved: &dyn Fn(&ChangeKey) -> bool) -> (Config, bool) {
        let own = &self.own.config;
        let mut rules = read.tip.config.clone();
        if read.was.is_none() {
            // How the candidate is called, where another way is approved: in the old one it might not run at all.
            let keys = changes.iter().map(|change| rule(change.clone()).key);
            let approved: Vec<Changed> = keys.filter(|key| is_approved(key)).map(|key| key.of).collect();
            let is_approved = |key: &str| approved.contains(&Changed::Rule { key: key.to_owned() });
            called_as_approved(&mut rules, own, is_approved);
        }
        // One of another kind cannot take the place of what the base names, unless that is approved.
        let subject_dropped = rules.subject.is_some() && rule_changes::kind(&rules) != rule_changes::kind(own);
        if subject_dropped {
            // What the base builds is not built by this checkout: nothing could be swapped in.
            rules.subject = None;
        }
        (rules, subject_dropped)
    }

    /// Things to know, in words.
    fn notes(&self, read: &Read, compared: &Compared, changes: &[RuleChange], of_approvals: &[String]) -> Vec<String> {
        let mut notes = read.tip.notes.clone();
        notes.extend(self.change.notes.iter().cloned());
        if self.which.rules.to_string() == self.which.head {
            notes.push(
                "the base is the commit that is checked out: only what is not committed is held against it".to_owned(),
            );
        }
        for change in changes.iter().filter(|change| change.is_the_checkouts) {
            notes.push(format!("`{}` is the checkout's: {}", change.key, from_to(&change.old, &change.new)));
        }
        if !compared.as_approved.is_empty() {
            notes.push(format!("run as the checkout has them, which is approved: {}", compared.as_approved.join(", ")));
        }
        if read.changed_rules().subject.is_none() && self.own.config.subject.is_some() {
            notes.push("the checkout names a subject and its base none: it is built once the base names it".to_owned());
        }
        if compared.from_base > 0 {
            notes.push(format!("{} cases and canaries are run as the base has them", compared.from_base));
        }
        notes.extend(of_approvals.iter().cloned());
        notes
    }
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
