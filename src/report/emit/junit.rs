//! JUnit XML, for test viewers: [`crate::report::junit`].

use crate::report::emit::emitter::{Emitter, Media};
use crate::report::junit;

/// GitLab reads no file above 30 MB.
pub(super) const EMITTER: Emitter = Emitter {
    name: "junit",
    about: "JUnit XML, for test viewers",
    file: "junit.xml",
    media: Media::Junit,
    limit: 30_000_000,
    in_folder: true,
    emit: |report| Ok(junit::render(report.run)?),
};
