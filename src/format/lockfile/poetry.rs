//! `poetry.lock`, lock versions 1 and 2.

use serde::Deserialize;

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::{locked, toml};
use crate::format::purl;
use crate::model::ecosystem::{Ecosystem, pypi_name};

const FORMAT: &str = "poetry.lock";

#[derive(Deserialize)]
struct Lockfile {
    #[serde(default)]
    package: Vec<Locked>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: Option<String>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
}

/// Reads the packages of a `poetry.lock`.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let lockfile: Lockfile = toml(FORMAT, text)?;
    if lockfile.metadata.is_none() && lockfile.package.is_empty() {
        return Err(FormatError::Hollow { format: FORMAT, missing: "`[metadata]`" });
    }
    let lock_version = lockfile.metadata.and_then(|metadata| metadata.lock_version);
    if let Some(found) = lock_version.filter(|version| !matches!(major(version), "1" | "2")) {
        return Err(FormatError::Version { format: FORMAT, found, known: &["1.x", "2.x"] });
    }
    let mut listing = Listing::default();
    for (index, Locked { name, version, source }) in lockfile.package.into_iter().enumerate() {
        let origin = match &source {
            Some(Source { kind, url }) if matches!(kind.as_str(), "directory" | "file") => {
                listing.skip(format!("{name} {version}"), format!("it is local: `{url}`"));
                continue;
            }
            Some(Source { kind, url }) if kind == "git" => vec![("vcs_url", format!("git+{url}"))],
            Some(Source { kind, url }) if kind == "url" => vec![("download_url", url.clone())],
            Some(Source { url, .. }) => vec![("repository_url", url.clone())],
            None => Vec::new(),
        };
        let origin: Vec<_> = origin.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let name = pypi_name(&name).into_owned();
        let field = |problem| FormatError::Field { format: FORMAT, path: format!("package[{index}].name"), problem };
        let purl = purl::build("pypi", None, &name, &version, &origin).map_err(field)?;
        listing.packages.push(locked(name, version, purl, Ecosystem::pypi()));
    }
    Ok(listing)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_local_ones() {
        let text = r#"
            [[package]]
            name = "Jinja2"
            version = "3.1.2"
            description = "templates"
            files = [{file = "Jinja2-3.1.2.whl", hash = "sha256:00"}]

            [package.dependencies]
            MarkupSafe = ">=2.0"

            [[package]]
            name = "mine"
            version = "0.1.0"
            [package.source]
            type = "directory"
            url = "../mine"

            [[package]]
            name = "zope.interface"
            version = "5.4.0"
            [package.source]
            type = "git"
            url = "https://h.example/z.git"
            resolved_reference = "abc"

            [metadata]
            lock-version = "2.0"
        "#;
        let listing = read(text).unwrap();
        let keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
        assert_eq!(
            keys,
            ["pkg:pypi/jinja2@3.1.2", "pkg:pypi/zope-interface@5.4.0?vcs_url=git%2Bhttps:%2F%2Fh.example%2Fz.git"]
        );
        assert_eq!(listing.skipped[0].why, "it is local: `../mine`");
    }

    #[test]
    fn a_list_of_nothing_has_what_poetry_always_writes() {
        assert!(read("package = []\n\n[metadata]\nlock-version = \"2.0\"\n").unwrap().packages.is_empty());
        for hollow in ["", "package = []\n"] {
            assert!(read(hollow).unwrap_err().to_string().contains("not even `[metadata]`"));
        }
    }

    #[test]
    fn a_later_lock_version_is_refused() {
        let error = read("[metadata]\nlock-version = \"3.0\"").unwrap_err().to_string();
        assert!(error.contains("`3.0`") && error.contains("`2.x`"), "{error}");
    }
}
