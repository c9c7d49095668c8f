//! JUnit XML: what the test viewers of CI systems read.
//!
//! Made by `junit-report`, which writes text as it comes (an escape character or a `]]>` in a scanner's message
//! makes a file that nobody reads, or one with a forged test) and knows neither lines nor properties. So text is
//! made fit before (`legal`) and the rest is added after (`complete`).
//!
//! Invariants: always well-formed; one `testcase` per replay, and one for the gate where one was asked;
//! never `skipped`. What the readers ask for:
//!
//! - a suite has a name (dorny/test-reporter) and a `skipped` count (EnricoMi sums them);
//! - a case has `file` and `line` (annotations; without them one reader searches the whole workspace);
//! - a message stands in the attribute *and* in the body (GitLab drops the attributes of an element with text);
//! - `type` is namespaced: `replay.drift` (GitLab's parser acts upon `symbol`, `yaml`, `integer`, …).

mod case;
mod complete;
mod gate;
mod legal;
mod time;

use jiff::Timestamp;
use junit_report::{Report, ReportBuilder, TestCase, TestSuite};

use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::result::{Mode, ReplayResult, RunResult, SubjectKind};
use crate::report::junit::complete::{Extra, complete};
use crate::report::phrases;

/// Why no report could be written. No result causes it: it is a bug here or in a library.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The XML could not be written.
    #[error("the junit report could not be written")]
    Write(#[source] junit_report::Error),
    /// The XML that was written could not be completed.
    #[error("the junit report could not be completed")]
    Complete(#[source] quick_xml::Error),
}

impl Diagnostic for JunitError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// The report of a run: one suite per kind and mode, in the order of the replays, and a last one for the gate.
///
/// # Errors
/// See [`JunitError`].
pub fn render(run: &RunResult) -> Result<Vec<u8>, JunitError> {
    let mut groups: Vec<((SubjectKind, Mode), Vec<&ReplayResult>)> = Vec::new();
    for replay in &run.replays {
        let key = (replay.kind, replay.mode);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(replay),
            None => groups.push((key, vec![replay])),
        }
    }
    let mut report = ReportBuilder::new();
    let mut extras = Vec::new();
    for ((kind, mode), replays) in &groups {
        extras.extend(replays.iter().map(|replay| Extra::of(run, replay)));
        let mut cases: Vec<TestCase> = replays.iter().map(|replay| case::testcase(run, replay)).collect();
        case::tell_apart(&mut cases);
        let name = format!("stella {} {}", phrases::mode(*mode), phrases::kind(*kind));
        report.add_testsuite(suite(name, format!("stella.{}", phrases::mode(*mode)), cases, run.started_at));
    }
    // Of one shard a case that passes would say that the gate does.
    if let Some(gate_result) = run.gate.as_ref().filter(|_| run.part.shard().is_none()) {
        extras.push(Extra::of_gate(gate_result));
        let case = gate::testcase(gate_result);
        report.add_testsuite(suite("stella gate".to_owned(), "stella.gate".to_owned(), vec![case], run.started_at));
    }
    let mut written = Vec::new();
    let report: Report = report.build();
    report.write_xml(&mut written).map_err(JunitError::Write)?;
    complete(&written, run, &extras).map_err(JunitError::Complete)
}

/// Built field by field: the crate's constructor reads the clock.
fn suite(name: String, package: String, testcases: Vec<TestCase>, started_at: Timestamp) -> TestSuite {
    TestSuite {
        name,
        package,
        timestamp: time::timestamp(started_at),
        hostname: "localhost".to_owned(),
        testcases,
        system_out: None,
        system_err: None,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::check_inert;
