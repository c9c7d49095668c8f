//! Attesting: the result of a run becomes statements about the files that were replayed.
//!
//! - [`checksums`]: a file of checksums → the files that it names
//! - [`verify`]: a signed statement, trusted keys and a file → what is said of it
//! - [`statements`]: a result, the rules of a gate and files → what may be said of each file
//!
//! Invariants: the result is read as a stranger's and judged again; nothing is said of files unless one of them is the candidate that
//! ran. Absent: where keys and signed statements are.

pub mod checksums;
pub mod statements;
pub mod verify;
