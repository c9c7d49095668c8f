//! Every versioned document that this program writes, and of those the ones that it reads back: results, the history, and
//! what commands print as JSON.
//!
//! Invariants: no type of the model stands in a document, so that the model may change and a document does not; the version is
//! a part of the path (`v1`). A digest and an instant are their own text and stand as they are. `docs/result.md` and
//! `docs/json-output.md` explain the documents to who reads them.
//!
//! Absent: the manifest, whose type in `model::manifest::v1` *is* its format; what artifacts hold (`format`); what people
//! write (`config`); the ledger (`sandbox::ledger`). No type of the model stands in those either, but for the manifest. `flow::schema`
//! lists the schemas of all of them.

pub mod attestation;
mod document;
pub mod schema;
mod schema_name;
pub mod v1;
