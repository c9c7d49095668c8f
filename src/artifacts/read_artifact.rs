//! One artifact, read once: its canonical form and what it means, under the profile that applies to it.
//!
//! Invariant: what stands in [`KnownArtifacts`] was read in full, with the roots and the configuration under which it is compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::canonical::identity::{self, PutAside};
use crate::canonical::{self, Canonical, JsonError, Limits, Profile, Roots};
use crate::config::Config;
use crate::format::{self, Document, FormatError};
use crate::job::artifact::Artifact;
use crate::model::artifact::ArtifactFormat;
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
    /// Why what it means is not compared, or not its canonical bytes; `None` where both are.
    pub unread: Option<Unread>,
}

/// Why an artifact is compared by less than its format has.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// Its reader cannot read it: its canonical bytes are compared.
    #[error("what it means is not compared, only its canonical bytes")]
    Meaning(#[source] FormatError),
    /// It is JSON that has no canonical form: its bytes are compared as they are.
    #[error("only its bytes are compared, as they are: it has no canonical form")]
    Bytes(#[source] JsonError),
}

/// Why an artifact cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableArtifact {
    /// It has no canonical form, and is not JSON at all.
    #[error("it has no canonical form")]
    Canonical(#[source] JsonError),
    /// It is one of our own documents, and its content is not what its format asks for.
    #[error("it is not a valid document of its format")]
    Format(#[source] FormatError),
}

impl<'a> ReadArtifact<'a> {
    /// Reads an artifact of a scan whose input lay at `roots`. What its reader cannot read is compared by its canonical bytes, and
    /// JSON that has none by its bytes.
    ///
    /// # Errors
    /// When it is not JSON, which its format says it is; or is a broken document of our own.
    pub fn read(artifact: &'a Artifact, roots: &Roots, config: &Config) -> Result<Self, UnreadableArtifact> {
        let profile = config.profile(artifact.format, artifact.profile.as_ref());
        let (bytes, limits) = (artifact.document(), Limits::default());
        let canonical = match canonical::canonicalize_rooted(profile, roots, &bytes, &limits) {
            Ok(canonical) => canonical,
            Err(error) if is_json(&bytes) => return Ok(Self::as_bytes(artifact, &bytes, error)),
            Err(error) => return Err(UnreadableArtifact::Canonical(error)),
        };
        // What is the same byte for byte must mean the same, too.
        let named = canonical::without_names_of_the_run(profile, roots, &bytes, &limits)
            .map_err(UnreadableArtifact::Canonical)?;
        let (document, unread) = match meaning(artifact, &named) {
            Ok(document) => (document, None),
            Err(error) if artifact.format.is_our_own() => return Err(UnreadableArtifact::Format(error)),
            Err(error) => (Document::default(), Some(Unread::Meaning(error))),
        };
        Ok(Self { artifact, canonical: canonical.into(), document: document.into(), aside: BTreeMap::new(), unread })
    }

    /// An artifact of which nothing but its bytes can be compared.
    fn as_bytes(artifact: &'a Artifact, bytes: &[u8], why: JsonError) -> Self {
        let canonical = Canonical { bytes: bytes.to_vec(), digest: Digest::of(bytes), masked: BTreeMap::new() };
        let (document, aside) = (Document::default().into(), BTreeMap::new());
        Self { artifact, canonical: canonical.into(), document, aside, unread: Some(Unread::Bytes(why)) }
    }

    /// The same without what names the build of the tool.
    ///
    /// # Errors
    /// None that an artifact which was read can cause.
    pub fn without_identity(self, config: &Config) -> Result<Self, UnreadableArtifact> {
        if matches!(self.unread, Some(Unread::Bytes(_))) {
            return Ok(self);
        }
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
                        unread: None,
                    }),
                    None => Self::read(artifact, roots, config),
                };
                let read = if across_builds { read.and_then(|read| read.without_identity(config)) } else { read };
                read.map_err(|source| (artifact.name.clone(), source))
            })
            .collect()
    }

    /// Whether nobody knows what it means: it is of no known kind, nothing of it was read, or its reader cannot read it.
    pub fn is_opaque(&self) -> bool {
        self.unread.is_some() || !self.document.has_meaning()
    }

    /// Its file name.
    pub fn name(&self) -> &'a str {
        &self.artifact.name
    }
}

/// What an artifact of a scan whose input lay at `roots` means under a profile, without its canonical form.
///
/// # Errors
/// When it is not what its format says.
pub fn meaning_alone(artifact: &Artifact, profile: &Profile, roots: &Roots) -> Result<Document, UnreadableArtifact> {
    let bytes = artifact.document();
    let named = canonical::without_names_of_the_run(profile, roots, &bytes, &Limits::default());
    let named = named.map_err(UnreadableArtifact::Canonical)?;
    meaning(artifact, &named).map_err(UnreadableArtifact::Format)
}

/// What an artifact means. Under the profile of a tool it is a report of that tool, even where it does not say so itself: one
/// without any finding may be an empty list.
///
/// # Errors
/// When the bytes are not a document of the artifact's format.
pub fn meaning(artifact: &Artifact, bytes: &[u8]) -> Result<Document, FormatError> {
    let document = format::read_document(artifact.format, bytes)?;
    match &artifact.profile {
        Some(tool) if artifact.format == ArtifactFormat::Json && !document.has_meaning() => {
            format::read_report(tool, bytes)
        }
        _ => Ok(document),
    }
}

/// Whether bytes are JSON, be it of a kind that has no canonical form (RFC 8785 §3.1 asks for I-JSON).
fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
