//! Results of shards, as they come from other machines: not trusted.
//!
//! Invariants: what is read is bounded, file by file and all together; no link leads out of a folder that was named; what is there and
//! cannot be read is an error, never one result less.

use std::path::{Path, PathBuf};

use crate::cli::error::CliError;
use crate::flow::suite::shards::join::{Given, Report};
use crate::host::fs::{self, Kind};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::shard::MAX_SHARDS;
use crate::wire::v1;
use crate::wire::v1::error::MAX_BYTES;

/// The file that a folder with the reports of a run has.
const RESULT: &str = "result.json";

/// Attempts of each shard that may lie side by side.
const MAX_ATTEMPTS: u32 = 4;

/// All results together, in bytes.
const MAX_TOTAL: usize = 512 * 1024 * 1024;

/// More than would be read.
#[derive(Debug, thiserror::Error)]
enum TooMuch {
    #[error("more than {} results are given", MAX_SHARDS * MAX_ATTEMPTS)]
    Results,
    #[error("the results have more than {MAX_TOTAL} bytes together")]
    Bytes,
}

impl Diagnostic for TooMuch {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("give the results of one run".into())
    }
}

/// Every result that is named, and every one in the folders that are.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Given>, CliError> {
    let mut given = Vec::new();
    let mut bytes = 0_usize;
    for path in paths {
        for (root, file) in files(path)? {
            if given.len() >= (MAX_SHARDS * MAX_ATTEMPTS) as usize {
                return Err(TooMuch::Results.into());
            }
            let text = match &root {
                Some(root) => fs::read_inside(root, &file, MAX_BYTES as u64)?,
                None => fs::read(&file, MAX_BYTES as u64)?,
            };
            bytes += text.len();
            if bytes > MAX_TOTAL {
                return Err(TooMuch::Bytes.into());
            }
            let name = file.display().to_string();
            let run = v1::read_result::read(&text)
                .map_err(|error| CliError::from(error).hint(format!("`{name}` is not what `stella ci` writes")))?;
            let report = root.zip(file.parent().map(Path::to_owned)).map(|(root, folder)| Report { root, folder });
            given.push(Given { name, run, report });
        }
    }
    Ok(given)
}

/// The results that a path names, each with the folder that it must lie in.
fn files(path: &Path) -> Result<Vec<(Option<PathBuf>, PathBuf)>, CliError> {
    if !fs::is_dir(path) {
        return Ok(vec![(None, path.to_owned())]);
    }
    let own = path.join(RESULT);
    if !fs::is_missing(&own) {
        // The folders beside it are of its replays.
        return Ok(vec![(Some(path.to_owned()), own)]);
    }
    let folders = fs::list(path)?.into_iter().filter(|item| !matches!(item.kind, Kind::File { .. }));
    let files = folders.map(|folder| path.join(folder.relative).join(RESULT));
    Ok(files.filter(|file| !fs::is_missing(file)).map(|file| (Some(path.to_owned()), file)).collect())
}
