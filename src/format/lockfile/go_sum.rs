//! `go.sum`.
//!
//! A line `module version h1:…` is the hash of a module's code; `module version/go.mod h1:…` is that of
//! its `go.mod` alone, read while versions were chosen: no code of it is in the build
//! (<https://go.dev/ref/mod#go-sum-files>). The file may list more versions than are built: the `go.mod` beside it says which
//! one is. Without it all that have a code hash are kept, because leaving one out could miss a vulnerability, and it is said.
//! A module that the `go.mod` requires is one whether or not a line of `go.sum` is there for it: a list that lost lines must not be a
//! shorter list.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::go_mod::{Choice, GoMod, package};

const FORMAT: &str = "go.sum";

/// Why a module is left out that the `go.mod` does not name.
const NOT_NAMED: &str = "`go.mod` does not name it, and from Go 1.17 on it names every module of the build as long as it is tidy \
                         (`go mod tidy`)";

/// What every module is built with: it has vulnerabilities of its own.
const STANDARD_LIBRARY: &str = "the standard library of Go";

/// Reads the modules of a `go.sum`, and of them those that the `go.mod` beside it chooses.
pub(crate) fn read(text: &str, go_mod: Option<&GoMod<'_>>) -> Result<Listing, FormatError> {
    let mut listing = Listing::default();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut go_mods = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fail = |problem| FormatError::Line { format: FORMAT, line: index + 1, problem };
        let fields: Vec<_> = line.split_whitespace().collect();
        let [module, version, hash] = fields[..] else {
            return Err(fail(format!("{} fields; expected module, version and hash", fields.len())));
        };
        if let Some(version) = version.strip_suffix("/go.mod") {
            go_mods.push((index + 1, module, version));
            continue;
        }
        if !hash.starts_with("h1:") {
            listing.skip(format!("{module} {version}"), format!("line {}: the hash is not `h1:`", index + 1));
            continue;
        }
        if !versions.entry(module).or_default().insert(version) {
            continue;
        }
        listing.packages.push(package(module, version).map_err(fail)?);
    }
    let has_code = |module: &str, version: &str| versions.get(module).is_some_and(|all| all.contains(version));
    if let Some(go_mod) = go_mod {
        let is_named: BTreeSet<(&str, &str)> = go_mods.iter().map(|(_, module, version)| (*module, *version)).collect();
        let lost = go_mod
            .chosen()
            .filter(|(module, version, _)| !has_code(module, version) && !is_named.contains(&(*module, *version)));
        listing.packages.extend(lost.map(|(_, _, package)| package.clone()));
    }
    for (line, module, version) in go_mods {
        if !has_code(module, version) {
            listing.skip(format!("{module} {version}"), format!("line {line}: only its go.mod was read, not its code"));
        }
    }
    if let Some(go_mod) = go_mod {
        choose(&mut listing, go_mod);
        for (module, version, folder) in go_mod.folders() {
            let why =
                format!("`go.mod` replaces it by the folder `{folder}`, and which version lies there nothing says");
            listing.skip(format!("{module} {version}"), why);
        }
        let releases = go_mod.releases();
        if !releases.is_empty() {
            listing.skip(
                STANDARD_LIBRARY,
                format!("`{releases}` is the oldest release that may build it, not the one that does"),
            );
        }
        return Ok(listing);
    }
    for (module, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let all = versions.iter().copied().collect::<Vec<_>>().join(", ");
        listing.skip(*module, format!("several versions have code here ({all}); all are kept, one is built"));
    }
    Ok(listing)
}

/// Leaves out the versions that a `go.mod` does not choose.
fn choose(listing: &mut Listing, go_mod: &GoMod<'_>) {
    let packages = std::mem::take(&mut listing.packages);
    for package in packages {
        let what = || format!("{} {}", package.name, package.version);
        match go_mod.choice(&package.name, &package.version) {
            Choice::Built => listing.packages.push(package),
            Choice::Other(version) => {
                listing.skip(what(), format!("`go.mod` chooses {version}"));
            }
            // Told once, whether a line is there for it or not.
            Choice::Folder => {}
            Choice::NotNamed => listing.skip(what(), NOT_NAMED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::lockfile::go_mod;

    #[test]
    fn only_code_hashes_are_packages() {
        let text = "github.com/Masterminds/semver/v3 v3.1.1 h1:hLg3=\r\n\
            github.com/Masterminds/semver/v3 v3.1.1/go.mod h1:VPu=\r\n\
            golang.org/x/text v0.3.0/go.mod h1:NqM=\n\
            golang.org/x/text v0.3.7 h1:olp=\n\
            golang.org/x/text v0.3.8 h1:nAL=\n\
            \n\
            github.com/docker/docker v20.10.7+incompatible h1:Z6O=\n";
        let listing = read(text, None).unwrap();
        let keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
        assert_eq!(
            keys,
            [
                "pkg:golang/github.com/masterminds/semver/v3@v3.1.1",
                "pkg:golang/golang.org/x/text@v0.3.7",
                "pkg:golang/golang.org/x/text@v0.3.8",
                "pkg:golang/github.com/docker/docker@v20.10.7%2Bincompatible",
            ]
        );
        assert_eq!(listing.packages[0].name, "github.com/Masterminds/semver/v3", "the module path keeps its case");
        let why: Vec<_> = listing.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
        assert_eq!(
            why,
            [
                "line 3: only its go.mod was read, not its code",
                "several versions have code here (v0.3.7, v0.3.8); all are kept, one is built"
            ]
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = read("a v1 h1:x\nb v1\n", None).unwrap_err().to_string();
        assert_eq!(error, "go.sum: line 2: 2 fields; expected module, version and hash");
    }

    #[test]
    fn go_mod_decides_which_version_is_built() {
        let text = "a.example/x v1.0.0 h1:a=\na.example/x v1.1.0 h1:b=\nb.example/y v2.0.0 h1:c=\n\
            c.example/z v0.1.0 h1:d=\nd.example/fork v0.2.0 h1:e=\n";
        let keys = |go_mod: &str| {
            let go_mod = go_mod::read(go_mod).unwrap();
            let listing = read(text, Some(&go_mod)).unwrap();
            listing.packages.iter().map(|package| package.key()).collect::<Vec<_>>()
        };
        let old = "module m\n\nrequire a.example/x v1.1.0\n";
        assert_eq!(
            keys(old),
            [
                "pkg:golang/a.example/x@v1.1.0",
                "pkg:golang/b.example/y@v2.0.0",
                "pkg:golang/c.example/z@v0.1.0",
                "pkg:golang/d.example/fork@v0.2.0"
            ]
        );
        let whole = "module m\ngo 1.21\nrequire (\n\ta.example/x v1.1.0\n\tb.example/y v2.0.0 // indirect\n\
            \tc.example/z v0.1.0\n)\nreplace c.example/z => d.example/fork v0.2.0\n";
        assert_eq!(
            keys(whole),
            ["pkg:golang/a.example/x@v1.1.0", "pkg:golang/b.example/y@v2.0.0", "pkg:golang/d.example/fork@v0.2.0"]
        );
    }

    /// The go.mod reference, "replace": with a version on the left only that version is replaced.
    #[test]
    fn a_replacement_of_one_version_replaces_that_alone() {
        let keys = |replace: &str| {
            let go_mod = format!("module m\ngo 1.21\nrequire a.example/x v1.1.0\n{replace}\n");
            let go_mod = go_mod::read(&go_mod).unwrap();
            let text = "a.example/x v1.1.0 h1:a=\nc.example/d v1.0.0 h1:b=\ne.example/f v2.0.0 h1:c=\n";
            let listing = read(text, Some(&go_mod)).unwrap();
            listing.packages.iter().map(|package| package.key()).collect::<Vec<_>>()
        };
        let (own, other, another) =
            ("pkg:golang/a.example/x@v1.1.0", "pkg:golang/c.example/d@v1.0.0", "pkg:golang/e.example/f@v2.0.0");
        assert_eq!(keys("replace a.example/x v1.0.0 => c.example/d v1.0.0"), [own]);
        assert_eq!(keys("replace a.example/x v1.1.0 => c.example/d v1.0.0"), [other]);
        assert_eq!(keys("replace a.example/x => c.example/d v1.0.0"), [other]);
        assert_eq!(keys("replace a.example/x => ./local"), [""; 0]);
        assert_eq!(keys("replace a.example/x v1.0.0 => ./local"), [own]);
        let both = "replace a.example/x => c.example/d v1.0.0\nreplace a.example/x v1.1.0 => e.example/f v2.0.0";
        assert_eq!(keys(both), [another]);
    }

    /// Named regression: that vulnerabilities of the standard library are not looked for was not said.
    #[test]
    fn the_standard_library_is_named() {
        let whys = |go_mod: &str| {
            let go_mod = go_mod::read(go_mod).unwrap();
            let listing = read("", Some(&go_mod)).unwrap();
            listing.skipped.into_iter().map(|skipped| skipped.why).collect::<Vec<_>>()
        };
        let both = "`go 1.21, toolchain go1.22.3` is the oldest release that may build it, not the one that does";
        assert_eq!(whys("module m\ngo 1.21\ntoolchain go1.22.3\n"), [both]);
        assert_eq!(whys("module m\n"), [""; 0]);
    }

    /// Named regression: a module that a folder replaces was gone without a word.
    #[test]
    fn a_module_that_a_folder_replaces_is_named() {
        let go_mod = "module m\ngo 1.21\nrequire (\n\ta.example/x v1.1.0\n\tb.example/y v2.0.0\n)\n\
            replace a.example/x => ./fork\nreplace c.example/z => ../z\n";
        let go_mod = go_mod::read(go_mod).unwrap();
        for text in ["b.example/y v2.0.0 h1:c=\n", "a.example/x v1.1.0 h1:a=\nb.example/y v2.0.0 h1:c=\n"] {
            let listing = read(text, Some(&go_mod)).unwrap();
            let keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
            assert_eq!(keys, ["pkg:golang/b.example/y@v2.0.0"]);
            let [skipped, library] = &listing.skipped[..] else { panic!("{:?}", listing.skipped) };
            assert_eq!(skipped.what, "a.example/x v1.1.0");
            assert!(skipped.why.contains("the folder `./fork`"), "{}", skipped.why);
            assert_eq!(library.what, STANDARD_LIBRARY);
        }
    }

    #[test]
    fn what_go_mod_requires_is_a_module_also_where_go_sum_lost_it() {
        let go_mod =
            "module m\ngo 1.21\nrequire (\n\ta.example/x v1.1.0\n\tb.example/y v2.0.0\n\tz.example/z v1.0.0\n)\n";
        let go_mod = go_mod::read(go_mod).unwrap();
        let keys = |text: &str| {
            let listing = read(text, Some(&go_mod)).unwrap();
            listing.packages.iter().map(|package| package.key()).collect::<BTreeSet<_>>()
        };
        let all = ["pkg:golang/a.example/x@v1.1.0", "pkg:golang/b.example/y@v2.0.0", "pkg:golang/z.example/z@v1.0.0"];
        assert_eq!(keys(""), all.map(str::to_owned).into());
        // Another version of it, and another module.
        assert_eq!(keys("a.example/x v1.0.0 h1:a=\nc.example/d v1.0.0 h1:b=\n"), all.map(str::to_owned).into());
        // Of which the code is not in the build: read while versions were chosen.
        assert_eq!(keys("z.example/z v1.0.0/go.mod h1:a=\n"), [all[0], all[1]].map(str::to_owned).into());
    }
}
