//! What is shown of a result, and where.
//!
//! Invariants: it follows from its arguments alone; each text keeps the limit of the place where it is shown. Absent: how it gets there.

use jiff::Timestamp;

use crate::flow::publish::judged::{JudgeError, Judged};
use crate::flow::publish::report_file::ReportFileError;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::error_chain::causes;
use crate::model::exit::Exit;
use crate::model::result::RunResult;
use crate::report::annotation::{self, Annotation};
use crate::report::attempt::Attempt;
use crate::report::commit_status::{self, State};
use crate::report::emit::comment;
use crate::report::origin::{Commit, Key, Link};
use crate::report::publication::Publication;
use crate::report::standing::Standing;
use crate::report::untrusted;

/// Annotations of one check run: twenty calls of fifty.
const MAX_ANNOTATIONS: usize = 1000;
/// The API takes 65,535 characters; these are bytes.
const MAX_CHECK_SUMMARY: usize = 65_000;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum NoResult {
    /// No file.
    #[error(transparent)]
    File(#[from] ReportFileError),
    /// No result in it.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl Diagnostic for NoResult {
    fn kind(&self) -> FailureKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Judge(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<crate::model::hint::Hint> {
        match self {
            Self::File(error) => error.hint(),
            Self::Judge(error) => error.hint(),
        }
    }
}

/// Where a result is shown.
#[derive(Debug, Clone)]
pub struct Place {
    /// Tells the reports of several jobs apart.
    pub key: Key,
    /// The commit that was judged, as people know it: the last one of the pull request.
    pub commit: Option<Commit>,
    /// Where the run can be looked at.
    pub link: Option<Link>,
    /// Which attempt of which run it is.
    pub attempt: Option<Attempt>,
}

/// What is shown of a result in its place.
#[derive(Debug)]
pub struct Plan<'a> {
    place: &'a Place,
    found: &'a Result<Judged, NoResult>,
    /// Stands for the run where there is none; nothing of it is shown.
    nothing: RunResult,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// It is good.
    pub passed: bool,
    /// One line.
    pub title: String,
    /// A page.
    pub summary: String,
    /// What stands beside lines of files.
    pub annotations: Vec<Annotation>,
}

impl<'a> Plan<'a> {
    /// What is shown of `found`.
    pub fn of(found: &'a Result<Judged, NoResult>, place: &'a Place) -> Self {
        let nothing =
            RunResult::new(String::new(), Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, Vec::new(), Vec::new());
        Self { place, found, nothing }
    }

    fn publication(&self, before: Option<Standing>) -> Publication<'_> {
        let (run, doubts) = match self.found {
            Ok(Judged { run, doubts }) => (run, doubts.clone()),
            Err(_) => (&self.nothing, Vec::new()),
        };
        let Place { key, commit, link, attempt } = self.place.clone();
        Publication { key, commit, link, attempt, before, doubts, ..Publication::of(run, run.finished_at) }
    }

    /// How what is shown ends.
    pub fn exit(&self) -> Exit {
        match self.found {
            Ok(_) => self.publication(None).exit(),
            Err(_) => Exit::Infrastructure,
        }
    }

    /// How publishing it ends, where all of it is published: that of a red report is well.
    pub fn ends(&self) -> Exit {
        match self.found {
            Ok(Judged { doubts, .. }) => Exit::strongest(doubts.iter().map(|doubt| doubt.exit())),
            Err(_) => Exit::Infrastructure,
        }
    }

    /// Why it does not end well.
    pub fn complaints(&self) -> Vec<String> {
        match self.found {
            Ok(Judged { doubts, .. }) => doubts.iter().map(|doubt| doubt.words()).collect(),
            Err(error) => vec![causes(error)],
        }
    }

    /// The first line of the comment.
    pub fn marker(&self) -> String {
        comment::marker(&self.place.key)
    }

    /// The comment, after one that stood there before; `None` where there is nothing to say.
    pub fn comment(&self, before: Option<&str>) -> Option<String> {
        let standing = before.map(|text| Standing::read(text).unwrap_or_default());
        let report = self.publication(standing);
        match self.found {
            Ok(_) => comment::is_due(&report).then(|| comment::body(&report)),
            Err(error) => Some(comment::body_without_result(&report, &causes(error))),
        }
    }

    /// Whether a comment that is there comes from this run's attempt or an earlier one, so that it may be written over.
    pub fn may_overwrite(&self, there: &str) -> bool {
        let same_commit =
            |standing: &Standing| standing.commit().map(Commit::short) == self.place.commit.as_ref().map(Commit::short);
        match (self.place.attempt, Attempt::read(there)) {
            // Of another commit it is out of date whatever its number.
            (Some(ours), Some(theirs)) => theirs <= ours || !Standing::read(there).as_ref().is_some_and(same_commit),
            _ => true,
        }
    }

    /// The status of the commit, with what stands beside it.
    pub fn status(&self) -> (State, String) {
        let description = match self.found {
            Ok(_) => commit_status::description(&self.publication(None)),
            Err(error) => commit_status::fitted(&format!("no result: {}", causes(error))),
        };
        (commit_status::state(self.exit()), description)
    }

    /// The check run.
    pub fn check(&self) -> Check {
        let (_, title) = self.status();
        let passed = self.exit() == Exit::Passed;
        let (summary, annotations) = match self.found {
            Ok(Judged { run, .. }) => {
                let (annotations, rest) = annotation::annotations(run, MAX_ANNOTATIONS);
                let more = if annotations.is_empty() || rest == 0 {
                    String::new()
                } else {
                    format!("\n{rest} more have no place in a file, or none here.\n")
                };
                let page = comment::summary(&self.publication(None), MAX_CHECK_SUMMARY - more.len());
                (page + &more, annotations)
            }
            Err(error) => (
                format!(
                    "There is no result that can be read: {}.\n",
                    untrusted::unmentioned(&untrusted::message(&causes(error)))
                ),
                Vec::new(),
            ),
        };
        Check { passed, title, summary, annotations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::publish::judged::{JobFacts, Workflow, judge};
    use crate::model::digest::Digest;
    use crate::model::job_end::JobEnd;
    use crate::model::result::Isolation;
    use crate::model::shard::{JudgedBy, Part, Shard, ShardRun};
    use crate::report::doubt::Doubt;
    use crate::report::fixture;
    use crate::wire::v1::result;

    fn place() -> Place {
        Place {
            key: Key::default(),
            commit: Commit::try_from("c0ffee0123456789").ok(),
            link: Link::try_from("https://ci.example/run/1").ok(),
            attempt: Some(Attempt { run: 5, attempt: 1 }),
        }
    }

    fn green() -> RunResult {
        let run = fixture::run();
        let passed: Vec<_> = run.replays.iter().filter(|r| crate::report::phrases::is_match(r)).cloned().collect();
        RunResult::new("1".into(), run.started_at, run.finished_at, passed, vec![])
    }

    fn judged(run: &RunResult, facts: JobFacts) -> Judged {
        judge(result::write(run).unwrap().as_bytes(), facts, run.finished_at).unwrap()
    }

    fn ended(end: JobEnd) -> JobFacts {
        JobFacts { end: Some(end), ..JobFacts::default() }
    }

    #[test]
    fn nothing_is_green_that_the_system_does_not_say_has_passed() {
        let is_green = |run: &RunResult, facts| Plan::of(&Ok(judged(run, facts)), &place()).exit() == Exit::Passed;
        assert!(is_green(&green(), ended(JobEnd::Success)));
        // Nobody says how it ended, with a gate and without one.
        for run in [green(), fixture::as_pull_request(green())] {
            assert_eq!(judged(&run, JobFacts::default()).doubts, [Doubt::JobEndUnknown]);
            assert!(!is_green(&run, JobFacts::default()));
        }
        for end in [JobEnd::Failure, JobEnd::Cancelled, JobEnd::Skipped, JobEnd::Neutral, JobEnd::TimedOut] {
            assert_eq!(judged(&green(), ended(end)).doubts, [Doubt::JobDidNotPass(end)]);
            assert!(!is_green(&green(), ended(end)));
        }
        assert!(!is_green(&fixture::run(), ended(JobEnd::Success)));
        for workflow in [Workflow::Edited, Workflow::Unread] {
            assert!(!is_green(&green(), JobFacts { workflow, ..ended(JobEnd::Success) }));
        }
        assert!(is_green(&green(), JobFacts { workflow: Workflow::AsInBase, is_fork: true, ..ended(JobEnd::Success) }));
    }

    #[test]
    fn a_gate_is_asked_again_and_must_say_what_the_file_says() {
        let run = fixture::as_pull_request(fixture::run());
        let said = run.gate.as_ref().unwrap().exit();
        let found = judged(&run, ended(JobEnd::Failure));
        assert_eq!((found.run.exit(), found.doubts.as_slice()), (said, &[][..]));
        // The file says that it passed, and takes the reasons away.
        let mut document: serde_json::Value = serde_json::from_str(&result::write(&run).unwrap()).unwrap();
        document["gate"]["verdict"] = "green".into();
        document["gate"]["exit"] = serde_json::json!({"code": 0, "reason": "passed"});
        document["gate"]["reasons"] = serde_json::json!([]);
        document["exit"] = document["gate"]["exit"].clone();
        let found = judge(document.to_string().as_bytes(), ended(JobEnd::Success), run.finished_at).unwrap();
        assert_eq!(found.doubts, [Doubt::GateDoesNotFollow, Doubt::OnlyTheJobPassed(said)]);
        // Nobody says how the job ended: the outcomes make it red.
        let found = judge(document.to_string().as_bytes(), JobFacts::default(), run.finished_at).unwrap();
        assert_eq!((found.run.gate.is_none(), found.run.exit()), (true, Exit::Failed));
    }

    #[test]
    fn a_report_that_ends_otherwise_than_it_says_is_not_trusted() {
        for run in [green(), fixture::as_pull_request(green())] {
            let mut document: serde_json::Value = serde_json::from_str(&result::write(&run).unwrap()).unwrap();
            document["exit"] = serde_json::json!({"code": 1, "reason": "failed"});
            let found = judge(document.to_string().as_bytes(), ended(JobEnd::Success), run.finished_at).unwrap();
            assert_eq!(found.doubts.first(), Some(&Doubt::ExitDoesNotFollow));
        }
    }

    #[test]
    fn a_gate_that_judges_more_than_the_file_holds_is_refused() {
        let run = fixture::as_release(fixture::run());
        let error =
            judge(result::write(&run).unwrap().as_bytes(), ended(JobEnd::Success), run.finished_at).unwrap_err();
        assert_eq!((error.kind(), error.to_string().contains("`release`")), (FailureKind::Usage, true));
    }

    /// Green alone, it would stand for all of them.
    #[test]
    fn one_shard_is_not_published() {
        let mut run = green();
        let (shard, nothing) = (Shard::new(1, 2).unwrap(), Digest::of(b""));
        let judged_by = JudgedBy {
            head: None,
            configuration: nothing,
            base: None,
            suite: nothing,
            timings: None,
            options: String::new(),
        };
        run.part = Part::Shard(Box::new(ShardRun { shard, judged_by, ci_run: None }));
        let bytes = result::write(&run).unwrap();
        let error = judge(bytes.as_bytes(), ended(JobEnd::Success), run.finished_at).unwrap_err();
        assert!(matches!(error, JudgeError::OneShard(found) if found == shard), "{error}");
        assert_eq!(error.kind(), FailureKind::Usage);
    }

    #[test]
    fn a_fork_needs_full_isolation() {
        let mut run = green();
        run.replays[0].executor.as_mut().unwrap().isolation = Some(Isolation::Traced);
        let fork = JobFacts { is_fork: true, ..ended(JobEnd::Success) };
        assert_eq!(judged(&run, fork).doubts, [Doubt::BelowFull { weakest: Isolation::Traced, replays: 1 }]);
        assert_eq!(Plan::of(&Ok(judged(&run, fork)), &place()).exit(), Exit::Infrastructure);
        assert_eq!(judged(&run, ended(JobEnd::Success)).doubts, []);
        run.replays[0].executor.as_mut().unwrap().in_process = true;
        assert_eq!(judged(&run, fork).doubts, []);
    }

    #[test]
    fn a_result_that_cannot_be_read_is_red_and_never_empty() {
        for bytes in [&b""[..], b"{}", b"{\"schema\": \"stella.result/1\"}", b"\xff", b"[1]"] {
            let found = judge(bytes, ended(JobEnd::Success), Timestamp::UNIX_EPOCH).map_err(NoResult::from);
            assert_eq!(found.as_ref().unwrap_err().kind(), FailureKind::Infrastructure);
            let place = place();
            let plan = Plan::of(&found, &place);
            assert_eq!((plan.exit(), plan.status().0), (Exit::Infrastructure, State::Error));
            assert!(plan.comment(None).unwrap().contains("## stella: no result\n") && !plan.check().passed);
        }
        let missing = Err(NoResult::File(ReportFileError::NoResult));
        let place = place();
        let plan = Plan::of(&missing, &place);
        assert!(plan.status().1.starts_with("no result: there is no `result.json`"), "{:?}", plan.status());
    }

    #[test]
    fn a_thousand_failing_cases_keep_every_limit() {
        let mut run = fixture::as_pull_request(fixture::many(250));
        run.replays.iter_mut().for_each(|replay| replay.title = "@org/team <!-- `x` ".repeat(40));
        let (found, place) = (Ok(judged(&run, ended(JobEnd::Failure))), place());
        let plan = Plan::of(&found, &place);
        let comment = plan.comment(None).unwrap();
        assert!(comment.len() <= 65_000 && comment.len() > 20_000, "{}", comment.len());
        let check = plan.check();
        assert!(check.summary.len() <= 65_000 && check.annotations.len() > 500 && check.annotations.len() <= 1000);
        assert!(plan.status().1.chars().count() <= 140);
    }

    #[test]
    fn what_a_newer_run_wrote_of_this_commit_stays() {
        let (found, mut place) = (Ok(judged(&fixture::run(), ended(JobEnd::Failure))), place());
        let newer = {
            let mut later = place.clone();
            later.attempt = Some(Attempt { run: 5, attempt: 2 });
            Plan::of(&found, &later).comment(None).unwrap()
        };
        let own = Plan::of(&found, &place).comment(None).unwrap();
        assert!(!Plan::of(&found, &place).may_overwrite(&newer));
        assert!(Plan::of(&found, &place).may_overwrite(&own) && Plan::of(&found, &place).may_overwrite("anything"));
        place.commit = Commit::try_from("0123456789abcdef").ok();
        assert!(Plan::of(&found, &place).may_overwrite(&newer));
    }
}
