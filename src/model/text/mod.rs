//! Forms of text that more than one part reads or writes: command lines, JSON and pointers into it, placeholders, places in a
//! source file, names in a sentence, words of an expression, and what is taken out of a text before it is kept, paths that need not be UTF-8.

pub mod command_line;
#[cfg(test)]
pub(crate) mod damaged;
pub(crate) mod distinct;
pub(crate) mod hidden;
pub mod json_pointer;
pub mod names;
pub(crate) mod objects;
pub mod path_bytes;
pub mod placeholder;
pub mod redact;
pub mod source_line;
pub(crate) mod words;
