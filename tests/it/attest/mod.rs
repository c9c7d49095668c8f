//! Attestations through the program.

mod certificate;
mod key;
#[cfg(feature = "registry")]
mod made_up_rekor;
mod statements;
#[cfg(feature = "registry")]
mod submit;
