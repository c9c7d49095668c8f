//! Several places asked in the order of resolution.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::model::digest::Digest;
use crate::store::blob::error::StoreError;
use crate::store::blob::folder::FolderStore;
use crate::store::blob::local::LocalStore;
use crate::store::blob::source::{BlobSource, BlobStore};

/// A place where a blob may be, in the order of resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The folder of the case or canary itself.
    Case,
    /// What the base of a change has in its fixtures, and the checkout lacks or changes.
    Base,
    /// `fixtures/store/`, committed in the repository.
    Fixtures,
    /// The store of this machine.
    Local,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Case => "the case's folder",
            Self::Base => "the base's fixtures",
            Self::Fixtures => "the repository's fixtures",
            Self::Local => "the local store",
        })
    }
}

/// A blob and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its bytes, checked.
    pub bytes: Vec<u8>,
    /// The place.
    pub place: Place,
    /// The folder that is that place.
    pub root: PathBuf,
}

/// The places of one replay. Writes go to the local store.
///
/// The first place that has a blob decides: a corrupt blob there is an error and is not passed over in silence for a
/// sound one further on.
#[derive(Debug, Clone)]
pub struct LayeredStore {
    case: Option<FolderStore>,
    base: Option<FolderStore>,
    fixtures: Option<FolderStore>,
    local: LocalStore,
}

impl LayeredStore {
    /// Only the local store.
    pub fn new(local: LocalStore) -> Self {
        Self { case: None, base: None, fixtures: None, local }
    }

    /// The same with the repository's store at `root` (`fixtures/store`).
    pub fn with_fixtures(self, root: impl Into<PathBuf>) -> Self {
        Self { fixtures: Some(FolderStore::new(root)), ..self }
    }

    /// The same with what the base has and the checkout lacks or changes, at `root`.
    pub fn with_base(self, root: impl Into<PathBuf>) -> Self {
        Self { base: Some(FolderStore::new(root)), ..self }
    }

    /// The same with the store in a case's own folder at `root`.
    pub fn with_case(self, root: impl Into<PathBuf>) -> Self {
        Self { case: Some(FolderStore::new(root)), ..self }
    }

    /// The store of this machine.
    pub fn local(&self) -> &LocalStore {
        &self.local
    }

    /// Looks for a blob; `None` where no place has it.
    ///
    /// # Errors
    /// As [`BlobSource::get`].
    pub fn find(&self, digest: &Digest) -> Result<Option<Located>, StoreError> {
        for (place, root, store) in self.places() {
            if let Some(bytes) = store.get(digest)? {
                return Ok(Some(Located { bytes, place, root: root.to_owned() }));
            }
        }
        Ok(None)
    }

    /// Looks for a blob that must be there.
    ///
    /// # Errors
    /// [`StoreError::Gone`] with every place that was looked in, else as [`BlobSource::get`].
    pub fn require(&self, digest: &Digest) -> Result<Located, StoreError> {
        self.find(digest)?.ok_or_else(|| StoreError::Gone { digest: *digest, looked_in: self.looked_in() })
    }

    /// Every place, in the order of resolution, for people.
    pub fn looked_in(&self) -> Vec<String> {
        self.places().map(|(place, root, _)| format!("{place} (`{}`)", root.display())).collect()
    }

    fn places(&self) -> impl Iterator<Item = (Place, &Path, &dyn BlobSource)> {
        let case = self.case.iter().map(|store| (Place::Case, store.root(), store as &dyn BlobSource));
        let base = self.base.iter().map(|store| (Place::Base, store.root(), store as &dyn BlobSource));
        let fixtures = self.fixtures.iter().map(|store| (Place::Fixtures, store.root(), store as &dyn BlobSource));
        let local = (Place::Local, self.local.root(), &self.local as &dyn BlobSource);
        case.chain(base).chain(fixtures).chain([local])
    }
}

impl BlobSource for LayeredStore {
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.find(digest)?.map(|located| located.bytes))
    }

    fn get_to_file(&self, digest: &Digest, to: &Path) -> Result<bool, StoreError> {
        for (_, _, store) in self.places() {
            if store.get_to_file(digest, to)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn copy_to(&self, digest: &Digest, out: &mut dyn Write, name: &Path) -> Result<bool, StoreError> {
        for (_, _, store) in self.places() {
            if store.copy_to(digest, out, name)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn contains(&self, digest: &Digest) -> Result<bool, StoreError> {
        for (_, _, store) in self.places() {
            if store.contains(digest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl BlobStore for LayeredStore {
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.local.put(bytes)
    }

    fn put_file(&self, path: &Path) -> Result<Digest, StoreError> {
        self.local.put_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_wins_and_what_is_gone_says_where_it_was_sought() {
        let dir = tempfile::tempdir().unwrap();
        let root = |name: &str| dir.path().join(name);
        let store = LayeredStore::new(LocalStore::open(root("local")).unwrap())
            .with_case(root("case"))
            .with_base(root("base"))
            .with_fixtures(root("fixtures"));
        let digest = Digest::of(b"stella");

        let error = store.require(&digest).unwrap_err();
        let StoreError::Gone { looked_in, .. } = &error else { panic!("{error}") };
        assert_eq!(looked_in, &store.looked_in());
        let sought: Vec<_> = ["case", "base", "fixtures", "local"].map(|name| root(name).display().to_string()).into();
        assert!(looked_in.iter().zip(&sought).all(|(text, path)| text.contains(path.as_str())), "{error}");
        assert_eq!(store.get(&digest).unwrap(), None);
        assert!(!store.contains(&digest).unwrap());

        // From the last place to the first: each newcomer wins.
        for (name, place) in
            [("local", Place::Local), ("fixtures", Place::Fixtures), ("base", Place::Base), ("case", Place::Case)]
        {
            LocalStore::open(root(name)).unwrap().put(b"stella").unwrap();
            let found = store.require(&digest).unwrap();
            assert_eq!((found.place, found.root, found.bytes), (place, root(name), b"stella".to_vec()));
        }
        assert!(store.contains(&digest).unwrap());
        assert!(store.get_to_file(&digest, &root("out")).unwrap());
    }

    #[test]
    fn a_corrupt_blob_is_not_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let local = LocalStore::open(dir.path().join("local")).unwrap();
        let fixtures = LocalStore::open(dir.path().join("fixtures")).unwrap();
        let store = LayeredStore::new(local).with_fixtures(fixtures.root());
        let digest = store.put(b"stella").unwrap();
        fixtures.put(b"stella").unwrap();
        std::fs::write(fixtures.path_of(&digest), b"rot").unwrap();
        let Err(StoreError::Damaged { path, .. }) = store.get(&digest) else { panic!("passed over") };
        assert_eq!(path, fixtures.path_of(&digest));
    }

    #[test]
    fn writes_go_to_the_local_store_alone() {
        let dir = tempfile::tempdir().unwrap();
        let local = LocalStore::open(dir.path().join("local")).unwrap();
        let store = LayeredStore::new(local).with_case(dir.path().join("case"));
        let digest = store.put(b"stella").unwrap();
        assert!(store.local().contains(&digest).unwrap());
        assert!(!dir.path().join("case").exists());
    }
}
