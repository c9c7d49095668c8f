//! Attestations: signed statements about what was replayed, which anyone can check without asking us.
//!
//! `key` holds private and public keys and the signature schemes; `dsse` is the envelope that is signed; `log` is what a transparency log
//! shows of a signature, `trusted_root` which logs are trusted, `bundle` all of it in one file; `x509` is who signs by a certificate; `rekor` is what is said with a log;
//! `signing_config` is where to sign.
//!
//! Invariants: what is signed is DSSE's pre-authentication encoding, or a file; a verified value exists only on success; secrets are wiped
//! when they are dropped and stand in no message. Absent: the network, and what a verdict is.

pub mod base64;
pub mod bundle;
pub mod dsse;
pub mod key;
pub mod log;
pub mod rekor;
pub mod signing_config;
#[cfg(test)]
pub(crate) mod tampering;
pub mod trusted_root;
pub mod x509;
