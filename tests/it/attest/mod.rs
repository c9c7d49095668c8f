//! Attestations through the program.

mod certificate;
#[cfg(feature = "registry")]
mod direct;
mod key;
#[cfg(feature = "registry")]
mod keyless;
#[cfg(feature = "registry")]
mod made_up_authority;
#[cfg(feature = "registry")]
pub mod made_up_rekor;
#[cfg(feature = "registry")]
mod made_up_tiles;
pub mod statements;
#[cfg(feature = "registry")]
mod submit;
