//! Annotations of GitHub Actions: workflow commands, printed by a step.
//!
//! GitHub shows 10 errors, 10 warnings and 10 notices of a step and drops the rest without a word; a message is cut at 4,096
//! characters. So the most important come first, and the last of each kind counts the rest.

use crate::report::annotation::{cut, plain};
use crate::report::emit::emitter::{Emitter, Media};
use crate::report::problem::{Heed, Problem, problems};
use crate::report::untrusted;

/// Annotations of one kind in one step.
const MOST: usize = 10;

/// Below 4,096, in units of UTF-16: of what lies beyond the basic plane nothing is left.
const MAX_MESSAGE: usize = 4000;

/// The API takes 255 characters for a title.
const MAX_TITLE: usize = 200;

pub(super) const EMITTER: Emitter = Emitter {
    name: "github-annotations",
    about: "annotations of GitHub Actions, to be printed by a step",
    file: "github-annotations.txt",
    media: Media::Commands,
    limit: 1_000_000,
    in_folder: false,
    emit: |report| Ok(commands(&problems(report.run)).into_bytes()),
};

fn commands(all: &[Problem]) -> String {
    let mut out = String::new();
    for (heed, command) in [(Heed::Error, "error"), (Heed::Warning, "warning"), (Heed::Notice, "notice")] {
        let of_kind: Vec<&Problem> = all.iter().filter(|problem| problem.heed == heed).collect();
        let shown = if of_kind.len() > MOST { MOST - 1 } else { of_kind.len() };
        for problem in &of_kind[..shown] {
            let place = problem.place.as_ref();
            let place = place.map(|place| format!("file={},line={},", property(&place.file, 4096), place.line));
            let title = property(&format!("stella {}", problem.name), MAX_TITLE);
            let message = data(&problem.text().join("\n"), MAX_MESSAGE);
            out += &format!("::{command} {}title={title}::{message}\n", place.unwrap_or_default());
        }
        if shown < of_kind.len() {
            let more = of_kind.len() - shown;
            out += &format!(
                "::{command} title=stella::{more} more like these: the job summary and the report have them\n"
            );
        }
    }
    out
}

/// A message: line breaks are kept, and nothing else acts.
fn data(text: &str, max: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| plain(&untrusted::log_line(line))).collect();
    let text = cut(&lines.join("\n"), max);
    text.replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str, max: usize) -> String {
    cut(&plain(&untrusted::visible(text)), max).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_annotations_of_the_rich_run() {
        insta::assert_snapshot!(commands(&problems(&fixture::run())));
    }

    #[test]
    fn the_first_are_shown_and_the_rest_is_counted() {
        let all = problems(&fixture::many(300));
        let text = commands(&all);
        assert_eq!(text.lines().count(), 10);
        let last = text.lines().last().unwrap();
        assert_eq!(
            last,
            format!(
                "::error title=stella::{} more like these: the job summary and the report have them",
                all.len() - 9
            )
        );
        assert!(text.lines().next().unwrap().contains("CVE-2021-44228"));
    }
}
