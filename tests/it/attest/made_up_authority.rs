//! Authorities of ours, over HTTP on this machine: one that gives certificates out as Fulcio does, with its log of certificates, one of
//! timestamps (RFC 3161), and an identity provider as a workflow of GitHub's has one. They sign for real, and look at what they are sent.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::Timestamp;
use serde_json::{Value, json};
use stella::attest::base64;
use stella::attest::key::private::PrivateKey;
use stella::attest::key::public::PublicKey;
use stella::model::digest::Digest;

use crate::attest::made_up_rekor::{TIME, answer, request_with_head};

/// Who asks, as the provider says it and the certificate then does.
pub const WORKFLOW: &str = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main";
/// The identity provider, as the certificate names it.
pub const ISSUER: &str = "https://token.actions.githubusercontent.com";
const SUBJECT: &str = "repo:o/r:ref:refs/heads/main";
/// What a workflow shows the provider.
pub const BEARER: &str = "bearer-of-the-workflow";

/// What they do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// A timestamp is of another question.
    Nonce,
    /// A timestamp is of another signature.
    Imprint,
    /// A timestamp is not given.
    NotGranted,
    /// The certificate is of another key.
    OtherKey,
    /// Nobody who is trusted has logged the certificate.
    Unlogged,
    /// The certificate has ended.
    Ended,
}

/// The authorities.
pub struct MadeUpAuthority {
    /// Where they are.
    pub url: String,
    state: Arc<State>,
}

struct State {
    ca: (PrivateKey, Vec<u8>),
    ct: PrivateKey,
    tsa: (PrivateKey, Vec<u8>),
    tsa_root: Vec<u8>,
    tokens: Mutex<BTreeSet<String>>,
    wrong: Mutex<Option<Wrong>>,
    /// What was asked for.
    asked: Mutex<Vec<String>>,
}

impl MadeUpAuthority {
    /// Starts them.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let new = || PrivateKey::generate("ecdsa-p256").unwrap();
        let long = (at("2024-01-01T00:00:00Z"), at("2034-01-01T00:00:00Z"));
        let authority = |name: &str, usage: &[u8]| {
            let key = new();
            let extensions = [
                extension(&[0x55, 0x1d, 0x13], true, &sequence(&[0x01, 0x01, 0xff])),
                extension(&[0x55, 0x1d, 0x0f], true, &[0x03, 0x02, 0x01, 0x06]),
                extension(&[0x55, 0x1d, 0x25], false, &sequence(&oid(usage))),
            ];
            let tbs = tbs(1, name, long, name, key.public(), &extensions);
            let der = signed(&tbs, &key);
            (key, der)
        };
        let (ca, tsa_root) = (authority("ca", CODE_SIGNING), authority("tsa root", TIME_STAMPING));
        let tsa = new();
        let extensions = [
            extension(&[0x55, 0x1d, 0x0f], true, &[0x03, 0x02, 0x07, 0x80]),
            extension(&[0x55, 0x1d, 0x25], true, &sequence(&oid(TIME_STAMPING))),
        ];
        let tsa_der = signed(&tbs(7, "tsa root", long, "tsa", tsa.public(), &extensions), &tsa_root.0);
        let state = Arc::new(State {
            ca,
            ct: new(),
            tsa: (tsa, tsa_der),
            tsa_root: tsa_root.1,
            tokens: Mutex::default(),
            wrong: Mutex::default(),
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| state.serve(stream)));
            }
        });
        Self { url, state }
    }

    /// From now on they do that wrong.
    pub fn wrong(&self, wrong: Option<Wrong>) {
        *self.state.wrong.lock().unwrap() = wrong;
    }

    /// What was asked for since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.asked.lock().unwrap())
    }

    /// Where timestamps are asked for.
    pub fn timestamps(&self) -> String {
        format!("{}/api/v1/timestamp", self.url)
    }

    /// A token that it takes.
    pub fn token(&self) -> String {
        self.state.token("sigstore")
    }

    /// A root that trusts them, and these logs.
    pub fn root(&self, logs: &[Value]) -> Value {
        let chain = |certificates: &[&Vec<u8>]| {
            let raw = |der: &&Vec<u8>| json!({ "rawBytes": base64::encode(der) });
            json!({ "certificates": certificates.iter().map(raw).collect::<Vec<_>>() })
        };
        let valid = json!({ "start": "2024-01-01T00:00:00Z" });
        let subject = json!({ "organization": "o", "commonName": "c" });
        let State { ca, ct, tsa, tsa_root, .. } = &*self.state;
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": logs,
            "certificateAuthorities": [{ "subject": subject, "uri": "http://fulcio.local", "certChain": chain(&[&ca.1]), "validFor": valid }],
            "ctlogs": [{
                "baseUrl": "http://ct.local",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64::encode(ct.public().der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid,
                },
                "logId": { "keyId": base64::encode(ct.public().digest().as_bytes()) },
            }],
            "timestampAuthorities": [{ "subject": subject, "uri": "http://tsa.local", "certChain": chain(&[&tsa.1, tsa_root]), "validFor": valid }],
        })
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let Some((head, body)) = request_with_head(&mut stream) else { return };
        let line = head.lines().next().unwrap_or_default().to_owned();
        let wrong = *self.wrong.lock().unwrap();
        self.asked.lock().unwrap().push(line.trim_end_matches(" HTTP/1.1").to_owned());
        let reply = match line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default() {
            "/api/v2/signingCert" => self.certificate(&body, wrong),
            "/api/v1/timestamp" => Ok(self.timestamp(&body, wrong)),
            "/token" if head.to_ascii_lowercase().contains(&format!("authorization: bearer {BEARER}")) => {
                let audience = line.split("audience=").nth(1).and_then(|rest| rest.split([' ', '&']).next()).unwrap();
                Ok(json!({ "count": 1, "value": self.token(audience) }).to_string().into_bytes())
            }
            _ => Err("no such thing".to_owned()),
        };
        let _ = stream.write_all(&match reply {
            Ok(body) => answer("200 OK", "", body),
            Err(said) => answer("400 Bad Request", "", json!({ "code": 3, "message": said }).to_string()),
        });
    }

    fn token(&self, audience: &str) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        let part = |value: Value| {
            base64::encode(value.to_string().as_bytes())
                .replace('+', "-")
                .replace('/', "_")
                .trim_end_matches('=')
                .to_owned()
        };
        let claims = json!({ "iss": ISSUER, "sub": SUBJECT, "aud": audience, "exp": TIME + 300, "jti": tokens.len() });
        let token = format!("{}.{}.c2lnbmF0dXJl", part(json!({ "alg": "none" })), part(claims));
        tokens.insert(token.clone());
        token
    }

    fn certificate(&self, body: &[u8], wrong: Option<Wrong>) -> Result<Vec<u8>, String> {
        let sent: Value = serde_json::from_slice(body).map_err(|_| "not JSON")?;
        let token = sent["credentials"]["oidcIdentityToken"].as_str().unwrap_or_default();
        if !self.tokens.lock().unwrap().contains(token) {
            // What the client must not repeat.
            return Err(format!("There was an error processing the identity token {token}"));
        }
        let asked = &sent["publicKeyRequest"];
        let pem = asked["publicKey"]["content"].as_str().unwrap_or_default();
        let key = PublicKey::read(pem.as_bytes())
            .map_err(|_| "The public key supplied in the request could not be parsed")?;
        let proof = base64::decode(asked["proofOfPossession"].as_str().unwrap_or_default()).unwrap_or_default();
        key.verify(SUBJECT.as_bytes(), &proof)
            .map_err(|_| "The signature supplied in the request could not be verified")?;
        let other = PrivateKey::generate("ecdsa-p256").unwrap();
        let key = if wrong == Some(Wrong::OtherKey) { other.public() } else { &key };
        let length = if wrong == Some(Wrong::Ended) { 30 } else { 600 };
        let time = |second| Timestamp::from_second(second).unwrap();
        let valid = (time(TIME - 1), time(TIME + length));
        let mut extensions = vec![
            extension(&[0x55, 0x1d, 0x0f], true, &[0x03, 0x02, 0x07, 0x80]),
            extension(&[0x55, 0x1d, 0x25], false, &sequence(&oid(CODE_SIGNING))),
            extension(&[0x55, 0x1d, 0x11], true, &sequence(&value(0x86, WORKFLOW.as_bytes()))),
            extension(FULCIO_ISSUER, false, &value(0x0c, ISSUER.as_bytes())),
        ];
        let precertificate = tbs(42, "ca", valid, "", key, &extensions);
        let log = if wrong == Some(Wrong::Unlogged) { &other } else { &self.ct };
        extensions.push(extension(SCT_LIST, false, &value(0x04, &self.sct(&precertificate, log))));
        let der = signed(&tbs(42, "ca", valid, "", key, &extensions), &self.ca.0);
        let pem = |der: &[u8]| {
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines(&base64::encode(der)))
        };
        let chain = json!({ "certificates": [pem(&der), pem(&self.ca.1)] });
        Ok(json!({ "signedCertificateEmbeddedSct": { "chain": chain } }).to_string().into_bytes())
    }

    /// A list of one SCT (RFC 6962 §3.2, §3.3).
    fn sct(&self, precertificate: &[u8], log: &PrivateKey) -> Vec<u8> {
        let time = (TIME as u64 * 1000).to_be_bytes();
        let issuer = self.ca.0.public().digest();
        let length = u32::try_from(precertificate.len()).unwrap().to_be_bytes();
        let data = [&[0, 0][..], &time, &[0, 1], issuer.as_bytes(), &length[1..], precertificate, &[0, 0]].concat();
        let signature = log.sign(&data).unwrap();
        let id = self.ct.public().digest();
        let sct = [&[0][..], id.as_bytes(), &time, &[0, 0, 4, 3], &prefixed(&signature)].concat();
        prefixed(&prefixed(&sct))
    }

    /// RFC 3161 §2.4.2, RFC 5652 §5.
    fn timestamp(&self, query: &[u8], wrong: Option<Wrong>) -> Vec<u8> {
        if wrong == Some(Wrong::NotGranted) {
            return sequence(&sequence(&[0x02, 0x01, 0x02]));
        }
        // Behind the tag and length of the question, its version 1, and then what is asked about, its nonce.
        let (imprint, nonce) = (&query[5..5 + 51], &query[5 + 51..5 + 51 + 10]);
        let (mut imprint, mut nonce) = (imprint.to_vec(), nonce.to_vec());
        match wrong {
            Some(Wrong::Nonce) => nonce[9] ^= 1,
            Some(Wrong::Imprint) => imprint[50] ^= 1,
            _ => {}
        }
        let time = Timestamp::from_second(TIME).unwrap().strftime("%Y%m%d%H%M%SZ").to_string();
        let info = sequence(
            &[
                &[0x02, 0x01, 0x01][..],
                &oid(&[0x2a, 0x03, 0x04]),
                &imprint,
                &[0x02, 0x01, 0x05],
                &value(0x18, time.as_bytes()),
                &nonce,
            ]
            .concat(),
        );
        let digest = Digest::of(&info);
        let attribute = |kind: &[u8], content: &[u8]| sequence(&[oid(kind), value(0x31, content)].concat());
        let attributes =
            [attribute(CONTENT_TYPE, &oid(TST_INFO)), attribute(MESSAGE_DIGEST, &value(0x04, digest.as_bytes()))]
                .concat();
        let signature = self.tsa.0.sign(&value(0x31, &attributes)).unwrap();
        let sha_256 = sequence(&oid(SHA_256));
        let signer = sequence(
            &[
                vec![0x02, 0x01, 0x01],
                sequence(&[name("tsa root"), vec![0x02, 0x01, 7]].concat()),
                sha_256.clone(),
                value(0xa0, &attributes),
                sequence(&oid(ECDSA_SHA_256)),
                value(0x04, &signature),
            ]
            .concat(),
        );
        let content = sequence(&[oid(TST_INFO), value(0xa0, &value(0x04, &info))].concat());
        let data = sequence(&[vec![0x02, 0x01, 0x03], value(0x31, &sha_256), content, value(0x31, &signer)].concat());
        let token = sequence(&[oid(SIGNED_DATA), value(0xa0, &data)].concat());
        sequence(&[sequence(&[0x02, 0x01, 0x00]), token].concat())
    }
}

const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
const FULCIO_ISSUER: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8];
const SCT_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
const ECDSA_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, length[1]],
        128..=255 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, content.to_vec()].concat()
}

fn sequence(content: &[u8]) -> Vec<u8> {
    value(0x30, content)
}

fn oid(content: &[u8]) -> Vec<u8> {
    value(0x06, content)
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn name(common: &str) -> Vec<u8> {
    if common.is_empty() {
        return sequence(&[]);
    }
    sequence(&value(0x31, &sequence(&[oid(&[0x55, 4, 3]), value(0x0c, common.as_bytes())].concat())))
}

fn extension(kind: &[u8], is_critical: bool, content: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[0x01, 0x01, 0xff] } else { &[] };
    sequence(&[&oid(kind)[..], critical, &value(0x04, content)].concat())
}

/// A certificate before it is signed (RFC 5280 §4.1).
fn tbs(
    serial: u8,
    issuer: &str,
    (start, end): (Timestamp, Timestamp),
    subject: &str,
    key: &PublicKey,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let time = |time: Timestamp| value(0x17, time.strftime("%y%m%d%H%M%SZ").to_string().as_bytes());
    sequence(
        &[
            value(0xa0, &[0x02, 0x01, 0x02]),
            vec![0x02, 0x01, serial],
            sequence(&oid(ECDSA_SHA_256)),
            name(issuer),
            sequence(&[time(start), time(end)].concat()),
            name(subject),
            key.der().to_vec(),
            value(0xa3, &sequence(&extensions.concat())),
        ]
        .concat(),
    )
}

fn signed(tbs: &[u8], by: &PrivateKey) -> Vec<u8> {
    let signature = [&[0][..], &by.sign(tbs).unwrap()].concat();
    sequence(&[tbs.to_vec(), sequence(&oid(ECDSA_SHA_256)), value(0x03, &signature)].concat())
}

fn lines(text: &str) -> String {
    let all: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    all.join("\n")
}
