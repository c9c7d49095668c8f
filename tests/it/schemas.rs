//! Documents of foreign formats against the schemas that their makers publish: what is valid is read, and what is not is
//! named by its path, by the schema and by the reader.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};
use stella::format::{cyclonedx, detect, read_document};
use stella::model::artifact::ArtifactFormat;
use stella::model::ecosystem::Ecosystem;
use stella::model::package::Package;
use stella::model::vex::{VexStatement, VexStatus};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn schema(name: &str) -> Value {
    let compressed = fs::read(data().join("schema").join(format!("{name}.json.zst"))).unwrap();
    let text = String::from_utf8(zstd::decode_all(&compressed[..]).unwrap()).unwrap();
    // SARIF's pattern of a language code has a bracket that closes nothing, which strict readers of patterns refuse.
    serde_json::from_str(&text.replace("{2}]?$", "{2}?$")).unwrap()
}

/// The address under which other schemas refer to one, by the name of its file.
const REFERRED: [(&str, &str); 6] = [
    ("cyclonedx-cryptography", "http://cyclonedx.org/schema/cryptography-defs.SNAPSHOT.schema.json"),
    ("cyclonedx-jsf-0.82", "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json"),
    ("cyclonedx-spdx", "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json"),
    ("cvss-2.0", "https://www.first.org/cvss/cvss-v2.0.json"),
    ("cvss-3.0", "https://www.first.org/cvss/cvss-v3.0.json"),
    ("cvss-3.1", "https://www.first.org/cvss/cvss-v3.1.json"),
];

fn validator(name: &str) -> Validator {
    let mut registry = Registry::new();
    for (file, address) in REFERRED {
        registry = registry.add(address, schema(file)).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::options()
        .with_registry(&registry)
        .build(&schema(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The paths at which a document is not as the schema says.
fn wrong(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn document(path: &str) -> Value {
    serde_json::from_slice(&fs::read(data().join(path)).unwrap()).unwrap()
}

/// The schema of each sample, and a change that breaks it: where, by what, and how the reader names the place. No name
/// where the reader has no use for the field and passes it over.
type Case = (&'static str, &'static str, &'static str, Value, Option<&'static str>);

fn cases() -> Vec<Case> {
    vec![
        ("cyclonedx-1.6", "format/cyclonedx.json", "/components/0/type", json!(null), Some("components[0].type")),
        (
            "cyclonedx-1.6",
            "canonical/cyclonedx-vex/full.json",
            "/vulnerabilities/0/analysis/state",
            json!("odd"),
            Some("vulnerabilities[0].analysis.state"),
        ),
        ("spdx-2.3", "format/spdx.json", "/packages/0/SPDXID", json!(1), Some("packages[0].SPDXID")),
        ("spdx-3.0.1", "canonical/spdx3/full.json", "/@graph/6/name", json!(1), Some("@graph[6].name")),
        (
            "csaf-2.0",
            "canonical/csaf/full.json",
            "/vulnerabilities/0/product_status/fixed",
            json!("OS-9"),
            Some("vulnerabilities[0].product_status.fixed"),
        ),
        ("csaf-2.0", "canonical/csaf/full.json", "/document/tracking/status", json!("odd"), None),
        ("sarif-2.1.0", "format/sarif.json", "/runs/0/results/0/level", json!("bad"), Some("runs[0].results[0].level")),
        ("sarif-2.1.0", "format/sarif.json", "/runs/0/tool/driver", json!(3), Some("runs[0].tool.driver")),
        ("syft-16.1.3", "canonical/syft/full.json", "/artifacts/0/name", json!({}), Some("artifacts[0].name")),
        ("syft-16.1.3", "format/syft.json", "/artifacts/1/purl", json!(1), Some("artifacts[1].purl")),
    ]
}

#[test]
fn valid_documents_are_read_and_invalid_ones_named_by_path() {
    for (schema, path, pointer, value, named) in cases() {
        let validator = validator(schema);
        let valid = document(path);
        assert_eq!(wrong(&validator, &valid), Vec::<String>::new(), "{path}");
        let format = detect(valid.to_string().as_bytes());
        read_document(format, valid.to_string().as_bytes()).unwrap();

        let mut invalid = valid;
        *invalid.pointer_mut(pointer).unwrap_or_else(|| panic!("{path}: {pointer}")) = value;
        let errors = wrong(&validator, &invalid);
        // A schema of alternatives names the place at which none of them fits, which may be a parent.
        let names = |error: &String| pointer.starts_with(error.split(": ").next().unwrap());
        assert!(!errors.is_empty() && errors.iter().all(names), "{path}: {pointer}: {errors:?}");
        let read = read_document(format, invalid.to_string().as_bytes());
        match named {
            Some(named) => {
                let error = read.unwrap_err().to_string();
                assert!(error.contains(&format!("`{named}`")), "{path}: {error}");
            }
            None => _ = read.unwrap(),
        }
    }
}

#[test]
fn every_schema_is_used() {
    let mut found = Vec::new();
    for entry in fs::read_dir(data().join("schema")).unwrap() {
        found.extend(entry.unwrap().file_name().to_str().unwrap().strip_suffix(".json.zst").map(str::to_owned));
    }
    let used =
        cases().into_iter().map(|case| case.0).chain(REFERRED.map(|(name, _)| name)).chain(VERSIONS).map(str::to_owned);
    let used: std::collections::BTreeSet<String> = used.collect();
    found.sort();
    assert_eq!(found, used.into_iter().collect::<Vec<_>>());
}

const VERSIONS: [&str; 4] = ["cyclonedx-1.4", "cyclonedx-1.5", "cyclonedx-1.6", "cyclonedx-1.7"];

#[test]
fn each_version_of_cyclonedx_is_read_as_its_schema_says() {
    for name in VERSIONS {
        let version = name.strip_prefix("cyclonedx-").unwrap();
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": version, "version": 1,
            "components": [{
                "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1",
                "licenses": [{ "license": { "id": "MIT" } }],
            }],
            "vulnerabilities": [{
                "id": "CVE-2024-1", "ratings": [{ "severity": "high" }], "affects": [{ "ref": "a" }],
                "analysis": { "state": "in_triage" },
            }],
        });
        assert_eq!(wrong(&validator(name), &document), Vec::<String>::new(), "{name}");
        let read = read_document(ArtifactFormat::Cyclonedx, document.to_string().as_bytes()).unwrap();
        assert_eq!((read.packages.unwrap().len(), read.findings.unwrap().len(), read.vex.unwrap().len()), (1, 1, 1));
    }
}

#[test]
fn what_is_written_is_valid() {
    let validator = validator("cyclonedx-1.6");
    let package = |purl: &str| Package {
        name: "bsdutils".into(),
        version: "1:2.38.1-5".into(),
        purl: purl.parse().ok(),
        ecosystem: Ecosystem::from("Debian:12"),
        licenses: ["BSD-4-Clause", "own words"].map(str::to_owned).into(),
        source: Some(stella::model::package::SourcePackage { name: "util-linux".into(), version: "2.38.1-5".into() }),
        details: BTreeSet::new(),
    };
    let statement = |status, justification: Option<&str>| VexStatement {
        vulnerability: "CVE-2021-23337".into(),
        product: "pkg:npm/lodash@4.17.20".into(),
        status,
        justification: justification.map(str::to_owned),
        details: BTreeSet::new(),
    };
    let statements = [
        statement(VexStatus::NotAffected, Some("vulnerable_code_not_in_execute_path")),
        statement(VexStatus::NotAffected, Some("own words")),
        statement(VexStatus::Affected, None),
        statement(VexStatus::Fixed, None),
        statement(VexStatus::UnderInvestigation, None),
    ];
    let sbom = cyclonedx::write(&[package("pkg:deb/debian/bsdutils@1:2.38.1-5"), package("none")]);
    for written in [sbom, cyclonedx::vex::write(&statements)] {
        let document: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(wrong(&validator, &document), Vec::<String>::new());
    }
}
