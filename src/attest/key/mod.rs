//! Keys: private ones in the forms in which people keep them, public ones, and the schemes that they sign by.
//!
//! A scheme is a file with its line in `schemes`; nothing else names one. Invariants: a private key is wiped when it is dropped,
//! and shows its public half alone where it is printed; a key that contradicts itself is refused; what a file costs to open is
//! bounded. Absent: where a key comes from, which is `host::secret`.

mod cosign;
mod ecdsa_p256;
mod ed25519;
pub mod error;
pub(in crate::attest) mod pem;
pub mod private;
pub mod public;
pub mod scheme;
mod schemes;
mod secretbox;

#[cfg(test)]
mod files;
#[cfg(test)]
mod wycheproof;
