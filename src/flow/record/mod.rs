//! A scan to a manifest, and a manifest back to a scan.
//!
//! Invariants: every blob that a manifest names is stored before the manifest exists; a manifest that contradicts itself or
//! what it names is refused with the field.

pub mod closure;
pub mod contradictions;
pub mod golden;
mod missed;
pub mod recording;
pub mod request;
pub mod restore;
