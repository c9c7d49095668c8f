//! `requirements.txt`.
//!
//! Only what is pinned (`==`, `===`) names a version that will be installed; all else is skipped with its
//! line. Lines are joined and comments taken off as pip does it
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>). Environment markers are not
//! evaluated: a pinned package counts on every platform.

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::lockfile::locked;
use crate::format::purl;
use crate::model::package::Ecosystem;

const FORMAT: &str = "requirements.txt";

/// Reads the pinned packages of a requirements file.
pub(crate) fn read(text: &str) -> Result<Listing, FormatError> {
    let mut listing = Listing::default();
    for (line, text) in logical_lines(text) {
        let text = without_comment(&text).trim();
        if text.is_empty() {
            continue;
        }
        let fail = |problem| FormatError::Line { format: FORMAT, line, problem };
        match requirement(text).map_err(fail)? {
            Requirement::Pinned { name, version } => {
                let name = purl::pypi_name(name);
                let purl = purl::build("pypi", None, &name, version, &[]).map_err(fail)?;
                listing.packages.push(locked(name, version.to_owned(), purl, Ecosystem::PyPi));
            }
            Requirement::Other(why) => listing.skip(text, format!("line {line}: {why}")),
        }
    }
    Ok(listing)
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
    Pinned { name: &'t str, version: &'t str },
    Other(&'static str),
}

/// Reads one requirement (PEP 508) with pip's options after it.
fn requirement(text: &str) -> Result<Requirement<'_>, String> {
    let nonsense = || format!("`{text}` is not a requirement; expected `name==version` or an option of pip");
    if text.starts_with('-') {
        return Ok(Requirement::Other(match text.split([' ', '=']).next().unwrap_or_default() {
            "-r" | "--requirement" => "another file is included; read that one too",
            "-c" | "--constraint" => "a constraint installs nothing",
            "-e" | "--editable" => "it is a local or editable project",
            _ => "it is an option",
        }));
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
        None => Requirement::Other("it is not pinned; pin it with `==`"),
    })
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
            ("-r base.txt", "another file"),
            ("--requirement=base.txt", "another file"),
            ("-c base.txt", "a constraint"),
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
        for text in ["== 1.0", "a b==1", "a=1", "a==", "a[x==1", "!"] {
            let error = read(&format!("ok==1\n{text}")).unwrap_err().to_string();
            assert!(error.starts_with("requirements.txt: line 2: "), "{text}: {error}");
        }
    }
}
