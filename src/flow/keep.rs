//! Leaves artifacts behind, for eyes and for `diff`.

use std::path::Path;

use crate::flow::produced::Produced;
use crate::host::fs::{self, FsError};

/// Beside the artifacts of a replay, what is not one of them; `diff` passes it by, as every hidden entry.
pub const ASIDE: &str = ".stella";

/// Writes `<directory>/expected/` and `<directory>/actual/`.
pub fn side_by_side(directory: &Path, expected: &[Produced], actual: &[Produced]) -> Result<(), FsError> {
    write(&directory.join("expected"), expected)?;
    write(&directory.join("actual"), actual)
}

/// Writes the artifacts of a replay into `directory` and those it is compared with into `.stella/expected/` there.
pub fn replay(directory: &Path, expected: &[Produced], actual: &[Produced]) -> Result<(), FsError> {
    write(directory, actual)?;
    write(&directory.join(ASIDE).join("expected"), expected)
}

fn write(directory: &Path, artifacts: &[Produced]) -> Result<(), FsError> {
    fs::ensure_dir(directory)?;
    artifacts.iter().try_for_each(|artifact| fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes))
}
