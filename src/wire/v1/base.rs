//! What a run was held against, and what of it is approved.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::change::approval::{self, ChangeKey, Changed};
use crate::model::change::base::{self, RulesOf};
use crate::model::digest::Digest;
use crate::model::limits::MAX_PATH_BYTES;
use crate::model::same_words::same_words;

/// What a run was held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaseV1 {
    /// The commit whose rules, cases and canaries counted; of a first introduction the commit that has none.
    pub commit: String,
    /// The commit since which changes are counted; null for a first introduction.
    pub changed_from: Option<String>,
    /// How the commit was found, in words; null for a first introduction.
    pub how: Option<String>,
    /// The base has nothing that this configuration was or owns: the checkout's own rules counted.
    pub first_introduction: bool,
    /// The configuration that the command named; null where it is the usual one.
    #[serde(default)]
    pub config: Option<String>,
    /// The base names a subject and the checkout none.
    pub subject_dropped: bool,
    /// Approvals that the checkout brings and that counted.
    pub approvals_counted_in_head: u64,
    /// Approvals that the checkout brings and that did not count.
    pub approvals_waiting_in_head: u64,
    /// Every change of a rule or a recording, loosening first.
    pub changes: Vec<ChangeV1>,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

/// Whose approvals counted in a run that was held against no base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WithoutBaseV1 {
    /// The commit whose approvals count in any case; null where nothing tells which one that is.
    pub trusted: Option<TrustedV1>,
    /// Approvals that only the checkout has and that counted.
    pub approvals_counted_in_head: u64,
    /// Approvals that only the checkout has and that did not count.
    pub approvals_waiting_in_head: u64,
    /// Things to know, in words.
    pub notes: Vec<String>,
}

/// A commit whose approvals count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedV1 {
    /// The commit.
    pub commit: String,
    /// Why it is trusted, in words.
    pub how: String,
}

/// One change of a rule or a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeV1 {
    /// What is changed.
    pub change: ChangeKeyV1,
    /// What it does to what gates can see.
    pub effect: Effect,
    /// The same in words.
    pub detail: String,
    /// The commit of the base's past at which it was already as it would be now.
    pub reverts_to: Option<String>,
    /// The approval, where there is one.
    pub approval: Option<ApprovalV1>,
}

/// A difference of a replay for which there is an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoveredV1 {
    /// The difference.
    pub change: ChangeKeyV1,
    /// The approval.
    pub approval: ApprovalV1,
}

/// What is changed, from what, to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeKeyV1 {
    /// What comes out of a replay, what was recorded, or a rule.
    pub kind: ChangeKind,
    /// The case or canary; null for a rule.
    pub id: Option<String>,
    /// The artifact; null where another part, or a rule, is changed.
    pub artifact: Option<String>,
    /// The key of a rule, or the part of a recording; null for an artifact.
    pub rule: Option<String>,
    /// The digest of what it was; null where nothing was there.
    pub old: Option<Digest>,
    /// The digest of what it is; null where nothing is there.
    pub new: Option<Digest>,
}

/// An approval, and whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalV1 {
    /// Why the change is right.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// The last day on which it counts (UTC).
    pub until: Date,
    /// Whether that day is over.
    pub expired: bool,
    /// The commit that took the change back, after which this approval does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<String>,
    /// Why nobody knows whether the change was taken back; then this approval does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadV1>,
}

/// A past that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadV1 {
    /// Why.
    pub why: String,
    /// What mends it.
    pub mend: String,
}

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// What comes out of a replay.
    Difference,
    /// What was recorded.
    Recording,
    /// A key of the configuration.
    Rule,
}

/// What a change does to what gates can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Less would be seen, or nobody can say.
    Loosening,
    /// More will be seen.
    Tightening,
    /// Neither.
    Neutral,
    /// A recording was made anew and says the same.
    Refresh,
}

same_words!(base::Effect { Loosening, Tightening, Neutral, Refresh });

/// A change whose fields do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a change names neither one artifact, nor one part, nor one rule")]
pub struct WrongChange;

impl From<&ChangeKey> for ChangeKeyV1 {
    fn from(key: &ChangeKey) -> Self {
        let (kind, artifact, rule) = match &key.of {
            Changed::Difference { artifact, .. } => (ChangeKind::Difference, Some(artifact.clone()), None),
            Changed::Golden { artifact, .. } => (ChangeKind::Recording, Some(artifact.clone()), None),
            Changed::Recording { part, .. } => (ChangeKind::Recording, None, Some(part.clone())),
            Changed::Rule { key } => (ChangeKind::Rule, None, Some(key.clone())),
        };
        let id = key.of.id().map(str::to_owned);
        Self { kind, id, artifact, rule, old: key.old, new: key.new }
    }
}

impl TryFrom<ChangeKeyV1> for ChangeKey {
    type Error = WrongChange;

    fn try_from(wire: ChangeKeyV1) -> Result<Self, WrongChange> {
        let of = match (wire.kind, wire.id, wire.artifact, wire.rule) {
            (ChangeKind::Difference, Some(id), Some(artifact), None) => Changed::Difference { id, artifact },
            (ChangeKind::Recording, Some(id), Some(artifact), None) => Changed::Golden { id, artifact },
            (ChangeKind::Recording, Some(id), None, Some(part)) => Changed::Recording { id, part },
            (ChangeKind::Rule, None, None, Some(key)) => Changed::Rule { key },
            _ => return Err(WrongChange),
        };
        Ok(Self { of, old: wire.old, new: wire.new })
    }
}

impl ApprovalV1 {
    /// What became of a change; `None` where nobody approved it.
    fn of(cover: &approval::Cover) -> Option<Self> {
        let (approval, expired) = match cover {
            approval::Cover::None => return None,
            approval::Cover::Approved(approval)
            | approval::Cover::TakenBack(approval, _)
            | approval::Cover::Unread(approval, _) => (approval, false),
            approval::Cover::Expired(approval) => (approval, true),
        };
        let taken_back_by = match cover {
            approval::Cover::TakenBack(_, commit) => Some(commit.clone()),
            _ => None,
        };
        let unread = match cover {
            approval::Cover::Unread(_, approval::Unread { why, mend }) => {
                Some(UnreadV1 { why: why.clone(), mend: mend.clone() })
            }
            _ => None,
        };
        let (reason, by, until) = (approval.reason.clone(), approval.by.clone(), approval.until);
        Some(Self { reason, by, until, expired, taken_back_by, unread })
    }

    fn cover(self, key: &ChangeKey) -> approval::Cover {
        let Self { reason, by, until, expired, taken_back_by, unread } = self;
        let approval = approval::Approval { key: key.clone(), reason, by, until, after: None };
        match (expired, taken_back_by, unread) {
            (true, ..) => approval::Cover::Expired(approval),
            (false, Some(commit), _) => approval::Cover::TakenBack(approval, commit),
            (false, None, Some(UnreadV1 { why, mend })) => {
                approval::Cover::Unread(approval, approval::Unread { why, mend })
            }
            (false, None, None) => approval::Cover::Approved(approval),
        }
    }
}

impl From<&base::Base> for BaseV1 {
    fn from(base: &base::Base) -> Self {
        let (commit, changed_from, how, first_introduction) = match &base.rules {
            RulesOf::FirstIntroduction { commit } => (commit.clone(), None, None, true),
            RulesOf::Base { commit, changed_from, how } => {
                (commit.clone(), Some(changed_from.clone()), Some(how.clone()), false)
            }
        };
        let change = |change: &base::Change| ChangeV1 {
            change: (&change.key).into(),
            effect: change.effect.into(),
            detail: change.detail.clone(),
            reverts_to: change.reverts_to.clone(),
            approval: ApprovalV1::of(&change.cover),
        };
        Self {
            commit,
            changed_from,
            how,
            first_introduction,
            config: base.config.clone(),
            subject_dropped: base.subject_dropped,
            approvals_counted_in_head: base.counted_in_head,
            approvals_waiting_in_head: base.waiting_in_head,
            changes: base.changes.iter().map(change).collect(),
            notes: base.notes.clone(),
        }
    }
}

impl TryFrom<BaseV1> for base::Base {
    type Error = WrongChange;

    fn try_from(wire: BaseV1) -> Result<Self, WrongChange> {
        let BaseV1 { commit, changed_from, how, .. } = wire;
        // It becomes a word of a command that a person pastes.
        let is_path = |path: &String| path.len() <= MAX_PATH_BYTES;
        if !wire.config.as_ref().is_none_or(is_path) {
            return Err(WrongChange);
        }
        let rules = match (changed_from, how) {
            (Some(changed_from), Some(how)) if !wire.first_introduction => RulesOf::Base { commit, changed_from, how },
            (None, None) if wire.first_introduction => RulesOf::FirstIntroduction { commit },
            _ => return Err(WrongChange),
        };
        let change = |change: ChangeV1| -> Result<base::Change, WrongChange> {
            let key = ChangeKey::try_from(change.change)?;
            let cover = change.approval.map(|approval| approval.cover(&key)).unwrap_or_default();
            let (effect, detail, reverts_to) = (change.effect.into(), change.detail, change.reverts_to);
            Ok(base::Change { key, effect, detail, reverts_to, cover })
        };
        Ok(Self {
            rules,
            config: wire.config,
            subject_dropped: wire.subject_dropped,
            counted_in_head: wire.approvals_counted_in_head,
            waiting_in_head: wire.approvals_waiting_in_head,
            changes: wire.changes.into_iter().map(change).collect::<Result<_, _>>()?,
            notes: wire.notes,
        })
    }
}

impl From<&base::WithoutBase> for WithoutBaseV1 {
    fn from(without: &base::WithoutBase) -> Self {
        let base::WithoutBase { trusted, counted_in_head, waiting_in_head, notes } = without;
        let trusted = trusted
            .as_ref()
            .map(|base::Trusted { commit, how }| TrustedV1 { commit: commit.clone(), how: how.clone() });
        Self {
            trusted,
            approvals_counted_in_head: *counted_in_head,
            approvals_waiting_in_head: *waiting_in_head,
            notes: notes.clone(),
        }
    }
}

impl From<WithoutBaseV1> for base::WithoutBase {
    fn from(wire: WithoutBaseV1) -> Self {
        Self {
            trusted: wire.trusted.map(|TrustedV1 { commit, how }| base::Trusted { commit, how }),
            counted_in_head: wire.approvals_counted_in_head,
            waiting_in_head: wire.approvals_waiting_in_head,
            notes: wire.notes,
        }
    }
}

impl From<&base::CoveredDifference> for CoveredV1 {
    fn from(covered: &base::CoveredDifference) -> Self {
        // Whoever is covered has an approval; one without would say that it has expired.
        let none = || ApprovalV1 {
            reason: String::new(),
            by: String::new(),
            until: Date::ZERO,
            expired: true,
            taken_back_by: None,
            unread: None,
        };
        Self { change: (&covered.key).into(), approval: ApprovalV1::of(&covered.cover).unwrap_or_else(none) }
    }
}

impl TryFrom<CoveredV1> for base::CoveredDifference {
    type Error = WrongChange;

    fn try_from(wire: CoveredV1) -> Result<Self, WrongChange> {
        let key = ChangeKey::try_from(wire.change)?;
        Ok(Self { cover: wire.approval.cover(&key), key })
    }
}
