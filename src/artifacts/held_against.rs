//! One document, and others held against what it means.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::artifacts::meaning::meaning;
use crate::artifacts::read_artifact::{self, UnreadableArtifact};
use crate::canonical::{Profile, Roots};
use crate::compare::semantic::{Semantics, semantically_equal};
use crate::job::artifact::Artifact;

/// A document that was read, with all that is needed to read others in the same way.
#[derive(Debug)]
pub struct HeldAgainst<'p> {
    artifact: Artifact,
    profile: &'p Profile,
    roots: &'p Roots,
    meaning: Semantics,
    not_compared: BTreeSet<String>,
}

impl<'p> HeldAgainst<'p> {
    /// Reads the first document, of a scan whose input lay at `roots`; `None` where nothing is known of what it means.
    ///
    /// # Errors
    /// When it is not what its format says.
    pub fn new(artifact: Artifact, profile: &'p Profile, roots: &'p Roots) -> Result<Option<Self>, UnreadableArtifact> {
        let document = read_artifact::meaning_alone(&artifact, profile, roots)?;
        if !document.has_meaning() {
            return Ok(None);
        }
        let not_compared = document.not_compared.clone();
        let meaning = meaning(std::iter::once(Arc::new(document)));
        Ok(Some(Self { artifact, profile, roots, meaning, not_compared }))
    }

    /// Whether another document means the same; `None` where it cannot be read, or nothing of it was.
    pub fn agrees(&self, bytes: &[u8]) -> Option<bool> {
        let other = Artifact { bytes: bytes.into(), ..self.artifact.clone() };
        let document = read_artifact::meaning_alone(&other, self.profile, self.roots).ok()?;
        let read = document.has_meaning().then(|| meaning(std::iter::once(Arc::new(document))))?;
        Some(semantically_equal(&self.meaning, &read))
    }

    /// The parts of the first document that count in its bytes alone.
    pub fn not_compared(&self) -> &BTreeSet<String> {
        &self.not_compared
    }
}
