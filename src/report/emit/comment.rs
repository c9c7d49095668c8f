//! The comment on a pull request, one for each key: found again by its marker, quiet while green, and with what stood in the way
//! hidden in it, so that the next one can say what is new.
//!
//! A report that is not taken at its word, and one that cannot be read, say so in their first line.
//!
//! Absent: posting. Whoever looks for the marker must ask who wrote the comment, too: anybody can write a marker.

use crate::model::exit::Exit;
use crate::report::emit::emitter::{Emitter, Media};
use crate::report::markdown::{self, Lead, Md};
use crate::report::origin::{Commit, Key};
use crate::report::problem::problems;
use crate::report::publication::Publication;
use crate::report::standing::Standing;

/// GitHub refuses a body above 65,536 characters; which characters it counts is not written down, so these are bytes.
const LIMIT: usize = markdown::DEFAULT_BUDGET;

pub(super) const EMITTER: Emitter = Emitter {
    name: "comment",
    about: "the comment on a pull request, at most 65,000 bytes",
    file: "comment.md",
    media: Media::Markdown,
    limit: LIMIT,
    in_folder: false,
    emit: |report| Ok(body(report).into_bytes()),
};

/// The first line of every comment with this key.
pub fn marker(key: &Key) -> String {
    format!("<!-- stella:comment:{} -->", key.as_str())
}

/// Whether there is anything to say: nothing is, of a run that passed, where nothing was said before.
pub fn is_due(report: &Publication<'_>) -> bool {
    report.before.is_some() || report.exit() != Exit::Passed
}

/// The body of the comment.
pub fn body(report: &Publication<'_>) -> String {
    let now = Standing::of(&problems(report.run), report.commit.clone());
    // A run that is made again of the same commit comes after no push.
    let is_again =
        |before: &&Standing| before.commit().is_some_and(|of| Some(of.short()) == now.commit().map(Commit::short));
    let since = report.before.as_ref().filter(|before| !is_again(before)).and_then(|before| before.since(&now));
    let since = since.map(|since| format!("Since your last push: {}.", since.words()));
    let (begin, end) = frame(report, &now);
    let lead = Lead { doubts: doubts(report), sentence: since };
    let page = markdown::render_with(report.run, LIMIT - begin.len() - end.len(), &lead);
    format!("{begin}{page}{end}")
}

/// The body of the comment where there is no result that can be read: it is red, and says why. `report` tells where it comes from; its
/// run is not looked at.
pub fn body_without_result(report: &Publication<'_>, why: &str) -> String {
    let (begin, end) = frame(report, &Standing::of(&[], report.commit.clone()));
    let mut page = Md::new();
    page.raw("## stella: no result\n\nThe gate left no result that can be read, so nothing is known: ").text(why);
    page.raw(".\n\nThe log of its job says more.\n");
    format!("{begin}{}{end}", page.into_string())
}

/// The same where GitLab shows it: a line that begins with a slash would be an order there (`/merge`, `/assign`), given by whoever the
/// token belongs to. A bar before it makes it a line like any other; such lines are foreign, and stand in fences alone.
pub fn for_gitlab(body: &str) -> String {
    let lines = body.split_inclusive('\n');
    lines.map(|line| if line.trim_start().starts_with('/') { format!("| {line}") } else { line.to_owned() }).collect()
}

/// What stands before and behind the page.
fn frame(report: &Publication<'_>, now: &Standing) -> (String, String) {
    let attempt = report.attempt.map(|attempt| attempt.hidden() + "\n").unwrap_or_default();
    (marker(&report.key) + "\n", format!("{}\n{attempt}{}\n", origin(report), now.hidden()))
}

fn doubts(report: &Publication<'_>) -> Vec<String> {
    report.doubts.iter().map(|doubt| doubt.words()).collect()
}

/// The result as a page of its own, in at most `limit` bytes, with its origin at the end.
pub fn summary(report: &Publication<'_>, limit: usize) -> String {
    let end = origin(report);
    let lead = Lead { doubts: doubts(report), sentence: None };
    markdown::render_with(report.run, limit - end.len(), &lead) + &end
}

/// Which commit was judged, and where everything can be had; nothing where neither is known.
fn origin(report: &Publication<'_>) -> String {
    let commit = report.commit.as_ref().map(|commit| format!("commit `{}`", commit.short()));
    let link = report.link.as_ref().map(|link| format!("[the whole report]({})", link.as_str()));
    let parts: Vec<String> = commit.into_iter().chain(link).collect();
    if parts.is_empty() { String::new() } else { format!("\n{}\n", parts.join(" · ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::job_end::JobEnd;
    use crate::model::result::RunResult;
    use crate::report::attempt::Attempt;
    use crate::report::doubt::Doubt;
    use crate::report::fixture;
    use crate::report::origin::Link;

    #[test]
    fn no_line_of_a_note_is_an_order() {
        let body = "<!-- stella:comment:x -->\n```text\n/merge\n  /close\nsee /usr\n```\n\u{a0}/approve\n";
        let note = for_gitlab(body);
        assert!(note.lines().all(|line| !line.trim_start().starts_with('/')), "{note}");
        assert!(note.starts_with("<!-- stella:comment:x -->\n```text\n| /merge\n|   /close\nsee /usr\n"), "{note}");
    }

    #[test]
    fn a_comment_says_what_is_new_since_the_last_one() {
        let run = fixture::run();
        let mut report = Publication::of(&run, run.finished_at);
        report.key = Key::try_from("linux").unwrap();
        report.commit = Commit::try_from("c0ffee0123456789").ok();
        report.link = Link::try_from("https://ci.example/run/1").ok();
        let first = body(&report);
        assert!(first.starts_with("<!-- stella:comment:linux -->\n## stella: failed\n"), "{first}");
        assert!(first.contains("commit `c0ffee012345` · [the whole report](https://ci.example/run/1)"));
        assert!(!first.contains("Since your last push"));

        let mut fixed = run.clone();
        fixed.replays.retain(|replay| replay.id != "SCN-0001");
        let mut second = Publication::of(&fixed, run.finished_at);
        second.before = Standing::read(&first);
        assert!(body(&second).contains("\nSince your last push: 1 fixed, 0 new, 3 as before.\n"), "{}", body(&second));
    }

    #[test]
    fn nothing_is_said_of_what_was_and_is_green() {
        let run = fixture::run();
        let passed: Vec<_> = run.replays.iter().filter(|r| crate::report::phrases::is_match(r)).cloned().collect();
        let green = RunResult::new("1".into(), run.started_at, run.finished_at, passed, vec![]);
        let of = |run, before: Option<&Standing>, doubts: &[Doubt]| {
            let mut report = Publication::of(run, run.finished_at);
            (report.before, report.doubts) = (before.cloned(), doubts.to_vec());
            is_due(&report)
        };
        assert!(!of(&green, None, &[]) && of(&green, Some(&Standing::default()), &[]) && of(&run, None, &[]));
        assert!(of(&green, None, &[Doubt::WorkflowEdited]));
    }

    #[test]
    fn what_is_not_trusted_says_so_first_and_is_never_green() {
        let run = fixture::run();
        let passed: Vec<_> = run.replays.iter().filter(|r| crate::report::phrases::is_match(r)).cloned().collect();
        let green = RunResult::new("1".into(), run.started_at, run.finished_at, passed, vec![]);
        let mut report = Publication::of(&green, run.finished_at);
        assert_eq!(report.exit(), Exit::Passed);
        report.doubts = vec![Doubt::WorkflowEdited, Doubt::JobDidNotPass(JobEnd::Failure)];
        let text = body(&report);
        let page = text.split_once('\n').unwrap().1;
        assert!(page.starts_with("## stella: not trusted\n\n**not trusted: the workflow was edited"), "{page}");
        assert!(
            page.contains("ended with &#96;failure&#96;**") && page.contains("What the report says: passed"),
            "{page}"
        );
        assert_eq!(report.exit(), Exit::Failed);
        assert!(summary(&report, 60_000).starts_with("## stella: not trusted\n"));
    }

    #[test]
    fn a_result_that_cannot_be_read_is_red_and_names_why() {
        let run = fixture::run();
        let mut report = Publication::of(&run, run.finished_at);
        report.attempt = Some(Attempt { run: 7, attempt: 1 });
        let text = body_without_result(&report, "`a` <!-- @org/team");
        assert!(text.starts_with("<!-- stella:comment:stella -->\n## stella: no result\n"), "{text}");
        assert!(
            !text[1..].replacen("<!-- stella:attempt", "", 1).replacen("<!-- stella:standing", "", 1).contains("<!--")
        );
        assert_eq!(Attempt::read(&text), report.attempt);
        assert_eq!(Standing::read(&text), Some(Standing::default()));
        assert_eq!(Attempt::read(&body(&report)), report.attempt);
        assert!(Standing::read(&body(&report)).is_some());
    }
}
