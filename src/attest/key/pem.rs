//! The one key in a PEM text (RFC 7468), whatever stands around it.

use pkcs8::der::pem;
use zeroize::Zeroizing;

use crate::attest::key::error::KeyError;

/// The parameters that `openssl ecparam` writes before a key: the key names its curve again.
const PARAMETERS: &str = "EC PARAMETERS";

/// A PEM block.
pub struct Block {
    /// What its first line says it is.
    pub label: String,
    /// What it holds.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// The blocks of `text`, those of parameters aside.
///
/// # Errors
/// [`KeyError::NotPem`].
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, KeyError> {
    let read = |(label, block): (&str, &str)| {
        let (_, bytes) = pem::decode_vec(block.as_bytes()).map_err(|_| KeyError::NotPem)?;
        Ok(Block { label: label.to_owned(), bytes: Zeroizing::new(bytes) })
    };
    found(text)?.into_iter().map(read).collect()
}

/// The one block of `text`, those of parameters aside.
///
/// # Errors
/// [`KeyError::NotPem`], [`KeyError::Several`].
pub fn only_block(text: &[u8]) -> Result<Block, KeyError> {
    // Several are told before any of them is read.
    match found(text)?.len() {
        0 => Err(KeyError::NotPem),
        1 => blocks(text)?.pop().ok_or(KeyError::NotPem),
        several => Err(KeyError::Several(several)),
    }
}

/// Each block with its label.
fn found(text: &[u8]) -> Result<Vec<(&str, &str)>, KeyError> {
    let text = std::str::from_utf8(text).map_err(|_| KeyError::NotPem)?;
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        let begun = &rest[at..];
        let label = begun["-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        let end = format!("-----END {label}-----");
        let length = begun.find(&end).ok_or(KeyError::NotPem)? + end.len();
        if label != PARAMETERS {
            found.push((label, &begun[..length]));
        }
        rest = &begun[length..];
    }
    Ok(found)
}

/// `bytes` as a block.
///
/// # Errors
/// [`KeyError::Encoding`].
pub fn encode(label: &str, bytes: &[u8]) -> Result<Zeroizing<String>, KeyError> {
    pem::encode_string(label, pem::LineEnding::LF, bytes).map(Zeroizing::new).map_err(KeyError::encoding)
}
