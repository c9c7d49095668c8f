//! Packages as scanners see them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::model::ecosystem::Ecosystem;

/// A package URL in its canonical spelling (<https://github.com/package-url/purl-spec>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl(String);

/// Why a text is not a package URL.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a package URL")]
pub struct PurlError {
    text: String,
    source: packageurl::Error,
}

impl Purl {
    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        // The scheme is written in small letters and read in any; `packageurl` reads those alone.
        let scheme = text.split_at_checked(4).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("pkg:"));
        let spelt = scheme.map_or(Cow::Borrowed(text), |(_, rest)| Cow::Owned(format!("pkg:{rest}")));
        let parsed = PackageUrl::from_str(&spelt);
        let mut purl = parsed.map_err(|source| PurlError { text: text.to_owned(), source })?;
        let wrong = |source| PurlError { text: text.to_owned(), source };
        if purl.version() == Some("") {
            purl.without_version();
        }
        // `packageurl` drops these segments as they are written: what is left may be none, or hold some that were encoded.
        let named = |segment: &&str| !matches!(*segment, "" | "." | "..");
        if let Some(namespace) = purl.namespace()
            && (namespace.is_empty() || !namespace.split('/').all(|segment| named(&segment)))
        {
            let namespace = namespace.split('/').filter(named).collect::<Vec<_>>().join("/");
            purl.without_namespace();
            if !namespace.is_empty() {
                purl.with_namespace(namespace).map_err(wrong)?;
            }
            purl.validate().map_err(wrong)?;
        }
        Ok(Self(slashes_encoded(purl.to_string())))
    }
}

impl TryFrom<&PackageUrl<'_>> for Purl {
    type Error = PurlError;

    fn try_from(url: &PackageUrl<'_>) -> Result<Self, PurlError> {
        slashes_encoded(url.to_string()).parse()
    }
}

/// Encodes the slashes of the version. `packageurl` writes them bare, and cannot read what it then wrote.
fn slashes_encoded(text: String) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    match text[..end].find('@') {
        Some(at) if text[at..end].contains('/') => {
            format!("{}{}{}", &text[..at], text[at..end].replace('/', "%2F"), &text[end..])
        }
        _ => text,
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The source package that a binary package was built from (Debian advisories name sources).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct SourcePackage {
    pub name: String,
    pub version: String,
}

/// One package of an inventory or of an SBOM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    /// The name as the ecosystem spells it (`@scope/name`, `group:artifact`, a module path).
    pub name: String,
    /// The version as written; empty where the document gives none.
    pub version: String,
    /// Its package URL, where the document has one or the ecosystem is known.
    pub purl: Option<Purl>,
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Licence expressions or names, as written.
    pub licenses: BTreeSet<String>,
    /// Its source package, where that is another.
    pub source: Option<SourcePackage>,
    /// What else tells it from others of its key, each named (`type: firmware`, `SHA-256: …`). No policy looks at it.
    pub details: BTreeSet<String>,
}

impl Package {
    /// What identifies the package in results: the purl, else `name@version`.
    pub fn key(&self) -> String {
        match &self.purl {
            Some(purl) => purl.to_string(),
            None => format!("{}@{}", self.name, self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn purls_are_canonical() {
        let purl: Purl = "pkg:NPM/%40angular/core@12.0.0".parse().unwrap();
        assert_eq!(purl.as_str(), "pkg:npm/%40angular/core@12.0.0");
        assert!("npm/x".parse::<Purl>().is_err());
        for (text, canonical) in [
            ("pkg:github/a/b@feature%2Fx?k=v%2Fw#c/d", "pkg:github/a/b@feature%2Fx?k=v%2Fw#c/d"),
            ("pkg:npm/a@", "pkg:npm/a"),
            ("PKG:Npm/a", "pkg:npm/a"),
            ("pkg:deb/./x", "pkg:deb/x"),
            ("pkg:deb//x", "pkg:deb/x"),
            ("pkg:npm/./a", "pkg:npm/a"),
            ("pkg:npm/%2E./a", "pkg:npm/a"),
            ("pkg:golang/a/%2e/../b//c", "pkg:golang/a/b/c"),
        ] {
            assert_eq!(text.parse::<Purl>().unwrap().as_str(), canonical);
        }
    }

    proptest! {
        #[test]
        fn canonical_is_a_fixed_point_whatever_the_segments(
            text in "pkg:(npm|pypi|deb|golang|x)(/(\\.|\\.\\.|%2[eE]|%2[fF]|a|@|%40|)){1,5}(@(\\.|/|%2F|1|)){0,2}([?](a=(%26|b|))?)?(#(/|\\.|%2E|a){0,3})?"
        ) {
            if let Ok(purl) = text.parse::<Purl>() {
                prop_assert_eq!(purl.as_str().parse::<Purl>().unwrap(), purl);
            }
        }

        #[test]
        fn canonical_is_a_fixed_point(text in "pkg:(npm|pypi|deb|golang|x)/\\PC{0,24}") {
            if let Ok(purl) = text.parse::<Purl>() {
                prop_assert_eq!(purl.as_str().parse::<Purl>().unwrap(), purl);
            }
        }
    }
}
