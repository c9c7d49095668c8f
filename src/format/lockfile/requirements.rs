//! `requirements.txt`.
//!
//! Only what is pinned (`==`, `===`) names a version that will be installed; all else is skipped with its
//! line. Lines are joined and comments taken off as pip does it
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>). Environment markers are not
//! evaluated: a pinned package counts on every platform.
//!
//! What a file includes (`-r`) and the constraints that it names (`-c`) are read where they lie in the input. A constraint
//! installs nothing: it pins what a file asks for without a version.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::locked;
use crate::format::purl;
use crate::format::text::decode_marked;
use crate::model::ecosystem::{Ecosystem, pypi_name};
use crate::model::package::Package;

const FORMAT: &str = "requirements.txt";

/// Reads the pinned packages of a requirements file alone.
#[cfg(test)]
fn read(text: &str) -> Result<Listing, FormatError> {
    let nothing = |_: &str| None;
    read_with("", text, &nothing).map(|(listing, _)| listing).map_err(|(_, error)| error)
}

/// Reads a requirements file at `path` with what it includes; `find` gives the bytes of another file of the input. Says which
/// files were included, and of an error in which file it is.
pub(crate) fn read_with<'i>(
    path: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<&'i [u8]>,
) -> Result<(Listing, BTreeSet<String>), (String, FormatError)> {
    let mut all = Together::default();
    let mut seen: BTreeSet<(String, bool)> = BTreeSet::from([(path.to_owned(), false)]);
    let mut open = vec![(path.to_owned(), false, Cow::Borrowed(text))];
    while let Some((at, is_constraint, text)) = open.pop() {
        let included = all.take(path, &at, is_constraint, &text).map_err(|error| (at.clone(), error))?;
        for Included { line, given, is_constraint } in included {
            let what = format!("{} {given}", if is_constraint { "-c" } else { "-r" });
            let place = place(path, &at, line);
            let Some(other) = beside(&at, &given) else {
                all.listing.lose(what, format!("{place}: it does not lie in the input, and is not read"));
                continue;
            };
            let Some(bytes) = find(&other) else {
                all.listing.lose(what, format!("{place}: `{other}` is not in the input, and is not read"));
                continue;
            };
            if seen.insert((other.clone(), is_constraint)) {
                let text = decode(bytes).map_err(|error| (other.clone(), error))?;
                open.push((other, is_constraint, Cow::Owned(text.into_owned())));
            }
        }
    }
    let listing = all.finish();
    Ok((listing, seen.into_iter().map(|(path, _)| path).filter(|other| other != path).collect()))
}

/// The text of a requirements file. What is not UTF-8 may stand in a comment, as pip has it; elsewhere it makes its line wrong.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, FormatError> {
    match decode_marked(FORMAT, bytes) {
        Err(FormatError::Encoding { .. }) => Ok(String::from_utf8_lossy(bytes)),
        other => other,
    }
}

/// A line of another file is told with the file.
fn place(path: &str, at: &str, line: usize) -> String {
    if at == path { format!("line {line}") } else { format!("`{at}` line {line}") }
}

/// The path of a file that another names; none where that is no path below the input.
fn beside(path: &str, given: &str) -> Option<String> {
    if given.contains("://") || given.starts_with(['/', '~', '$']) {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in given.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What a file names to be read too.
struct Included {
    line: usize,
    given: String,
    is_constraint: bool,
}

/// A requirements file and all that it includes.
#[derive(Default)]
struct Together {
    listing: Listing,
    /// What is asked for without a version, by normal name: how it is written, and where.
    open: BTreeMap<String, (String, String)>,
    constraints: BTreeMap<String, Package>,
}

impl Together {
    fn take(&mut self, path: &str, at: &str, is_constraint: bool, text: &str) -> Result<Vec<Included>, FormatError> {
        let mut included = Vec::new();
        for (line, text) in logical_lines(text) {
            let text = without_comment(&text).trim();
            if text.is_empty() {
                continue;
            }
            let place = place(path, at, line);
            let fail = |problem| FormatError::Line { format: FORMAT, line, problem };
            if text.contains(char::REPLACEMENT_CHARACTER) {
                return Err(fail("it has a byte that is not UTF-8; save the file as UTF-8".to_owned()));
            }
            match requirement(text).map_err(fail)? {
                Requirement::Pinned { name, version } => {
                    let name = pypi_name(name).into_owned();
                    let purl = purl::build("pypi", None, &name, version, &[]).map_err(fail)?;
                    let package = locked(name.clone(), version.to_owned(), purl, Ecosystem::pypi());
                    if is_constraint {
                        self.constraints.insert(name, package);
                    } else {
                        self.listing.packages.push(package);
                    }
                }
                Requirement::Open { .. } if is_constraint => {}
                Requirement::Open { name } => {
                    self.open.entry(pypi_name(name).into_owned()).or_insert((text.to_owned(), place));
                }
                Requirement::Other(_) if is_constraint => {}
                Requirement::Other(why) => self.listing.lose(text, format!("{place}: {why}")),
                Requirement::File { given, constraint } => included.push(Included {
                    line,
                    given: given.to_owned(),
                    is_constraint: is_constraint || constraint,
                }),
            }
        }
        Ok(included)
    }

    fn finish(mut self) -> Listing {
        for (name, (text, place)) in self.open {
            match self.constraints.remove(&name) {
                Some(package) => self.listing.packages.push(package),
                None => self.listing.lose(text, format!("{place}: it is not pinned; pin it with `==`")),
            }
        }
        self.listing
    }
}

/// Joins lines that end in a backslash; each with the number of its first. A comment ends the joining.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let comment = line.trim_start().starts_with('#');
        let (first, mut joined) = open.take().unwrap_or_else(|| (index + 1, String::new()));
        match line.strip_suffix('\\').filter(|_| !comment) {
            Some(part) => {
                joined.push_str(part);
                open = Some((first, joined));
            }
            None => {
                // The space makes a comment one wherever it is joined.
                joined.push_str(if comment { " " } else { "" });
                joined.push_str(line);
                lines.push((first, joined));
            }
        }
    }
    lines.extend(open);
    lines
}

/// A comment begins with `#` at the start or after white space; elsewhere it is a part of a URL.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}

enum Requirement<'t> {
    Pinned {
        name: &'t str,
        version: &'t str,
    },
    /// Asked for in any version, or in several.
    Open {
        name: &'t str,
    },
    /// Another file.
    File {
        given: &'t str,
        constraint: bool,
    },
    Other(&'static str),
}

/// Reads one requirement (PEP 508) with pip's options after it.
fn requirement(text: &str) -> Result<Requirement<'_>, String> {
    let nonsense = || format!("`{text}` is not a requirement; expected `name==version` or an option of pip");
    if text.starts_with('-') {
        return option(text).ok_or_else(nonsense);
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let first_word = text.split_whitespace().next().unwrap_or_default();
    let is_path = text.starts_with(['.', '/', '~', '$']) || rest.starts_with([':', '/', '\\']);
    let is_path = is_path || first_word.contains("://");
    if is_path {
        return Ok(Requirement::Other("it is given by URL or path, without a version"));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(nonsense());
    }
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').ok_or_else(nonsense)?.1.trim_start(),
        None => rest,
    };
    if rest.starts_with('@') {
        return Ok(Requirement::Other("it is given by URL, without a version"));
    }
    let specifier = rest.split(';').next().unwrap_or_default();
    let specifier = specifier.split(" --").next().unwrap_or_default().trim();
    let specifier = specifier.strip_prefix('(').map_or(specifier, |inner| inner.trim_end_matches(')'));
    let mut pinned = None;
    for clause in specifier.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
        let version = clause.trim_start_matches(['=', '<', '>', '!', '~']);
        let operator = &clause[..clause.len() - version.len()];
        let version = version.trim();
        let known = matches!(operator, "==" | "===" | "<" | "<=" | ">" | ">=" | "!=" | "~=");
        if !known || version.is_empty() || version.contains(char::is_whitespace) {
            return Err(nonsense());
        }
        if operator == "===" || (operator == "==" && !version.ends_with('*')) {
            pinned = Some(version);
        }
    }
    Ok(match pinned {
        Some(version) => Requirement::Pinned { name, version },
        None => Requirement::Open { name },
    })
}

/// Reads a line that is an option of pip; none where it should name a file and does not.
fn option(text: &str) -> Option<Requirement<'_>> {
    // Short options need nothing between themselves and their value.
    let valued = |short: &str, long: &str| {
        let long = text.strip_prefix(long).filter(|rest| rest.starts_with(|c: char| c == '=' || c.is_whitespace()));
        let short = || text.strip_prefix(short).filter(|_| !text.starts_with("--"));
        let value = long.or_else(short)?.trim_start().trim_start_matches('=').trim();
        Some(value.trim_matches(['"', '\'']))
    };
    for (short, long, constraint) in [("-r", "--requirement", false), ("-c", "--constraint", true)] {
        if let Some(given) = valued(short, long) {
            return (!given.is_empty()).then_some(Requirement::File { given, constraint });
        }
    }
    let is_project = valued("-e", "--editable").is_some();
    Some(Requirement::Other(if is_project { "it is a local or editable project" } else { "it is an option" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_lines_are_packages() {
        for (text, expected) in [
            ("requests==2.31.0", "pkg:pypi/requests@2.31.0"),
            ("  Zope.Interface == 5.4.0  # why", "pkg:pypi/zope-interface@5.4.0"),
            ("requests [security, socks] == 2.8.1 ; python_version < \"3\"", "pkg:pypi/requests@2.8.1"),
            ("a===1.0-odd", "pkg:pypi/a@1.0-odd"),
            ("a>=1,==1.4", "pkg:pypi/a@1.4"),
            ("a (==1.4)", "pkg:pypi/a@1.4"),
            ("a==1.4 --hash=sha256:00 --hash=sha256:01", "pkg:pypi/a@1.4"),
            ("a==1.4 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01", "pkg:pypi/a@1.4"),
            ("urllib3[socks] \\\r\n  == 1.26.4 \\\r\n  ; sys_platform == 'linux'\r\n", "pkg:pypi/urllib3@1.26.4"),
            ("a \\\n==1.4 \\\n# comment\n", "pkg:pypi/a@1.4"),
            ("a==1!2.0+local.1", "pkg:pypi/a@1!2.0%2Blocal.1"),
        ] {
            let listing = read(text).unwrap();
            let keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
            assert_eq!(keys, [expected], "{text}");
            assert!(listing.skipped.is_empty(), "{text}");
        }
    }

    #[test]
    fn all_else_is_skipped_with_its_line_and_reason() {
        for (text, why) in [
            ("a", "it is not pinned"),
            ("a>=1.0", "it is not pinned"),
            ("a==1.*", "it is not pinned"),
            ("a~=1.4.2 ; extra == '1'", "it is not pinned"),
            ("-r base.txt", "`base.txt` is not in the input"),
            ("-r ../base.txt", "it does not lie in the input"),
            ("-c base.txt", "`base.txt` is not in the input"),
            ("-e .", "it is a local or editable project"),
            ("--index-url https://h.example/simple", "it is an option"),
            ("pip @ https://h.example/pip.zip#sha1=da", "it is given by URL"),
            ("https://h.example/a-1.0.whl", "it is given by URL"),
            ("./local", "it is given by URL or path"),
            ("git+https://h.example/a.git@v1#egg=a", "it is given by URL"),
        ] {
            let listing = read(&format!("\n# comment\n{text}\n")).unwrap();
            assert!(listing.packages.is_empty(), "{text}");
            let [skipped] = &listing.skipped[..] else { panic!("{text}") };
            assert_eq!(skipped.what, text);
            assert!(skipped.why.starts_with(&format!("line 3: {why}")), "{text}: {}", skipped.why);
        }
    }

    #[test]
    fn nonsense_is_an_error_with_its_line() {
        for text in
            ["-r", "--requirement=", "a==1\u{fffd}", "<<<<<<< HEAD", "== 1.0", "a b==1", "a=1", "a==", "a[x==1", "!"]
        {
            let error = read(&format!("ok==1\n{text}")).unwrap_err().to_string();
            assert!(error.starts_with("requirements.txt: line 2: "), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_included_is_read() {
        let files = BTreeMap::from([
            ("app/base.txt", &b"django==3.2.21\n-r ../requirements.txt\nflask\n"[..]),
            ("app/more/other.txt", b"jinja2==2.0\n-r third.txt\n"),
            ("app/more/third.txt", b"\xff\xfea\0=\0=\x001\0"),
            ("constraints.txt", b"flask==0.5\nidle==1\n-c more.txt\n"),
            ("more.txt", b"Requests==2.0\n"),
            (
                "requirements.txt",
                b"# caf\xe9\n-rapp/base.txt\n-r\tapp/more/other.txt\n-c constraints.txt\nrequests>=1\n",
            ),
        ]);
        let find = |path: &str| files.get(path).copied();
        let text = decode(files["requirements.txt"]).unwrap();
        let (listing, included) = read_with("requirements.txt", &text, &find).unwrap();
        let mut keys: Vec<_> = listing.packages.iter().map(|package| package.key()).collect();
        keys.sort();
        assert_eq!(
            keys,
            [
                "pkg:pypi/a@1",
                "pkg:pypi/django@3.2.21",
                "pkg:pypi/flask@0.5",
                "pkg:pypi/jinja2@2.0",
                "pkg:pypi/requests@2.0"
            ]
        );
        assert_eq!(
            Vec::from_iter(&included),
            ["app/base.txt", "app/more/other.txt", "app/more/third.txt", "constraints.txt", "more.txt"]
        );
        assert!(listing.skipped.is_empty(), "{:?}", listing.skipped);
    }

    #[test]
    fn an_error_in_an_included_file_names_it() {
        let find = |path: &str| (path == "base.txt").then_some(&b"ok==1\n=======\n"[..]);
        let (file, error) = read_with("requirements.txt", "-r base.txt", &find).unwrap_err();
        assert_eq!(file, "base.txt");
        assert!(error.to_string().starts_with("requirements.txt: line 2: "), "{error}");
    }
}
