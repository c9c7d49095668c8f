//! The JSON documents of an image: OCI Image Specification 1.1 and Docker's schema 2, read as far as they are used.
//!
//! Unknown fields are passed over, as the specification demands. A document that could be read as two things is refused:
//! whoever reads it as the other one sees another image under the same digest.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::text::objects;
use crate::oci::error::{DocumentProblem, ImageError};
use crate::oci::platform::Platform;

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// A blob, named by digest and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its SHA-256.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// What it runs on, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
}

/// How a layer's tar stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerEncoding {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Descriptor {
    /// How the layer that this describes is packed; `None` for what is not a layer.
    pub fn encoding(&self) -> Option<LayerEncoding> {
        Some(match self.media_type.as_str() {
            "application/vnd.oci.image.layer.v1.tar"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar"
            | "application/vnd.docker.image.rootfs.diff.tar" => LayerEncoding::Plain,
            "application/vnd.oci.image.layer.v1.tar+gzip"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            | "application/vnd.docker.image.rootfs.diff.tar.gzip"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => LayerEncoding::Gzip,
            "application/vnd.oci.image.layer.v1.tar+zstd"
            | "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
            | "application/vnd.docker.image.rootfs.diff.tar.zstd" => LayerEncoding::Zstd,
            _ => return None,
        })
    }

    pub(crate) fn is_index(&self) -> bool {
        matches!(self.media_type.as_str(), OCI_INDEX | DOCKER_LIST)
    }

    pub(crate) fn is_manifest(&self) -> bool {
        matches!(self.media_type.as_str(), OCI_MANIFEST | DOCKER_MANIFEST)
    }
}

/// An index or a manifest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Document {
    Index(Vec<Descriptor>),
    Manifest { config: Descriptor, layers: Vec<Descriptor> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: u32,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

impl Document {
    /// Reads an index or a manifest; `expected` is what its descriptor calls it.
    pub(crate) fn parse(what: &str, expected: Option<&str>, bytes: &[u8]) -> Result<Self, ImageError> {
        let raw: Raw = parse(what, bytes)?;
        if raw.schema_version != 2 {
            return Err(DocumentProblem::SchemaVersion.of(what));
        }
        let (document, names) = match (raw.manifests, raw.config, raw.layers) {
            (Some(manifests), None, None) => (Self::Index(manifests), [OCI_INDEX, DOCKER_LIST]),
            (None, Some(config), Some(layers)) => (Self::Manifest { config, layers }, [OCI_MANIFEST, DOCKER_MANIFEST]),
            (Some(_), _, _) => return Err(DocumentProblem::TwoKinds.of(what)),
            (None, _, _) => return Err(DocumentProblem::NoKind.of(what)),
        };
        for stated in raw.media_type.as_deref().into_iter().chain(expected) {
            if !names.contains(&stated) {
                return Err(DocumentProblem::MediaType(stated.to_owned()).of(what));
            }
        }
        Ok(document)
    }
}

impl Document {
    /// Describes a document that has no descriptor: one that was named by its digest alone.
    pub(crate) fn describe(what: &str, digest: Digest, bytes: &[u8]) -> Result<Descriptor, ImageError> {
        let usual = match Self::parse(what, None, bytes)? {
            Self::Index(_) => OCI_INDEX,
            Self::Manifest { .. } => OCI_MANIFEST,
        };
        let stated = parse::<Raw>(what, bytes)?.media_type;
        let media_type = stated.unwrap_or_else(|| usual.to_owned());
        Ok(Descriptor { media_type, digest, size: bytes.len() as u64, platform: None })
    }
}

/// The configuration of an image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Config {
    #[serde(flatten)]
    pub(crate) platform: Platform,
    #[serde(default)]
    pub(crate) config: Option<RawRun>,
    pub(crate) rootfs: RawRootFs,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RawRun {
    #[serde(default)]
    pub(crate) env: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) entrypoint: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) cmd: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) working_dir: Option<String>,
    #[serde(default)]
    pub(crate) user: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct RawRootFs {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) diff_ids: Vec<Digest>,
}

impl Config {
    pub(crate) fn parse(what: &str, bytes: &[u8]) -> Result<Self, ImageError> {
        let config: Self = parse(what, bytes)?;
        if config.rootfs.kind == "layers" {
            Ok(config)
        } else {
            Err(DocumentProblem::RootFs(config.rootfs.kind).of(what))
        }
    }
}

fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, ImageError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = objects::deserialize(&mut reader).map_err(DocumentProblem::Json);
    let read = read.and_then(|value| reader.end().map(|()| value).map_err(DocumentProblem::Trailing));
    read.map_err(|problem| problem.of(what))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::error_chain::causes;
    use crate::model::text::damaged::damaged;

    fn descriptor(media_type: &str) -> String {
        format!(r#"{{"mediaType":"{media_type}","digest":"{}","size":0,"annotations":{{}}}}"#, Digest::of(b""))
    }

    #[test]
    fn a_document_is_one_thing() {
        let (config, layer) = (descriptor(OCI_CONFIG), descriptor("application/vnd.oci.image.layer.v1.tar"));
        let manifest = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layer}],"subject":null}}"#);
        assert!(matches!(Document::parse("m", Some(OCI_MANIFEST), manifest.as_bytes()), Ok(Document::Manifest { .. })));
        for (text, said) in [
            (manifest.replace("\"layers\"", "\"manifests\":[],\"layers\""), "at once"),
            (manifest.replace(":2,", ":1,"), "schemaVersion"),
            (manifest.replace("\"layers\"", "\"other\""), "neither"),
            (manifest.replace(":2,", &format!(":2,\"mediaType\":\"{OCI_INDEX}\",")), "which it is not"),
            (manifest.replace("sha256:", "sha512:"), "config.digest"),
            (manifest.replace(":2,", ":2,\"config\":null,"), "duplicate field"),
            (manifest.clone() + "x", "trailing"),
            (manifest.replace(&config, r#"["x", "y", 0, null]"#), "config: invalid type: sequence"),
        ] {
            let error = causes(&Document::parse("manifest", None, text.as_bytes()).unwrap_err());
            assert!(error.contains(said), "{error}");
        }
        let error = causes(&Document::parse("m", Some(OCI_INDEX), manifest.as_bytes()).unwrap_err());
        assert!(error.contains("which it is not"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(
            bytes: Vec<u8>,
            manifest in damaged(format!(
                r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#, descriptor(OCI_CONFIG), descriptor("x")
            ).as_bytes()),
            config in damaged(br#"{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{}}"#),
        ) {
            prop_assert!(Document::parse("m", None, &bytes).is_err());
            prop_assert!(Config::parse("c", &bytes).is_err());
            let _ = Document::parse("m", None, &manifest);
            let _ = Config::parse("c", &config);
        }
    }
}
