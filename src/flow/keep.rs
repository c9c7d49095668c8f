//! Leaves expected and actual artifacts side by side, for eyes and for `diff`.

use std::path::Path;

use crate::flow::produced::Produced;
use crate::host::fs::{self, FsError};

/// Writes `<directory>/expected/` and `<directory>/actual/`.
pub fn side_by_side(directory: &Path, expected: &[Produced], actual: &[Produced]) -> Result<(), FsError> {
    for (side, artifacts) in [("expected", expected), ("actual", actual)] {
        let folder = directory.join(side);
        fs::ensure_dir(&folder)?;
        for artifact in artifacts {
            fs::write_atomic(&folder.join(&artifact.name), &artifact.bytes)?;
        }
    }
    Ok(())
}
