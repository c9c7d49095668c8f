//! Which commit is the base.
//!
//! | what is asked | rules | changes are counted from |
//! |---|---|---|
//! | `--base REV` | REV | where HEAD left it |
//! | a pull request whose merge is checked out | HEAD^1 | HEAD^1 |
//! | a pull request whose head is checked out | the target's tip | where HEAD left it |
//! | a group of a merge queue | its `base_sha` | its `base_sha` |
//! | a merge request at GitLab | the target's tip | the same where HEAD has it, else `CI_MERGE_REQUEST_DIFF_BASE_SHA` |
//!
//! Invariants: HEAD^1 counts only where HEAD is the very merge that the system made; whatever else is checked out, a first parent is only a
//! commit of whoever wrote the change. What is not there or does not fit is an error with the line that mends it.

use std::ffi::OsString;
use std::path::Path;

use crate::ci::base_commit::{self, CiEvent, MergeRequest, PullRequest, UnknownBase};
use crate::flow::suite::base::error::BaseError;
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::remotes::Remote;
use crate::git::repository::Repository;
use crate::git::tree::Commit;
use crate::hint;
use crate::host::fs;
use crate::model::diagnostic::Hint;
use crate::model::hint::Spelt;
use crate::model::parameter::Parameter;
use crate::model::text::names;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseRequest {
    /// A revision that a person or a script names.
    Revision {
        /// As it is named.
        revision: String,
        /// What the run is of, where that is a pull request.
        pull: Option<String>,
        /// Whether a system runs this, and no person.
        in_ci: bool,
    },
    /// What the system that runs this tells.
    System(CiEvent),
}

/// The largest event of a CI system that is read.
pub(super) const MAX_EVENT_BYTES: u64 = 64 << 20;

impl BaseRequest {
    /// A revision that is named; `variable` reads the environment.
    pub fn named(revision: &str, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let in_ci = variable("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
        let pull = base_commit::of_a_pull_request(variable);
        Self::Revision { revision: revision.to_owned(), pull, in_ci }
    }

    /// Whether what is committed is judged: what a person has in a checkout need not be committed yet.
    pub fn is_of_what_is_committed(&self) -> bool {
        match self {
            Self::Revision { pull, in_ci, .. } => pull.is_some() || *in_ci,
            Self::System(event) => *event != CiEvent::NoPullRequest,
        }
    }

    /// What the system that runs this tells; `variable` reads the environment.
    ///
    /// # Errors
    /// [`UnknownBase`] where this is a pull request and its base is not told.
    pub fn told(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, UnknownBase> {
        let event = |path: &str| fs::read(Path::new(path), MAX_EVENT_BYTES).ok();
        base_commit::told(variable, event).map(Self::System)
    }
}

/// The base, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Which {
    /// The commit whose rules count.
    pub rules: ObjectId,
    /// The commit since which changes are counted.
    pub changed_from: ObjectId,
    /// How it was found, in words.
    pub how: String,
    /// The last commit of the change itself: what a reviewer approved.
    pub head: String,
}

/// What stands for a remote in a line, where nothing tells which one.
const A_REMOTE: &str = "REMOTE";

/// The line that mends a history that was cut off.
pub(super) const WHOLE_HISTORY: &str =
    "check out the whole history: `fetch-depth: 0` (GitHub), `GIT_DEPTH: 0` (GitLab), or `git fetch --unshallow`";

/// Finds the base; `None` where there is no pull request.
///
/// # Errors
/// When there is a pull request and its base cannot be told or is not here.
pub fn find(repository: &Repository, objects: &mut Objects, asked: &BaseRequest) -> Result<Option<Which>, BaseError> {
    let head = repository.commit("HEAD").map_err(|error| match error {
        GitError::NoCommit(_) => which("nothing is committed yet", "commit what you want to have judged"),
        error => error.into(),
    })?;
    let here = LocalRepository { repository, head };
    let found = match asked {
        BaseRequest::Revision { revision, .. } => here.revision(revision).map(Some),
        BaseRequest::System(CiEvent::NoPullRequest) => Ok(None),
        BaseRequest::System(CiEvent::PullRequest(pull)) => here.pull_request(objects, pull).map(Some),
        BaseRequest::System(CiEvent::MergeGroup { base, head }) => here.merge_group(objects, base, head).map(Some),
        BaseRequest::System(CiEvent::MergeRequest(merge)) => here.merge_request(objects, merge).map(Some),
    }?;
    let pull = match asked {
        BaseRequest::Revision { pull, .. } => pull.as_deref(),
        BaseRequest::System(_) => Some("a pull request"),
    };
    if let (Some(which), Some(pull)) = (&found, pull) {
        here.has_something_of(which, pull)?;
    }
    Ok(found)
}

struct LocalRepository<'a> {
    repository: &'a Repository,
    head: ObjectId,
}

fn which(why: impl Into<String>, mend: impl Into<Hint>) -> BaseError {
    BaseError::Which { why: why.into(), mend: mend.into() }
}

/// A commit that a system names, by its whole name.
fn named(text: &str, what: &str) -> Result<ObjectId, BaseError> {
    ObjectId::parse(text).filter(|id| !id.is_zero()).ok_or_else(|| {
        let mend = hint!("give the base with {}", Parameter::Base.to("REV"));
        which(format!("{what} is `{text}`, which names no commit"), mend)
    })
}

impl LocalRepository<'_> {
    fn is_there(&self, objects: &mut Objects, id: &ObjectId) -> Result<Option<Commit>, BaseError> {
        // One that is missing ends the process that is asked: the next question needs another one.
        match Commit::read(objects, id) {
            Ok(commit) => Ok(Some(commit)),
            Err(GitError::Missing { .. }) => {
                *objects = self.repository.objects()?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn needed(
        &self,
        objects: &mut Objects,
        id: &ObjectId,
        what: &'static str,
        mend: impl Into<Hint>,
    ) -> Result<Commit, BaseError> {
        match self.is_there(objects, id)? {
            Some(commit) => Ok(commit),
            None => Err(BaseError::Absent {
                commit: id.short().to_owned(),
                what,
                shallow: self.repository.is_shallow()?,
                mend: mend.into(),
            }),
        }
    }

    /// How to bring a branch of the target, and its history where this clone has only the end of it; and its whole name then.
    fn fetch(&self, remote: &Remote, branch: &str) -> Result<(String, String), BaseError> {
        let whole = self.repository.is_shallow()?;
        Ok(match remote {
            Remote::Is(name) => {
                let line = base_commit::fetch(name, branch, whole);
                (format!("`{line}`"), base_commit::fetched(name, branch))
            }
            Remote::OneOf(names) => {
                let line = base_commit::fetch(A_REMOTE, branch, whole);
                let line = format!("`{line}`, where {A_REMOTE} is one of {}", names::quoted(names));
                (line, base_commit::fetched(A_REMOTE, branch))
            }
        })
    }

    /// How to bring the target.
    fn fetch_target(&self, branch: &str) -> Result<Hint, BaseError> {
        let (fetch, _) = self.fetch(&self.repository.remote()?, branch)?;
        Ok(hint!("fetch the target: {}", fetch))
    }

    /// Where the change left `tip`.
    fn left(&self, tip: &ObjectId) -> Result<ObjectId, BaseError> {
        match self.repository.merge_bases(tip, &self.head)?.as_slice() {
            [commit] => Ok(commit.clone()),
            [one, other, ..] => Err(self.crossed(tip, (one, other))),
            [] if self.repository.is_shallow()? => Err(BaseError::Absent {
                commit: tip.short().to_owned(),
                what: "the commit at which this change left its base",
                shallow: true,
                mend: WHOLE_HISTORY.into(),
            }),
            [] => Err(which(
                format!("{} and HEAD have no commit in common", tip.short()),
                "name a commit that this checkout comes from",
            )),
        }
    }

    /// The change and its base were each merged into the other: counted from one of these commits, what the change took away after the
    /// other one would be nobody's change.
    fn crossed(&self, tip: &ObjectId, (one, other): (&ObjectId, &ObjectId)) -> BaseError {
        let (tip, one, other) = (tip.short(), one.short(), other.short());
        which(
            format!("the change left its base ({tip}) at several commits, such as {one} and {other}"),
            hint!("merge the base into the change, which has one then: `git merge {}`", tip),
        )
    }

    /// The target's tip, where it was fetched and has moved on since the event; else `base`, which the event names.
    fn newer(&self, base: &ObjectId, target: &str) -> Result<ObjectId, BaseError> {
        let Remote::Is(remote) = self.repository.remote()? else { return Ok(base.clone()) };
        match self.repository.reference(&base_commit::fetched(&remote, target))? {
            Some(tip) if self.repository.merge_base(base, &tip)?.as_ref() == Some(base) => Ok(tip),
            _ => Ok(base.clone()),
        }
    }

    /// Whether there is anything of a pull request: a base that HEAD comes before, or is, has all of it already.
    fn has_something_of(&self, which: &Which, pull: &str) -> Result<(), BaseError> {
        let (head, rules) = (self.head.short(), which.rules.short());
        let is_part = self.head == which.rules
            || self.repository.merge_base(&which.rules, &self.head)? == Some(self.head.clone());
        if !is_part {
            return Ok(());
        }
        let what = if self.head == which.rules { "the base itself" } else { "a commit of the base" };
        Err(self::which(
            format!(
                "HEAD ({head}) is {what} ({rules}), and this is a run of {pull}: nothing of the pull request is there"
            ),
            "check out what is merged: at GitHub `on: pull_request`, and `actions/checkout` without `ref:`",
        ))
    }

    fn revision(&self, revision: &str) -> Result<Which, BaseError> {
        let rules = self.repository.commit(revision);
        let rules = match rules {
            Err(GitError::NoCommit(_)) => {
                return Err(BaseError::Absent {
                    commit: format!("`{revision}`"),
                    what: "named as the base",
                    shallow: self.repository.is_shallow()?,
                    mend: self.fetch_revision(revision)?,
                });
            }
            rules => rules?,
        };
        let changed_from = self.left(&rules)?;
        let how = Spelt::from(Parameter::Base.to(revision)).line();
        Ok(Which { rules, changed_from, how, head: self.head.to_string() })
    }

    /// How to get what a person named: a commit, a branch by whichever of its names, or what came before one of them.
    fn fetch_revision(&self, revision: &str) -> Result<Hint, BaseError> {
        let shallow = self.repository.is_shallow()?;
        let (name, before) = revision.split_at(revision.find(['^', '~', '@', ':']).unwrap_or(revision.len()));
        let is_here = !name.is_empty() && self.repository.commit(name).is_ok();
        if !shallow && (name.is_empty() || name == "HEAD" || (is_here && !before.is_empty())) {
            return Ok("name a commit that is there: this clone has the whole history".into());
        }
        let remote = self.repository.remote()?;
        if name.is_empty() || name == "HEAD" {
            return Ok(hint!("fetch the whole history: `{}`", "git fetch --unshallow --no-tags"));
        }
        if ObjectId::parse(name).is_some() {
            let options = if shallow { "--unshallow --no-tags" } else { "--no-tags" };
            return Ok(match remote {
                Remote::Is(remote) => hint!("fetch it: `git fetch {} {} {}`", options, remote, name),
                Remote::OneOf(names) => hint!(
                    "fetch it: `git fetch {} {} {}`, where {} is one of {}",
                    options,
                    A_REMOTE,
                    name,
                    A_REMOTE,
                    names::quoted(&names)
                ),
            });
        }
        let (remote, branch) = self.branch(name, remote)?;
        let (fetch, fetched) = self.fetch(&remote, &branch)?;
        let named = Parameter::Base.to(format!("{fetched}{before}"));
        Ok(hint!("fetch it: {}, and name it as it is called then: {}", fetch, named))
    }

    /// The branch that a name is of, and the remote that has it: the one that the name begins with, or else `remote`.
    fn branch(&self, name: &str, remote: Remote) -> Result<(Remote, String), BaseError> {
        let short = name.strip_prefix("refs/remotes/").unwrap_or(name);
        for known in self.repository.remotes()? {
            if let Some(branch) = short.strip_prefix(&known).and_then(|rest| rest.strip_prefix('/')) {
                return Ok((Remote::Is(known), branch.to_owned()));
            }
        }
        Ok((remote, name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()))
    }

    fn pull_request(&self, objects: &mut Objects, pull: &PullRequest) -> Result<Which, BaseError> {
        let event = named(&pull.event, "GITHUB_SHA")?;
        let head = named(&pull.head, "the head of the pull request")?;
        let base = named(&pull.base, "the base of the pull request")?;
        let number = pull.number;
        if self.head == event && self.head != head {
            let commit = Commit::read(objects, &self.head)?;
            return match commit.parents.as_slice() {
                [first, second] if *second == head => {
                    self.needed(
                        objects,
                        first,
                        "the target, as it is merged",
                        "check out the commits that are merged, too: `fetch-depth: 2`",
                    )?;
                    let how = format!("pull request {number}, its merge into `{}`", pull.target);
                    Ok(Which { rules: first.clone(), changed_from: first.clone(), how, head: head.to_string() })
                }
                _ => Err(which(
                    "HEAD is the commit of the event, and not a merge of the pull request's head into its target",
                    "check out what `actions/checkout` checks out without `ref:`, with `fetch-depth: 2`",
                )),
            };
        }
        if self.head == head {
            self.needed(objects, &base, "the target's tip", self.fetch_target(&pull.target)?)?;
            let rules = self.newer(&base, &pull.target)?;
            let changed_from = self.left(&rules)?;
            let how = format!("pull request {number}, its head; the tip of `{}`", pull.target);
            return Ok(Which { rules, changed_from, how, head: head.to_string() });
        }
        Err(which(
            format!(
                "HEAD ({}) is neither the merge of pull request {number} ({}) nor its head ({})",
                self.head.short(),
                event.short(),
                head.short()
            ),
            "check out what `actions/checkout` checks out without `ref:`, with `fetch-depth: 2`",
        ))
    }

    fn merge_group(&self, objects: &mut Objects, base: &str, head: &str) -> Result<Which, BaseError> {
        let (base, head) = (named(base, "the group's `base_sha`")?, named(head, "the group's `head_sha`")?);
        if self.head != head {
            return Err(which(
                format!("HEAD ({}) is not the commit of the merge group ({})", self.head.short(), head.short()),
                "check out what `actions/checkout` checks out without `ref:`, with `fetch-depth: 0`",
            ));
        }
        self.needed(objects, &base, "what the merge group is put upon", WHOLE_HISTORY)?;
        if self.left(&base)? != base {
            return Err(which(
                format!("HEAD does not come from the group's `base_sha` ({})", base.short()),
                "check out what `actions/checkout` checks out without `ref:`",
            ));
        }
        let how = "merge group, its `base_sha`".to_owned();
        Ok(Which { rules: base.clone(), changed_from: base, how, head: head.to_string() })
    }

    fn merge_request(&self, objects: &mut Objects, merge: &MergeRequest) -> Result<Which, BaseError> {
        let commit = named(&merge.commit, "CI_COMMIT_SHA")?;
        if self.head != commit {
            return Err(which(
                format!("HEAD ({}) is not CI_COMMIT_SHA ({})", self.head.short(), commit.short()),
                "check out the commit of the pipeline",
            ));
        }
        let fetch = self.fetch_target(&merge.target)?;
        let rules = match &merge.target_tip {
            Some(tip) => named(tip, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA")?,
            None => match self.repository.remote()? {
                Remote::Is(remote) => {
                    let branch = base_commit::fetched(&remote, &merge.target);
                    let tip = self.repository.reference(&branch)?;
                    let why = || format!("the target's tip (`{branch}`) is not in this clone");
                    tip.ok_or_else(|| which(why(), fetch.clone()))?
                }
                Remote::OneOf(names) => {
                    let why = format!("nothing tells which of the remotes {} has the target", names::quoted(&names));
                    let mend =
                        hint!("name its tip: {}", Parameter::Base.to(base_commit::fetched(A_REMOTE, &merge.target)));
                    return Err(which(why, mend));
                }
            },
        };
        self.needed(objects, &rules, "the target's tip", fetch)?;
        let changed_from = if self.repository.merge_base(&rules, &self.head)?.as_ref() == Some(&rules) {
            // Of a merged result, and of a branch that was brought up to date, what the target gained is not the change's.
            rules.clone()
        } else {
            let left = named(&merge.diff_base, "CI_MERGE_REQUEST_DIFF_BASE_SHA")?;
            self.needed(objects, &left, "CI_MERGE_REQUEST_DIFF_BASE_SHA", WHOLE_HISTORY)?;
            let all = self.repository.merge_bases(&rules, &self.head)?;
            if let Some(other) = all.iter().find(|one| **one != left).filter(|_| all.len() > 1) {
                return Err(self.crossed(&rules, (&left, other)));
            }
            left
        };
        let how = format!("merge request, the tip of `{}`", merge.target);
        Ok(Which { rules, changed_from, how, head: commit.to_string() })
    }
}
