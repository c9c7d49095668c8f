//! What the reports of shards hold beside their results, put into the report of the merge: both sides of each replay, and what the failing
//! ones need to be run again.
//!
//! Reports come from jobs that ran foreign programs. Invariants: of each only that of its own replays is taken; nothing is read outside
//! what was given, no link is kept; all together keep the limits of a report that can be published; what did not match and is not here
//! is listed.

use std::path::Path;

use crate::flow::suite::reproduce::again::{self, AgainError};
use crate::flow::suite::reproduce::keep::Keeper;
use crate::flow::suite::shards::join::{Report, Reports};
use crate::host::fs::{self, FsError, Kind};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::outcome::Outcome;
use crate::model::report_files;
use crate::model::result::{ReplayResult, RunResult};
use crate::workspace::context::Context;

/// Files and folders of one replay.
const MAX_ENTRIES: u64 = 10_000;
/// What the reports themselves and what can be run again may have of a report's entries and bytes.
const SPARE: (u64, u64) = (15_000, 512 << 20);

/// Why reports are not put together.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// Something cannot be read or written.
    #[error("the reports of the shards cannot be put together")]
    Files(#[from] FsError),
    /// A link, a pipe, a device.
    #[error("the report of a shard has something that is not a file: `{0}`")]
    NotAFile(String),
    /// What can be run again is not listed in a way that could be believed.
    #[error("what the report of a shard holds cannot be read")]
    List(#[from] AgainError),
    /// It lists a replay of another shard.
    #[error("the report of a shard lists `{0}`, which is not a replay of its own")]
    Foreign(String),
}

impl Diagnostic for GatherError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Files(error) => error.kind(),
            Self::List(error) => error.kind(),
            Self::NotAFile(_) | Self::Foreign(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Files(_) | Self::List(_) => None,
            Self::NotAFile(_) | Self::Foreign(_) => {
                Some("it was changed after it was written, or written by something else".into())
            }
        }
    }
}

/// Puts what `reports` hold into the folder `to`. Gives of how many replays the artifacts were left out, since there was no room.
///
/// # Errors
/// [`GatherError`].
pub fn gather(reports: &Reports, run: &RunResult, to: &Path, context: &Context) -> Result<u64, GatherError> {
    let keeper = Keeper::new(to)?;
    for (report, own) in reports {
        let list = match again::read(&report.folder) {
            Err(AgainError::NoList(_)) => continue,
            list => list?,
        };
        let mut ids = list.replays.iter().map(|one| &one.id).chain(list.not_kept.iter().map(|one| &one.id));
        if let Some(foreign) = ids.find(|id| !own.contains(*id)) {
            return Err(GatherError::Foreign(foreign.clone()));
        }
        keeper.adopt(list, &report.root, &report.folder)?;
    }
    keeper.note_rest(&run.replays);
    keeper.finish(context)?;
    let mut room = (report_files::MAX_ENTRIES - SPARE.0, report_files::MAX_BYTES - SPARE.1);
    let mut left_out = 0;
    // Those that somebody will look at first.
    let (open, matching): (Vec<&ReplayResult>, Vec<_>) =
        run.replays.iter().partition(|replay| !matches!(replay.outcome, Outcome::Match { .. }));
    for replay in open.into_iter().chain(matching) {
        if let Some((report, _)) = reports.iter().find(|(_, own)| own.contains(&replay.id)) {
            left_out += u64::from(!copied(report, &replay.id, to, &mut room)?);
        }
    }
    Ok(left_out)
}

/// Copies the folder of one replay; whether there was room.
fn copied(report: &Report, id: &str, to: &Path, room: &mut (u64, u64)) -> Result<bool, GatherError> {
    let from = report.folder.join(id);
    let items = match fs::walk(&from, MAX_ENTRIES) {
        Err(error) if error.is_not_found() => return Ok(true),
        items => items?,
    };
    let mut bytes = 0_u64;
    for item in &items {
        match item.kind {
            Kind::Directory => {}
            Kind::File { size, .. } => bytes = bytes.saturating_add(size),
            Kind::Symlink { .. } | Kind::Special => {
                return Err(GatherError::NotAFile(from.join(&item.relative).display().to_string()));
            }
        }
    }
    let entries = items.len() as u64 + 1;
    if entries > room.0 || bytes > room.1 {
        return Ok(false);
    }
    *room = (room.0 - entries, room.1 - bytes);
    for item in items.iter().filter(|item| item.kind != Kind::Directory) {
        let content = fs::read_inside(&report.root, &from.join(&item.relative), bytes)?;
        let target = to.join(id).join(&item.relative);
        if let Some(folder) = target.parent() {
            fs::ensure_dir(folder)?;
        }
        fs::write_output(&target, &content)?;
    }
    Ok(true)
}
