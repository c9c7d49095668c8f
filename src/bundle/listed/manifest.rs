//! The manifest: every record by path, digest and size, and where they come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bundle::listed::error::{BundleError, malformed};
use crate::bundle::listed::kind::Kind;
use crate::bundle::listed::record::Record;
use crate::model::digest::Digest;
use crate::model::text::objects;

/// Who wrote a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedBy {
    /// The program.
    pub name: String,
    /// The version of the rules by which it writes bundles.
    pub version: String,
}

/// One record as its manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Its path in the archive.
    pub path: String,
    /// The SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// The manifest of a bundle. Unknown fields are passed by; a later schema has another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest<O> {
    /// [`Kind::SCHEMA`].
    pub schema: String,
    /// Where the records come from.
    #[serde(flatten)]
    pub origin: O,
    /// Every record, sorted by path.
    pub files: Vec<ListedFile>,
    /// Who wrote this.
    pub generated_by: GeneratedBy,
}

impl<O> Manifest<O> {
    /// The manifest of `records`, which are sorted by path.
    pub(crate) fn of<'a, K: Kind<Origin = O>>(records: impl Iterator<Item = Record<'a>>, origin: O) -> Self {
        Self {
            schema: K::SCHEMA.to_owned(),
            origin,
            files: records.map(|record| listed(K::ROOT, record)).collect(),
            generated_by: GeneratedBy { name: "stella".to_owned(), version: "1".to_owned() },
        }
    }

    /// The one text of it.
    pub(crate) fn write<K: Kind<Origin = O>>(&self) -> Result<Vec<u8>, BundleError>
    where
        O: Serialize,
    {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(malformed::<K>("."))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Reads a manifest.
pub(crate) fn read<K: Kind>(bytes: &[u8]) -> Result<Manifest<K::Origin>, BundleError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let manifest: Manifest<K::Origin> = objects::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        malformed::<K>(&field)(error.into_inner())
    })?;
    reader.end().map_err(malformed::<K>("."))?;
    if manifest.schema != K::SCHEMA {
        return Err(BundleError::Schema { manifest: K::MANIFEST, expected: K::SCHEMA, found: manifest.schema });
    }
    Ok(manifest)
}

/// Every record is listed as it is, every listed one is there, and none twice.
pub(crate) fn check<'a, K: Kind>(
    files: &[ListedFile],
    records: impl Iterator<Item = Record<'a>>,
) -> Result<(), BundleError> {
    if let Some(pair) = files.windows(2).find(|pair| pair[0].path >= pair[1].path) {
        return Err(BundleError::Order { manifest: K::MANIFEST, path: pair[1].path.clone() });
    }
    let mut expected: BTreeMap<&str, &ListedFile> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    for record in records {
        let found = listed(K::ROOT, record);
        let Some(file) = expected.remove(found.path.as_str()) else {
            return Err(BundleError::Unlisted { path: found.path });
        };
        if *file != found {
            return Err(BundleError::Digest {
                path: found.path,
                expected: file.sha256,
                expected_size: file.size,
                found: found.sha256,
                found_size: found.size,
            });
        }
    }
    match expected.into_keys().next() {
        Some(path) => Err(BundleError::Missing { path: path.to_owned() }),
        None => Ok(()),
    }
}

fn listed(root: &str, Record { path, bytes }: Record<'_>) -> ListedFile {
    ListedFile { path: format!("{root}/{path}"), sha256: Digest::of(bytes), size: bytes.len() as u64 }
}
