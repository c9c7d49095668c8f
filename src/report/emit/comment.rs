//! The comment on a pull request, one for each key: found again by its marker, quiet while green, and with what stood in the way
//! hidden in it, so that the next one can say what is new.
//!
//! Absent: posting. Whoever looks for the marker must ask who wrote the comment, too: anybody can write a marker.

use crate::model::exit::Exit;
use crate::model::result::RunResult;
use crate::report::emit::emitter::{Emitter, Media};
use crate::report::markdown;
use crate::report::origin::Key;
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
pub fn is_due(run: &RunResult, before: Option<&Standing>) -> bool {
    before.is_some() || run.exit() != Exit::Passed
}

/// The body of the comment.
pub fn body(report: &Publication<'_>) -> String {
    let now = Standing::of(&problems(report.run), report.commit.clone());
    let since = report.before.as_ref().and_then(|before| before.since(&now));
    let since = since.map(|since| format!("Since your last push: {}.", since.words()));
    let marker = marker(&report.key);
    let end = format!("{}\n{}\n", origin(report), now.hidden());
    let page = markdown::render_with(report.run, LIMIT - marker.len() - end.len() - 1, since.as_deref());
    format!("{marker}\n{page}{end}")
}

/// The result as a page of its own, in at most `limit` bytes, with its origin at the end.
pub(super) fn summary(report: &Publication<'_>, limit: usize) -> String {
    let end = origin(report);
    markdown::render(report.run, limit - end.len()) + &end
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
    use crate::report::fixture;
    use crate::report::origin::{Commit, Link};

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
        assert!(!is_due(&green, None) && is_due(&green, Some(&Standing::default())) && is_due(&run, None));
    }
}
