//! The past of a base: what stood at its commits, seen from what stands now.
//!
//! - [`reader`]: commits, folders and files of the past, each read once
//! - [`view`](mod@view): what one commit has of what is asked for
//! - [`states`]: whether what a change leads to stood there

pub mod reader;
pub mod states;
pub mod view;
