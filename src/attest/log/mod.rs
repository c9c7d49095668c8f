//! A transparency log: what it keeps of a signature, and what shows that it has it.
//!
//! [`leaf`] is what it keeps, [`merkle`] the tree over all entries, [`checkpoint`] what it signs of the tree, [`entry`] an entry with its proof.

pub mod checkpoint;
pub mod entry;
pub mod leaf;
pub mod merkle;

#[cfg(test)]
pub mod made_up;
