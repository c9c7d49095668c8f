//! Signing without a key of one's own: an identity provider says who asks, an authority gives a certificate of some minutes out to a key
//! that was made a moment ago and is thrown away.
//!
//! Invariants: a token that cannot be used is refused before anybody is asked, and stands in no message; a certificate is of the key that was
//! made, and is not used in its last minute.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::attest::base64;
use crate::attest::key::error::KeyError;
use crate::attest::key::private::PrivateKey;
use crate::attest::x509::certificate::Certificate;
use crate::flow::attest::web::{self, Question, Web, WebError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// Where certificates are asked for.
const SIGNING_CERTIFICATE: &str = "/api/v2/signingCert";
/// What a certificate signs by.
const SCHEME: &str = "ecdsa-p256";
/// So long before its end a certificate, or a token, is used no more.
const BEFORE_END: SignedDuration = SignedDuration::from_secs(60);
/// How far clocks may differ.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);
/// The most bytes of a token.
pub const MOST_TOKEN: u64 = 16 * 1024;

/// Where tokens come from.
pub enum TokenSource {
    /// It was given, and cannot be asked for again.
    Given(Zeroizing<String>),
    /// The provider of a workflow of GitHub's gives one each time.
    Workflow {
        /// Where it is asked.
        url: String,
        /// The secret that says which workflow asks.
        bearer: Zeroizing<String>,
    },
}

/// What a token says.
struct Token {
    text: Zeroizing<String>,
    subject: String,
    end: Timestamp,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum KeylessError {
    /// What is given as a token is not one.
    #[error("the identity token cannot be read: it is not a JSON Web Token that names who it is of, and its end")]
    NotAToken,
    /// It is for somebody else.
    #[error("the identity token is for `{is}`, and `{wanted}` is wanted")]
    Audience {
        /// For whom it is.
        is: String,
        /// For whom it must be.
        wanted: String,
    },
    /// Its address is not verified.
    #[error("the identity token is of an e-mail address that its provider has not verified")]
    Unverified,
    /// It has ended, and cannot be asked for again.
    #[error("the identity token ends at {0}, and cannot be asked for again")]
    Ended(Timestamp),
    /// Somebody does not answer.
    #[error(transparent)]
    Web(#[from] WebError),
    /// What the provider answers is not a token.
    #[error("what the identity provider answers holds no token")]
    NoToken,
    /// What the authority answers is not a certificate.
    #[error("what the certificate authority answers is not a certificate with its log's timestamp in it")]
    NoCertificate,
    /// It is of another key, or not valid now.
    #[error("the certificate is {0}")]
    Certificate(&'static str),
    /// The key cannot be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Diagnostic for KeylessError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotAToken | Self::Audience { .. } | Self::Unverified | Self::Ended(_) => FailureKind::Usage,
            Self::Web(error) => error.kind(),
            Self::NoToken | Self::NoCertificate => FailureKind::Infrastructure,
            Self::Certificate(_) => FailureKind::Verification,
            Self::Key(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Ended(_) => Some("give a new one: it is needed for some seconds alone".into()),
            _ => None,
        }
    }
}

impl Token {
    /// Reads what a token says; whether its provider has signed it is for the authority to look at.
    fn read(text: Zeroizing<String>, audience: &str) -> Result<Self, KeylessError> {
        #[derive(Deserialize)]
        struct Claims {
            sub: Option<String>,
            email: Option<String>,
            #[serde(default)]
            email_verified: serde_json::Value,
            aud: Audience,
            exp: i64,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Audience {
            One(String),
            Many(Vec<String>),
        }
        let mut parts = text.split('.');
        let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(KeylessError::NotAToken);
        };
        let claims = Zeroizing::new(base64::decode(claims).map_err(|_| KeylessError::NotAToken)?);
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| KeylessError::NotAToken)?;
        let audiences = match claims.aud {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        };
        if !audiences.iter().any(|one| one == audience) {
            return Err(KeylessError::Audience { is: audiences.join(", "), wanted: audience.to_owned() });
        }
        // As the authority chooses it, of which the certificate then is.
        let subject = match claims.email {
            Some(email) if claims.email_verified == true || claims.email_verified == "true" => email,
            Some(_) => return Err(KeylessError::Unverified),
            None => claims.sub.filter(|subject| !subject.is_empty()).ok_or(KeylessError::NotAToken)?,
        };
        let end = Timestamp::from_second(claims.exp).map_err(|_| KeylessError::NotAToken)?;
        Ok(Self { text, subject, end })
    }
}

/// Who asks for certificates, and where.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// The way there.
    pub web: &'a dyn Web,
    /// The URL of the authority.
    pub fulcio: &'a str,
    /// For whom a token must be.
    pub audience: &'a str,
}

/// A key with its certificate.
#[derive(Debug)]
pub struct Certified {
    /// The key.
    pub key: PrivateKey,
    /// The certificate.
    pub certificate: Certificate,
}

/// Certificates, one after another.
pub struct Keyless<'a> {
    authority: Authority<'a>,
    source: TokenSource,
    now: Option<Certified>,
}

impl<'a> Keyless<'a> {
    /// Certificates by tokens of `source`. One that was given is looked at before anybody is asked.
    ///
    /// # Errors
    /// [`KeylessError`].
    pub fn new(authority: Authority<'a>, source: TokenSource, now: Timestamp) -> Result<Self, KeylessError> {
        let keyless = Self { authority, source, now: None };
        if let TokenSource::Given(text) = &keyless.source {
            usable(Token::read(text.clone(), authority.audience)?, now)?;
        }
        Ok(keyless)
    }

    /// A key whose certificate is valid for another minute at least.
    ///
    /// # Errors
    /// [`KeylessError`].
    pub fn signer(&mut self, now: Timestamp) -> Result<&Certified, KeylessError> {
        let usable = |one: &Certified| one.certificate.end.duration_since(now) > BEFORE_END;
        let one = match self.now.take().filter(usable) {
            Some(one) => one,
            None => self.certified(now)?,
        };
        Ok(self.now.insert(one))
    }

    fn certified(&self, now: Timestamp) -> Result<Certified, KeylessError> {
        let token = self.token(now)?;
        let key = PrivateKey::generate(SCHEME)?;
        let proof = key.sign(token.subject.as_bytes())?;
        let body = Zeroizing::new(
            json!({
                "credentials": { "oidcIdentityToken": *token.text },
                "publicKeyRequest": {
                    "publicKey": { "algorithm": "ECDSA", "content": key.public().to_pem()? },
                    "proofOfPossession": base64::encode(&proof),
                },
            })
            .to_string(),
        );
        let url = format!("{}{SIGNING_CERTIFICATE}", self.authority.fulcio.trim_end_matches('/'));
        let question = Question { url: &url, body: Some(("application/json", body.as_bytes())), bearer: None };
        let answer = web::asked(self.authority.web, "the certificate authority", &question, Some(&token.text))?;
        let certificate = of_answer(&answer)?;
        if certificate.key != *key.public() {
            return Err(KeylessError::Certificate("of another key"));
        }
        let is_begun = certificate.start.duration_since(now) <= CLOCK_SKEW;
        if !is_begun || certificate.end.duration_since(now) <= BEFORE_END {
            return Err(KeylessError::Certificate("not valid for the next minute by the clock of this machine"));
        }
        Ok(Certified { key, certificate })
    }

    fn token(&self, now: Timestamp) -> Result<Token, KeylessError> {
        let Authority { web, audience, .. } = self.authority;
        match &self.source {
            TokenSource::Given(text) => usable(Token::read(text.clone(), audience)?, now),
            TokenSource::Workflow { url, bearer } => {
                #[derive(Deserialize)]
                struct Answer {
                    value: String,
                }
                let separator = if url.contains('?') { '&' } else { '?' };
                let audience_of: String =
                    percent_encoding::utf8_percent_encode(audience, percent_encoding::NON_ALPHANUMERIC).collect();
                let url = format!("{url}{separator}audience={audience_of}");
                let question = Question { url: &url, body: None, bearer: Some(bearer) };
                let answer = Zeroizing::new(web::asked(web, "the identity provider", &question, Some(bearer))?);
                let answer: Answer = serde_json::from_slice(&answer).map_err(|_| KeylessError::NoToken)?;
                Token::read(Zeroizing::new(answer.value), audience)
            }
        }
    }
}

fn usable(token: Token, now: Timestamp) -> Result<Token, KeylessError> {
    // It must hold until the authority has looked at it.
    if token.end.duration_since(now) > SignedDuration::from_secs(5) {
        Ok(token)
    } else {
        Err(KeylessError::Ended(token.end))
    }
}

/// The certificate of an answer: the first of its chain.
fn of_answer(answer: &[u8]) -> Result<Certificate, KeylessError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        signed_certificate_embedded_sct: Signed,
    }
    #[derive(Deserialize)]
    struct Signed {
        chain: Chain,
    }
    #[derive(Deserialize)]
    struct Chain {
        certificates: Vec<String>,
    }
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| KeylessError::NoCertificate)?;
    let chain = answer.signed_certificate_embedded_sct.chain.certificates;
    let first = chain.first().ok_or(KeylessError::NoCertificate)?;
    Certificate::read(first.as_bytes()).map_err(|_| KeylessError::NoCertificate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &serde_json::Value) -> Zeroizing<String> {
        let part =
            |value: &[u8]| base64::encode(value).replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
        Zeroizing::new(format!("{}.{}.{}", part(b"{}"), part(claims.to_string().as_bytes()), part(b"signature")))
    }

    #[test]
    fn who_a_token_is_of_is_what_the_authority_takes_it_for() {
        let subject = |claims| {
            Token::read(token(&claims), "sigstore").map(|token| token.subject).map_err(|error| error.to_string())
        };
        assert_eq!(subject(json!({"sub": "s", "aud": "sigstore", "exp": 9})).as_deref(), Ok("s"));
        let verified =
            json!({"sub": "s", "email": "a@example.com", "email_verified": true, "aud": ["x", "sigstore"], "exp": 9});
        assert_eq!(subject(verified).as_deref(), Ok("a@example.com"));
        let said = subject(json!({"sub": "s", "email": "a@example.com", "aud": "sigstore", "exp": 9})).unwrap_err();
        assert!(said.contains("not verified"), "{said}");
        let said = subject(json!({"sub": "s", "aud": "other", "exp": 9})).unwrap_err();
        assert_eq!(said, "the identity token is for `other`, and `sigstore` is wanted");
        for no in [
            json!({}),
            json!({"aud": "sigstore", "exp": 9}),
            json!({"sub": "", "aud": "sigstore", "exp": 9}),
            json!({"sub": "s", "aud": "sigstore"}),
        ] {
            assert!(subject(no.clone()).is_err(), "{no}");
        }
        for no in ["", "a.b", "a.b.c", "a.b.c.d", "..."] {
            let read = Token::read(Zeroizing::new(no.to_owned()), "sigstore");
            assert!(matches!(read.map(|token| token.end), Err(KeylessError::NotAToken)), "{no}");
        }
    }

    #[test]
    fn a_token_that_has_ended_is_refused_before_anybody_is_asked() {
        #[derive(Debug)]
        struct Nobody;
        impl Web for Nobody {
            fn ask(&self, _: &Question<'_>) -> Result<web::Reply, crate::attest::rekor::transport::NoAnswer> {
                panic!("asked");
            }
            fn wait(&self, _: std::time::Duration) {}
        }
        let authority = Authority { web: &Nobody, fulcio: "http://localhost", audience: "sigstore" };
        let given = || TokenSource::Given(token(&json!({"sub": "s", "aud": "sigstore", "exp": 1000})));
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(Keyless::new(authority, given(), at(900)).is_ok());
        let error = Keyless::new(authority, given(), at(996)).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "the identity token ends at 1970-01-01T00:16:40Z, and cannot be asked for again");
    }

    /// One serves until its last minute; then another is asked for, and nobody signs by the old one.
    #[test]
    fn a_certificate_serves_until_its_last_minute() {
        #[derive(Debug, Default)]
        struct Refusing(std::sync::atomic::AtomicUsize);
        impl Web for Refusing {
            fn ask(&self, _: &Question<'_>) -> Result<web::Reply, crate::attest::rekor::transport::NoAnswer> {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Ok(web::Reply { status: 403, retry_after: None, body: Vec::new() })
            }
            fn wait(&self, _: std::time::Duration) {}
        }
        let at = |second| Timestamp::from_second(second).unwrap();
        let web = Refusing::default();
        let authority = Authority { web: &web, fulcio: "http://localhost", audience: "sigstore" };
        let given = TokenSource::Given(token(&json!({"sub": "s", "aud": "sigstore", "exp": 5000})));
        let mut keyless = Keyless::new(authority, given, at(0)).unwrap();
        let key = PrivateKey::generate(SCHEME).unwrap();
        let public = crate::attest::key::public::PublicKey::from_der(key.public().der()).unwrap();
        let certificate = Certificate { der: Vec::new(), key: public, start: at(0), end: at(1000) };
        keyless.now = Some(Certified { key, certificate });
        for second in [0, 500, 939] {
            assert_eq!(keyless.signer(at(second)).unwrap().certificate.end, at(1000));
        }
        let asked = || web.0.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(asked(), 0);
        assert!(matches!(keyless.signer(at(940)), Err(KeylessError::Web(WebError::Refused { status: 403, .. }))));
        assert_eq!((asked(), keyless.now.is_none()), (1, true));
        // A token that was given, and has ended meanwhile.
        assert!(matches!(keyless.signer(at(5000)), Err(KeylessError::Ended(_))));
        assert_eq!(asked(), 1);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for no in [
            "",
            "{}",
            "{\"signedCertificateDetachedSct\":{\"chain\":{\"certificates\":[\"x\"]}}}",
            "{\"signedCertificateEmbeddedSct\":{\"chain\":{\"certificates\":[]}}}",
            "{\"signedCertificateEmbeddedSct\":{\"chain\":{\"certificates\":[\"x\"]}}}",
        ] {
            assert!(matches!(of_answer(no.as_bytes()), Err(KeylessError::NoCertificate)), "{no}");
        }
    }
}
