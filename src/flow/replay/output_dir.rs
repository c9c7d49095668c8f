//! Leaves artifacts behind, for eyes and for `diff`.

use std::path::Path;

use crate::flow::replay::replay_job::Replayed;
use crate::host::fs::{self, FsError};
use crate::job::artifact::Produced;

/// Beside the artifacts of a replay, what is not one of them; `diff` passes it by, as every hidden entry.
pub const ASIDE: &str = ".stella";

/// Writes `<directory>/expected/` and `<directory>/actual/`.
pub fn side_by_side(directory: &Path, expected: &[Produced], actual: &[Produced]) -> Result<(), FsError> {
    write_anew(&directory.join("expected"), expected)?;
    write_anew(&directory.join("actual"), actual)
}

/// Writes the artifacts of a replay into `directory`, and into `.stella/` there those it is compared with and what the
/// sandbox saw.
pub fn replay(directory: &Path, expected: &[Produced], replayed: &Replayed) -> Result<(), FsError> {
    let actual = replayed.artifacts.as_slice();
    // The folder is the user's: only what an earlier replay of this scan left there goes.
    for stale in expected.iter().filter(|artifact| !actual.iter().any(|written| written.name == artifact.name)) {
        fs::remove_file_if_present(&directory.join(&stale.name))?;
    }
    write(directory, actual)?;
    write_anew(&directory.join(ASIDE).join("expected"), expected)?;
    ledger(directory, replayed.ledger.as_deref())
}

/// Writes what the sandbox saw into `.stella/ledger.jsonl` below `directory`; nothing of an earlier run stays there.
pub fn ledger(directory: &Path, ledger: Option<&[u8]>) -> Result<(), FsError> {
    let file = directory.join(ASIDE).join("ledger.jsonl");
    match ledger {
        None => fs::remove_file_if_present(&file),
        Some(ledger) => {
            fs::ensure_dir(&directory.join(ASIDE))?;
            fs::write_atomic(&file, ledger)
        }
    }
}

/// Nothing of an earlier run stays in a folder of ours, else it would pass for what this one wrote.
fn write_anew(directory: &Path, artifacts: &[Produced]) -> Result<(), FsError> {
    fs::remove_dir_if_present(directory)?;
    write(directory, artifacts)
}

fn write(directory: &Path, artifacts: &[Produced]) -> Result<(), FsError> {
    fs::ensure_dir(directory)?;
    artifacts.iter().try_for_each(|artifact| fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes))
}
