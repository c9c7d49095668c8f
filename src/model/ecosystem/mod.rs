//! Packaging ecosystems, named as in OSV (<https://ossf.github.io/osv-schema/#defined-ecosystems>).
//!
//! Everything that is known of one stands here: how its names are spelled and compared, what its releases have in common,
//! which package URLs mean it. `known` says which order its versions
//! stand in. Absent: how a version is read, which the scanner knows.

pub mod known;
mod release;
pub mod version_order;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::model::ecosystem::known::{Named, ROWS, Row, Spelling, Suffix};
use crate::model::ecosystem::version_order::VersionOrder;

/// An ecosystem with what follows its name: the release of a distribution, the repository of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ecosystem {
    name: Name,
    suffix: Option<String>,
}

/// A row of the schema's table, or a name that it does not have.
#[derive(Debug, Clone)]
enum Name {
    Known(&'static Row),
    Other(String),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Self::Known(row) => row.name,
            Self::Other(name) => name,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $method:ident = $name:literal;)*) => {
        $($(#[$doc])* pub fn $method() -> Self { Self::from($name) })*
    };
}

impl Ecosystem {
    constructors! {
        /// `npm`
        npm = "npm";
        /// `PyPI`
        pypi = "PyPI";
        /// `crates.io`
        crates_io = "crates.io";
        /// `Go`
        go = "Go";
        /// `Maven`
        maven = "Maven";
        /// `RubyGems`
        ruby_gems = "RubyGems";
        /// `Debian`, its release not known.
        debian = "Debian";
        /// `Ubuntu`, its release not known.
        ubuntu = "Ubuntu";
        /// Of a package that nothing tells the ecosystem of.
        unknown = "unknown";
    }

    /// The ecosystem that a package URL of this type and namespace means; the type itself where none does.
    pub fn of_purl(kind: &str, namespace: Option<&str>) -> Self {
        let namespace = namespace.unwrap_or_default();
        let means = |row: &&Row| {
            row.purls
                .iter()
                .any(|(known, namespaces)| *known == kind && (namespaces.is_empty() || namespaces.contains(&namespace)))
        };
        match ROWS.iter().find(means) {
            Some(row) => Self { name: Name::Known(row), suffix: None },
            None => Self { name: Name::Other(kind.to_owned()), suffix: None },
        }
    }

    /// The same with a suffix; an empty one is none.
    #[must_use]
    pub fn with_suffix(self, suffix: Option<String>) -> Self {
        Self { suffix: suffix.filter(|suffix| !suffix.is_empty()), ..self }
    }

    /// The name alone.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its row of the schema's table.
    pub fn row(&self) -> Option<&'static Row> {
        match self.name {
            Name::Known(row) => Some(row),
            Name::Other(_) => None,
        }
    }

    /// In which order its versions stand; `None` where that is not known.
    pub fn version_order(&self) -> Option<VersionOrder> {
        self.row()?.version_order
    }

    /// The same without its suffix.
    #[must_use]
    pub fn any_release(&self) -> Self {
        Self { name: self.name.clone(), suffix: None }
    }

    /// What two names of one release have in common: the major number where minor releases follow each other (`9` of `9.4`
    /// and of `enterprise_linux:9::baseos`), `24.04` of `24.04:LTS`, nothing where the suffix names what is meant anyway.
    pub fn release(&self) -> Option<Cow<'_, str>> {
        release::common(self.row()?.suffix, self.suffix.as_deref()?)
    }

    /// Whether its packages are those of a release.
    pub fn has_releases(&self) -> bool {
        self.row().is_some_and(|row| !matches!(row.suffix, Suffix::None | Suffix::Repository(_)))
    }

    /// Whether its packages are those of a release, and it says none.
    pub fn lacks_release(&self) -> bool {
        self.has_releases() && self.suffix.is_none()
    }

    /// Whether its advisories name source packages.
    pub fn names_sources(&self) -> bool {
        self.row().is_some_and(|row| row.named == Named::Source)
    }

    /// A name as this ecosystem compares names: two that are equal name one package.
    pub fn comparable_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        // The standard library of Go: OSV's name, and the one that build information has.
        if self.name() == "Go" && name == "std" {
            return Cow::Borrowed("stdlib");
        }
        match self.row().map_or(Spelling::Exact, |row| row.spelling) {
            Spelling::Exact => Cow::Borrowed(name),
            Spelling::AnyCase => lower(name),
            Spelling::Pypi => pypi_name(name),
            Spelling::Repository => {
                let place = name.split_once("://").map_or(name, |(_, place)| place);
                lower(place.strip_suffix(".git").unwrap_or(place))
            }
        }
    }

    /// The ecosystem of the schema that a name which it does not have is likely to mean.
    pub fn likely(&self) -> Option<&'static str> {
        let Name::Other(name) = &self.name else { return None };
        let plain = |name: &str| name.replace([' ', '-', '_', '.'], "").to_lowercase();
        let name = plain(name);
        ROWS.iter().find(|row| plain(row.name) == name).map(|row| row.name)
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.chars().any(char::is_uppercase) { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
}

/// A Python project's name as indexes and advisories spell it (PEP 503: lower case, runs of `-_.` are one `-`).
pub fn pypi_name(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if name.chars().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    Cow::Owned(normal)
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.suffix.iter().try_for_each(|suffix| write!(f, ":{suffix}"))
    }
}

impl From<&str> for Ecosystem {
    fn from(text: &str) -> Self {
        let (name, suffix) = match text.split_once(':') {
            Some((name, suffix)) => (name, Some(suffix)),
            None => (text, None),
        };
        let row = ROWS.iter().find(|row| row.name == name);
        match (row, suffix) {
            (Some(row), None) => Self { name: Name::Known(row), suffix: None },
            (Some(row), Some(suffix)) if !suffix.is_empty() && row.suffix != Suffix::None => {
                Self { name: Name::Known(row), suffix: Some(suffix.to_owned()) }
            }
            _ => Self { name: Name::Other(text.to_owned()), suffix: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_survives_a_round_trip() {
        for row in ROWS {
            assert_eq!(Ecosystem::from(row.name).to_string(), row.name);
            let with = format!("{}:x:y", row.name);
            let read = Ecosystem::from(with.as_str());
            assert_eq!(read.to_string(), with);
            assert_eq!(read.row().is_some(), row.suffix != Suffix::None, "{with}");
        }
        for name in ["NPM", "Debian:", "Hex:1", "unknown", ""] {
            let read = Ecosystem::from(name);
            assert!(read.row().is_none() && read.to_string() == name, "{name}");
        }
        assert_eq!(Ecosystem::from("NPM").likely(), Some("npm"));
        assert_eq!(Ecosystem::from("Rocky").likely(), None);
        assert_eq!(Ecosystem::from("RockyLinux").likely(), Some("Rocky Linux"));
    }

    #[test]
    fn package_urls_mean_every_row_that_has_one() {
        for row in ROWS {
            for (kind, namespaces) in row.purls {
                let own = namespaces.first().copied();
                assert_eq!(Ecosystem::of_purl(kind, own).name(), row.name);
            }
        }
        assert_eq!(Ecosystem::of_purl("rpm", Some("fedora")), Ecosystem::from("rpm"));
        assert_eq!(Ecosystem::of_purl("generic", None), Ecosystem::from("generic"));
    }

    #[test]
    fn names_are_compared_as_their_ecosystem_does() {
        for (ecosystem, a, b, same) in [
            ("npm", "JSONStream", "jsonstream", false),
            ("Go", "github.com/Masterminds/goutils", "github.com/masterminds/goutils", true),
            ("Go", "std", "stdlib", true),
            ("npm", "std", "stdlib", false),
            ("PyPI", "Zope.Interface", "zope-interface", true),
            ("NuGet", "Newtonsoft.Json", "newtonsoft.json", true),
            ("Packagist", "Symfony/Http", "symfony/http", true),
            ("SwiftURL", "https://github.com/apple/swift-nio.git", "github.com/apple/swift-nio", true),
            ("Debian", "Openssl", "openssl", false),
            ("unknown", "A", "a", false),
        ] {
            let ecosystem = Ecosystem::from(ecosystem);
            assert_eq!(ecosystem.comparable_name(a) == ecosystem.comparable_name(b), same, "{ecosystem}: {a} {b}");
        }
        for name in
            ["friendly-bard", "Friendly-Bard", "FRIENDLY-BARD", "friendly.bard", "friendly_bard", "FrIeNdLy-._.-bArD"]
        {
            assert_eq!(pypi_name(name), "friendly-bard");
        }
    }
}
