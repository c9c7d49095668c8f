//! An empty list does not tell which tool wrote it: it is read as that which the other side is of.

use crate::artifacts::read_artifact::ReadArtifact;
use crate::format;
use crate::model::artifact::{ArtifactFormat, ProfileName};

/// Reads an empty list of one side as a report of the tool of the other.
pub fn as_one_tool(before: Option<&mut ReadArtifact<'_>>, after: Option<&mut ReadArtifact<'_>>) {
    let (Some(before), Some(after)) = (before, after) else { return };
    if let Some(tool) = tool(before) {
        read_as(&tool, after);
    } else if let Some(tool) = tool(after) {
        read_as(&tool, before);
    }
}

/// The tool whose report an artifact was read as.
fn tool(read: &ReadArtifact<'_>) -> Option<ProfileName> {
    read.artifact.profile.clone().filter(|_| !read.is_opaque())
}

/// Reads an empty list as a report of `tool`.
fn read_as(tool: &ProfileName, read: &mut ReadArtifact<'_>) {
    let is_empty =
        read.artifact.format == ArtifactFormat::Json && matches!(&*read.canonical.bytes, b"[]" | b"null" | b"{}");
    if read.is_opaque()
        && is_empty
        && let Ok(document) = format::read_report(tool, &read.canonical.bytes)
    {
        read.document = document.into();
    }
}
