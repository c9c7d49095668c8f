//! The job summary of GitHub Actions: what is appended to the file that `GITHUB_STEP_SUMMARY` names.
//!
//! GitHub drops a summary above 1 MiB as a whole, and has dropped one of exactly that size.

use crate::report::emit::comment;
use crate::report::emit::emitter::{Emitter, Media};

const LIMIT: usize = 999_999;

pub(super) const EMITTER: Emitter = Emitter {
    name: "job-summary",
    about: "the job summary of GitHub Actions, less than 1,000,000 bytes",
    file: "job-summary.md",
    media: Media::Markdown,
    limit: LIMIT,
    in_folder: false,
    emit: |report| Ok(comment::summary(report, LIMIT).into_bytes()),
};
