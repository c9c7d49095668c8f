//! One artifact, read once: its canonical form and what it means, under the profile that applies to it.
//!
//! Invariant: what stands in [`KnownArtifacts`] was read with the roots and the configuration under which it is compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::canonical::identity::{self, PutAside};
use crate::canonical::{self, Canonical, JsonError, Limits, Roots};
use crate::config::Config;
use crate::format::{self, Document, FormatError};
use crate::job::artifact::Artifact;
use crate::model::digest::Digest;

/// Artifacts of one side that have been read already, by their names. Taking one costs nothing.
#[derive(Debug, Clone, Default)]
pub struct KnownArtifacts(BTreeMap<String, (Arc<Canonical>, Arc<Document>)>);

impl KnownArtifacts {
    /// Remembers what was read.
    pub fn add(&mut self, read: ReadArtifact<'_>) {
        self.0.insert(read.artifact.name.clone(), (read.canonical, read.document));
    }
}

/// An artifact with all that is derived from its bytes.
#[derive(Debug)]
pub struct ReadArtifact<'a> {
    /// As it was written.
    pub artifact: &'a Artifact,
    /// Its canonical form.
    pub canonical: Arc<Canonical>,
    /// What it means.
    pub document: Arc<Document>,
    /// What names the build of the tool and was put aside: place → how often.
    pub aside: BTreeMap<String, u64>,
}

/// Why an artifact cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableArtifact {
    /// It has no canonical form.
    #[error("it has no canonical form")]
    Canonical(#[source] JsonError),
    /// Its content is not what its format asks for.
    #[error("it is not a valid document of its format")]
    Format(#[source] FormatError),
}

impl<'a> ReadArtifact<'a> {
    /// Reads an artifact of a scan whose input lay at `roots`.
    ///
    /// # Errors
    /// When it is not what its format says.
    pub fn read(artifact: &'a Artifact, roots: &Roots, config: &Config) -> Result<Self, UnreadableArtifact> {
        let profile = config.profile(artifact.format, artifact.profile.as_ref());
        let (bytes, limits) = (artifact.document(), Limits::default());
        let canonical =
            canonical::canonicalize_rooted(profile, roots, &bytes, &limits).map_err(UnreadableArtifact::Canonical)?;
        // What is the same byte for byte must mean the same, too.
        let named = canonical::without_names_of_the_run(profile, roots, &bytes, &limits)
            .map_err(UnreadableArtifact::Canonical)?;
        let document = format::read_document(artifact.format, &named).map_err(UnreadableArtifact::Format)?;
        Ok(Self { artifact, canonical: canonical.into(), document: document.into(), aside: BTreeMap::new() })
    }

    /// The same without what names the build of the tool.
    ///
    /// # Errors
    /// None that an artifact which was read can cause.
    pub fn without_identity(self, config: &Config) -> Result<Self, UnreadableArtifact> {
        let profile = config.profile(self.artifact.format, self.artifact.profile.as_ref());
        let aside = identity::put_aside(profile, &self.canonical.bytes, &Limits::default());
        let Some(PutAside { bytes, counted }) = aside.map_err(UnreadableArtifact::Canonical)? else { return Ok(self) };
        let canonical = Canonical { digest: Digest::of(&bytes), bytes, masked: self.canonical.masked.clone() };
        Ok(Self { canonical: canonical.into(), aside: counted, ..self })
    }

    /// Reads the artifacts of one side that are compared, but those that are `known`; where the other side is of another
    /// build of the tool (`across_builds`), without what names the build.
    ///
    /// # Errors
    /// The name of the first that is not what its format says, and why.
    pub fn all(
        side: impl IntoIterator<Item = &'a Artifact>,
        roots: &Roots,
        config: &Config,
        (known, across_builds): (&KnownArtifacts, bool),
    ) -> Result<Vec<Self>, (String, UnreadableArtifact)> {
        let primary = side.into_iter().filter(|artifact| artifact.artifact_type.is_primary());
        primary
            .map(|artifact| {
                let read = match known.0.get(&artifact.name) {
                    Some((canonical, document)) => Ok(Self {
                        artifact,
                        canonical: Arc::clone(canonical),
                        document: Arc::clone(document),
                        aside: BTreeMap::new(),
                    }),
                    None => Self::read(artifact, roots, config),
                };
                let read = if across_builds { read.and_then(|read| read.without_identity(config)) } else { read };
                read.map_err(|source| (artifact.name.clone(), source))
            })
            .collect()
    }

    /// Its file name.
    pub fn name(&self) -> &'a str {
        &self.artifact.name
    }
}
