//! Why a key cannot be used.

use std::error::Error;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// Why a key cannot be used. What it says of a key names its form and never its bytes.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no PEM block of a key, or it is damaged.
    #[error("it is not a key in PEM")]
    NotPem,
    /// More than one key is in it.
    #[error("it holds {0} keys, and one is wanted")]
    Several(usize),
    /// A PEM block of another kind: a certificate, or a key of the other half.
    #[error("it holds `{0}`, and {1} is wanted")]
    OtherKind(String, &'static str),
    /// What is in the PEM block is not what its label says.
    #[error("the {form} is malformed")]
    Malformed {
        /// `PKCS#8 private key`, …
        form: &'static str,
        /// What the reader said.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A scheme that is not known here.
    #[error("a key of the algorithm {0} is not supported")]
    Unsupported(String),
    /// A key of an elliptic curve that is another than P-256, or is not named.
    #[error("a key of an elliptic curve other than P-256 is not supported")]
    OtherCurve,
    /// It is encrypted, and no password was given.
    #[error("the key is encrypted, and no password was given")]
    NoPassword,
    /// The password is wrong, or the file was changed: the two cannot be told apart.
    #[error("the key does not open: the password is wrong, or the file is damaged")]
    WrongPassword,
    /// The file asks for more work or memory than is given to opening a key.
    #[error("to open the key would take {0}, more than is spent on one")]
    TooCostly(String),
    /// The machine gave no random numbers.
    #[error("the machine gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
    /// The key could not be written down.
    #[error("the key cannot be encoded")]
    Encoding(#[source] Box<dyn Error + Send + Sync>),
}

impl KeyError {
    /// It is malformed, as `source` says.
    pub(in crate::attest) fn malformed<E: Error + Send + Sync + 'static>(form: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Malformed { form, source: Some(Box::new(source)) }
    }

    pub(in crate::attest) fn encoding<E: Error + Send + Sync + 'static>(source: E) -> Self {
        Self::Encoding(Box::new(source))
    }
}

impl Diagnostic for KeyError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotPem
            | Self::Several(_)
            | Self::OtherKind(..)
            | Self::Malformed { .. }
            | Self::Unsupported(_)
            | Self::OtherCurve
            | Self::NoPassword
            | Self::WrongPassword
            | Self::TooCostly(_) => FailureKind::Usage,
            Self::NoRandomness(_) | Self::Encoding(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NoPassword => {
                Some(crate::hint!("give {}", crate::model::parameter::Parameter::Password.to("env://NAME")))
            }
            Self::Unsupported(_) | Self::OtherCurve => Some("supported are ed25519 and ecdsa-p256".into()),
            _ => None,
        }
    }
}
