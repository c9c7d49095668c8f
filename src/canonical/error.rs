//! Why a text is not a JSON document that can be canonicalised.

use crate::model::diagnostic::{Diagnostic, FailureKind};
use std::fmt;

/// A refused document: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, at line {line}, column {column} (byte {offset}){}", Within(.pointer))]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Byte offset of the place, from 0.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer (RFC 6901) of the value in which it happened; empty for the whole document.
    pub pointer: String,
}

impl Diagnostic for JsonError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

struct Within<'a>(&'a str);

impl fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " in `{}`", self.0) }
    }
}

/// What is wrong with a document. Quoted text is bounded and printable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// More bytes than are read at all.
    #[error("document of {size} bytes is over the limit of {limit} bytes")]
    TooLarge {
        /// Size of the document in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Containers nested too deeply.
    #[error("nesting is over the limit of {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// Bytes that are not UTF-8 (RFC 8259 §8.1).
    #[error("invalid UTF-8: expected JSON encoded as UTF-8")]
    InvalidUtf8,
    /// The document ends too early.
    #[error("unexpected end of document: expected {expected}")]
    UnexpectedEnd {
        /// What would have been right.
        expected: &'static str,
    },
    /// A character that has no place here.
    #[error("unexpected `{}`: expected {expected}", .found.escape_debug())]
    Unexpected {
        /// What stands there.
        found: char,
        /// What would have been right.
        expected: &'static str,
    },
    /// Something follows the document's one value.
    #[error("unexpected `{}` after the document: expected nothing more", .found.escape_debug())]
    Trailing {
        /// What stands there.
        found: char,
    },
    /// A member's name occurs twice in one object (RFC 7493 §2.3 forbids it).
    #[error("duplicate key `{name}`: a name may stand once in an object")]
    DuplicateKey {
        /// The name.
        name: String,
    },
    /// An integer that a double cannot hold for certain (RFC 7493 §2.2).
    #[error("integer `{text}` is beyond ±9007199254740991: write it as a string")]
    UnsafeInteger {
        /// The integer as written.
        text: String,
    },
    /// A number that overflows a double.
    #[error("number `{text}` is beyond the range of a double: write it as a string")]
    NumberOverflow {
        /// The number as written.
        text: String,
    },
    /// A number with leading zeros.
    #[error("leading zero in a number: write it without")]
    LeadingZero,
    /// Half of a UTF-16 surrogate pair.
    #[error("lone surrogate `\\u{unit:04x}`: expected a pair")]
    LoneSurrogate {
        /// The UTF-16 code unit.
        unit: u16,
    },
    /// A raw control character in a string.
    #[error("raw control character U+{byte:04X} in a string: write it as an escape")]
    ControlCharacter {
        /// The character's code.
        byte: u8,
    },
}
