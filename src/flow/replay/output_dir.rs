//! Leaves artifacts behind, for eyes and for `diff`.

use std::path::Path;

use crate::flow::replay::replay_job::Replayed;
use crate::host::fs::{self, FsError};
use crate::job::artifact::Artifact;

/// Beside the artifacts of a replay, what is not one of them; `diff` passes it by, as every hidden entry.
pub const ASIDE: &str = ".stella";

/// Writes `<directory>/expected/` and `<directory>/actual/`.
///
/// # Errors
/// When a file cannot be written.
pub fn side_by_side(directory: &Path, expected: &[Artifact], actual: &[Artifact]) -> Result<(), FsError> {
    write_anew(&directory.join("expected"), expected)?;
    write_anew(&directory.join("actual"), actual)
}

/// Writes the artifacts of a replay into `directory`, and into `.stella/` there those it is compared with and what the
/// sandbox saw.
///
/// # Errors
/// When a file cannot be written.
pub fn replay(directory: &Path, expected: &[Artifact], replayed: &Replayed) -> Result<(), FsError> {
    fs::check_output_dir(directory)?;
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
///
/// # Errors
/// When a file cannot be written.
pub fn ledger(directory: &Path, ledger: Option<&[u8]>) -> Result<(), FsError> {
    let aside = directory.join(ASIDE);
    fs::check_output_dir(&aside)?;
    let file = aside.join("ledger.jsonl");
    match ledger {
        None => fs::remove_file_if_present(&file),
        Some(ledger) => {
            fs::ensure_dir(&aside)?;
            fs::write_atomic(&file, ledger)
        }
    }
}

/// Nothing of an earlier run stays in a folder of ours, else it would pass for what this one wrote.
fn write_anew(directory: &Path, artifacts: &[Artifact]) -> Result<(), FsError> {
    fs::check_output_dir(directory)?;
    fs::remove_dir_if_present(directory)?;
    write(directory, artifacts)
}

fn write(directory: &Path, artifacts: &[Artifact]) -> Result<(), FsError> {
    fs::ensure_dir(directory)?;
    artifacts.iter().try_for_each(|artifact| fs::write_atomic(&directory.join(&artifact.name), &artifact.bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::artifact::{ArtifactFormat, ArtifactType};
    use crate::report::fixture;

    fn artifact(name: &str, bytes: &[u8]) -> Artifact {
        Artifact {
            artifact_type: ArtifactType::Findings,
            name: name.to_owned(),
            format: ArtifactFormat::Bytes,
            profile: None,
            bytes: bytes.into(),
        }
    }

    fn replayed(artifacts: Vec<Artifact>, ledger: Option<&[u8]>) -> Replayed {
        let result = fixture::run().replays.remove(0);
        Replayed { result, artifacts, ledger: ledger.map(<[u8]>::to_vec) }
    }

    /// Every file below a folder, with its text.
    fn files(directory: &Path) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for item in fs::list(directory).unwrap() {
            let (path, name) = (directory.join(&item.relative), item.relative.display().to_string());
            if fs::is_dir(&path) {
                all.extend(files(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
            } else {
                all.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
        all
    }

    fn listed(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn nothing_of_an_earlier_replay_stays_and_what_is_the_users_does() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (artifact("a.json", b"1"), artifact("b.json", b"2"));
        std::fs::write(dir.path().join("own.txt"), "mine").unwrap();
        replay(dir.path(), &[a.clone(), b.clone()], &replayed(vec![a.clone(), b], Some(b"seen"))).unwrap();
        let first = [
            ("own.txt", "mine"),
            ("a.json", "1"),
            ("b.json", "2"),
            (".stella/expected/a.json", "1"),
            (".stella/expected/b.json", "2"),
            (".stella/ledger.jsonl", "seen"),
        ];
        assert_eq!(files(dir.path()), listed(&first));

        // It writes `b.json` no longer, and nothing was observed.
        let expected = [a.clone(), artifact("b.json", b"2")];
        replay(dir.path(), &expected, &replayed(vec![artifact("a.json", b"9")], None)).unwrap();
        let second =
            [("own.txt", "mine"), ("a.json", "9"), (".stella/expected/a.json", "1"), (".stella/expected/b.json", "2")];
        assert_eq!(files(dir.path()), listed(&second));
    }

    #[test]
    fn both_sides_stand_beside_each_other() {
        let dir = tempfile::tempdir().unwrap();
        side_by_side(dir.path(), &[artifact("a", b"1"), artifact("b", b"1")], &[artifact("a", b"2")]).unwrap();
        side_by_side(dir.path(), &[artifact("a", b"1")], &[artifact("c", b"2")]).unwrap();
        assert_eq!(files(dir.path()), listed(&[("expected/a", "1"), ("actual/c", "2")]));
    }
}
