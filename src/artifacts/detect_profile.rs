//! The profile for a document, by what is in it.
//!
//! What a document is, is told by few of its places. So a file is read once for an *outline*, in which all else is left
//! out, and what it is, is what its outline is.
//!
//! Invariant: [`format::detect`] and what recognises tools answer the same of the outline as of the document.

use std::sync::LazyLock;

use crate::artifacts::document_file::InFile;
use crate::canonical::{self, Limits, Profile, Sink, Source};
use crate::config::Config;
use crate::host::fs::FsError;
use crate::job::artifact::kind_of;
use crate::model::artifact::ArtifactFormat;

/// Leaves out what [`format::detect`] does not look at. Where two rules mean a place the first counts, and a set of what
/// is not an array is left as it is: so what is looked at stays.
const OUTLINE: &str = "\
profile: outline
form: json
rules:
- {path: /document/csaf_version, action: set, reason: looked at}
- {path: /descriptor/name, action: set, reason: looked at}
- {path: /results/*/source, action: set, reason: looked at}
- {path: /results/*/packages, action: set, reason: looked at}
- {path: /results/*/check_id, action: set, reason: looked at}
- {path: /results/*/path, action: set, reason: looked at}
- {path: /results/*/extra, action: set, reason: looked at}
- {path: /results/*, action: set, reason: looked at}
- {path: /results/*/packages/*, action: drop, reason: not looked at}
- {path: /results/*/extra/*, action: drop, reason: not looked at}
- {path: /results/*/*, action: drop, reason: not looked at}
- {path: /*/*, action: drop, reason: not looked at}
";
/// An outline of more bytes is not worth having: the document is read as a whole.
const LONGEST: usize = 1 << 20;

/// The profile for what a file of this name holds, as comparisons choose it: that of its format, or of the tool that wrote it.
/// What is not JSON is read as JSON all the same, so that a damaged document is refused instead of being taken for something
/// else.
pub fn recognised<'c>(name: &str, bytes: &[u8], config: &'c Config) -> &'c Profile {
    match kind_of(name, bytes) {
        (ArtifactFormat::Bytes, _) => config.profile(ArtifactFormat::Json, None),
        (format, tool) => config.profile(format, tool.as_ref()),
    }
}

/// The same of what is in a file, which is not held as a whole unless it has to be.
///
/// # Errors
/// As [`InFile::whole`].
pub fn recognised_in_file<'c>(name: &str, file: &mut InFile, config: &'c Config) -> Result<&'c Profile, FsError> {
    let window = file.window();
    Ok(match outline(file, window) {
        Some(outline) => recognised(name, &outline, config),
        None => recognised(name, &file.whole()?, config),
    })
}

/// The outline of a document that is read in windows; `None` where it has to be read as a whole.
fn outline(source: &mut dyn Source, window: usize) -> Option<Vec<u8>> {
    static PROFILE: LazyLock<Option<Profile>> = LazyLock::new(|| Profile::parse(OUTLINE).ok());
    let mut beginning = Beginning(Vec::new());
    canonical::send_in_windows(PROFILE.as_ref()?, source, window, &Limits::default(), &mut beginning).ok()?;
    let Beginning(outline) = beginning;
    // Of a list the first element may tell which tool wrote it, and that is left out here.
    (outline.first() != Some(&b'[') && outline.len() <= LONGEST).then_some(outline)
}

/// What is sent, as far as that is not too long.
struct Beginning(Vec<u8>);

impl Sink for Beginning {
    fn take(&mut self, block: &mut Vec<u8>) {
        if self.0.len() <= LONGEST {
            self.0.extend_from_slice(block);
        }
    }

    fn restart(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::canonical::Unsuited;
    use crate::format;
    use crate::format::detect::tool;

    struct Text<'t>(&'t [u8]);

    impl Source for Text<'_> {
        fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited> {
            let count = room.len().min(self.0.len());
            let (now, later) = self.0.split_at(count);
            room[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }

        fn restart(&mut self) -> Result<(), Unsuited> {
            Err(Unsuited)
        }
    }

    /// Values that tell formats apart at some place, and others that only look so.
    fn value() -> impl Strategy<Value = Value> {
        let result =
            json!({ "source": { "path": "/a", "type": "lockfile", "z": [] }, "packages": [{ "name": "b" }], "x": 1 });
        prop::sample::select(vec![
            json!(null),
            json!("CycloneDX"),
            json!("SPDX-2.3"),
            json!("2.1.0"),
            json!("https://openvex.dev/ns/v0.2.0"),
            json!("https://spdx.org/rdf/3.0.1/spdx-context.jsonld"),
            json!("https://json.schemastore.org/sarif-2.1.0.json"),
            json!("stella.findings/1"),
            json!("stella.decision/1"),
            json!({ "csaf_version": "2.0", "category": "x" }),
            json!({ "csaf_version": ["2.0"] }),
            json!(["2.0"]),
            json!({ "name": "syft", "version": "1" }),
            json!({ "name": "grype" }),
            json!({ "name": { "name": "syft" } }),
            json!([]),
            json!({}),
            json!([{ "a": [1, 2] }, "b"]),
            json!([result, result]),
            json!([{ "check_id": "a", "path": "b", "extra": { "x": [1] }, "y": {} }]),
            json!([{ "check_id": "a", "path": "b" }]),
            json!([result, { "source": {}, "packages": [] }]),
            json!([{ "source": { "path": "/a", "type": "lockfile" }, "packages": {} }]),
            json!({ "0": result }),
            json!(2),
        ])
    }

    fn name() -> impl Strategy<Value = &'static str> {
        prop::sample::select(&[
            "bomFormat",
            "components",
            "vulnerabilities",
            "spdxVersion",
            "@context",
            "$schema",
            "version",
            "runs",
            "schema",
            "document",
            "descriptor",
            "artifacts",
            "matches",
            "results",
            "experimental_config",
            "errors",
            "paths",
            "metadata",
            "auditReportVersion",
            "SchemaVersion",
            "ArtifactName",
            "Results",
            "other",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn an_outline_is_what_its_document_is(
            members in prop::collection::vec((name(), value()), 0..6), is_pretty: bool, window in 1_usize..200,
        ) {
            let document = Value::from_iter(members);
            let text = if is_pretty { format!("{document:#}") } else { document.to_string() };
            let Some(outline) = outline(&mut Text(text.as_bytes()), window) else {
                return Err(TestCaseError::fail("it was not read in windows"));
            };
            prop_assert_eq!(tool::recognise(&outline), tool::recognise(text.as_bytes()), "{}", text);
            prop_assert_eq!(format::detect(&outline), format::detect(text.as_bytes()), "{} of {}", String::from_utf8_lossy(&outline), text);
        }
    }

    #[test]
    fn an_outline_is_short() {
        let component = r#"{"name":"a","licenses":[{"license":{"id":"MIT"}}]}"#;
        let text = format!(
            r#"{{"bomFormat":"CycloneDX","components":[{}{component}]}}"#,
            format!("{component},").repeat(9_999)
        );
        let outline_of = |text: &str| {
            outline(&mut Text(text.as_bytes()), 1 << 16).map(|outline| String::from_utf8(outline).unwrap())
        };
        assert_eq!(outline_of(&text).as_deref(), Some(r#"{"bomFormat":"CycloneDX","components":[]}"#));
        assert_eq!(outline_of("[1,2]"), None, "its elements may tell the tool");
        assert_eq!(outline_of("[1").as_deref(), None, "what is damaged is left to those who say where");
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST));
        assert_eq!(outline_of(&long), None);
    }

    /// What recognises a document may not be volatile: its canonical form would be another kind of document.
    #[test]
    fn a_canonical_form_is_its_own() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let mut folders: Vec<_> =
            std::fs::read_dir(folder.join("canonical")).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.extend(["format", "members", "members/depending"].map(|name| folder.join(name)));
        let files =
            folders.into_iter().filter(|folder| folder.is_dir()).flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let config = Config::for_directory(std::path::Path::new(".")).unwrap();
        let mut tried = 0;
        for path in
            files.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "json"))
        {
            // A name that says nothing.
            let canonical = |bytes: &[u8]| {
                let profile = recognised("document.json", bytes, &config);
                let canonical =
                    canonical::canonicalize_rooted(profile, &canonical::Roots::default(), bytes, &Limits::default());
                canonical.ok().map(|canonical| (profile.name(), canonical.bytes))
            };
            let Some((name, once)) = canonical(&std::fs::read(&path).unwrap()) else { continue };
            let again = canonical(&once).map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()));
            assert_eq!(again, Some((name, String::from_utf8(once).unwrap())), "{}", path.display());
            tried += 1;
        }
        assert!(tried > 50, "{tried}");
    }
}
