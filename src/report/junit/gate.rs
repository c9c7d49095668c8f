//! The verdict of a gate as a test case: a viewer that shows green must not hide a gate that is red.

use junit_report::{Duration, TestCase, TestResult};

use crate::model::exit::Exit;
use crate::model::gate_result::GateResult;
use crate::model::outcome::JunitStatus;
use crate::report::gate_phrases;
use crate::report::junit::case::{NO_FILE, attribute};
use crate::report::junit::legal;

/// Reasons in the body.
const MAX_REASONS: usize = 200;

/// The case of a gate.
pub(crate) fn testcase(gate_result: &GateResult) -> TestCase {
    let message = attribute(&gate_phrases::headline(gate_result));
    let type_ = format!("gate.{}", gate_result.verdict().code());
    let cause = Some(legal::cdata(&body(gate_result)));
    TestCase {
        name: attribute(&format!("gate {}", gate_result.gate().code())),
        time: Duration::ZERO,
        result: match status(gate_result) {
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
pub(crate) fn status(gate_result: &GateResult) -> JunitStatus {
    match gate_result.exit() {
        Exit::Passed => JunitStatus::Pass,
        Exit::Failed => JunitStatus::Failure,
        _ => JunitStatus::Error,
    }
}

fn body(gate_result: &GateResult) -> String {
    let mut lines = vec![gate_phrases::headline(gate_result)];
    lines.extend(gate_result.measured().iter().map(gate_phrases::measured));
    lines.extend(gate_result.reasons().iter().take(MAX_REASONS).map(|reason| {
        let weight = gate_phrases::weight(reason.weight);
        format!("{weight} {}: {}", reason.code.code(), gate_phrases::reason(reason))
    }));
    lines.join("\n")
}
