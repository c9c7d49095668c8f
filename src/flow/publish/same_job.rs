//! One job that replays and publishes: only where nothing foreign could have reached its token.
//!
//! What a job builds runs unsealed, and can leave a program behind that takes the token of a later step; a foreign scanner below the
//! level `full` can, too. Then two jobs are asked for.

use std::ffi::OsString;
use std::path::Path;

use crate::flow::publish::judged::{Judged, is_full};
use crate::host::fs::{self, FsError, Kind};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What the folder of a gate's step begins with (`action/gate.sh`).
const GATE_FOLDER: &str = "stella-";

/// Why it takes two jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TwoJobsNeeded {
    /// A build ran in it.
    #[error("this job has built the subject, and a build can take the token of a later step")]
    Build,
    /// A foreign program ran in it without a seal.
    #[error(
        "this job has replayed a foreign program below the level of isolation `full`, and that can take the token of a later step"
    )]
    BelowFull,
    /// What ran is not known.
    #[error("this job has run the gate and has no result that can be read, so nobody knows what ran beside the token")]
    Unknown,
}

impl Diagnostic for TwoJobsNeeded {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("publish in a job of its own, which runs nothing of the pull request".into())
    }
}

/// Whether the gate has run in this job: its step leaves a folder.
///
/// # Errors
/// [`FsError`].
pub fn gate_ran_here(variable: impl Fn(&str) -> Option<OsString>) -> Result<bool, FsError> {
    let Some(temp) = variable("RUNNER_TEMP").filter(|value| !value.is_empty()) else { return Ok(false) };
    let items = match fs::list(Path::new(&temp)) {
        Err(error) if error.is_not_found() => return Ok(false),
        items => items?,
    };
    let is_gate = |name: &Path| name.to_string_lossy().starts_with(GATE_FOLDER);
    let mut folders = items.iter().filter(|item| item.kind == Kind::Directory && is_gate(&item.relative));
    Ok(folders.any(|folder| fs::is_dir(&Path::new(&temp).join(&folder.relative).join("report"))))
}

/// Whether one job suffices that has replayed this; `builds` says whether the configuration of its checkout has a build.
///
/// # Errors
/// [`TwoJobsNeeded`].
pub fn check<E>(found: &Result<Judged, E>, builds: bool) -> Result<(), TwoJobsNeeded> {
    match found {
        _ if builds => Err(TwoJobsNeeded::Build),
        Err(_) => Err(TwoJobsNeeded::Unknown),
        Ok(judged) if !is_full(&judged.run) => Err(TwoJobsNeeded::BelowFull),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn one_job_suffices_where_nothing_foreign_could_reach_its_token() {
        let mut judged = Judged { run: fixture::run(), doubts: vec![] };
        assert_eq!(check::<()>(&Ok(judged.clone()), false), Ok(()));
        assert_eq!(check::<()>(&Ok(judged.clone()), true), Err(TwoJobsNeeded::Build));
        judged.run.replays[0].executor.as_mut().unwrap().isolation = None;
        assert_eq!(check::<()>(&Ok(judged), false), Err(TwoJobsNeeded::BelowFull));
        assert_eq!(check(&Err(()), false), Err(TwoJobsNeeded::Unknown));
    }

    #[test]
    fn the_folder_of_the_gate_tells_that_it_ran_here() {
        let dir = tempfile::tempdir().unwrap();
        let ran = || gate_ran_here(|name| (name == "RUNNER_TEMP").then(|| dir.path().as_os_str().to_owned())).unwrap();
        std::fs::create_dir_all(dir.path().join("other/report")).unwrap();
        std::fs::create_dir_all(dir.path().join("stella-publish")).unwrap();
        assert!(!ran() && !gate_ran_here(|_| None).unwrap());
        std::fs::create_dir_all(dir.path().join("stella-aB3xYz/report")).unwrap();
        assert!(ran());
    }
}
