//! `package-lock.json` and `npm-shrinkwrap.json`, lockfile versions 1 to 3.
//!
//! Version 1 nests `dependencies`; versions 2 and 3 list `packages` by their place in the tree (2 holds
//! both, and then only `packages` is read). In both an *alias* installs a package under another name: the
//! place says the alias, and what is installed is named elsewhere. Advisories know the real name only.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::format::error::FormatError;
use crate::format::json::{self, Members};
use crate::format::listing::Listing;
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;

const FORMAT: &str = "package-lock.json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lockfile {
    /// Of the project itself.
    name: Option<String>,
    lockfile_version: Option<i64>,
    packages: Option<Members<Placed>>,
    #[serde(default)]
    dependencies: Members<Nested>,
}

/// An entry of `packages`, by its place (`node_modules/a/node_modules/@s/b`).
#[derive(Deserialize)]
struct Placed {
    /// The real name, where the place does not end in it.
    name: Option<String>,
    version: Option<String>,
    resolved: Option<Value>,
    #[serde(default)]
    link: bool,
    /// A text; in old packages also an object or a list, which are not read.
    license: Option<Value>,
}

/// An entry of `dependencies` in version 1.
#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    #[serde(default)]
    dependencies: Members<Nested>,
}

/// Reads the packages of an npm lockfile.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let lockfile: Lockfile = json::read(FORMAT, text)?;
    // npm before version 5 wrote no version.
    let version = lockfile.lockfile_version.unwrap_or(1);
    let is_hollow = match (lockfile.lockfile_version, &lockfile.packages) {
        (Some(2 | 3), Some(packages)) => packages.0.is_empty() && lockfile.dependencies.0.is_empty(),
        (None, None) => lockfile.dependencies.0.is_empty(),
        (Some(1), _) => lockfile.name.is_none() && lockfile.dependencies.0.is_empty(),
        _ => false,
    };
    if is_hollow {
        return Err(FormatError::Hollow { format: FORMAT, missing: "the project itself" });
    }
    let mut listing = Listing::default();
    // The other list counts where this one places nothing: a tool that writes one of them has emptied the other.
    let places = |packages: &Members<Placed>| packages.0.iter().any(|(place, _)| place.contains("node_modules/"));
    let emptied = lockfile.packages.as_ref().is_some_and(|packages| !places(packages));
    match (version, lockfile.packages) {
        (2 | 3, _) if emptied && !lockfile.dependencies.0.is_empty() => {
            nested(&mut listing, &mut Vec::new(), lockfile.dependencies)?;
        }
        (2 | 3, Some(packages)) => {
            packages.0.into_iter().try_for_each(|(place, entry)| placed(&mut listing, &place, entry))?;
        }
        (3, None) => {
            let problem = "it is absent; a lockfile of version 3 lists all packages in it".to_owned();
            return Err(FormatError::Field { format: FORMAT, path: "packages".to_owned(), problem });
        }
        (1 | 2, _) => nested(&mut listing, &mut Vec::new(), lockfile.dependencies)?,
        (found, _) => {
            return Err(FormatError::Version { format: FORMAT, found: found.to_string(), known: &["1", "2", "3"] });
        }
    }
    Ok(listing)
}

fn placed(listing: &mut Listing, place: &str, entry: Placed) -> Result<(), FormatError> {
    let Some((_, place_name)) = place.rsplit_once("node_modules/") else {
        // The empty place is the root package, which nobody needs to hear of.
        if !place.is_empty() {
            listing.skip(place, "it is a workspace of the project itself");
        }
        return Ok(());
    };
    if entry.link {
        listing.skip(place, "it is a link to a local directory");
        return Ok(());
    }
    let Some(version) = entry.version else {
        listing.lose(place, "it has no version");
        return Ok(());
    };
    let name = entry.name.as_deref().unwrap_or(place_name);
    let resolved = entry.resolved.as_ref().and_then(Value::as_str).unwrap_or_default();
    let license = entry.license.as_ref().and_then(Value::as_str).map(str::to_owned);
    let field = |problem| FormatError::Field { format: FORMAT, path: format!("packages.{place}"), problem };
    listing.packages.push(package(name, &version, resolved, license).map_err(field)?);
    Ok(())
}

/// Walks a tree of version 1; `above` are the keys on the way. Depth is bounded by the JSON reader.
fn nested(listing: &mut Listing, above: &mut Vec<String>, dependencies: Members<Nested>) -> Result<(), FormatError> {
    for (key, entry) in dependencies.0 {
        match entry.version.as_deref() {
            None => listing.lose(&key, "it has no version"),
            Some(version) if version.starts_with("file:") => listing.skip(&key, format!("it is local: `{version}`")),
            Some(version) => {
                // `npm:name@1.0.0` is an alias; a URL stands where the version cannot be told without fetching.
                let alias = version.strip_prefix("npm:").and_then(|target| target.rsplit_once('@'));
                let (name, version) = alias.unwrap_or((&key, version));
                if version.contains(':') {
                    listing.lose(&key, format!("it is given by URL, without a version: `{version}`"));
                } else {
                    listing.packages.push(package(name, version, "", None).map_err(|problem| {
                        let keys = above.iter().chain([&key]).map(|key| format!("dependencies.{key}"));
                        FormatError::Field { format: FORMAT, path: keys.collect::<Vec<_>>().join("."), problem }
                    })?);
                }
            }
        }
        above.push(key);
        nested(listing, above, entry.dependencies)?;
        above.pop();
    }
    Ok(())
}

fn package(name: &str, version: &str, resolved: &str, license: Option<String>) -> Result<Package, String> {
    let (scope, bare) = match name.split_once('/') {
        Some((scope, bare)) => (Some(scope), bare),
        None => (None, name),
    };
    let origin: &[_] = if resolved.starts_with("git") { &[("vcs_url", resolved)] } else { &[] };
    Ok(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: Some(purl::build("npm", scope, bare, version, origin)?),
        ecosystem: Ecosystem::npm(),
        licenses: license.into_iter().collect::<BTreeSet<_>>(),
        source: None,
        details: BTreeSet::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        read(text).unwrap().packages.iter().map(|package| package.key()).collect()
    }

    #[test]
    fn where_packages_places_nothing_dependencies_count() {
        for (version, packages) in [(2, "{}"), (2, r#"{"":{"name":"app"}}"#), (3, "{}")] {
            let text = format!(
                r#"{{"lockfileVersion":{version},"packages":{packages},"dependencies":{{"lodash":{{"version":"4.17.15"}}}}}}"#
            );
            assert_eq!(keys(&text), ["pkg:npm/lodash@4.17.15"], "{text}");
        }
        assert!(keys(r#"{"lockfileVersion":3,"packages":{"":{}}}"#).is_empty());
    }

    #[test]
    fn version_1_nests_and_repeats() {
        let text = r#"{"name": "app", "lockfileVersion": 1, "requires": true, "dependencies": {
            "a": {"version": "1.0.0", "bundled": true, "dependencies": {
                "lodash": {"version": "4.17.20", "requires": {"x": "^1"}}
            }},
            "lodash": {"version": "4.17.21", "dev": true},
            "old": {"version": "npm:@scope/real@2.0.0"},
            "local": {"version": "file:../local", "dependencies": {"@s/b": {"version": "3.0.0"}}},
            "git": {"version": "git+ssh://git@h.example/g.git#abc", "from": "git+ssh://…"}
        }}"#;
        assert_eq!(
            keys(text),
            [
                "pkg:npm/a@1.0.0",
                "pkg:npm/lodash@4.17.20",
                "pkg:npm/lodash@4.17.21",
                "pkg:npm/%40scope/real@2.0.0",
                "pkg:npm/%40s/b@3.0.0",
            ]
        );
        let skipped: Vec<_> = read(text).unwrap().skipped.into_iter().map(|skipped| skipped.what).collect();
        assert_eq!(skipped, ["local", "git"]);
    }

    #[test]
    fn versions_2_and_3_name_by_place_or_alias() {
        let text = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "app", "version": "1.0.0"},
            "node_modules/a": {"version": "1.0.0", "license": "MIT"},
            "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "inBundle": true},
            "node_modules/old": {"name": "minimist", "version": "0.0.8"},
            "node_modules/web": {"resolved": "packages/web", "link": true},
            "packages/web": {"name": "web", "version": "0.1.0"},
            "packages/web/node_modules/c": {"version": "3.0.0"},
            "node_modules/g": {"version": "4.0.0", "resolved": "git+ssh://git@h.example/g.git#abc"}
        }}"#;
        let expected = [
            "pkg:npm/a@1.0.0",
            "pkg:npm/%40s/b@2.0.0",
            "pkg:npm/minimist@0.0.8",
            "pkg:npm/c@3.0.0",
            "pkg:npm/g@4.0.0?vcs_url=git%2Bssh:%2F%2Fgit%40h.example%2Fg.git%23abc",
        ];
        assert_eq!(keys(text), expected);
        // Version 2 repeats everything in `dependencies`, which is not read again.
        let both =
            text.replace("\"lockfileVersion\": 3,", r#""lockfileVersion":2,"dependencies":{"z":{"version":"1"}},"#);
        assert_eq!(keys(&both), expected);
        let listing = read(text).unwrap();
        assert_eq!(listing.packages[0].licenses, BTreeSet::from(["MIT".to_owned()]));
        let skipped: Vec<_> = listing.skipped.into_iter().map(|skipped| skipped.what).collect();
        assert_eq!(skipped, ["node_modules/web", "packages/web"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"lockfileVersion": 4}"#, "version `4` is not read, only `1`, `2`, `3`"),
            (r#"{"lockfileVersion": 3}"#, "`packages`: it is absent"),
            ("{}", "not even the project itself"),
            (r#"{"lockfileVersion":3,"packages":{}}"#, "not even the project itself"),
            (
                r#"{"lockfileVersion":3,"packages":{"node_modules/a":{"version":1}}}"#,
                "`packages.node_modules/a.version`",
            ),
            (r#"{"lockfileVersion":3,"packages":{"node_modules/":{"version":"1"}}}"#, "`packages.node_modules/`"),
            (
                r#"{"dependencies":{"a":{"version":"1","dependencies":{"@b/":{"version":"1"}}}}}"#,
                "`dependencies.a.dependencies.@b/`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
