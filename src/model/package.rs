//! Packages as scanners see them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use packageurl::PackageUrl;

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
        let parsed = PackageUrl::from_str(text);
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

/// A packaging ecosystem, named as in OSV (<https://ossf.github.io/osv-schema/#defined-ecosystems>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// `npm`
    Npm,
    /// `PyPI`
    PyPi,
    /// `crates.io`
    CratesIo,
    /// `Go`
    Go,
    /// `Debian`, with the release (`12`) where it is known.
    Debian(Option<String>),
    /// `Maven`
    Maven,
    /// A distribution whose packages are RPM packages, with the rest of its OSV name where there is one (`9`,
    /// `enterprise_linux:9::baseos`, `Leap 15.6`).
    Rpm(RpmDistribution, Option<String>),
    /// `RubyGems`
    RubyGems,
    /// Any other, by its OSV name: nothing is matched in it, and that is said aloud.
    Other(String),
}

/// A distribution of RPM packages that OSV names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum RpmDistribution {
    AlmaLinux,
    OpenSuse,
    RedHat,
    RockyLinux,
    Suse,
}

impl RpmDistribution {
    /// Every distribution.
    pub const ALL: [Self; 5] = [Self::AlmaLinux, Self::OpenSuse, Self::RedHat, Self::RockyLinux, Self::Suse];

    /// OSV's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlmaLinux => "AlmaLinux",
            Self::OpenSuse => "openSUSE",
            Self::RedHat => "Red Hat",
            Self::RockyLinux => "Rocky Linux",
            Self::Suse => "SUSE",
        }
    }
}

impl Ecosystem {
    /// The same without its release.
    #[must_use]
    pub fn any_release(&self) -> Self {
        match self {
            Self::Debian(_) => Self::Debian(None),
            Self::Rpm(distribution, _) => Self::Rpm(*distribution, None),
            other => other.clone(),
        }
    }

    /// What two names of one release have in common: the major number where minor releases follow each other (`9` of
    /// `9.4` and of `enterprise_linux:9::baseos`), else the whole.
    pub fn release(&self) -> Option<&str> {
        match self {
            Self::Debian(release) | Self::Rpm(RpmDistribution::OpenSuse | RpmDistribution::Suse, release) => {
                release.as_deref()
            }
            Self::Rpm(_, release) => {
                let release = release.as_deref()?;
                let number = release.split(':').find(|field| field.starts_with(|c: char| c.is_ascii_digit()));
                number.map_or(Some(release), |number| number.split('.').next())
            }
            _ => None,
        }
    }

    /// Whether it has releases, and says none.
    pub fn lacks_release(&self) -> bool {
        matches!(self, Self::Debian(None) | Self::Rpm(_, None))
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm => f.write_str("npm"),
            Self::PyPi => f.write_str("PyPI"),
            Self::CratesIo => f.write_str("crates.io"),
            Self::Go => f.write_str("Go"),
            Self::Debian(None) => f.write_str("Debian"),
            Self::Debian(Some(release)) => write!(f, "Debian:{release}"),
            Self::Maven => f.write_str("Maven"),
            Self::Rpm(distribution, None) => f.write_str(distribution.name()),
            Self::Rpm(distribution, Some(release)) => write!(f, "{}:{release}", distribution.name()),
            Self::RubyGems => f.write_str("RubyGems"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl From<&str> for Ecosystem {
    fn from(name: &str) -> Self {
        match name {
            "npm" => Self::Npm,
            "PyPI" => Self::PyPi,
            "crates.io" => Self::CratesIo,
            "Go" => Self::Go,
            "Maven" => Self::Maven,
            "RubyGems" => Self::RubyGems,
            _ => released(name).unwrap_or_else(|| Self::Other(name.to_owned())),
        }
    }
}

/// A distribution, alone or with `:` and its release.
fn released(name: &str) -> Option<Ecosystem> {
    let (distribution, release) = match name.split_once(':') {
        Some((_, "")) => return None,
        Some((distribution, release)) => (distribution, Some(release.to_owned())),
        None => (name, None),
    };
    match distribution {
        "Debian" => Some(Ecosystem::Debian(release)),
        _ => {
            let rpm = RpmDistribution::ALL.into_iter().find(|known| known.name() == distribution);
            rpm.map(|rpm| Ecosystem::Rpm(rpm, release))
        }
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
    fn ecosystem_names_survive_a_round_trip() {
        for name in [
            "npm",
            "PyPI",
            "crates.io",
            "Go",
            "Debian",
            "Debian:12",
            "Maven",
            "RubyGems",
            "Red Hat:enterprise_linux:9::baseos",
            "Rocky Linux:9",
            "AlmaLinux",
            "openSUSE:Leap 15.6",
            "SUSE:Linux Enterprise Server 15 SP5",
            "Hex",
            "Debian:",
        ] {
            assert_eq!(Ecosystem::from(name).to_string(), name);
        }
        assert_eq!(Ecosystem::from("Debian:"), Ecosystem::Other("Debian:".into()));
        assert_eq!(Ecosystem::from("AlmaLinux:"), Ecosystem::Other("AlmaLinux:".into()));
    }

    #[test]
    fn releases_are_compared_by_what_they_have_in_common() {
        for (name, release) in [
            ("Debian:12", Some("12")),
            ("Rocky Linux:9.4", Some("9")),
            ("Red Hat:enterprise_linux:9::baseos", Some("9")),
            ("Red Hat:rhel_eus:9.2::appstream", Some("9")),
            ("openSUSE:Leap 15.6", Some("Leap 15.6")),
            ("AlmaLinux", None),
            ("npm", None),
        ] {
            assert_eq!(Ecosystem::from(name).release(), release, "{name}");
        }
    }

    #[test]
    fn purls_are_canonical() {
        let purl: Purl = "pkg:NPM/%40angular/core@12.0.0".parse().unwrap();
        assert_eq!(purl.as_str(), "pkg:npm/%40angular/core@12.0.0");
        assert!("npm/x".parse::<Purl>().is_err());
        for (text, canonical) in [
            ("pkg:github/a/b@feature%2Fx?k=v%2Fw#c/d", "pkg:github/a/b@feature%2Fx?k=v%2Fw#c/d"),
            ("pkg:npm/a@", "pkg:npm/a"),
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
