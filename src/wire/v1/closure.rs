//! What `stella closure` prints as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::digest::Digest;
use crate::wire::schema_name::schema_name;

schema_name!(ClosureSchema = "stella.closure-info/1");
schema_name!(ClosureDiffSchema = "stella.closure-diff/1");

/// `stella closure show`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosureV1 {
    /// `stella.closure-info/1`
    pub schema: ClosureSchema,
    /// SHA-256 of its listing: its identity.
    pub digest: Digest,
    /// The program that was run, or the folder that holds it.
    pub program: String,
    /// What lies outside the system's folders.
    pub scanner: ClosurePartV1,
    /// The system that it ran on.
    pub runtime: ClosurePartV1,
}

/// How much a part of a closure holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosurePartV1 {
    /// Files with their content.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files of which the content is not known.
    pub without_content: u64,
    /// Folders.
    pub folders: u64,
    /// Symbolic links.
    pub links: u64,
}

/// `stella closure diff`
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosureDiffV1 {
    /// `stella.closure-diff/1`
    pub schema: ClosureDiffSchema,
    /// SHA-256 of one listing.
    pub one: Digest,
    /// SHA-256 of the other.
    pub other: Digest,
    /// Whether they are the same.
    pub same: bool,
    /// Everything in which they differ, by path.
    pub changes: Vec<ClosureFileChangeV1>,
}

/// A path in which two closures differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClosureFileChangeV1 {
    /// The path; what is not text in it is escaped as `%` and two hexadecimal digits.
    pub path: String,
    /// `scanner` or `runtime`.
    pub part: String,
    /// The package of which it is, with its version where that is known; null for what is of none.
    pub package: Option<String>,
    /// `removed`, `added`, `content`, `attributes`, or `unknown` where the content of one of them is not known.
    pub change: String,
}
