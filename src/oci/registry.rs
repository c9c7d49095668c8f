//! Images from a registry, by the pull half of the OCI Distribution Specification 1.1.
//!
//! A registry is believed in nothing: a document has the digest that it was asked for by, or the one that it turns out to
//! have; blobs are checked by who reads them. Anonymous: what needs a password is copied to a layout first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::Duration;

use crate::host::fs::FsError;
use crate::host::http::{Http, Reach, Request, is_loopback};
use crate::model::digest::Digest;
use crate::model::limits::{MAX_CONFIG_BYTES, MAX_IMAGE_DOCUMENT_BYTES, MAX_LAYER_BYTES};
use crate::oci::blobs::Blobs;
use crate::oci::descriptor::{DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Document, OCI_INDEX, OCI_MANIFEST};
use crate::oci::error::{ImageError, RegistryError};
use crate::oci::reference::ImageName;

const DOCUMENT_TIME: Duration = Duration::from_secs(60);
const LAYER_TIME: Duration = Duration::from_secs(30 * 60);

/// One repository of a registry.
pub struct Registry {
    http: Http,
    name: ImageName,
    /// `https://HOST/v2/REPOSITORY`
    base: String,
    token: Option<String>,
    /// Documents that came, and those that they list: a registry keeps them elsewhere than blobs.
    documents: RefCell<BTreeMap<Digest, Option<Vec<u8>>>>,
}

impl Registry {
    /// Asks the registry of `name` whether it lets itself be asked.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn connect(name: &ImageName) -> Result<Self, RegistryError> {
        let host = match name.registry() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let bare = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let local = is_loopback(bare);
        let scheme = if local { "http" } else { "https" };
        let http = Http::new(&Reach { past_proxies: local, ..Reach::default() })?;
        let ping = format!("{scheme}://{host}/v2/");
        let answer = http.ask(&Request::get(&ping, DOCUMENT_TIME))?;
        let token = match (answer.status, answer.authenticate) {
            (401, Some(challenge)) => Some(token(&http, name, &challenge)?),
            _ => None,
        };
        let base = format!("{scheme}://{host}/v2/{}", name.repository());
        Ok(Self { http, name: name.clone(), base, token, documents: RefCell::default() })
    }

    /// The document that the name stands for, an index or a manifest: by its digest, else by its tag.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn root(&self) -> Result<Descriptor, ImageError> {
        let reference = match (self.name.digest(), self.name.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        };
        let bytes = self.manifest(&reference)?;
        let found = Digest::of(&bytes);
        if let Some(expected) = self.name.digest().filter(|expected| *expected != found) {
            let registry = self.name.registry().to_owned();
            return Err(RegistryError::OtherDocument { registry, expected, found }.into());
        }
        let descriptor = Document::describe(&format!("document {found}"), found, &bytes)?;
        self.keep(found, bytes);
        Ok(descriptor)
    }

    fn manifest(&self, reference: &str) -> Result<Vec<u8>, RegistryError> {
        let url = format!("{}/manifests/{reference}", self.base);
        let mut request = Request { headers: self.headers(), ..Request::get(&url, DOCUMENT_TIME) };
        request.headers.push(("accept", [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ")));
        Ok(self.http.bytes(&request, MAX_IMAGE_DOCUMENT_BYTES)?)
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        self.token.iter().map(|token| ("authorization", format!("Bearer {token}"))).collect()
    }

    /// Remembers a document, and what it lists.
    fn keep(&self, digest: Digest, bytes: Vec<u8>) {
        let mut documents = self.documents.borrow_mut();
        if let Ok(Document::Index(listed)) = Document::parse("index", None, &bytes) {
            for descriptor in listed {
                documents.entry(descriptor.digest).or_insert(None);
            }
        }
        documents.insert(digest, Some(bytes));
    }
}

impl Blobs for Registry {
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Read>>, ImageError> {
        let known = self.documents.borrow().get(digest).cloned();
        let bytes = match known {
            Some(Some(bytes)) => bytes,
            Some(None) => {
                let bytes = self.manifest(&digest.to_string())?;
                // Whoever reads it checks it; what another document lists is not remembered.
                if Digest::of(&bytes) == *digest {
                    self.keep(*digest, bytes.clone());
                }
                bytes
            }
            None => return self.blob(digest).map(Some),
        };
        Ok(Some(Box::new(Cursor::new(bytes))))
    }
}

impl Registry {
    fn blob(&self, digest: &Digest) -> Result<Box<dyn Read>, ImageError> {
        let url = format!("{}/blobs/{digest}", self.base);
        let request = Request { headers: self.headers(), ..Request::get(&url, LAYER_TIME) };
        let failed = |source| FsError::writing("keep a blob in", &std::env::temp_dir())(source);
        let mut file = tempfile::tempfile().map_err(failed)?;
        self.http.copy(&request, MAX_LAYER_BYTES, &mut file).map_err(RegistryError::from)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Box::new(file))
    }
}

/// Gets an anonymous token, as the registry's challenge says (distribution's token authentication).
fn token(http: &Http, name: &ImageName, challenge: &str) -> Result<String, RegistryError> {
    let refused = || RegistryError::Authentication {
        registry: name.registry().to_owned(),
        challenge: challenge.chars().filter(|c| !c.is_control()).take(200).collect(),
    };
    let fields = bearer(challenge).ok_or_else(refused)?;
    let realm = fields.get("realm").ok_or_else(refused)?;
    let service = fields.get("service").map(|service| format!("service={}&", encoded(service))).unwrap_or_default();
    let scope = encoded(&format!("repository:{}:pull", name.repository()));
    let joint = if realm.contains('?') { '&' } else { '?' };
    let url = format!("{realm}{joint}{service}scope={scope}");
    let bytes = http.bytes(&Request::get(&url, DOCUMENT_TIME), MAX_CONFIG_BYTES)?;
    let token: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    let field = |name: &str| token.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    field("token").or_else(|| field("access_token")).ok_or_else(refused)
}

/// The fields of `Bearer realm="…",service="…"`.
fn bearer(challenge: &str) -> Option<BTreeMap<String, String>> {
    let (scheme, mut rest) = challenge.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut fields = BTreeMap::new();
    while let Some((key, after)) = rest.split_once("=\"") {
        let (value, next) = after.split_once('"')?;
        fields.insert(key.trim_start_matches([',', ' ']).to_ascii_lowercase(), value.to_owned());
        rest = next;
    }
    Some(fields)
}

/// Percent-encoding of everything but what never needs it (RFC 3986 §2.3).
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let fields = bearer(r#"Bearer realm="https://auth.example/token",service="r, x",scope="a:b""#).unwrap();
        assert_eq!((fields["realm"].as_str(), fields["service"].as_str()), ("https://auth.example/token", "r, x"));
        assert!(bearer("Basic realm=\"x\"").is_none());
        assert!(bearer("Bearer realm=\"x").is_none());
        assert_eq!(encoded("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
    }
}
