//! The only door to files.
//!
//! Invariants: reads are bounded; writes are whole or absent, also after a crash, and what is appended
//! is whole lines; listings are sorted by the bytes of
//! their names; no walk follows a symbolic link; every error names its path and what was being done.

mod append;
mod error;
mod planted;
mod read;
mod walk;
mod write;

pub use append::append_lines;
pub use error::{Access, FsError, Planted};
pub use planted::{Writing, check as check_output, leads_out};
pub use read::{
    absolute, digest, is_missing, open, read, read_begin, read_if_present, read_inside, read_opened, read_text,
};
pub use walk::{Item, Kind, is_dir, list, walk, walk_kept};
pub use write::{
    Sealed, Staged, StagedDir, TEMP_PREFIX, check_output_dir, ensure_dir, is_executable, is_same, make_executable,
    remove_dir_if_present, remove_file_if_present, rename_all, sweep, write_atomic, write_new_secret, write_output,
};
