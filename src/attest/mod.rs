//! Attestations: signed statements about what was replayed, which anyone can check without asking us.
//!
//! `key` holds private and public keys and the signature schemes; `dsse` is the envelope that is signed.
//!
//! Invariants: a signature is made and checked over the bytes of DSSE's pre-authentication encoding and over nothing else; a
//! verified value exists only on success; secrets are wiped when they are dropped and stand in no message. Absent: the network,
//! and what a verdict is.

pub mod base64;
pub mod dsse;
pub mod key;
