//! Git: what a repository holds at a commit, read from its objects by the `git` command.
//!
//! Invariants: nothing that the repository or its user configures is run: no hook, filter, file-system monitor, external diff or
//! transport; every variable of git's environment is ours; what replaces or grafts objects is not looked at; a name of an object
//! is a digest, never a word that git would interpret. Absent: writing anything into the repository, its index, the files of
//! the checkout.

pub mod attributes;
pub mod changed;
pub mod error;
pub mod ignored;
pub mod lfs;
pub mod object_id;
pub mod objects;
pub mod remotes;
pub mod repository;
pub mod tree;
