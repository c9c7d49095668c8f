//! Where a secret comes from: a file, a variable of the environment, an open descriptor. Never the command line, which every
//! process of the machine can read.
//!
//! Invariants: what is read is bounded, and wiped when it is dropped; an error names the place and nothing of what is there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file.
    File(PathBuf),
    /// In a variable of the environment: `env://NAME`.
    Variable(String),
    /// To be read from a descriptor that this process was started with: `fd://3`.
    Descriptor(u32),
    /// It was given itself, where its place is wanted. It is not kept, and so never shown.
    Itself,
}

/// What is written as a place is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotASource {
    /// No name stands behind `env://`.
    #[error("a name is missing behind `env://`")]
    NoName,
    /// No number stands behind `fd://`.
    #[error("`{0}` is not the number of a descriptor")]
    NotANumber(String),
    /// The descriptor is one that programs write to.
    #[error("the descriptor {0} is one that is written to")]
    Output(u32),
    /// Another scheme, such as that of a service that keeps keys.
    #[error("`{0}` is not a place that is known: expected a file, `env://NAME` or `fd://NUMBER`")]
    Scheme(String),
}

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FsError),
    /// A secret stands where its place should.
    #[error("a secret was given where its place is wanted: a file, `env://NAME` or `fd://NUMBER`")]
    Itself,
    /// There is no such file; what was given may be the password or the token itself, and is not shown.
    #[error("there is no file of the name that was given for a secret")]
    NoFile,
    /// There is no such variable.
    #[error("the environment has no variable `{0}`")]
    NoVariable(String),
    /// The variable holds more than a secret of its kind can be.
    #[error("the variable `{0}` is longer than {1} bytes")]
    LongVariable(String, u64),
    /// The descriptor cannot be read.
    #[error("cannot read the descriptor {0}")]
    Descriptor(u32, #[source] io::Error),
    /// It gives more than a secret of its kind can be.
    #[error("the descriptor {0} gives more than {1} bytes")]
    LongDescriptor(u32, u64),
}

impl Diagnostic for SecretError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Itself
            | Self::NoFile
            | Self::NoVariable(_)
            | Self::LongVariable(..)
            | Self::Descriptor(..)
            | Self::LongDescriptor(..) => FailureKind::Usage,
        }
    }
}

/// Whether it is a JSON Web Token (RFC 7519) and no name of a file.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() == 2
}

/// No file has a longer name.
fn is_too_long(text: &str) -> bool {
    text.split('/').any(|name| name.len() > 255)
}

impl FromStr for SecretSource {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, NotASource> {
        // Refused when it is read: what is refused here is shown.
        if text.contains("-----BEGIN") || text.contains(['\n', '\r']) || is_token(text) || is_too_long(text) {
            return Ok(Self::Itself);
        }
        match text.split_once("://") {
            Some(("env", "")) => Err(NotASource::NoName),
            Some(("env", name)) => Ok(Self::Variable(name.to_owned())),
            Some(("fd", number)) => match number.parse() {
                Ok(output @ 1..=2) => Err(NotASource::Output(output)),
                Ok(number) => Ok(Self::Descriptor(number)),
                Err(_) => Err(NotASource::NotANumber(number.to_owned())),
            },
            Some(_) => Err(NotASource::Scheme(text.to_owned())),
            None => Ok(Self::File(text.into())),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "env://{name}"),
            Self::Descriptor(number) => write!(f, "fd://{number}"),
            Self::Itself => f.write_str("a secret that is not shown"),
        }
    }
}

impl SecretSource {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// The variable of that name, where the environment has it.
    pub fn of_variable(name: &str) -> Option<Self> {
        std::env::var_os(name).map(|_| Self::Variable(name.to_owned()))
    }

    /// Reads it, up to `limit` bytes.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        match self {
            Self::File(path) => Ok(Zeroizing::new(fs::read(path, limit)?)),
            Self::Itself => Err(SecretError::Itself),
            Self::Variable(name) => {
                let value = std::env::var_os(name).ok_or_else(|| SecretError::NoVariable(name.clone()))?;
                let bytes = Zeroizing::new(value.into_encoded_bytes());
                if bytes.len() as u64 > limit {
                    return Err(SecretError::LongVariable(name.clone(), limit));
                }
                Ok(bytes)
            }
            Self::Descriptor(number) => {
                let failed = |source| SecretError::Descriptor(*number, source);
                // A pipe is read to its end; what writes into it is the user's.
                let file = File::open(Path::new("/dev/fd").join(number.to_string())).map_err(failed)?;
                // As large as it can get, so that no copy is left behind when it grows.
                let mut bytes =
                    Zeroizing::new(Vec::with_capacity(usize::try_from(limit).unwrap_or(0).saturating_add(1)));
                file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
                if bytes.len() as u64 > limit {
                    return Err(SecretError::LongDescriptor(*number, limit));
                }
                Ok(bytes)
            }
        }
    }

    /// The same, where what was given may be the secret itself: a name of which there is no file is not shown.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read_hidden(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let is_there = matches!(self, Self::File(path) if path.symlink_metadata().is_ok());
        self.read(limit).map_err(|error| match error {
            SecretError::File(_) if !is_there => SecretError::NoFile,
            error => error,
        })
    }

    /// The same for a password: one line break at its end is that of the file, and belongs to no password.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read_password(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let mut bytes = self.read_hidden(limit)?;
        if !matches!(self, Self::Variable(_)) && bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_read_as_it_is_written() {
        for (text, source) in [
            ("dir/a.key", SecretSource::File("dir/a.key".into())),
            ("env://KEY", SecretSource::Variable("KEY".to_owned())),
            ("fd://3", SecretSource::Descriptor(3)),
        ] {
            let read: SecretSource = text.parse().unwrap();
            assert_eq!(read, source);
            assert_eq!(read.to_string(), text);
        }
        let refused = |text: &str| text.parse::<SecretSource>().unwrap_err().to_string();
        assert_eq!(refused("env://"), "a name is missing behind `env://`");
        assert_eq!(refused("fd://-1"), "`-1` is not the number of a descriptor");
        assert_eq!(refused("fd://1"), "the descriptor 1 is one that is written to");
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n".parse::<SecretSource>().unwrap();
        assert_eq!((&key, key.to_string().as_str()), (&SecretSource::Itself, "a secret that is not shown"));
        assert!(key.read(64).unwrap_err().to_string().starts_with("a secret was given where its place is wanted"));
        let password = SecretSource::File("hunter2".into()).read_password(64).unwrap_err().to_string();
        assert!(!password.contains("hunter2"), "{password}");
        for text in [format!("{}.{}.{}", "eyJh", "eyJl", "c2ln"), "p".repeat(300)] {
            assert_eq!(text.parse::<SecretSource>().unwrap(), SecretSource::Itself);
        }
        let token = SecretSource::File("to/ken".into()).read_hidden(64).unwrap_err().to_string();
        assert!(!token.contains("ken"), "{token}");
        assert!(refused("awskms://x").starts_with("`awskms://x` is not a place that is known"));
    }

    #[test]
    fn what_is_read_is_bounded_and_a_password_has_no_line_break() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        for (written, password) in
            [("secret", "secret"), ("secret\n", "secret"), ("secret\r\n", "secret"), ("a\n\n", "a\n"), ("\n", "")]
        {
            std::fs::write(&path, written).unwrap();
            let source = SecretSource::File(path.clone());
            assert_eq!(*source.read_password(64).unwrap(), password.as_bytes(), "{written:?}");
            assert!(source.read(written.len() as u64 - 1).is_err());
        }
        let error = SecretSource::Variable("STELLA_TEST_NO_SUCH_VARIABLE".to_owned()).read(9).unwrap_err();
        assert_eq!(error.to_string(), "the environment has no variable `STELLA_TEST_NO_SUCH_VARIABLE`");
    }
}
