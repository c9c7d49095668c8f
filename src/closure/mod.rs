//! Closures: what one run of a scanner read, listed and looked at, kept so that it runs again where nothing of it is installed.
//!
//! ```text
//! look-ups of a run ─▶ walk (what stands there) ─▶ capture (contents into the store) ─▶ listing, one blob
//! listing ─▶ unpack: a folder by its digest, shared and read-only ─▶ the root of a sandbox
//! ```
//!
//! Invariants: the identity of a closure is the digest of its [`listing`](listing::Listing), which has one form alone; a file of which
//! only the name, size, mode and time were looked at is kept without its content, and whoever opens it again is told, never given
//! an empty file; what every sandbox has for itself is never part of one; nothing is written outside the folder of an unpacked
//! closure, which appears only when it is whole.
//!
//! Absent: what a closure means to a scan; how its files are shown to a program (`sandbox`).

pub mod capture;
pub mod difference;
pub mod entry;
pub mod error;
pub mod listing;
pub mod packages;
mod private;
mod reserved;
mod started;
pub mod unpack;
pub mod unpacked;
mod view;
mod walk;
mod wire;
