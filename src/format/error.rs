//! Why a foreign document cannot be read.

use std::str::Utf8Error;

use crate::model::text::names;

/// A document that is refused: which format, where, and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// More bytes than are read of one document.
    #[error("{format}: the document has {size} bytes, more than the {limit} that are read; split it")]
    TooLarge {
        /// The format it was read as.
        format: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The bound in bytes.
        limit: usize,
    },
    /// A byte that is not UTF-8.
    #[error("{format}: byte {offset} is not UTF-8; save the document as UTF-8")]
    Encoding {
        /// The format it was read as.
        format: &'static str,
        /// The offset of the first bad byte.
        offset: usize,
        /// The decoder's view.
        source: Utf8Error,
    },
    /// A byte order mark of UTF-16.
    #[error("{format}: the document begins with a UTF-16 byte order mark; save it as UTF-8")]
    Utf16 {
        /// The format it was read as.
        format: &'static str,
    },
    /// Bytes that are not the UTF-16 that the byte order mark says.
    #[error("{format}: byte {offset} is not UTF-16, which the byte order mark says; save the document as UTF-8")]
    BrokenUtf16 {
        /// The format it was read as.
        format: &'static str,
        /// The offset of the first bad byte.
        offset: usize,
    },
    /// A byte order mark of UTF-32.
    #[error("{format}: the document begins with a UTF-32 byte order mark; save it as UTF-8")]
    Utf32 {
        /// The format it was read as.
        format: &'static str,
    },
    /// Neither the name nor the content says what it is.
    #[error("`{file_name}` is not an inventory that can be read; expected one of {known}")]
    Unrecognised {
        /// The file's name as given.
        file_name: String,
        /// What is read.
        known: &'static str,
    },
    /// A version of the format that is not read.
    #[error("{format}: version `{found}` is not read, only {}; write the document again in one of these", names::quoted(.known.iter()))]
    Version {
        /// The format.
        format: &'static str,
        /// What the document says.
        found: String,
        /// What is read.
        known: &'static [&'static str],
    },
    /// Text that is not JSON.
    #[error("{format}: byte {offset} (in `{path}`) is not as JSON says; write the document again")]
    Syntax {
        /// The format.
        format: &'static str,
        /// The path of the field that is broken, `.` for the document itself.
        path: String,
        /// The offset of the byte at which reading ended; a byte order mark does not count.
        offset: usize,
        /// The parser's view, with line and column.
        source: serde_json::Error,
    },
    /// A field that is not what the format says.
    #[error("{format}: `{path}` does not read as the format says; mend the field or write the document again")]
    Json {
        /// The format.
        format: &'static str,
        /// The path of the field (`components[3].purl`), `.` for the document itself.
        path: String,
        /// The parser's view, with line and column.
        source: serde_json::Error,
    },
    /// A field whose value cannot be taken as it is.
    #[error("{format}: `{path}`: {problem}")]
    Field {
        /// The format.
        format: &'static str,
        /// The path of the field.
        path: String,
        /// What is wrong, and what is expected.
        problem: String,
    },
    /// A list without what every list of its kind has, so that it was cut off, emptied or never written.
    #[error("{format}: it lists nothing, not even {missing}; write it again")]
    Hollow {
        /// The format.
        format: &'static str,
        /// What its writer always writes.
        missing: &'static str,
    },
    /// References that repeat so much text that the meaning would be far larger than the document.
    #[error("{format}: the references of the document unfold to more than {limit} bytes; split it")]
    Unfolds {
        /// The format.
        format: &'static str,
        /// The bound in bytes.
        limit: usize,
    },
    /// A line that cannot be taken as it is.
    #[error("{format}: line {line}: {problem}")]
    Line {
        /// The format.
        format: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what is expected.
        problem: String,
    },
    /// One id for two elements, so that a reference to it means neither.
    #[error("{format}: the id `{id}` is given to two elements; give each its own")]
    DuplicateId {
        /// The format.
        format: &'static str,
        /// The id.
        id: String,
    },
    /// A distribution that is not written `<id>-<release>`.
    #[error("`{given}` is not a distribution; expected its id and release as in `debian-12`")]
    Distro {
        /// The text as given.
        given: String,
    },
}
