//! Markdown, for whoever shows it: [`crate::report::markdown`].

use crate::report::emit::emitter::{Emitter, Media};
use crate::report::markdown;

pub(super) const EMITTER: Emitter = Emitter {
    name: "markdown",
    about: "a summary in Markdown, at most 65,000 bytes",
    file: "summary.md",
    media: Media::Markdown,
    limit: markdown::DEFAULT_BUDGET,
    in_folder: true,
    emit: |report| Ok(markdown::render(report.run, markdown::DEFAULT_BUDGET).into_bytes()),
};
