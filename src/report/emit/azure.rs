//! Issues of Azure Pipelines: logging commands, printed by a step.
//!
//! Not run on Azure: written by its documentation and by the escaping of `azure-pipelines-task-lib`.

use crate::report::emit::emitter::{Emitter, Media};
use crate::report::problem::{Heed, Problem, problems};
use crate::report::untrusted;

/// Issues of one kind; the summary of a run shows few.
const MOST: usize = 50;

const MAX_MESSAGE: usize = 4000;

pub(super) const EMITTER: Emitter = Emitter {
    name: "azure",
    about: "issues of Azure Pipelines, to be printed by a step",
    file: "azure.txt",
    media: Media::Commands,
    limit: 2_000_000,
    in_folder: false,
    emit: |report| Ok(commands(&problems(report.run)).into_bytes()),
};

fn commands(all: &[Problem]) -> String {
    let mut out = String::new();
    // There are errors and warnings; what is allowed is none.
    for (heed, kind) in [(Heed::Error, "error"), (Heed::Warning, "warning")] {
        let of_kind: Vec<&Problem> = all.iter().filter(|problem| problem.heed == heed).collect();
        let shown = if of_kind.len() > MOST { MOST - 1 } else { of_kind.len() };
        for problem in &of_kind[..shown] {
            let place = problem.place.as_ref();
            let place = place.map(|place| format!("sourcepath={};linenumber={};", property(&place.file), place.line));
            let code = problem.flips.first().map(|flip| flip.rule.code()).unwrap_or_default();
            let message = data(&format!("stella {}: {}", problem.name, problem.text().join("\n")));
            out += &format!("##vso[task.logissue type={kind};{}code={code};]{message}\n", place.unwrap_or_default());
        }
        if shown < of_kind.len() {
            let more = of_kind.len() - shown;
            out += &format!("##vso[task.logissue type={kind};]stella: {more} more like these: the report has them\n");
        }
    }
    out
}

fn data(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(untrusted::visible).collect();
    let text = lines.join("\n");
    let text = match text.char_indices().nth(MAX_MESSAGE) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    };
    text.replace('%', "%AZP25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    untrusted::visible(text).replace('%', "%AZP25").replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_issues_of_the_rich_run() {
        insta::assert_snapshot!(commands(&problems(&fixture::run())));
    }

    #[test]
    fn the_rest_is_counted() {
        let text = commands(&problems(&fixture::many(300)));
        assert_eq!(text.lines().count(), 50);
        assert!(text.lines().last().unwrap().ends_with(" more like these: the report has them"));
    }
}
