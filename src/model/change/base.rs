//! Whose rules and recordings a run was judged by, and what the checkout changes of them.

use crate::model::change::approval::{ChangeKey, Cover};

/// What a change does to what a gate can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Effect {
    /// Less would be seen, or nobody can say: it needs an approval.
    Loosening,
    /// More will be seen.
    Tightening,
    /// Neither.
    Neutral,
    /// A recording was made anew and says the same.
    Refresh,
}

impl Effect {
    /// Every effect.
    pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The stable name.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// One change of a rule or a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is changed, from what, to what.
    pub key: ChangeKey,
    /// What it does.
    pub effect: Effect,
    /// The same in words.
    pub detail: String,
    /// The commit of the base's past at which it was already as it would be now.
    pub reverts_to: Option<String>,
    /// What became of it, where it needs an approval.
    pub cover: Cover,
}

/// A difference of a replay for which there is an approval, or was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredDifference {
    /// The difference.
    pub key: ChangeKey,
    /// What became of it; never [`Cover::None`].
    pub cover: Cover,
}

/// Whose rules count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesOf {
    /// Those of a commit.
    Base {
        /// The commit.
        commit: String,
        /// The commit since which changes are counted.
        changed_from: String,
        /// How it was found, in words.
        how: String,
    },
    /// Those of the checkout: the base has nothing that this configuration was or owns.
    FirstIntroduction {
        /// The commit of the base.
        commit: String,
    },
}

impl RulesOf {
    /// The commit of the base.
    pub fn commit(&self) -> &str {
        match self {
            Self::Base { commit, .. } | Self::FirstIntroduction { commit } => commit,
        }
    }
}

/// Whose approvals counted in a run that was held against no base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutBase {
    /// The commit whose approvals count in any case; `None` where nothing tells which one that is.
    pub trusted: Option<Trusted>,
    /// Approvals that only the checkout has and that counted.
    pub counted_in_head: u64,
    /// Approvals that only the checkout has and that did not count.
    pub waiting_in_head: u64,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

/// A commit whose approvals count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The commit.
    pub commit: String,
    /// Why it is trusted, in words.
    pub how: String,
}

/// What a run was held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Whose rules count.
    pub rules: RulesOf,
    /// The configuration that the command named; `None` where it is the usual one.
    pub config: Option<String>,
    /// The base names a subject and the checkout none: nothing was built that could be judged.
    pub subject_dropped: bool,
    /// Approvals that the checkout brings and that count because the base says so.
    pub counted_in_head: u64,
    /// Approvals that the checkout brings and that do not count yet.
    pub waiting_in_head: u64,
    /// Every change, loosening first.
    pub changes: Vec<Change>,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

impl Base {
    /// Changes that need an approval and have none.
    pub fn open(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.effect == Effect::Loosening && !change.cover.is_approved())
    }

    /// How many changes have that effect.
    pub fn count(&self, effect: Effect) -> u64 {
        self.changes.iter().filter(|change| change.effect == effect).count() as u64
    }
}
