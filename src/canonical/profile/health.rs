//! How a run is told that did not go well, as data: the health gate.
//!
//! A run that fails it says nothing about what was scanned: it is neither a match nor a drift.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::rule::{Anchor, TextPattern, TextPatternError};
use crate::canonical::rule::{MemberPath, Pattern};

/// What a profile says about runs that did not go well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Health {
    /// Name of a scanner's program → the exit codes with which it ends when it ran well, with findings or without.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    exit_codes: BTreeMap<String, Vec<i32>>,
    /// Places of a document that tell of an error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    signs: Vec<Sign>,
}

/// A place of a document that tells of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Sign {
    path: Pattern,
    condition: BTreeMap<MemberPath, TextPattern>,
    means: String,
}

impl Health {
    /// The exit codes of `scanner`; none where nothing is known of it.
    pub fn exit_codes(&self, scanner: &str) -> Option<&[i32]> {
        self.exit_codes.get(scanner).map(Vec::as_slice)
    }

    /// The places that tell of an error.
    pub fn signs(&self) -> &[Sign] {
        &self.signs
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.exit_codes.is_empty() && self.signs.is_empty()
    }
}

impl Sign {
    /// The places that are meant.
    pub fn path(&self) -> &Pattern {
        &self.path
    }

    /// Members below the place, each with what it must be as a whole: a text itself, any other scalar as JSON writes
    /// it. Without any, the place alone tells.
    pub fn condition(&self) -> impl Iterator<Item = (&MemberPath, &TextPattern)> {
        self.condition.iter()
    }

    /// What it tells. Never empty.
    pub fn means(&self) -> &str {
        &self.means
    }
}

/// A sign as it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    path: Pattern,
    #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<MemberPath, String>,
    means: String,
}

#[derive(Debug, thiserror::Error)]
enum SignError {
    #[error("sign at `{0}` does not say what it means")]
    NoMeaning(Pattern),
    #[error("sign at `{path}`: {source}")]
    Text { path: Pattern, source: TextPatternError },
}

impl TryFrom<Written> for Sign {
    type Error = SignError;

    fn try_from(written: Written) -> Result<Self, SignError> {
        let Written { path, condition, means } = written;
        let means = means.trim().to_owned();
        if means.is_empty() {
            return Err(SignError::NoMeaning(path));
        }
        let compiled = |(member, text): (MemberPath, String)| match TextPattern::new(&text, Anchor::Whole) {
            Ok(pattern) => Ok((member, pattern)),
            Err(source) => Err(SignError::Text { path: path.clone(), source }),
        };
        let condition = condition.into_iter().map(compiled).collect::<Result<_, _>>()?;
        Ok(Self { path, condition, means })
    }
}

impl From<Sign> for Written {
    fn from(sign: Sign) -> Self {
        let condition = sign.condition.into_iter().map(|(member, text)| (member, text.as_str().to_owned())).collect();
        Self { path: sign.path, condition, means: sign.means }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.means)
    }
}
