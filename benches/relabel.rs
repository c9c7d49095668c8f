//! Canonicalising a CycloneDX document in which every reference is random, beside one in which none is.
//!
//! `STELLA_BENCH_COMPONENTS` sets how many components there are (default 100,000). Only ratios within one run mean
//! something.

#![expect(clippy::print_stdout, reason = "figures mean nothing without the size of what was measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use stella::canonical::{Canonical, JsonError, Limits, canonicalize_artifact};
use stella::model::artifact::ArtifactFormat;

fn main() -> Result<(), Box<dyn Error>> {
    // What is not renamed is not worth timing.
    let renamed = canonical(&RANDOM)?.masked.get("/**/bom-ref").copied().unwrap_or_default();
    assert!(renamed >= 3 * COMPONENTS.saturating_sub(1), "only {renamed} texts were renamed");
    println!("{} components, {} bytes, {renamed} texts renamed", *COMPONENTS, RANDOM.len());
    divan::main();
    Ok(())
}

static COMPONENTS: LazyLock<u64> = LazyLock::new(|| {
    std::env::var("STELLA_BENCH_COMPONENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
});
static RANDOM: LazyLock<Vec<u8>> = LazyLock::new(|| document(|n| format!("{n:08x}-0000-4000-8000-{n:012x}")));
static NAMED: LazyLock<Vec<u8>> = LazyLock::new(|| document(|n| format!("pkg:npm/package-{n}@1.{n}.0?name={n:08x}")));

/// Components, a third of them alike in all they hold, each of which depends on the next.
fn document(reference: impl Fn(u64) -> String) -> Vec<u8> {
    let count = *COMPONENTS;
    let mut text = String::from(r#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":["#);
    let scattered = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    for number in 0..count {
        let name = if number % 3 == 0 { 0 } else { scattered(number) };
        let _ = write!(
            text,
            r#"{comma}{{"type":"library","bom-ref":"{reference}","name":"package-{name}","version":"1.0.0","purl":"pkg:npm/package-{name}@1.0.0","hashes":[{{"alg":"SHA-256","content":"{name:064x}"}}]}}"#,
            comma = if number > 0 { "," } else { "" },
            reference = reference(scattered(number)),
        );
    }
    text.push_str(r#"],"dependencies":["#);
    for number in 1..count {
        let comma = if number > 1 { "," } else { "" };
        let (from, to) = (reference(scattered(number - 1)), reference(scattered(number)));
        let _ = write!(text, r#"{comma}{{"ref":"{from}","dependsOn":["{to}"]}}"#);
    }
    text.push_str("]}");
    text.into_bytes()
}

fn canonical(document: &[u8]) -> Result<Canonical, JsonError> {
    canonicalize_artifact(ArtifactFormat::Cyclonedx, document, &Limits::default())
}

#[divan::bench(sample_count = 5)]
fn every_reference_random(bencher: Bencher) {
    bencher.counter(BytesCount::new(RANDOM.len())).bench(|| canonical(&RANDOM));
}

#[divan::bench(sample_count = 5)]
fn no_reference_random(bencher: Bencher) {
    bencher.counter(BytesCount::new(NAMED.len())).bench(|| canonical(&NAMED));
}
