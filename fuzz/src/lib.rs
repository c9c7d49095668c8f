//! What the fuzz targets do with an input: one module for each, without the fuzzer. A run returns, or panics.
//!
//! `fuzz/targets` gives these functions to libFuzzer, and `tests/it/seeds.rs` includes this file and gives them the committed
//! files that each target begins with. So no dependency stands here that the package's own tests do not have.

pub mod advisories;
pub mod archives;
pub mod canonicalize;
pub mod configuration;
pub mod documents;
pub mod images;
pub mod inventories;
pub mod manifests;
pub mod names;
pub mod policies;
pub mod profiles;
pub mod sandbox;
pub mod versions;

/// One run of a target.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Run); 13] = [
    ("advisories", advisories::run),
    ("archives", archives::run),
    ("canonicalize", canonicalize::run),
    ("configuration", configuration::run),
    ("documents", documents::run),
    ("images", images::run),
    ("inventories", inventories::run),
    ("manifests", manifests::run),
    ("names", |input| text(input, names::run)),
    ("policies", policies::run),
    ("profiles", |input| text(input, profiles::run)),
    ("sandbox", sandbox::run),
    ("versions", |input| text(input, versions::run)),
];

/// What of an input is text, as libFuzzer cuts it.
fn text(input: &[u8], run: fn(&str)) {
    let valid = input.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    run(valid);
}
