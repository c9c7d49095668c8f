//! Signatures by a certificate that was given out for one of them, as Sigstore does it for who signs without a key of his own.
//!
//! What is X.509, Certificate Transparency (RFC 6962 §3.2) and timestamps (RFC 3161) is verified by `sigstore-verify`, with cryptography of
//! ours (`provider`); [`identity`] is who may have signed. Invariants: a [`certified::Certified`] exists only where an authority of the trusted root has
//! given the certificate out, a log of certificates that is trusted has it, and every time that is shown (by the log, by a timestamp) lies in
//! its validity; the clock of this machine is asked for nothing but times to come. Absent: the log entries and the signature, which are
//! verified like those of a key.

pub mod certificate;
pub mod certified;
pub mod identity;
mod provider;
pub mod timestamp;
