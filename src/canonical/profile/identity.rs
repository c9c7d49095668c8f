//! Where a tool names itself in what it writes, as data: what is put aside where two builds of it are compared.

use serde::{Deserialize, Serialize};

use crate::canonical::rule::Pattern;

/// Where a tool names itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Identity {
    /// Texts that name the build.
    #[serde(default)]
    pub(in crate::canonical) version: Vec<Pattern>,
    /// Texts in which such a text may stand.
    #[serde(default)]
    pub(in crate::canonical) within: Vec<Pattern>,
    /// Lists of what the tool knows.
    #[serde(default)]
    pub(in crate::canonical) unreferred: Vec<Unreferred>,
    /// Why none of it is what was found.
    reason: String,
}

/// A list of what a tool knows, of which only what was used counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::canonical) struct Unreferred {
    /// The list.
    pub(in crate::canonical) array: Pattern,
    /// The members by which its elements are named.
    pub(in crate::canonical) by: Names,
    /// The texts that name one which was used. A number that is left there is a position that nobody can follow: then all are kept.
    pub(in crate::canonical) from: Vec<Pattern>,
    /// Where anything stands at one of these, it may be named in a way that is not understood: then all are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::canonical) unless: Vec<Pattern>,
}

/// One name or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::canonical) enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    /// All of them.
    pub(in crate::canonical) fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

impl Identity {
    /// Whether nothing is said.
    pub(in crate::canonical) fn is_empty(&self) -> bool {
        self.version.is_empty() && self.within.is_empty() && self.unreferred.is_empty()
    }

    /// Whether it says something and not why.
    pub(super) fn lacks_reason(&self) -> bool {
        !self.is_empty() && self.reason.trim().is_empty()
    }

    /// Why none of it is what was found.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
