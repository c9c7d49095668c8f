//! One rule of a profile.

use serde::{Deserialize, Serialize};

use crate::canonical::profile::pattern::Pattern;

/// What a profile says about the places that a pattern means, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Rule {
    path: Pattern,
    action: Action,
    reason: String,
}

/// What is done at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The member or element is left out.
    Drop,
    /// The value is replaced by a constant, so that its presence still counts.
    Mask,
    /// An array is a multiset: its elements are put in order, duplicates kept.
    Set {
        /// Members of the elements that order them first; then the whole element's bytes do.
        key: Vec<String>,
    },
}

impl Rule {
    /// The places that are meant.
    pub fn path(&self) -> &Pattern {
        &self.path
    }

    /// What is done there.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Why that hides no real change. Never empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A rule as it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    path: Pattern,
    action: ActionName,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<String>,
    reason: String,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ActionName {
    Drop,
    Mask,
    Set,
}

#[derive(Debug, thiserror::Error)]
enum RuleError {
    #[error("rule for `{0}` has no reason: say why it hides no real change")]
    NoReason(Pattern),
    #[error("rule for `{0}` has a key: only `action: set` takes one")]
    KeyWithoutSet(Pattern),
    #[error("rule for `{0}` has `{1}` in its key twice")]
    KeyTwice(Pattern, String),
    #[error("rule for the whole document: only `action: set` can stand there")]
    WholeDocument,
}

impl TryFrom<Written> for Rule {
    type Error = RuleError;

    fn try_from(written: Written) -> Result<Self, RuleError> {
        let Written { path, action, key, reason } = written;
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(RuleError::NoReason(path));
        }
        if action != ActionName::Set && !key.is_empty() {
            return Err(RuleError::KeyWithoutSet(path));
        }
        if action != ActionName::Set && path.as_str().is_empty() {
            return Err(RuleError::WholeDocument);
        }
        if let Some((_, twice)) = key.iter().enumerate().find(|(i, name)| key[..*i].contains(name)) {
            return Err(RuleError::KeyTwice(path, twice.clone()));
        }
        let action = match action {
            ActionName::Drop => Action::Drop,
            ActionName::Mask => Action::Mask,
            ActionName::Set => Action::Set { key },
        };
        Ok(Self { path, action, reason })
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Self {
        let Rule { path, action, reason } = rule;
        let (action, key) = match action {
            Action::Drop => (ActionName::Drop, Vec::new()),
            Action::Mask => (ActionName::Mask, Vec::new()),
            Action::Set { key } => (ActionName::Set, key),
        };
        Self { path, action, key, reason }
    }
}
