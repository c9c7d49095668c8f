//! Cases and canaries as they are found, by id: one form for a commit and for the checkout.

use serde::Deserialize;

use crate::flow::suite::canary;
use crate::flow::suite::case;
use crate::model::result::SubjectKind;

/// What names a case or a canary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// Which of the two.
    pub kind: SubjectKind,
    /// Its id.
    pub id: String,
}

impl ItemId {
    /// A case.
    pub fn case(id: impl Into<String>) -> Self {
        Self { kind: SubjectKind::Case, id: id.into() }
    }

    /// A canary, by the name of its folder.
    pub fn canary(id: impl Into<String>) -> Self {
        Self { kind: SubjectKind::Canary, id: id.into() }
    }
}

/// Whether a folder below a root of cases is one of its things: hidden ones are not.
pub fn is_visible(name: &str) -> bool {
    !name.starts_with('.')
}

/// Whether a folder with these files looks like a case.
pub fn looks_like_a_case<'a>(mut paths: impl Iterator<Item = &'a str>) -> bool {
    paths.any(|path| path == case::METADATA || path.starts_with("input/") || path.starts_with("expected/"))
}

/// Whether a folder with these files is a canary.
pub fn is_a_canary<'a>(mut paths: impl Iterator<Item = &'a str>) -> bool {
    paths.any(|path| path == canary::MANIFEST)
}

/// The id in the metadata of a case; `None` where they cannot be read.
pub fn id_of_case(metadata: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Metadata {
        id: String,
    }
    serde_json::from_slice::<Metadata>(metadata).ok().map(|metadata| metadata.id).filter(|id| !id.is_empty())
}
