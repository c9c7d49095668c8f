//! Names of entries: bytes, as Linux has them.

use crate::archive::PathError;
use crate::model::limits::{MAX_NAME_BYTES, MAX_PATH_BYTES};

/// Where an entry stands: its components below the root. None of them is empty, `.` or `..`; the root has none.
///
/// Every tar program writes `./a`, some write `/a`: both are `a` below the root of the image. A name need not be UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Name(Vec<Vec<u8>>);

impl Name {
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, PathError> {
        if raw.is_empty() {
            return Err(PathError::Empty);
        }
        if raw.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if raw.contains(&0) {
            return Err(PathError::Nul);
        }
        let mut parts = Vec::new();
        for part in raw.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => return Err(PathError::Parent),
                part if part.len() > MAX_NAME_BYTES => return Err(PathError::TooLong),
                part => parts.push(part.to_owned()),
            }
        }
        Ok(Self(parts))
    }

    /// The place that has these components.
    pub(crate) fn of(parts: &[Vec<u8>]) -> Self {
        Self(parts.to_vec())
    }

    /// Its components.
    pub(crate) fn parts(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The directory and the last component; `None` for the root.
    pub(crate) fn split(&self) -> Option<(&[Vec<u8>], &[u8])> {
        self.0.split_last().map(|(last, before)| (before, last.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_one_place_and_what_climbs_is_refused() {
        let plain = Name::parse(b"a/b").unwrap();
        for spelling in [&b"./a/b"[..], b"/a/b", b"a//b/", b"a/./b", b"//a/b/."] {
            assert_eq!(Name::parse(spelling).unwrap(), plain);
        }
        for root in [&b"."[..], b"./", b"/"] {
            assert_eq!(Name::parse(root).unwrap().split(), None);
        }
        assert!(Name::parse(b"caf\xe9").is_ok());
        let (long, deep) = ([b'x'; 256], b"x/".repeat(2048));
        for (raw, error) in [
            (&b""[..], PathError::Empty),
            (b"..", PathError::Parent),
            (b"a/../b", PathError::Parent),
            (b"/../a", PathError::Parent),
            (b"a\0b", PathError::Nul),
            (&long, PathError::TooLong),
            (&deep, PathError::TooLong),
        ] {
            assert_eq!(Name::parse(raw), Err(error));
        }
    }
}
