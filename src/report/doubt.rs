//! Why a report is not taken at its word.
//!
//! Invariant: where there is a doubt nothing that is made of the report is green. Absent: how doubts are found.

use crate::model::exit::Exit;
use crate::model::job_end::JobEnd;
use crate::model::result::Isolation;
use crate::report::count::counted;

/// Why a report is not taken at its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The pull request changes the workflow that ran the gate.
    WorkflowEdited,
    /// Whether it does cannot be found out.
    WorkflowUnread,
    /// The report passes, and nobody says how the job ended that wrote it.
    JobEndUnknown,
    /// The report passes, and the job that wrote it did not.
    JobDidNotPass(JobEnd),
    /// The job passed, and the report that it wrote does not.
    OnlyTheJobPassed(Exit),
    /// What the report says of its gate does not follow from its replays.
    GateDoesNotFollow,
    /// What the report says of its end follows from nothing else in it.
    ExitDoesNotFollow,
    /// A pull request from a fork, of which replays ran below the level `full`.
    BelowFull {
        /// The weakest level.
        weakest: Isolation,
        /// How many replays.
        replays: u64,
    },
}

impl Doubt {
    /// The doubt in one sentence of ours.
    pub fn words(self) -> String {
        match self {
            Self::WorkflowEdited => "not trusted: the workflow was edited by this pull request, so what ran is not \
                                     what the base asks for"
                .to_owned(),
            Self::WorkflowUnread => {
                "not trusted: it cannot be told whether this pull request edits the workflow".to_owned()
            }
            Self::JobEndUnknown => {
                "not trusted: the report passes, and nobody says how the job ended that wrote it".to_owned()
            }
            Self::JobDidNotPass(end) => {
                format!("not trusted: the report passes, and the job that wrote it ended with `{}`", end.code())
            }
            Self::OnlyTheJobPassed(exit) => {
                format!("not trusted: the job passed, and the report that it wrote ends with {}", exit.code())
            }
            Self::GateDoesNotFollow => {
                "not trusted: what the report says of its gate does not follow from its replays".to_owned()
            }
            Self::ExitDoesNotFollow => {
                "not trusted: how the report says that it ends does not follow from what is in it".to_owned()
            }
            Self::BelowFull { weakest, replays } => format!(
                "not trusted: a pull request from a fork needs the level of isolation `full`, and {} reached `{}`: use `runs-on: ubuntu-24.04` with `sudo: auto`",
                counted(replays, "replay", "replays"),
                weakest.code()
            ),
        }
    }

    /// How a run ends of which there is this doubt.
    pub fn exit(self) -> Exit {
        match self {
            Self::BelowFull { .. } => Exit::Infrastructure,
            Self::WorkflowUnread | Self::JobEndUnknown => Exit::Inconclusive,
            _ => Exit::Failed,
        }
    }
}
