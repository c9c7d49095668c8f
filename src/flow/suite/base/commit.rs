//! Which commit is the base.
//!
//! | what is asked | rules | changes are counted from |
//! |---|---|---|
//! | `--base REV` | REV | where HEAD left it |
//! | a pull request whose merge is checked out | HEAD^1 | HEAD^1 |
//! | a pull request whose head is checked out | the target's tip | where HEAD left it |
//! | a group of a merge queue | its `base_sha` | its `base_sha` |
//! | a merge request at GitLab | the target's tip | `CI_MERGE_REQUEST_DIFF_BASE_SHA` |
//!
//! Invariants: HEAD^1 counts only where HEAD is the very merge that the system made; whatever else is checked out, a first parent is only a
//! commit of whoever wrote the change. What is not there or does not fit is an error with the line that mends it.

use crate::ci::base_commit::{MergeRequest, PullRequest, Told};
use crate::flow::suite::base::error::BaseError;
use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::tree::Commit;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A revision that a person or a script names.
    Revision(String),
    /// What the system that runs this tells.
    System(Told),
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

const WHOLE_HISTORY: &str =
    "check out the whole history: `fetch-depth: 0` (GitHub), `GIT_DEPTH: 0` (GitLab), or `git fetch --unshallow`";

/// Finds the base; `None` where there is no pull request.
pub fn find(repository: &Repository, objects: &mut Objects, asked: &Asked) -> Result<Option<Which>, BaseError> {
    let head = repository.commit("HEAD").map_err(|error| match error {
        GitError::NoCommit(_) => which("nothing is committed yet", "commit what you want to have judged"),
        error => error.into(),
    })?;
    let here = Here { repository, head };
    match asked {
        Asked::Revision(revision) => here.revision(revision).map(Some),
        Asked::System(Told::NoPullRequest) => Ok(None),
        Asked::System(Told::PullRequest(pull)) => here.pull_request(objects, pull).map(Some),
        Asked::System(Told::MergeGroup { base, head }) => here.merge_group(objects, base, head).map(Some),
        Asked::System(Told::MergeRequest(merge)) => here.merge_request(objects, merge).map(Some),
    }
}

struct Here<'a> {
    repository: &'a Repository,
    head: ObjectId,
}

fn which(why: impl Into<String>, mend: impl Into<String>) -> BaseError {
    BaseError::Which { why: why.into(), mend: mend.into() }
}

/// A commit that a system names, by its whole name.
fn named(text: &str, what: &str) -> Result<ObjectId, BaseError> {
    ObjectId::parse(text)
        .filter(|id| !id.is_zero())
        .ok_or_else(|| which(format!("{what} is `{text}`, which names no commit"), "give the base with `--base REV`"))
}

impl Here<'_> {
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
        mend: &str,
    ) -> Result<Commit, BaseError> {
        match self.is_there(objects, id)? {
            Some(commit) => Ok(commit),
            None => Err(BaseError::Absent {
                commit: id.short().to_owned(),
                what,
                shallow: self.repository.is_shallow()?,
                mend: mend.to_owned(),
            }),
        }
    }

    /// Where the change left `tip`.
    fn left(&self, tip: &ObjectId) -> Result<ObjectId, BaseError> {
        match self.repository.merge_base(tip, &self.head)? {
            Some(commit) => Ok(commit),
            None if self.repository.is_shallow()? => Err(BaseError::Absent {
                commit: tip.short().to_owned(),
                what: "the commit at which this change left its base",
                shallow: true,
                mend: WHOLE_HISTORY.to_owned(),
            }),
            None => Err(which(
                format!("{} and HEAD have no commit in common", tip.short()),
                "name a commit that this checkout comes from",
            )),
        }
    }

    /// The target's tip, where it was fetched and has moved on since the event; else `base`, which the event names.
    fn newer(&self, base: &ObjectId, target: &str) -> Result<ObjectId, BaseError> {
        match self.repository.reference(&format!("refs/remotes/origin/{target}"))? {
            Some(tip) if self.repository.merge_base(base, &tip)?.as_ref() == Some(base) => Ok(tip),
            _ => Ok(base.clone()),
        }
    }

    fn revision(&self, revision: &str) -> Result<Which, BaseError> {
        let rules = self.repository.commit(revision).map_err(|error| match error {
            GitError::NoCommit(_) => BaseError::Absent {
                commit: format!("`{revision}`"),
                what: "named with --base",
                shallow: self.repository.is_shallow().unwrap_or(false),
                mend: "fetch it: `git fetch --no-tags origin BRANCH`, and name `origin/BRANCH`".to_owned(),
            },
            error => error.into(),
        })?;
        let changed_from = self.left(&rules)?;
        let how = format!("--base {revision}");
        Ok(Which { rules, changed_from, how, head: self.head.to_string() })
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
            let mend = format!("git fetch --no-tags origin {base} && git fetch --unshallow");
            self.needed(objects, &base, "the target's tip", &mend)?;
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
        self.needed(
            objects,
            &base,
            "what the merge group is put upon",
            "check out the whole history: `fetch-depth: 0`",
        )?;
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
        let fetch = format!("git fetch --no-tags origin +refs/heads/{0}:refs/remotes/origin/{0}", merge.target);
        let rules = match &merge.target_tip {
            Some(tip) => named(tip, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA")?,
            None => {
                let branch = format!("refs/remotes/origin/{}", merge.target);
                let tip = self.repository.reference(&branch)?;
                tip.ok_or_else(|| which(format!("the target's tip (`{branch}`) is not in this clone"), fetch.clone()))?
            }
        };
        self.needed(objects, &rules, "the target's tip", &fetch)?;
        let changed_from = named(&merge.diff_base, "CI_MERGE_REQUEST_DIFF_BASE_SHA")?;
        self.needed(objects, &changed_from, "CI_MERGE_REQUEST_DIFF_BASE_SHA", WHOLE_HISTORY)?;
        let how = format!("merge request, the tip of `{}`", merge.target);
        Ok(Which { rules, changed_from, how, head: commit.to_string() })
    }
}
