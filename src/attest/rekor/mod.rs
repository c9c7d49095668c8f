//! Rekor, the log of Sigstore: what is sent to it, and what its answers mean.
//!
//! No I/O: who calls brings the way to the log ([`transport::Transport`]). Absent so far: the second generation.

pub mod first;
pub mod request;
pub mod submit;
pub mod transport;
