//! Rekor, the log of Sigstore: what is sent to it, and what its answers mean.
//!
//! No I/O: who calls brings the way to the log ([`transport::Transport`]). [`first`] and [`second`] are its two generations, each a
//! [`dialect::Dialect`]; [`submit`] is the same for both.

pub mod dialect;
pub mod first;
pub mod generation;
pub mod request;
pub mod second;
pub mod submit;
pub mod tiles;
pub mod transport;

#[cfg(test)]
pub(crate) mod made_up;
