//! Profiles made and tried: what a profile hides that it must not, and a profile from examples.
//!
//! - [`mutation`]: a document is changed to see whether a profile, or a comparison of meanings, sees it
//! - [`members`]: what each member of a format is to a comparison of meanings
//! - [`learn`]: what differs between runs of one scan, and which of it is noise
//!
//! Invariants: no I/O and no chance: the same documents and profile give the same answer. Nothing of this is needed to
//! canonicalise; it stands above [`crate::canonical`] and uses what that offers.
//! Absent: running a scanner again, which gives the examples (see [`crate::flow`]); what a document means (see
//! [`crate::format`]): whoever tries it says how it is read.

pub mod learn;
pub mod members;
pub mod mutation;
