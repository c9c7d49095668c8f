//! Package URLs: built from the parts that lockfiles hold, taken apart for what SBOMs hold.
//!
//! Rules: the purl specification and its type definitions (<https://github.com/package-url/purl-spec>).

use std::borrow::Cow;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::model::ecosystem::{Ecosystem, pypi_name};
use crate::model::package::{Purl, PurlError, SourcePackage};

/// Builds the canonical purl of a package. The error says what is wrong with the parts.
pub(crate) fn build(
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    version: &str,
    qualifiers: &[(&str, &str)],
) -> Result<Purl, String> {
    let problem = |error: packageurl::Error| format!("`{name}` gives no package URL of type `{kind}`: {error}");
    let mut url = PackageUrl::new(kind, name).map_err(problem)?;
    if let Some(namespace) = namespace {
        url.with_namespace(namespace).map_err(problem)?;
    }
    if !version.is_empty() {
        url.with_version(version).map_err(problem)?;
    }
    for (key, value) in qualifiers.iter().filter(|(_, value)| !value.is_empty()) {
        url.add_qualifier(*key, *value).map_err(problem)?;
    }
    url.validate().map_err(problem)?;
    Purl::try_from(&url).map_err(|error| error.to_string())
}

/// A package URL in its one spelling: its type, what is encoded and what its type folds may be written in several ways, which mean the same.
/// Another text is left as it is, and so is one with blanks, which a package URL does not have, one that names a qualifier twice, which it must
/// not, and a name in capitals of a type whose registry knows names that differ in their case alone.
pub(crate) fn spelled(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_whitespace) {
        return Cow::Borrowed(text);
    }
    let Ok(written) = text.parse::<Written>() else { return Cow::Borrowed(text) };
    let is_one_of_several =
        written.name.is_some() && CASE_MATTERS.iter().any(|kind| written.purl.as_str().starts_with(kind));
    if is_one_of_several || names_a_qualifier_twice(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(written.purl.to_string())
}

/// Types whose names are folded by their definition, and are other packages in another case: old packages of npm, paths of Go modules.
const CASE_MATTERS: [&str; 2] = ["pkg:npm/", "pkg:golang/"];

fn names_a_qualifier_twice(text: &str) -> bool {
    let text = text.split('#').next().unwrap_or(text);
    let Some((_, qualifiers)) = text.split_once('?') else { return false };
    let mut names: Vec<String> =
        qualifiers.split('&').map(|part| part.split('=').next().unwrap_or(part).to_ascii_lowercase()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    names.len() < count
}

/// What a purl says about its package.
pub(crate) struct Facts {
    pub(crate) ecosystem: Ecosystem,
    /// The name as the ecosystem spells it, except that the purl's type may have folded its case.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The source package (qualifiers `upstream` and `sourcerpm`).
    pub(crate) source: Option<SourcePackage>,
    /// The epoch that stands beside the version; none where it is 0.
    pub(crate) epoch: Option<String>,
}

/// A package URL, and how its name is written: some types fold its case, their advisories do not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Written {
    pub(crate) purl: Purl,
    /// The name with the case that it was written in.
    name: Option<String>,
}

impl From<Purl> for Written {
    fn from(purl: Purl) -> Self {
        Self { purl, name: None }
    }
}

impl FromStr for Written {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        let purl: Purl = text.parse()?;
        let name = written_name(text).filter(|name| name.chars().any(char::is_uppercase));
        Ok(Self { purl, name })
    }
}

impl Written {
    /// What it says about its package.
    pub(crate) fn facts(&self) -> Option<Facts> {
        let facts = facts(&self.purl)?;
        match &self.name {
            Some(name) if facts.ecosystem.name() != "PyPI" && name.eq_ignore_ascii_case(&facts.name) => {
                Some(Facts { name: name.clone(), ..facts })
            }
            _ => Some(facts),
        }
    }
}

/// The name of a package as the text of its URL writes it.
fn written_name(text: &str) -> Option<String> {
    let text = text.split(['?', '#']).next().unwrap_or(text);
    let (kind, path) = text.get(text.find(':')? + 1..)?.trim_start_matches('/').split_once('/')?;
    let name_at = path.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1);
    let end = path[name_at..].rfind('@').map_or(path.len(), |at| name_at + at);
    let decoded = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path[..end].split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
    let (name, namespace) = segments.split_last()?;
    Some(match kind.to_ascii_lowercase().as_str() {
        "deb" | "rpm" | "apk" | "alpm" => name.clone(),
        "maven" if !namespace.is_empty() => format!("{}:{name}", namespace.join("/")),
        _ => segments.join("/"),
    })
}

/// Takes a purl apart.
pub(crate) fn facts(purl: &Purl) -> Option<Facts> {
    let url = PackageUrl::from_str(purl.as_str()).ok()?;
    let qualifier = |key: &str| url.qualifiers().get(key).map(|value| value.as_ref());
    let name = match (url.ty(), url.namespace()) {
        ("pypi", _) => pypi_name(url.name()).into_owned(),
        // A distribution's namespace is the vendor, not a part of the name.
        ("deb" | "rpm" | "apk" | "alpm", _) | (_, None) => url.name().to_owned(),
        ("maven", Some(group)) => format!("{group}:{}", url.name()),
        (_, Some(namespace)) => format!("{namespace}/{}", url.name()),
    };
    let epoch = qualifier("epoch").filter(|epoch| *epoch != "0");
    let version = url.version().filter(|version| !version.is_empty()).map(|version| with_epoch(version, epoch));
    let source = source(qualifier("upstream").or_else(|| qualifier("sourcerpm")), version.as_deref(), epoch);
    let vendor = url.namespace().or((url.ty() == "deb").then_some("debian"));
    // openSUSE's editions are namespaces of their own to some.
    let vendor = vendor.map(|vendor| if vendor.starts_with("opensuse") { "opensuse" } else { vendor });
    let ecosystem = match url.ty() {
        "deb" => distribution(vendor.unwrap_or_default(), qualifier("distro")),
        kind @ ("rpm" | "apk") => {
            let ecosystem = Ecosystem::of_purl(kind, vendor);
            let release = ecosystem.row().and_then(|_| release(&ecosystem, qualifier("distro")));
            ecosystem.with_suffix(release)
        }
        kind @ ("maven" | "composer") => {
            Ecosystem::of_purl(kind, vendor).with_suffix(qualifier("repository_url").map(str::to_owned))
        }
        kind => Ecosystem::of_purl(kind, vendor),
    };
    Some(Facts { ecosystem, name, version, source, epoch: epoch.map(str::to_owned) })
}

/// A version with the epoch that a purl has beside it.
pub(crate) fn with_epoch(version: &str, epoch: Option<&str>) -> String {
    match epoch {
        Some(epoch) if !version.contains(':') => format!("{epoch}:{version}"),
        _ => version.to_owned(),
    }
}

/// The source package: `name`, `name@version`, or the file name of a source package, whose epoch is that of the packages
/// that are built from it.
fn source(told: Option<&str>, version: Option<&str>, epoch: Option<&str>) -> Option<SourcePackage> {
    let told = told.filter(|told| !told.is_empty())?;
    let (name, given) = match source_rpm(told) {
        Some((name, version)) => (name, with_epoch(version, epoch)),
        None => told.split_once('@').map_or((told, String::new()), |(name, version)| (name, version.to_owned())),
    };
    let version = if given.is_empty() { version.unwrap_or_default().to_owned() } else { given };
    Some(SourcePackage { name: name.to_owned(), version })
}

/// The ecosystem of a `deb` package by vendor and `distro` qualifier (`debian-12`, `debian-12.5`, `bookworm`).
fn distribution(vendor: &str, distro: Option<&str>) -> Ecosystem {
    let release = distro.and_then(|distro| match distro.strip_prefix(vendor) {
        Some(rest) => rest.strip_prefix('-').filter(|release| !release.is_empty()),
        None => Some(distro).filter(|codename| numbered(codename).is_some()),
    });
    deb_ecosystem(vendor, release)
}

/// The ecosystem of a vendor's `deb` packages. Debian is named by major release, as OSV does.
pub(crate) fn deb_ecosystem(vendor: &str, release: Option<&str>) -> Ecosystem {
    let ecosystem = Ecosystem::of_purl("deb", Some(vendor));
    if ecosystem.row().is_none() {
        let release = release.map(|release| format!(":{release}")).unwrap_or_default();
        return Ecosystem::from(format!("{vendor}{release}").as_str());
    }
    let release = release.map(|release| {
        let major = if vendor == "debian" { release.split('.').next().unwrap_or(release) } else { release };
        numbered(major).unwrap_or(major).to_owned()
    });
    ecosystem.with_suffix(release)
}

/// The suffix of a distribution by the `distro` qualifier, as Syft and Trivy spell it (`rhel-9.2`, `opensuse-leap-15.6`,
/// `alpine-3.18.4`). SUSE's products are not named in purls as OSV names them: their release stays open.
fn release(ecosystem: &Ecosystem, distro: Option<&str>) -> Option<String> {
    let distro = distro?;
    let number = distro.split_once('-').map_or(distro, |(_, rest)| rest);
    let last = distro.rsplit('-').next().filter(|number| number.starts_with(|c: char| c.is_ascii_digit()));
    match ecosystem.name() {
        "SUSE" => None,
        "openSUSE" if distro.contains("tumbleweed") => Some("Tumbleweed".to_owned()),
        "openSUSE" => last.map(|number| format!("Leap {number}")),
        "Alpine" => {
            let number = number.strip_prefix('v').unwrap_or(number);
            let branch: Vec<&str> = number.split('.').take(2).collect();
            let is_number = number.starts_with(|c: char| c.is_ascii_digit());
            Some(if is_number { format!("v{}", branch.join(".")) } else { number.to_owned() })
        }
        "openEuler" => Some(number.to_owned()),
        _ => last.map(str::to_owned),
    }
}

/// Name and version of a source package by its file name (`openssl-3.0.7-18.el9.src.rpm`).
fn source_rpm(file_name: &str) -> Option<(&str, &str)> {
    let whole = file_name.strip_suffix(".src.rpm")?;
    let release = whole.rfind('-')?;
    let version = whole.get(..release)?.rfind('-')?;
    Some((whole.get(..version)?, whole.get(version + 1..)?))
}

/// The number of a release that is known by its code name (<https://www.debian.org/releases/>,
/// <https://wiki.ubuntu.com/Releases>).
fn numbered(codename: &str) -> Option<&'static str> {
    match codename {
        "stretch" => Some("9"),
        "buster" => Some("10"),
        "bullseye" => Some("11"),
        "bookworm" => Some("12"),
        "trixie" => Some("13"),
        "forky" => Some("14"),
        "trusty" => Some("14.04"),
        "xenial" => Some("16.04"),
        "bionic" => Some("18.04"),
        "focal" => Some("20.04"),
        "jammy" => Some("22.04"),
        "noble" => Some("24.04"),
        "plucky" => Some("25.04"),
        "questing" => Some("25.10"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_are_built_as_the_type_definitions_say() {
        let built = |kind, namespace, name, version, qualifiers| {
            build(kind, namespace, name, version, qualifiers).unwrap().to_string()
        };
        assert_eq!(built("npm", Some("@angular"), "core", "1.0.0", &[]), "pkg:npm/%40angular/core@1.0.0");
        // A colon stays as it is; the epoch is a part of the version (deb-definition.json, examples).
        assert_eq!(
            built("deb", Some("debian"), "bsdutils", "1:2.38.1-5+b1", &[("distro", "debian-12"), ("arch", "amd64")]),
            "pkg:deb/debian/bsdutils@1:2.38.1-5%2Bb1?arch=amd64&distro=debian-12"
        );
        assert_eq!(
            built("golang", Some("github.com/x"), "y", "v2.0.0+incompatible", &[]),
            "pkg:golang/github.com/x/y@v2.0.0%2Bincompatible"
        );
        assert!(build("npm", None, "", "1", &[]).is_err());
        assert!(build("cargo", Some("x"), "y", "1", &[]).is_err(), "crates have no namespace");
    }

    #[test]
    fn purls_tell_ecosystem_name_and_source() {
        let other = |name: &str| Ecosystem::from(name);
        let debian = |release: &str| Ecosystem::from(format!("Debian:{release}").as_str());
        for (purl, ecosystem, name) in [
            ("pkg:npm/%40angular/core@1", Ecosystem::npm(), "@angular/core"),
            ("pkg:pypi/Zope.Interface@5", Ecosystem::pypi(), "zope-interface"),
            ("pkg:cargo/serde@1", Ecosystem::crates_io(), "serde"),
            ("pkg:golang/github.com/x/y@v1", Ecosystem::go(), "github.com/x/y"),
            ("pkg:maven/org.apache/log4j@2", Ecosystem::maven(), "org.apache:log4j"),
            ("pkg:gem/rails@7", Ecosystem::ruby_gems(), "rails"),
            ("pkg:rpm/redhat/curl@7?distro=rhel-9.2", Ecosystem::from("Red Hat:9.2"), "curl"),
            ("pkg:rpm/rocky/curl@7?distro=rocky-9.3", Ecosystem::from("Rocky Linux:9.3"), "curl"),
            ("pkg:rpm/almalinux/curl@7", Ecosystem::from("AlmaLinux"), "curl"),
            ("pkg:rpm/opensuse/curl@7?distro=opensuse-leap-15.6", Ecosystem::from("openSUSE:Leap 15.6"), "curl"),
            (
                "pkg:rpm/opensuse/curl@7?distro=opensuse-tumbleweed-20240101",
                Ecosystem::from("openSUSE:Tumbleweed"),
                "curl",
            ),
            ("pkg:rpm/suse/curl@7?distro=sles-15.5", Ecosystem::from("SUSE"), "curl"),
            ("pkg:rpm/fedora/curl@7?distro=fedora-40", other("rpm"), "curl"),
            ("pkg:deb/debian/curl@7?distro=debian-12.5", debian("12"), "curl"),
            ("pkg:deb/debian/curl@7?distro=bookworm", debian("12"), "curl"),
            ("pkg:deb/debian/curl@7", Ecosystem::debian(), "curl"),
            ("pkg:deb/ubuntu/curl@7?distro=ubuntu-22.04", other("Ubuntu:22.04"), "curl"),
            ("pkg:apk/alpine/musl@1", other("Alpine"), "musl"),
            ("pkg:apk/alpine/musl@1?distro=alpine-3.18.4", other("Alpine:v3.18"), "musl"),
            ("pkg:apk/alpine/musl@1?distro=3.18.4", other("Alpine:v3.18"), "musl"),
            ("pkg:rpm/rocky-linux/curl@7?distro=rocky-linux-9", Ecosystem::from("Rocky Linux:9"), "curl"),
            ("pkg:rpm/photon/curl@7?distro=photon-3.0", Ecosystem::from("Photon OS:3.0"), "curl"),
            ("pkg:deb/ubuntu/curl@7?distro=noble", other("Ubuntu:24.04"), "curl"),
            ("pkg:generic/openssl@3", other("generic"), "openssl"),
        ] {
            let facts = facts(&purl.parse().unwrap()).unwrap();
            assert_eq!((facts.ecosystem, facts.name.as_str()), (ecosystem, name), "{purl}");
        }
        let source = |purl: &str| facts(&purl.parse().unwrap()).unwrap().source.map(|s| (s.name, s.version));
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(source("pkg:deb/debian/libc6@2.36-9?upstream=glibc"), pair("glibc", "2.36-9"));
        assert_eq!(source("pkg:deb/debian/a@1:2?upstream=b%402-1"), pair("b", "2-1"));
        assert_eq!(source("pkg:deb/debian/a@1"), None);
        assert_eq!(
            source("pkg:rpm/redhat/openssl-libs@3.0.7-18.el9?epoch=1&upstream=openssl-3.0.7-18.el9.src.rpm"),
            pair("openssl", "1:3.0.7-18.el9")
        );
        let epoch = facts(&"pkg:deb/debian/a@2.38?epoch=1".parse().unwrap()).unwrap();
        assert_eq!(epoch.version.as_deref(), Some("1:2.38"));
    }
}
