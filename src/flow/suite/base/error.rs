//! Why a base cannot be used.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::config::approvals::ApprovalsError;
use crate::flow::suite::canary::CanaryError;
use crate::flow::suite::case::CaseError;
use crate::git::error::GitError;
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::workspace::context::ContextError;

/// Why a base cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The repository cannot be read.
    #[error("cannot read the base")]
    Git(#[from] GitError),
    /// Nobody says which commit is the base, or what was said does not fit what is checked out.
    #[error("which commit is the base? {why}")]
    Which {
        /// What does not fit.
        why: String,
        /// What mends it.
        mend: Hint,
    },
    /// A commit that is needed is not in this clone.
    #[error("the commit {commit} ({what}) is not in this clone{}", if *.shallow { ", which is shallow" } else { "" })]
    Absent {
        /// The commit.
        commit: String,
        /// What it is.
        what: &'static str,
        /// Whether history was cut off.
        shallow: bool,
        /// What mends it.
        mend: Hint,
    },
    /// The base's configuration cannot be read.
    #[error(
        "the configuration of the base ({commit}) cannot be read, and nothing is judged by that of the checkout instead"
    )]
    Config {
        /// The commit.
        commit: String,
        /// Why.
        source: ConfigError,
    },
    /// The configuration that was named is not in the base, and another one is.
    #[error(
        "the base ({commit}) has no `{named}`, and it has {has}: a checkout cannot choose whose rules count by another name"
    )]
    OtherConfig {
        /// The commit.
        commit: String,
        /// What was named.
        named: String,
        /// What there is.
        has: String,
    },
    /// The base's approvals cannot be read.
    #[error("the approvals of the base ({commit}) cannot be read")]
    Approvals {
        /// The commit.
        commit: String,
        /// Why.
        source: ApprovalsError,
    },
    /// The checkout's approvals cannot be read.
    #[error("the approvals of this checkout cannot be read")]
    OwnApprovals(#[source] ApprovalsError),
    /// A root or a file that lies outside of the repository: no commit has it.
    #[error("`{path}` lies outside of the repository: no base has it")]
    Outside {
        /// As it is written.
        path: String,
    },
    /// The configuration is reached by a link: which folder it means is the checkout's to choose.
    #[error("the way to the configuration leads through `{path}`, which is a link")]
    LinkedRoot {
        /// The link.
        path: String,
    },
    /// An object that only the remote has.
    #[error("the clone is partial, and the base needs more of it")]
    Partial(#[source] GitError),
    /// A part of what is judged was left out when the commit was checked out.
    #[error("the checkout is sparse: `{path}` is not checked out, and would be taken for gone")]
    Sparse {
        /// What is left out.
        path: String,
    },
    /// Rules or approvals of a pull request that lie in the checkout otherwise than they are committed.
    #[error("`{path}` lies in the checkout otherwise than it is committed: what is judged is not what would be merged")]
    NotCommitted {
        /// The file.
        path: String,
    },
    /// A link that leads out of what is read.
    #[error("`{path}` of the base is a link or a submodule: what it leads to is not read")]
    Leads {
        /// The path.
        path: String,
    },
    /// Something else than a file where the base has to have a file.
    #[error("`{path}` of the base is not a file, and nothing is read from it")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// A file that Git LFS keeps and that is not here.
    #[error("`{path}` of the base is kept by Git LFS, and its content ({content}) is not here")]
    Lfs {
        /// The path.
        path: String,
        /// Its digest.
        content: String,
    },
    /// Files of the checkout cannot be read, or those of the base not written.
    #[error("cannot hold the checkout against the base")]
    Files(#[from] FsError),
    /// A private folder cannot be made.
    #[error("cannot make a private folder")]
    Scratch(#[source] std::io::Error),
    /// Two folders of the checkout with one id.
    #[error("`{id}` names both `{}` and `{}`: ids must be unique", .first.display(), .second.display())]
    Duplicate {
        /// The id.
        id: String,
        /// One folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// What stands where cases or canaries of the checkout should lie.
    #[error("`{}` is not a folder: cases and canaries lie in folders", .path.display())]
    NotAFolder {
        /// As the configuration names it.
        path: PathBuf,
    },
    /// A case of the base cannot be read.
    #[error("a case of the base cannot be read (`{id}`)")]
    Case {
        /// Its id.
        id: String,
        /// Why.
        source: CaseError,
    },
    /// A canary of the base cannot be read.
    #[error("a canary of the base cannot be read (`{id}`)")]
    Canary {
        /// Its id.
        id: String,
        /// Why.
        source: CanaryError,
    },
    /// What stands on the base is broken: no gate can let the change pass that mends it.
    #[error("nothing can be judged by what stands on the base")]
    Broken {
        /// What is broken, and where.
        source: Box<BaseError>,
        /// What a person does.
        mend: Hint,
    },
    /// More of the past than is read.
    #[error("the base's past has more than {limit} commits that change what is approved")]
    LongPast {
        /// The limit.
        limit: usize,
    },
    /// What the base's rules need cannot be opened.
    #[error("cannot work by the base's rules")]
    Context(#[from] ContextError),
}

impl BaseError {
    /// Whether it is about what stands in a commit of the base, and not about finding it or about the checkout.
    pub fn is_of_what_stands_there(&self) -> bool {
        matches!(
            self,
            Self::Config { .. }
                | Self::Approvals { .. }
                | Self::Case { .. }
                | Self::Canary { .. }
                | Self::Leads { .. }
                | Self::NotAFile { .. }
                | Self::Outside { .. }
                | Self::Git(GitError::Malformed { .. } | GitError::TooMany { .. })
        )
    }
}

/// What cannot be judged is inconclusive; what is wrong in the checkout is its author's to mend.
impl Diagnostic for BaseError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::OwnApprovals(_) | Self::Duplicate { .. } | Self::NotAFolder { .. } => FailureKind::Usage,
            Self::Scratch(_) | Self::Files(_) | Self::Context(_) => FailureKind::Infrastructure,
            Self::Git(_)
            | Self::Which { .. }
            | Self::Absent { .. }
            | Self::Config { .. }
            | Self::OtherConfig { .. }
            | Self::Approvals { .. }
            | Self::Outside { .. }
            | Self::LinkedRoot { .. }
            | Self::Leads { .. }
            | Self::NotAFile { .. }
            | Self::Sparse { .. }
            | Self::NotCommitted { .. }
            | Self::Partial(_)
            | Self::Lfs { .. }
            | Self::LongPast { .. }
            | Self::Broken { .. }
            | Self::Case { .. }
            | Self::Canary { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Which { mend, .. } | Self::Absent { mend, .. } | Self::Broken { mend, .. } => mend.clone(),
            Self::Git(GitError::NoGit) => "install git: a base is read with it".into(),
            Self::Git(GitError::NotARepository { .. }) => {
                "run it in the checkout of the change, which must be a clone".into()
            }
            Self::Git(GitError::Ambiguous { .. }) => {
                "give the whole name, such as `refs/remotes/origin/main`, or that of the commit".into()
            }
            Self::Git(GitError::Bare { .. }) => "check out the change with `git worktree add` or `git clone`".into(),
            Self::Git(GitError::Missing { .. }) | Self::Partial(_) => {
                "bring the rest of it with `git fetch --refetch --no-filter origin`".into()
            }
            Self::Lfs { .. } => "check out with `lfs: true`, or run `git lfs fetch` for the base".into(),
            Self::Config { .. } | Self::Approvals { .. } => "mend it on the base first, in a change of its own".into(),
            Self::OwnApprovals(_) => "docs/gates.md says what an entry holds, and how it is written".into(),
            Self::OtherConfig { .. } => "name the configuration that the base has".into(),
            Self::Sparse { .. } => "check out all of it: `git sparse-checkout disable`".into(),
            Self::NotCommitted { .. } => {
                "commit it as it is read: no `working-tree-encoding` or filter for it in `.gitattributes`, and no step before this one that changes it".into()
            }
            Self::Outside { .. } => "name folders of the repository".into(),
            Self::LinkedRoot { .. } => "name the folder itself".into(),
            Self::LongPast { .. } => {
                "take entries that are over out of the approvals, and approve anew what is still open".into()
            }
            Self::Leads { .. } | Self::NotAFile { .. } => "put the files themselves there".into(),
            _ => return None,
        })
    }
}
