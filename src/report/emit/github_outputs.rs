//! Outputs of a step of GitHub Actions: what is appended to the file that `GITHUB_OUTPUT` names.
//!
//! Invariants: names and values are ours, and every value is a number: no text of a result can end a line and begin another
//! output. Absent: the verdict, which is the exit status of the step; whatever runs in the same job can write to that file.

use strum::VariantNames;

use crate::model::outcome::Outcome;
use crate::model::result::RunResult;
use crate::report::emit::emitter::{Emitter, Media};

pub(super) const EMITTER: Emitter = Emitter {
    name: "github-outputs",
    about: "outputs of a step of GitHub Actions: how many replays ended how",
    file: "github-outputs.txt",
    media: Media::Commands,
    limit: 1000,
    in_folder: false,
    emit: |report| Ok(outputs(report.run).into_bytes()),
};

/// One line for all replays, and one for each way in which they can end.
fn outputs(run: &RunResult) -> String {
    let count = |code: &str| run.replays.iter().filter(|replay| replay.outcome.code() == code).count();
    let mut out = format!("replays={}\n", run.replays.len());
    for code in Outcome::VARIANTS {
        out += &format!("{code}={}\n", count(code));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_replay_is_counted_once() {
        let run = fixture::many(3);
        let text = outputs(&run);
        let counts: Vec<usize> = text.lines().map(|line| line.split_once('=').unwrap().1.parse().unwrap()).collect();
        assert_eq!(counts[0], run.replays.len());
        assert_eq!(counts[1..].iter().sum::<usize>(), run.replays.len());
        assert!(counts[2] > 0, "{text}");
    }
}
