//! `Cargo.lock`, versions 1 to 4.
//!
//! Every `[[package]]` is a package of its own: one crate in several versions is the rule, not an
//! exception. Packages without a source are the workspace's own and are skipped.

use serde::Deserialize;

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::{locked, toml};
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;

const FORMAT: &str = "Cargo.lock";

#[derive(Deserialize)]
struct Lockfile {
    /// Absent in versions 1 and 2.
    version: Option<i64>,
    /// The package of the project itself, in version 1 of before 2016.
    root: Option<Locked>,
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
}

/// Reads the packages of a `Cargo.lock`.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let lockfile: Lockfile = toml(FORMAT, text)?;
    if let Some(version) = lockfile.version.filter(|version| !(1..=4).contains(version)) {
        return Err(FormatError::Version { format: FORMAT, found: version.to_string(), known: &["1", "2", "3", "4"] });
    }
    let mut listing = Listing::default();
    if let Some(Locked { name, version, .. }) = lockfile.root {
        listing.skip(format!("{name} {version}"), "it is the package of the project itself");
    }
    for (index, Locked { name, version, source }) in lockfile.package.into_iter().enumerate() {
        let Some(source) = source else {
            listing.skip(format!("{name} {version}"), "it has no source: a package of the workspace itself");
            continue;
        };
        let field = |problem| FormatError::Field { format: FORMAT, path: format!("package[{index}].name"), problem };
        let purl = purl::build("cargo", None, &name, &version, &origin(&source)).map_err(field)?;
        listing.packages.push(locked(name, version, purl, Ecosystem::crates_io()));
    }
    Ok(listing)
}

/// The purl qualifier that tells a crate from the one of the same name on crates.io.
fn origin(source: &str) -> Vec<(&str, &str)> {
    match source {
        "registry+https://github.com/rust-lang/crates.io-index" | "sparse+https://index.crates.io/" => Vec::new(),
        _ if source.starts_with("git+") => vec![("vcs_url", source)],
        _ => vec![("repository_url", source.split_once('+').map_or(source, |(_, url)| url))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purls(text: &str) -> Vec<String> {
        read(text).unwrap().packages.iter().map(|package| package.key()).collect()
    }

    #[test]
    fn version_1_keeps_every_version_of_a_crate() {
        let text = r#"
            [[package]]
            name = "app"
            version = "0.1.0"
            dependencies = ["rand 0.3.23 (registry+https://github.com/rust-lang/crates.io-index)"]

            [[package]]
            name = "rand"
            version = "0.3.23"
            source = "registry+https://github.com/rust-lang/crates.io-index"

            [[package]]
            name = "rand"
            version = "0.4.6"
            source = "registry+https://github.com/rust-lang/crates.io-index"

            [metadata]
            "checksum rand 0.3.23 (registry+https://github.com/rust-lang/crates.io-index)" = "64ac"
        "#;
        assert_eq!(purls(text), ["pkg:cargo/rand@0.3.23", "pkg:cargo/rand@0.4.6"]);
        assert_eq!(read(text).unwrap().skipped[0].what, "app 0.1.0");
    }

    /// Named regression: what stands in `[root]` was passed over without a word.
    #[test]
    fn the_root_is_told() {
        let listing = read("[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = []\n").unwrap();
        assert_eq!(listing.skipped[0].what, "app 0.1.0");
        assert!(!listing.skipped[0].is_lost);
    }

    #[test]
    fn other_origins_are_in_the_purl() {
        let text = "version = 4\n\
            [[package]]\nname = \"a\"\nversion = \"1.0.0+meta\"\nsource = \"sparse+https://index.crates.io/\"\n\
            [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"git+https://h.example/a?rev=1#abc\"\n\
            [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"sparse+https://r.example/i/\"\n";
        assert_eq!(
            purls(text),
            [
                "pkg:cargo/a@1.0.0%2Bmeta",
                "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps:%2F%2Fh.example%2Fa%3Frev%3D1%23abc",
                "pkg:cargo/a@1.0.0?repository_url=https:%2F%2Fr.example%2Fi%2F",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = read("version = 5").unwrap_err().to_string();
        assert!(error.contains("`5`") && error.contains("`3`, `4`"), "{error}");
        let error = read("version = 3\n\n[[package]]\nname = 7\n").unwrap_err().to_string();
        assert!(error.starts_with("Cargo.lock: line 4:"), "{error}");
    }
}
