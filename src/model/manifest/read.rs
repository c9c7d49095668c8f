//! Strict reading: every error names the field.

use serde::de::{Error as _, IgnoredAny};
use serde_json::Value;

use crate::model::manifest::v1::ScanManifest;
use crate::model::text::objects;

/// Why a document is not a ScanManifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON at all.
    #[error("not valid JSON")]
    Json(#[source] serde_json::Error),
    /// A field is missing, has the wrong type or a value that is not allowed.
    #[error("field `{path}`")]
    Field {
        /// Path of the offending field, e.g. `input.layers[1]`.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A major version that this program does not read.
    #[error("`manifest_version` is `{found}`: this program reads 1.x")]
    Version {
        /// The version found.
        found: String,
    },
}

/// Reads a manifest. Unknown fields are kept; placeholders for digests are accepted.
///
/// # Errors
/// When it is not JSON, of an unknown version, or a field of it is not what it must be.
pub fn from_json(bytes: &[u8]) -> Result<ScanManifest, ManifestError> {
    check_version(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let manifest = objects::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let source = error.into_inner();
        match serde_json::from_slice::<IgnoredAny>(bytes) {
            Err(error) => ManifestError::Json(error),
            Ok(_) if source.is_data() => ManifestError::Field { path, source },
            // Where a word is expected and something else stands, serde_json speaks of the syntax.
            Ok(_) => {
                let (line, column) = (source.line(), source.column());
                let what = format!("a value of the wrong type at line {line} column {column}");
                ManifestError::Field { path, source: serde_json::Error::custom(what) }
            }
        }
    })?;
    deserializer.end().map_err(ManifestError::Json)?;
    Ok(manifest)
}

/// A document of another major version is refused for its version, not for the first field that changed.
fn check_version(bytes: &[u8]) -> Result<(), ManifestError> {
    #[derive(serde::Deserialize)]
    struct Head {
        manifest_version: Option<Value>,
    }
    let head: Head = match objects::from_slice(bytes) {
        Ok(head) => head,
        Err(error) if error.is_data() => return Ok(()),
        Err(error) => return Err(ManifestError::Json(error)),
    };
    match head.manifest_version {
        Some(Value::String(found)) if !is_readable(&found) => Err(ManifestError::Version { found }),
        _ => Ok(()),
    }
}

fn is_readable(version: &str) -> bool {
    version.strip_prefix("1.").is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::damaged::damaged;

    /// The example of the specification, as it stands there.
    pub(crate) const EXAMPLE: &str = include_str!("../../../tests/data/manifest/published-example.json");

    #[test]
    fn the_published_example_loads_as_it_stands() {
        let manifest = from_json(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(manifest.scan_id, "scan_123");
        assert_eq!(manifest.input.layers.len(), 2);
        assert_eq!(manifest.environment.tz, "UTC");
        assert_eq!(manifest.normalization.sbom_schema.as_deref(), Some("cyclonedx-1.6"));
    }

    #[test]
    fn what_is_read_is_written_back_with_unknown_fields() {
        let mut value: Value = serde_json::from_str(EXAMPLE).unwrap();
        value["later"] = serde_json::json!({"a": [1, 2]});
        value["input"]["signed_by"] = "someone".into();
        let manifest = from_json(value.to_string().as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(&manifest).unwrap(), value);
    }

    #[test]
    fn errors_name_the_field() {
        let cases: [(&str, Value, &str); 11] = [
            ("/input/layers/1", 7.into(), "field `input.layers[1]`"),
            ("/environment/clock_mode", "stopped".into(), "field `environment.clock_mode`"),
            ("/input/type", Value::Null, "field `input.type`"),
            ("/input/type", 7.into(), "field `input.type`"),
            ("/input/type", serde_json::json!([1]), "field `input.type`"),
            ("/environment/clock_mode", serde_json::json!({}), "field `environment.clock_mode`"),
            ("/environment/network", true.into(), "field `environment.network`"),
            ("/created_at", "yesterday".into(), "field `created_at`"),
            ("/policy/policy_bundle_digest", "md5:0".into(), "field `policy.policy_bundle_digest`"),
            ("/manifest_version", "2.0".into(), "`manifest_version` is `2.0`: this program reads 1.x"),
            ("/manifest_version", "1.x".into(), "`manifest_version` is `1.x`: this program reads 1.x"),
        ];
        for (pointer, bad, expected) in cases {
            let mut value: Value = serde_json::from_str(EXAMPLE).unwrap();
            *value.pointer_mut(pointer).unwrap() = bad;
            let error = from_json(value.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let mut value: Value = serde_json::from_str(EXAMPLE).unwrap();
        value["scanner"].as_object_mut().unwrap().remove("engine");
        let error = from_json(value.to_string().as_bytes()).unwrap_err();
        assert!(matches!(&error, ManifestError::Field { path, source }
            if path == "scanner" && source.to_string().contains("`engine`")));
        assert!(matches!(from_json(b"{"), Err(ManifestError::Json(_))));
        assert!(matches!(from_json(format!("{EXAMPLE} {{}}").as_bytes()), Err(ManifestError::Json(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, damaged in damaged(EXAMPLE.as_bytes())) {
            let _ = from_json(&bytes);
            let _ = from_json(&damaged);
        }

        #[test]
        fn no_cut_example_is_accepted(cut in 1..EXAMPLE.trim_end().len()) {
            proptest::prop_assert!(from_json(&EXAMPLE.as_bytes()[..cut]).is_err());
        }
    }
}
