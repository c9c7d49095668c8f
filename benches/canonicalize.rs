//! Canonicalising and hashing a CycloneDX document, beside serde_json_canonicalizer.
//!
//! `STELLA_BENCH_MB` sets the size of the document (default 2). Only ratios within one run mean something.

#![expect(clippy::print_stdout, reason = "figures mean nothing without the size of what was measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use stella::canonical::{JsonError, Limits, canonicalize_artifact, jcs};
use stella::model::artifact::ArtifactFormat;
use stella::model::digest::Digest;

fn main() -> Result<(), Box<dyn Error>> {
    // What fails or differs is not worth timing.
    assert_eq!(rfc_8785()?, serde_json_canonicalizer()?, "the two do not agree");
    profile()?;
    let components = DOCUMENT.windows(9).filter(|bytes| bytes == b"\"bom-ref\"").count();
    println!("a document of {} bytes with {components} components", DOCUMENT.len());
    divan::main();
    Ok(())
}

static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let megabytes = std::env::var("STELLA_BENCH_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    document(megabytes * 1_000_000)
});

/// An inventory of at least `size` bytes, members and components in no particular order, as tools write it.
fn document(size: usize) -> Vec<u8> {
    let mut text = String::from(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,"metadata":{"timestamp":"2026-01-02T03:04:05Z","tools":{"components":[{"type":"application","name":"bench","version":"1.0.0"}]}},"components":["#,
    );
    let mut number = 0u64;
    while text.len() < size {
        // A walk through all numbers in scattered order, so that there is something to sort.
        let n = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let (major, minor, patch) = (n % 9, n % 31, n % 101);
        let _ = write!(
            text,
            r#"{comma}{{"type":"library","bom-ref":"pkg:npm/%40scope{scope}/package-{n}@{major}.{minor}.{patch}","name":"package-{n}","group":"@scope{scope}","version":"{major}.{minor}.{patch}","description":"Does \"one thing\" well \u2014 caf\u00e9, na\u00efve.\n","purl":"pkg:npm/%40scope{scope}/package-{n}@{major}.{minor}.{patch}","scope":"required","hashes":[{{"alg":"SHA-512","content":"{n:0128x}"}},{{"alg":"SHA-256","content":"{n:064x}"}}],"licenses":[{{"license":{{"id":"MIT"}}}}],"properties":[{{"name":"path","value":"/node_modules/package-{n}"}},{{"name":"dev","value":"false"}}],"evidence":{{"identity":{{"field":"purl","confidence":0.{minor}}}}}}}"#,
            comma = if number > 0 { "," } else { "" },
            scope = n % 17,
        );
        number += 1;
    }
    text.push_str("]}");
    text.into_bytes()
}

fn rfc_8785() -> Result<Digest, JsonError> {
    Ok(Digest::of(&jcs::canonicalize(&DOCUMENT, &Limits::default())?))
}

fn profile() -> Result<Digest, JsonError> {
    Ok(canonicalize_artifact(ArtifactFormat::Cyclonedx, &DOCUMENT, &Limits::default())?.digest)
}

fn serde_json_canonicalizer() -> serde_json::Result<Digest> {
    let value: serde_json::Value = serde_json::from_slice(&DOCUMENT)?;
    Ok(Digest::of(&serde_json_canonicalizer::to_vec(&value)?))
}

#[divan::bench]
fn stella_rfc_8785(bencher: Bencher) {
    bencher.counter(BytesCount::new(DOCUMENT.len())).bench(rfc_8785);
}

#[divan::bench]
fn stella_cyclonedx_profile(bencher: Bencher) {
    bencher.counter(BytesCount::new(DOCUMENT.len())).bench(profile);
}

#[divan::bench]
fn serde_json_canonicalizer_rfc_8785(bencher: Bencher) {
    bencher.counter(BytesCount::new(DOCUMENT.len())).bench(serde_json_canonicalizer);
}

/// The floor under all of them.
#[divan::bench]
fn sha_256_alone(bencher: Bencher) {
    bencher.counter(BytesCount::new(DOCUMENT.len())).bench(|| Digest::of(&DOCUMENT));
}
