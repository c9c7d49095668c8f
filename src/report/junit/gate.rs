//! The verdict of a gate as a test case: a viewer that shows green must not hide a gate that is red.

use junit_report::{Duration, TestCase, TestResult};

use crate::model::exit::Exit;
use crate::model::judgement::Judgement;
use crate::model::outcome::JunitStatus;
use crate::report::junit::case::{NO_FILE, attribute};
use crate::report::junit::legal;
use crate::report::verdict_words;

/// Reasons in the body.
const MAX_REASONS: usize = 200;

/// The case of a gate.
pub(crate) fn testcase(judgement: &Judgement) -> TestCase {
    let message = attribute(&verdict_words::headline(judgement));
    let type_ = format!("gate.{}", judgement.verdict().code());
    let cause = Some(legal::cdata(&body(judgement)));
    TestCase {
        name: attribute(&format!("gate {}", judgement.gate().code())),
        time: Duration::ZERO,
        result: match status(judgement) {
            JunitStatus::Pass => TestResult::Success,
            JunitStatus::Failure => TestResult::Failure { type_, message, cause },
            JunitStatus::Error => TestResult::Error { type_, message, cause },
        },
        classname: Some("stella.gate".to_owned()),
        filepath: Some(NO_FILE.to_owned()),
        system_out: None,
        system_err: None,
    }
}

/// As the process ends.
pub(crate) fn status(judgement: &Judgement) -> JunitStatus {
    match judgement.exit() {
        Exit::Passed => JunitStatus::Pass,
        Exit::Failed => JunitStatus::Failure,
        _ => JunitStatus::Error,
    }
}

fn body(judgement: &Judgement) -> String {
    let mut lines = vec![verdict_words::headline(judgement)];
    lines.extend(judgement.measured().iter().map(verdict_words::measured));
    lines.extend(judgement.reasons().iter().take(MAX_REASONS).map(|reason| {
        let weight = verdict_words::weight(reason.weight);
        format!("{weight} {}: {}", reason.code.code(), verdict_words::reason(reason))
    }));
    lines.join("\n")
}
