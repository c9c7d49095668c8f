//! `history.jsonl` on disk: read whole, appended to line by line.
//!
//! Invariants: a line that a crash cut off is counted and told, and nothing else is passed over: whoever judges by a
//! history must know all of it.

use std::path::{Path, PathBuf};

use crate::hint;
use crate::host::fs::{self, FsError, Writing};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::limits;
use crate::model::parameter::{Operation, Parameter};
use crate::model::replay_record::ReplayRecord;
use crate::model::result::RunResult;
use crate::score::history::{Contradiction, History};
use crate::wire::v1::history::{self as wire, LineError, WriteError};

/// The file's name in a store.
pub const FILE_NAME: &str = "history.jsonl";

/// How much of a file tells whether it is a history: some of its records.
const BEGIN: u64 = 64 * 1024;

/// Why a history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file cannot be read.
    #[error("cannot read the history")]
    Read(#[source] FsError),
    /// A line is not a record.
    #[error("{}:{line}, byte {offset}: not a record of a replay", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Where it begins, in bytes from the beginning of the file.
        offset: usize,
        /// What is wrong.
        source: LineError,
    },
    /// Two records that contradict each other.
    #[error("{}:{line}: another record says something else", .file.display())]
    Contradiction {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Which replay.
        source: Contradiction,
    },
    /// A record cannot be written.
    #[error("cannot write to the history")]
    Write(#[from] WriteError),
    /// The file is something that a checkout put there.
    #[error("cannot append to the history")]
    Planted(#[source] FsError),
    /// The file cannot be appended to.
    #[error("cannot append to the history")]
    Append(#[source] FsError),
}

impl Diagnostic for HistoryError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Append(_) | Self::Write(_) => FailureKind::Infrastructure,
            Self::Read(_) | Self::Planted(_) | Self::Line { .. } | Self::Contradiction { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Line { .. } | Self::Contradiction { .. } => {
                Some("a history is never judged in part: restore the file, or move the line out of it".into())
            }
            Self::Read(_) => Some(hint!(
                "{} and {} write one",
                Operation::Ci.with([Parameter::History.to("FILE")], None),
                Operation::Replay.with([Parameter::History.to("FILE")], None)
            )),
            Self::Planted(error) => error.hint(),
            Self::Append(_) | Self::Write(_) => None,
        }
    }
}

/// Adds every record of `file` to `history`. A file that does not exist holds nothing where `may_be_missing`.
///
/// # Errors
/// When the file cannot be read, one of its lines is not a record, or two records contradict each other.
pub fn read_into(history: &mut History, file: &Path, may_be_missing: bool) -> Result<(), HistoryError> {
    let bytes = match fs::read(file, limits::MAX_HISTORY_BYTES) {
        Err(error) if may_be_missing && error.is_not_found() => return Ok(()),
        other => other.map_err(HistoryError::Read)?,
    };
    let mut offset = 0;
    for (at, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let (line, begins) = (at + 1, offset);
        offset += text.len() + 1;
        if text.trim_ascii().is_empty() {
            continue;
        }
        match wire::read(text) {
            Ok(record) => history.add(record).map_err(|source| HistoryError::Contradiction {
                file: file.to_owned(),
                line,
                source,
            })?,
            Err(LineError::Torn) => history.note_torn(1),
            Err(source) => {
                return Err(HistoryError::Line { file: file.to_owned(), line, offset: begins, source });
            }
        }
    }
    Ok(())
}

/// Refuses a file that is there and does not begin as a history does: nothing is appended to what is something else.
///
/// # Errors
/// [`HistoryError::Line`] for its first line, [`HistoryError::Planted`], and where it cannot be read. A folder and a device are left to
/// whoever writes.
pub fn check(file: &Path) -> Result<(), HistoryError> {
    fs::check_output(file, Writing::InPlace).map_err(HistoryError::Planted)?;
    if file.exists() && !file.is_file() {
        return Ok(());
    }
    let begin = match fs::read_begin(file, BEGIN) {
        Err(error) if error.is_not_found() => return Ok(()),
        other => other.map_err(HistoryError::Read)?,
    };
    let mut offset = 0;
    for (at, text) in begin.split(|byte| *byte == b'\n').enumerate() {
        if !text.trim_ascii().is_empty() {
            match wire::read(text) {
                Ok(_) => return Ok(()),
                // The end of what was read is cut off as well.
                Err(LineError::Torn) => {}
                Err(source) => {
                    return Err(HistoryError::Line { file: file.to_owned(), line: at + 1, offset, source });
                }
            }
        }
        offset += text.len() + 1;
    }
    Ok(())
}

/// Appends every replay of `run`, on disk before this returns.
///
/// # Errors
/// When a record or the file cannot be written.
pub fn append(file: &Path, run: &RunResult, commit: Option<&str>) -> Result<(), HistoryError> {
    let lines = ReplayRecord::of_run(run, commit).iter().map(wire::write).collect::<Result<String, WriteError>>()?;
    fs::append_lines(file, &lines).map_err(HistoryError::Append)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::damaged::damaged;
    use crate::score::arbitrary::record;

    fn lines(runs: std::ops::Range<u64>) -> Vec<String> {
        runs.map(|run| wire::write(&record(run, 0)).unwrap()).collect()
    }

    fn read(text: &[u8]) -> Result<History, HistoryError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        std::fs::write(&file, text).unwrap();
        let mut history = History::default();
        read_into(&mut history, &file, false).map(|()| history)
    }

    /// A writer that is killed may stop after any byte; the next one appends behind what it left.
    #[test]
    fn wherever_a_writer_is_killed_only_its_own_line_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        let [first, second, third] = lines(0..3).try_into().unwrap();
        let ends = [1, second.len() - 2, second.len() - 1, second.len()];
        for cut in (0..second.len()).step_by(41).chain(ends) {
            std::fs::write(&file, format!("{first}{}", &second[..cut])).unwrap();
            fs::append_lines(&file, &third).unwrap();
            let mut history = History::default();
            read_into(&mut history, &file, false).unwrap();
            let whole = cut + 1 >= second.len();
            assert_eq!(history.len(), if whole { 3 } else { 2 }, "{cut}");
            assert_eq!(history.torn(), u64::from(!whole && cut > 0), "{cut}");
        }
    }

    #[test]
    fn a_missing_file_is_nothing_only_where_that_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        let mut history = History::default();
        read_into(&mut history, &file, true).unwrap();
        assert!(history.is_empty());
        assert!(matches!(read_into(&mut history, &file, false), Err(HistoryError::Read(_))));
    }

    /// A wrong name must not make a lockfile grow.
    #[test]
    fn nothing_is_appended_to_what_is_no_history() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert!(check(&file).is_ok());
        for other in ["x", "{\n  \"name\": \"app\"\n}\n", "[]", "version: 1\n", "{\"schema\": \"stella.result/1\"}\n"] {
            std::fs::write(&file, other).unwrap();
            assert!(matches!(check(&file), Err(HistoryError::Line { .. })), "{other}");
        }
        let [first, second] = lines(0..2).try_into().unwrap();
        for own in [
            String::new(),
            first.clone(),
            format!("{}\n{second}", &first[..1]),
            first.repeat(500),
            first[..40].to_owned(),
        ] {
            std::fs::write(&file, &own).unwrap();
            check(&file).unwrap();
        }
    }

    #[test]
    fn nonsense_is_an_error_with_its_place_and_never_passed_over() {
        let [first, second] = lines(0..2).try_into().unwrap();
        let text = format!("{first}\r\n\n{{\"schema\":\"stella.history/1\",\"run_id\":7}}\n{second}");
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(&format!("history.jsonl:4, byte {}:", first.len() + 3)), "{error}");
        let joined = format!("{}{second}", first.trim_end());
        assert!(matches!(read(joined.as_bytes()), Err(HistoryError::Line { line: 1, .. })));
    }

    #[test]
    fn a_run_that_was_imported_twice_counts_once() {
        let text = lines(0..2).concat();
        let history = read(text.repeat(3).as_bytes()).unwrap();
        assert_eq!(history.len(), 2);
        let other = text.replacen("\"duration_ms\":0", "\"duration_ms\":9", 1);
        assert!(matches!(read(format!("{text}{other}").as_bytes()), Err(HistoryError::Contradiction { line: 3, .. })));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, damaged in damaged(lines(0..3).concat().as_bytes())) {
            let _ = read(&bytes);
            let _ = read(&damaged);
        }
    }
}
