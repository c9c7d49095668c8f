//! One page that needs nothing else: [`crate::report::html`].

use crate::report::emit::emitter::{Emitter, Media};
use crate::report::html;

pub(super) const EMITTER: Emitter = Emitter {
    name: "html",
    about: "one self-contained page, for people",
    file: "report.html",
    media: Media::Html,
    limit: html::BUDGET,
    in_folder: true,
    emit: |report| Ok(html::render(report, html::BUDGET)?.into_bytes()),
};
