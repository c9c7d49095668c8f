//! `go.mod`, read for the versions that it chooses among those of the `go.sum` beside it.
//!
//! Since Go 1.17 a tidy one names every module of the build, those too that are needed by others only
//! (<https://go.dev/ref/mod#go-mod-file-go>); before, a module that it does not name may be built all the same. Whether it is tidy
//! only `go mod tidy` can say, which needs the code of all modules: what is left out for this reason says so.
//! Absent: choosing versions: that is Go's own work, and its result stands here.

use std::collections::BTreeMap;

use crate::format::error::FormatError;

const FORMAT: &str = "go.mod";
/// From which minor version of Go 1 on the file names every module.
const WHOLE_SINCE: u32 = 17;

/// What a `go.mod` says.
#[derive(Debug, Default)]
pub(crate) struct GoMod<'t> {
    /// The version of each module, replaced ones by what replaces them.
    chosen: BTreeMap<&'t str, &'t str>,
    names_all: bool,
}

/// What a `go.mod` says of one version of a module.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice<'t> {
    /// It may be built.
    Built,
    /// Another is.
    Other(&'t str),
    /// None is: every module of the build is named, and this one is not.
    NotNamed,
}

impl<'t> GoMod<'t> {
    pub(crate) fn choice(&self, module: &str, version: &str) -> Choice<'t> {
        match self.chosen.get(module) {
            Some(chosen) if *chosen == version => Choice::Built,
            Some(chosen) => Choice::Other(chosen),
            None if self.names_all => Choice::NotNamed,
            None => Choice::Built,
        }
    }
}

/// Reads a `go.mod`.
pub(crate) fn read(text: &str) -> Result<GoMod<'_>, FormatError> {
    let mut read = GoMod::default();
    let (mut block, mut replacements) = (None, Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        let (verb, rest) = match (block, words.as_slice()) {
            (_, []) => continue,
            (Some(_), [")"]) => {
                block = None;
                continue;
            }
            (None, [verb, "("]) => {
                block = Some(*verb);
                continue;
            }
            (Some(verb), rest) => (verb, rest),
            (None, [verb, rest @ ..]) => (*verb, rest),
        };
        let fail = |problem: &str| FormatError::Line { format: FORMAT, line: index + 1, problem: problem.to_owned() };
        match (verb, rest) {
            ("require", [module, version]) => _ = read.chosen.insert(module, version),
            ("require", _) => return Err(fail("expected a module and its version")),
            ("replace", [module, "=>", other, version]) | ("replace", [module, _, "=>", other, version]) => {
                replacements.push((*module, Some((*other, *version))));
            }
            // A folder of the project itself.
            ("replace", [module, "=>", _]) | ("replace", [module, _, "=>", _]) => replacements.push((*module, None)),
            ("replace", _) => return Err(fail("expected a module, `=>`, and what replaces it")),
            ("go", [version]) => read.names_all = names_all(version),
            ("module" | "toolchain" | "exclude" | "retract" | "tool" | "godebug" | "ignore", _) => {}
            _ => return Err(fail("it is not a directive of `go.mod`")),
        }
    }
    for (module, replacement) in replacements {
        if read.chosen.remove(module).is_some()
            && let Some((other, version)) = replacement
        {
            read.chosen.insert(other, version);
        }
    }
    Ok(read)
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
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("go.mod: line {line}: ")), "{text}: {error}");
        }
    }
}
