//! The status of a commit: three words and one line.

use crate::model::exit::Exit;
use crate::report::phrases;
use crate::report::publication::Publication;
use crate::report::untrusted;

/// GitHub refuses a longer description; it counts characters.
const MAX_DESCRIPTION: usize = 140;

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum State {
    /// It passed.
    Success,
    /// It did not.
    Failure,
    /// It could not be found out.
    Error,
}

impl State {
    /// Its name, as GitHub writes it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What the status of the commit is.
pub fn state(exit: Exit) -> State {
    match exit {
        Exit::Passed => State::Success,
        Exit::Failed | Exit::Usage | Exit::Inconclusive | Exit::Verification => State::Failure,
        Exit::Infrastructure => State::Error,
    }
}

/// What stands beside it: one harmless line of at most 140 characters.
pub fn description(report: &Publication<'_>) -> String {
    let text = report.doubts.first().map_or_else(|| phrases::verdict(report.run), |doubt| doubt.words());
    fitted(&text)
}

/// `text` as a description.
pub fn fitted(text: &str) -> String {
    let line = untrusted::unmentioned(&untrusted::visible(text));
    match line.char_indices().nth(MAX_DESCRIPTION) {
        None => line,
        Some(_) => line.chars().take(MAX_DESCRIPTION - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::doubt::Doubt;
    use crate::report::fixture;

    #[test]
    fn a_description_is_one_line_that_fits() {
        let run = fixture::run();
        let mut report = Publication::of(&run, run.finished_at);
        assert!(description(&report).starts_with("failed: "), "{}", description(&report));
        report.doubts = vec![Doubt::WorkflowEdited];
        assert!(description(&report).starts_with("not trusted: the workflow was edited"));
        let long = fitted(&"@é\n".repeat(100));
        assert_eq!((long.chars().count(), long.ends_with('…'), long.contains('\n')), (140, true, false));
        assert_eq!(fitted(&"é".repeat(140)).chars().count(), 140);
    }
}
