//! `go.mod`, read for the versions that it chooses among those of the `go.sum` beside it.
//!
//! Since Go 1.17 a tidy one names every module of the build, those too that are needed by others only
//! (<https://go.dev/ref/mod#go-mod-file-go>); before, a module that it does not name may be built all the same. Whether it is tidy
//! only `go mod tidy` can say, which needs the code of all modules: what is left out for this reason says so.
//! Absent: choosing versions: that is Go's own work, and its result stands here.

use std::collections::BTreeMap;

use crate::format::error::FormatError;
use crate::format::lockfile::locked;
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;

const FORMAT: &str = "go.mod";
/// From which minor version of Go 1 on the file names every module.
const WHOLE_SINCE: u32 = 17;

/// What a `go.mod` says.
#[derive(Debug, Default)]
pub(crate) struct GoMod<'t> {
    /// The version of each module, replaced ones by what replaces them; several where the file names several.
    chosen: BTreeMap<&'t str, BTreeMap<&'t str, Package>>,
    /// Modules with their version that a folder replaces, which has none.
    folders: BTreeMap<&'t str, BTreeMap<&'t str, &'t str>>,
    names_all: bool,
    /// The lines that say with which release of Go it is built at least.
    releases: Vec<String>,
}

/// What a `go.mod` says of one version of a module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It may be built.
    Built,
    /// Another is.
    Other(String),
    /// What lies in a folder is.
    Folder,
    /// None is: every module of the build is named, and this one is not.
    NotNamed,
}

impl<'t> GoMod<'t> {
    pub(crate) fn choice(&self, module: &str, version: &str) -> Choice {
        match self.chosen.get(module) {
            Some(chosen) if chosen.contains_key(version) => Choice::Built,
            Some(chosen) => Choice::Other(chosen.keys().copied().collect::<Vec<_>>().join(", ")),
            None if self.folders.contains_key(module) => Choice::Folder,
            None if self.names_all => Choice::NotNamed,
            None => Choice::Built,
        }
    }

    /// The lines that say with which release of Go it is built at least.
    pub(crate) fn releases(&self) -> String {
        self.releases.join(", ")
    }

    /// Every module that is required or replaces one, by its name and its version.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = (&'t str, &'t str, &Package)> {
        self.chosen.iter().flat_map(|(module, versions)| versions.iter().map(|(version, is)| (*module, *version, is)))
    }

    /// Every module that is required and that a folder replaces: its name, its version and the folder.
    pub(crate) fn folders(&self) -> impl Iterator<Item = (&'t str, &'t str, &'t str)> {
        let of = |(module, versions): (&&'t str, &BTreeMap<&'t str, &'t str>)| {
            let module = *module;
            versions.clone().into_iter().map(move |(version, folder)| (module, version, folder))
        };
        self.folders.iter().flat_map(of)
    }
}

/// A module of Go as a package.
pub(super) fn package(module: &str, version: &str) -> Result<Package, String> {
    let (namespace, name) = match module.rsplit_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, module),
    };
    let purl = purl::build("golang", namespace, name, version, &[])?;
    Ok(locked(module.to_owned(), version.to_owned(), purl, Ecosystem::go()))
}

/// What stands in the place of a module.
#[derive(Clone)]
enum Replacement<'t> {
    /// Another, or the same in another version.
    Module(&'t str, &'t str, Box<Package>),
    /// What lies in a folder.
    Folder(&'t str),
}

/// Reads a `go.mod`.
pub(crate) fn read(text: &str) -> Result<GoMod<'_>, FormatError> {
    let mut read = GoMod::default();
    let mut block: Option<(&str, usize)> = None;
    // By the module, and by the version that alone is replaced, where one is named.
    let mut replacements: BTreeMap<(&str, Option<&str>), Replacement<'_>> = BTreeMap::new();
    let mut required: Vec<(&str, &str, Package)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let words = words(line);
        let (verb, rest) = match (block, words.as_slice()) {
            (_, []) => continue,
            (Some(_), [")"]) => {
                block = None;
                continue;
            }
            (None, [verb, "("]) => {
                block = Some((*verb, index + 1));
                continue;
            }
            (Some((verb, _)), rest) => (verb, rest),
            (None, [verb, rest @ ..]) => (*verb, rest),
        };
        let fail = |problem: &str| FormatError::Line { format: FORMAT, line: index + 1, problem: problem.to_owned() };
        match (verb, rest) {
            ("require", [module, version]) => {
                required.push((module, version, package(module, version).map_err(|problem| fail(&problem))?));
            }
            ("require", _) => return Err(fail("expected a module and its version")),
            ("replace", [module, "=>", other @ ..]) if is_replacement(other) => {
                replacements.insert((module, None), replacement(other).map_err(|problem| fail(&problem))?);
            }
            ("replace", [module, version, "=>", other @ ..]) if is_replacement(other) => {
                replacements.insert((module, Some(version)), replacement(other).map_err(|problem| fail(&problem))?);
            }
            ("replace", _) => return Err(fail("expected a module, `=>`, and what replaces it")),
            ("go", [version]) => {
                read.names_all = names_all(version);
                read.releases.push(format!("go {version}"));
            }
            ("toolchain", [name]) => read.releases.push(format!("toolchain {name}")),
            ("module" | "toolchain" | "exclude" | "retract" | "tool" | "godebug" | "ignore", _) => {}
            _ => return Err(fail("it is not a directive of `go.mod`")),
        }
    }
    if let Some((verb, line)) = block {
        let problem = format!("`{verb} (` is not closed: the file ends within it");
        return Err(FormatError::Line { format: FORMAT, line, problem });
    }
    for (module, version, own) in required {
        // Of one version before that of all (<https://go.dev/ref/mod#go-mod-file-replace>).
        let replaced = replacements.get(&(module, Some(version))).or_else(|| replacements.get(&(module, None)));
        match replaced.cloned().unwrap_or_else(|| Replacement::Module(module, version, Box::new(own))) {
            Replacement::Module(module, version, package) => {
                read.chosen.entry(module).or_default().insert(version, *package);
            }
            Replacement::Folder(folder) => _ = read.folders.entry(module).or_default().insert(version, folder),
        }
    }
    Ok(read)
}

/// The words of a line; in quotes one may hold blanks (<https://go.dev/ref/mod#go-mod-file-lexical>).
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), line.trim_start());
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '"' | '`').then(|| rest[1..].split_once(first)).flatten();
        let (word, after) = match quoted {
            Some(parts) => parts,
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn is_replacement(words: &[&str]) -> bool {
    matches!(words, [_] | [_, _])
}

/// A module with its version; without one it is a folder.
fn replacement<'t>(words: &[&'t str]) -> Result<Replacement<'t>, String> {
    Ok(match words {
        [module, version] => Replacement::Module(module, version, Box::new(package(module, version)?)),
        others => Replacement::Folder(others.first().copied().unwrap_or_default()),
    })
}

fn names_all(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| {
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        number[..digits].parse::<u32>().unwrap_or_default()
    });
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    (major, minor) >= (1, WHOLE_SINCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_quotes_may_hold_a_blank() {
        assert_eq!(words("replace a => \"./my fork\""), ["replace", "a", "=>", "./my fork"]);
        assert_eq!(words(" `a` \"b\" \"c d"), ["a", "b", "\"c", "d"]);
        assert_eq!(words("  "), [""; 0]);
    }

    #[test]
    fn the_version_of_go_says_whether_all_are_named() {
        for (version, expected) in [("1.16", false), ("1.17", true), ("1.21rc2", true), ("1.9", false), ("2.0", true)] {
            assert_eq!(names_all(version), expected, "{version}");
        }
    }

    #[test]
    fn what_is_not_read_is_an_error() {
        for (text, line) in [
            ("module m\nrequire x\n", 2),
            ("<<<<<<< HEAD\n", 1),
            ("require (\n\ta v1\n\tb\n)\n", 3),
            ("replace a b\n", 1),
            ("replace a v1 => b v2 v3\n", 1),
            // Cut off: what was behind would be missed.
            ("module m\nrequire (\n\ta v1\n", 2),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("go.mod: line {line}: ")), "{text}: {error}");
        }
    }
}
