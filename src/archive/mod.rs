//! Deterministic archives (`tar.zst`): the same tree gives the same bytes, on every machine and in every year.
//!
//! What is kept of a tree: relative UTF-8 paths, directories (empty ones too), contents of regular files, their owner's
//! exec bit, and symbolic links that stay inside. What is not kept has one fixed value: times and owners 0, no owner
//! names, modes 0644 and 0755. Entries stand sorted by the bytes of their paths, and every directory on the way to an
//! entry has an entry of its own.
//!
//! Two digests: the one of the *archive* names the file; the *content digest*, the SHA-256 of the uncompressed tar as
//! this module writes it, is its identity. Another zstd, or another tar program, gives another archive of the same
//! content. A *tree digest* is the content digest of a directory: [`dir::entries`] and [`content_digest`]; [`tree::Tree`] is such a directory as a
//! value, for inputs and scanners.
//!
//! Reading trusts nothing: what is refused is refused by name ([`ArchiveError`]), never skipped or repaired.

mod entry;
mod error;
mod extract;
mod limits;
pub(crate) mod pax;
mod read;
mod shape;
mod write;

pub mod dir;
pub mod tree;
pub mod zip;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod properties;

pub use entry::{Content, Entry, EntryPath, Node, PathError};
pub use error::{ArchiveError, Problem, TarDamage};
pub(crate) use extract::restore_items;
pub use extract::{extract, restore};
pub use limits::Limits;
pub use read::read;
pub use write::{Digests, Packed, content_digest, pack, pack_to};
pub(crate) use write::{Item, digest_items, pack_items};
