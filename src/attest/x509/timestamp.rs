//! Timestamps (RFC 3161): a question about a signature, and what an authority that is trusted answers to it.
//!
//! The answer is verified by `sigstore-verify`: who signed it, by a certificate for timestamps of the trusted root, and of what. Read here is
//! its nonce alone, which shows that it is an answer to this question. Invariant: a time is told only of what was verified.

use std::error::Error;

use jiff::{SignedDuration, Timestamp};
use sigstore_verify::trust_root;
use sigstore_verify::tsa::verify_timestamp_for_authority;
use sigstore_verify::types::{SignatureBytes, TimestampToken};

use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::provider;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

/// What a question is sent as.
pub const QUERY: &str = "application/timestamp-query";
/// The most bytes of an answer.
pub const MOST_BYTES: u64 = 64 * 1024;

/// How far the clock of an authority may be ahead of this machine's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `[0]`
const CONTENT: u8 = 0xa0;

/// `SEQUENCE { OBJECT IDENTIFIER 2.16.840.1.101.3.4.2.1 (SHA-256), NULL }`
const SHA_256: [u8; 15] = [SEQUENCE, 13, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];

/// Why there is no timestamp.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// The machine gave no random numbers.
    #[error("the machine gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
    /// It is not an answer to such a question.
    #[error("what the authority answers is not a timestamp")]
    NotATimestamp,
    /// The authority does not give one.
    #[error("the authority does not give the timestamp (status {0})")]
    NotGranted(u8),
    /// It is an answer to another question.
    #[error("what the authority answers is of another question")]
    OtherQuestion,
    /// The trusted root cannot be used for it.
    #[error("the trusted root cannot be used for timestamps")]
    Root(#[source] Box<dyn Error + Send + Sync>),
    /// No authority that is trusted has signed it, or of something else.
    #[error("the timestamp does not verify")]
    NotVerified(#[source] Box<dyn Error + Send + Sync>),
    /// No authority is trusted.
    #[error("the trusted root names no authority of timestamps")]
    NoAuthority,
    /// It is of a time to come.
    #[error("the timestamp is of {0}, which is to come")]
    Time(Timestamp),
}

impl Diagnostic for TimestampError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoRandomness(_) | Self::NotGranted(_) | Self::NotATimestamp => FailureKind::Infrastructure,
            Self::Root(_) | Self::NoAuthority => FailureKind::Usage,
            Self::OtherQuestion | Self::NotVerified(_) | Self::Time(_) => FailureKind::Verification,
        }
    }
}

/// A question about one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As it is sent: `TimeStampReq` (RFC 3161 §2.4.1), which asks for the certificate, too.
    pub der: Vec<u8>,
    nonce: [u8; 8],
}

impl Query {
    /// About `signature`, by its SHA-256.
    ///
    /// # Errors
    /// [`TimestampError::NoRandomness`].
    pub fn of(signature: &[u8]) -> Result<Self, TimestampError> {
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(TimestampError::NoRandomness)?;
        Ok(Self::with(signature, nonce))
    }

    fn with(signature: &[u8], mut nonce: [u8; 8]) -> Self {
        // A positive number of eight bytes, as DER writes it.
        nonce[0] = nonce[0] & 0x3f | 0x40;
        let imprint = [&SHA_256[..], &value(OCTETS, Digest::of(signature).as_bytes())].concat();
        let fields =
            [value(INTEGER, &[1]), value(SEQUENCE, &imprint), value(INTEGER, &nonce), vec![0x01, 1, 0xff]].concat();
        Self { der: value(SEQUENCE, &fields), nonce }
    }

    /// When `signature` was there at the latest, as `answer` to this question shows.
    ///
    /// # Errors
    /// [`TimestampError`].
    pub fn answered(
        &self,
        answer: &[u8],
        signature: &[u8],
        root: &TrustedRoot,
        now: Timestamp,
    ) -> Result<Timestamp, TimestampError> {
        match nonce(answer)? {
            Some(nonce) if nonce == self.nonce => {}
            _ => return Err(TimestampError::OtherQuestion),
        }
        let time = verify(answer, signature, root)?;
        if time.duration_since(now) <= CLOCK_SKEW { Ok(time) } else { Err(TimestampError::Time(time)) }
    }
}

/// When `signature` was there at the latest, as a timestamp of an authority that is trusted shows.
///
/// # Errors
/// [`TimestampError`].
pub fn verify(timestamp: &[u8], signature: &[u8], root: &TrustedRoot) -> Result<Timestamp, TimestampError> {
    provider::install();
    let root =
        trust_root::TrustedRoot::from_json(root.text()).map_err(|error| TimestampError::Root(Box::new(error)))?;
    let token = TimestampToken::new(timestamp.to_vec());
    let signature = SignatureBytes::new(signature.to_vec());
    let mut last = TimestampError::NoAuthority;
    for authority in root.tsa_authorities() {
        match verify_timestamp_for_authority(&token, &signature, &authority) {
            Ok(time) => return Ok(time),
            Err(error) => last = TimestampError::NotVerified(Box::new(error)),
        }
    }
    Err(last)
}

/// The nonce of an answer, where it has one.
fn nonce(answer: &[u8]) -> Result<Option<&[u8]>, TimestampError> {
    let not = TimestampError::NotATimestamp;
    let (granted, token) = match inside(answer, SEQUENCE).as_deref() {
        Some([(SEQUENCE, status), rest @ ..]) => {
            let granted = match parts(status).and_then(|parts| parts.first().copied()) {
                Some((INTEGER, [code])) => *code,
                _ => return Err(not),
            };
            (granted, rest.first().copied())
        }
        _ => return Err(not),
    };
    // `granted`, `grantedWithMods`
    if granted > 1 {
        return Err(TimestampError::NotGranted(granted));
    }
    read_nonce(token).ok_or(not)
}

/// `ContentInfo` → `SignedData` → `EncapsulatedContentInfo` → `TSTInfo` (RFC 5652 §5, RFC 3161 §2.4.2).
fn read_nonce(token: Option<(u8, &[u8])>) -> Option<Option<&[u8]>> {
    let (SEQUENCE, content_info) = token? else { return None };
    let (CONTENT, content) = *parts(content_info)?.get(1)? else { return None };
    let (SEQUENCE, encapsulated) = *inside(content, SEQUENCE)?.get(2)? else { return None };
    let (CONTENT, content) = *parts(encapsulated)?.get(1)? else { return None };
    let [(OCTETS, info)] = parts(content)?[..] else { return None };
    let info = inside(info, SEQUENCE)?;
    // Behind version, policy, imprint, serial number and time.
    let rest = info.get(5..)?;
    Some(rest.iter().find(|(tag, _)| *tag == INTEGER).map(|(_, nonce)| *nonce))
}

/// A value with its tag and length; none here is longer than 127 bytes.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX).min(127);
    [&[tag, length][..], content].concat()
}

/// The parts of the one value in `der`, which has this tag.
fn inside(der: &[u8], tag: u8) -> Option<Vec<(u8, &[u8])>> {
    match parts(der)?[..] {
        [(found, content)] if found == tag => parts(content),
        _ => None,
    }
}

/// The values in `der`, one after another, each with its tag.
fn parts(mut der: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut all = Vec::new();
    while let Some((tag, rest)) = der.split_first() {
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=127 => (usize::from(*first), rest),
            // The number of bytes in which the length is.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        all.push((*tag, content));
        der = rest;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::attest::base64;

    /// The signature and the timestamp of a bundle of the public instance.
    fn public() -> (Vec<u8>, Vec<u8>) {
        let bundle = include_str!("../../../tests/data/attest/bundles/certificate-file.sigstore.json");
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        let signature = base64::decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap();
        let timestamps = &bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"];
        (signature, base64::decode(timestamps[0]["signedTimestamp"].as_str().unwrap()).unwrap())
    }

    fn now() -> Timestamp {
        "2026-02-01T00:00:00Z".parse().unwrap()
    }

    /// What openssl prints of it: version 1, SHA-256, the digest, the nonce, a certificate is required.
    #[test]
    fn a_question_is_that_of_rfc_3161() {
        let query = Query::with(b"signature", [0xff; 8]);
        let expected = [
            "30430201013031300d060960864801650304020105000420",
            &Digest::of(b"signature").hex(),
            "02087fffffffffffffff0101ff",
        ];
        assert_eq!(hex::encode(&query.der), expected.concat());
        assert_ne!(Query::of(b"a").unwrap().nonce, Query::of(b"a").unwrap().nonce);
    }

    #[test]
    fn an_answer_counts_for_its_own_question_and_signature_alone() {
        let root = TrustedRoot::public_good().unwrap();
        let (signature, answer) = public();
        // That authority was asked without a number: it is an answer to no question of ours.
        assert_eq!(nonce(&answer).unwrap(), None);
        let own = Query::of(&signature).unwrap();
        assert!(matches!(own.answered(&answer, &signature, &root, now()), Err(TimestampError::OtherQuestion)));
        assert_eq!(verify(&answer, &signature, &root).unwrap().to_string(), "2025-12-03T18:36:42Z");
        assert!(matches!(verify(&answer, b"another", &root), Err(TimestampError::NotVerified(_))));
        let mut none: Value = serde_json::from_str(root.text()).unwrap();
        none["timestampAuthorities"] = serde_json::json!([]);
        let none = TrustedRoot::read(none.to_string().as_bytes()).unwrap();
        assert!(matches!(verify(&answer, &signature, &none), Err(TimestampError::NoAuthority)));
    }

    #[test]
    fn what_is_not_granted_says_so() {
        let refused = [SEQUENCE, 5, SEQUENCE, 3, INTEGER, 1, 2];
        assert!(matches!(nonce(&refused), Err(TimestampError::NotGranted(2))));
        for no in [&b""[..], b"<html>", &[SEQUENCE, 0], &[SEQUENCE, 5, SEQUENCE, 3, INTEGER, 1, 0]] {
            assert!(matches!(nonce(no), Err(TimestampError::NotATimestamp)), "{no:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let (_, mut answer) = public();
            let at = at.index(answer.len());
            answer[at] = byte;
            let _ = nonce(&answer);
            let _ = nonce(&answer[..at]);
        }
    }
}
