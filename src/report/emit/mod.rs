//! Every form in which a report leaves the program, one file each, in one list.
//!
//! Whoever adds one writes a file with an `EMITTER`, names it in [`EMITTERS`] and says in `hostile` how its output is seen to be
//! inert; a test fails until all three are there.
//!
//! Invariants: the output depends on the [`Publication`] alone; it is at most `limit` bytes; no text of the result acts in it.
//! Absent: where it goes. `stella report` writes it to a file, and whoever publishes hands it on.

mod azure;
mod badge_json;
mod badge_svg;
mod buildkite;
mod code_quality;
pub mod comment;
pub mod emitter;
mod github_annotations;
mod github_outputs;
#[cfg(test)]
mod hostile;
mod html;
mod job_summary;
mod junit;
mod markdown;
mod sarif;

use crate::report::emit::emitter::Emitter;

/// Every emitter, in the order in which they are offered.
pub const EMITTERS: [&Emitter; 13] = [
    &html::EMITTER,
    &markdown::EMITTER,
    &junit::EMITTER,
    &sarif::EMITTER,
    &code_quality::EMITTER,
    &job_summary::EMITTER,
    &comment::EMITTER,
    &github_annotations::EMITTER,
    &github_outputs::EMITTER,
    &azure::EMITTER,
    &buildkite::EMITTER,
    &badge_svg::EMITTER,
    &badge_json::EMITTER,
];

/// The emitter of that name.
pub fn named(name: &str) -> Option<&'static Emitter> {
    EMITTERS.into_iter().find(|emitter| emitter.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::report_files;

    #[test]
    fn no_replay_can_be_called_like_a_file_of_its_report() {
        let files = EMITTERS.iter().filter(|emitter| emitter.in_folder).map(|emitter| emitter.file);
        let files: BTreeSet<&str> = files.chain(["result.json", "reproduce"]).collect();
        assert_eq!(files, report_files::ALL.into());
    }
}
