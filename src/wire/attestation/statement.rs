//! An in-toto statement, version 1: what is said, and of which files.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::digest::Digest;

/// The type of a statement, as it is written in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum StatementType {
    /// Version 1.
    #[serde(rename = "https://in-toto.io/Statement/v1")]
    V1,
}

/// What is said of some files.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Statement<P> {
    /// `https://in-toto.io/Statement/v1`
    #[serde(rename = "_type")]
    pub statement_type: StatementType,
    /// The files, each by its digest. A name is a remark.
    pub subject: Vec<ResourceDescriptor>,
    /// What kind of thing is said.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// A thing by its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ResourceDescriptor {
    /// Its name, for people.
    pub name: String,
    /// Its digests.
    pub digest: DigestSet,
}

/// The digests of a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestSet {
    /// SHA-256, in 64 lower-case hex digits.
    pub sha256: String,
}

impl ResourceDescriptor {
    /// A thing of that name with that digest.
    pub fn new(name: impl Into<String>, digest: Digest) -> Self {
        Self { name: name.into(), digest: DigestSet { sha256: digest.hex() } }
    }
}

impl<P> Statement<P> {
    /// `predicate` of these files.
    pub fn new(subject: Vec<ResourceDescriptor>, predicate_type: &str, predicate: P) -> Self {
        Self { statement_type: StatementType::V1, subject, predicate_type: predicate_type.to_owned(), predicate }
    }
}
