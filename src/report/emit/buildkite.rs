//! An annotation of Buildkite: what `buildkite-agent annotate` reads from its standard input, at most 1 MiB.

use crate::report::emit::comment;
use crate::report::emit::emitter::{Emitter, Media};

/// Less than 1 MiB, as of a job summary: what is counted, and how, is not written down.
const LIMIT: usize = 1_000_000;

pub(super) const EMITTER: Emitter = Emitter {
    name: "buildkite",
    about: "an annotation of Buildkite, for `buildkite-agent annotate`",
    file: "buildkite.md",
    media: Media::Markdown,
    limit: LIMIT,
    in_folder: false,
    emit: |report| Ok(comment::summary(report, LIMIT).into_bytes()),
};
