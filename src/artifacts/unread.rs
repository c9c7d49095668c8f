//! What of an artifact could not be read, and counts in its bytes alone.

use std::collections::BTreeSet;

use crate::artifacts::read_artifact::ReadArtifact;
use crate::job::artifact::without_mark;
use crate::model::artifact::ArtifactFormat;
use crate::model::error_chain::causes;

/// What could not be read of an artifact, on which side and why; and what was read and is not a part of it.
pub fn unread(name: &str, before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let marked = |read: &&ReadArtifact<'_>| {
        read.artifact.format != ArtifactFormat::Bytes && without_mark(&read.artifact.bytes) != &*read.artifact.bytes
    };
    let mark = before.into_iter().chain(after).find(marked).map(|_| {
        format!("`{name}` begins with a byte order mark, which is not a part of the document (RFC 8259 §8.1)")
    });
    mark.into_iter().chain(sides_unread(name, before, after)).collect()
}

fn sides_unread(name: &str, before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let said =
        |read: Option<&ReadArtifact<'_>>| read.and_then(|read| read.unread.as_ref()).map(|unread| causes(unread));
    match (said(before), said(after)) {
        (Some(before), Some(after)) if before == after => vec![format!("`{name}`: {before}")],
        (before, after) => {
            let sides = [("as expected", before), ("as it came out", after)];
            sides.into_iter().filter_map(|(side, said)| Some(format!("`{name}` {side}: {}", said?))).collect()
        }
    }
}

/// The parts of an artifact that count in its bytes alone.
pub fn not_compared(before: Option<&ReadArtifact<'_>>, after: Option<&ReadArtifact<'_>>) -> Vec<String> {
    let sides = || before.into_iter().chain(after);
    if sides().any(|read| read.unread.is_some()) || sides().all(ReadArtifact::is_opaque) {
        return vec!["what it means".to_owned()];
    }
    let parts: BTreeSet<&String> = sides().flat_map(|read| &read.document.not_compared).collect();
    parts.into_iter().cloned().collect()
}
