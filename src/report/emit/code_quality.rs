//! GitLab's code quality report: what flipped, beside the lines of a merge request.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>: a path without `./`, and a fingerprint that is
//! unique in the report and does not depend on the line.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::finding::Severity;
use crate::report::emit::emitter::{Emitter, Media};
use crate::report::problem::{Heed, Problem, problems};
use crate::report::untrusted;

/// Entries; a merge request shows fewer.
const MOST: usize = 5000;

pub(super) const EMITTER: Emitter = Emitter {
    name: "code-quality",
    about: "a code quality report of GitLab",
    file: "codequality.json",
    media: Media::Json,
    limit: 16_000_000,
    in_folder: true,
    emit: |report| {
        let mut bytes = serde_json::to_vec_pretty(&entries(&problems(report.run)))?;
        bytes.push(b'\n');
        Ok(bytes)
    },
};

#[derive(Debug, Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

fn entries(all: &[Problem]) -> Vec<Entry> {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for problem in all {
        // Without a place there is no line to stand beside.
        let Some(place) = &problem.place else { continue };
        for flip in &problem.flips {
            if !seen.insert(flip.fingerprint) || entries.len() == MOST {
                continue;
            }
            entries.push(Entry {
                description: untrusted::unmentioned(&format!("{}: {}", problem.name, flip.line())),
                check_name: flip.rule.code(),
                fingerprint: flip.fingerprint.hex(),
                severity: severity(problem.heed, flip.severity),
                location: Location { path: place.file.clone(), lines: Lines { begin: place.line } },
            });
        }
    }
    entries
}

fn severity(heed: Heed, of: Severity) -> &'static str {
    match (heed, of) {
        (Heed::Notice, _) => "info",
        (Heed::Warning, _) => "minor",
        (Heed::Error, Severity::Critical) => "critical",
        (Heed::Error, _) => "major",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_entries_of_the_rich_run() {
        insta::assert_json_snapshot!(entries(&problems(&fixture::run())));
    }
}
