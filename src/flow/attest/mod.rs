//! Attesting: the result of a run becomes statements about the files that were replayed.
//!
//! - [`checksums`]: a file of checksums → the files that it names
//! - [`predicate`]: a run that the gate of a release has judged → the predicate alone, for another signer
//! - [`statements`]: a result, the rules of a gate and files → what may be said of each file
//! - [`network`]: that way, where this program has one
//! - [`web`]: the way to services that sign for somebody
//! - [`stamp`]: a signature → a timestamp of an authority
//! - [`keyless`]: a token of an identity provider → a key with a certificate
//! - [`sign`]: statements → envelopes, by a key or by certificates
//! - [`direct`]: a statement or a file → a bundle, at once
//! - [`queue`]: signed statements → requests on disk
//! - [`submit`]: requests, and the way to a log → bundles
//! - [`log`]: the same, of the log at a URL
//! - [`expected`]: a payload that is signed → what it says, where it is what was expected
//! - [`verify`]: a bundle or an envelope, whom to trust, and a file → what is said of it
//!
//! Invariants: the result is read as a stranger's and judged again; nothing is said of files unless one of them is the candidate that
//! ran; nothing is sent that is not on disk. Absent: where keys are.

pub mod checksums;
pub mod direct;
pub mod expected;
pub mod keyless;
pub mod log;
#[cfg(feature = "registry")]
mod log_over_http;
pub mod network;
pub mod predicate;
pub mod queue;
pub mod sign;
pub mod stamp;
pub mod statements;
pub mod submit;
pub mod verify;
pub mod web;
#[cfg(feature = "registry")]
mod web_over_http;
