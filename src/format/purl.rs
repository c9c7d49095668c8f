//! Package URLs: built from the parts that lockfiles hold, taken apart for what SBOMs hold.
//!
//! Rules: the purl specification and its type definitions (<https://github.com/package-url/purl-spec>).

use std::str::FromStr;

use packageurl::PackageUrl;

use crate::model::package::{Ecosystem, Purl, RpmDistribution, SourcePackage};

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

/// What a purl says about its package.
pub(crate) struct Facts {
    pub(crate) ecosystem: Ecosystem,
    /// The name as the ecosystem spells it, except that the purl's type may have folded its case.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    /// The source package (qualifier `upstream`: `name` or `name@version`).
    pub(crate) source: Option<SourcePackage>,
}

/// Takes a purl apart.
pub(crate) fn facts(purl: &Purl) -> Option<Facts> {
    let url = PackageUrl::from_str(purl.as_str()).ok()?;
    let qualifier = |key: &str| url.qualifiers().get(key).map(|value| value.as_ref());
    let name = match (url.ty(), url.namespace()) {
        ("pypi", _) => pypi_name(url.name()),
        // A distribution's namespace is the vendor, not a part of the name.
        ("deb" | "rpm" | "apk" | "alpm", _) | (_, None) => url.name().to_owned(),
        ("maven", Some(group)) => format!("{group}:{}", url.name()),
        (_, Some(namespace)) => format!("{namespace}/{}", url.name()),
    };
    let version = url.version().filter(|version| !version.is_empty()).map(|version| match qualifier("epoch") {
        Some(epoch) if epoch != "0" && !version.contains(':') => format!("{epoch}:{version}"),
        _ => version.to_owned(),
    });
    let source = qualifier("upstream").map(|upstream| {
        let (name, given) = source_rpm(upstream).or_else(|| upstream.split_once('@')).unwrap_or((upstream, ""));
        let version = if given.is_empty() { version.as_deref().unwrap_or("") } else { given };
        SourcePackage { name: name.to_owned(), version: version.to_owned() }
    });
    let ecosystem = match url.ty() {
        "deb" => distribution(url.namespace(), qualifier("distro")),
        "rpm" => rpm_ecosystem(url.namespace(), qualifier("distro")),
        kind => of_type(kind, url.namespace()),
    };
    Some(Facts { ecosystem, name, version, source })
}

/// OSV's name of a purl type (<https://ossf.github.io/osv-schema/#defined-ecosystems>), else the type.
fn of_type(kind: &str, namespace: Option<&str>) -> Ecosystem {
    let name = match (kind, namespace) {
        ("npm", _) => return Ecosystem::Npm,
        ("pypi", _) => return Ecosystem::PyPi,
        ("cargo", _) => return Ecosystem::CratesIo,
        ("golang", _) => return Ecosystem::Go,
        ("maven", _) => return Ecosystem::Maven,
        ("gem", _) => return Ecosystem::RubyGems,
        ("nuget", _) => "NuGet",
        ("composer", _) => "Packagist",
        ("hex", _) => "Hex",
        ("pub", _) => "Pub",
        ("hackage", _) => "Hackage",
        ("cran", _) => "CRAN",
        ("conan", _) => "ConanCenter",
        ("swift", _) => "SwiftURL",
        ("apk", Some("alpine")) => "Alpine",
        ("apk", Some("wolfi")) => "Wolfi",
        ("apk", Some("chainguard")) => "Chainguard",
        (kind, _) => kind,
    };
    Ecosystem::Other(name.to_owned())
}

/// The ecosystem of a `deb` package by vendor and `distro` qualifier (`debian-12`, `debian-12.5`, `bookworm`).
fn distribution(vendor: Option<&str>, distro: Option<&str>) -> Ecosystem {
    let vendor = vendor.unwrap_or("debian");
    let release = distro.and_then(|distro| match distro.strip_prefix(vendor) {
        Some(rest) => rest.strip_prefix('-').filter(|release| !release.is_empty()),
        None => Some(distro).filter(|codename| debian_release(codename).is_some()),
    });
    deb_ecosystem(vendor, release)
}

/// The ecosystem of a vendor's `deb` packages. Debian is named by major release, as OSV does.
pub(crate) fn deb_ecosystem(vendor: &str, release: Option<&str>) -> Ecosystem {
    let numbered = |name: &str| match release {
        Some(release) => Ecosystem::Other(format!("{name}:{release}")),
        None => Ecosystem::Other(name.to_owned()),
    };
    match vendor {
        "debian" => Ecosystem::Debian(release.map(|release| {
            let major = release.split('.').next().unwrap_or(release);
            debian_release(major).unwrap_or(major).to_owned()
        })),
        "ubuntu" => numbered("Ubuntu"),
        vendor => numbered(vendor),
    }
}

/// The ecosystem of an `rpm` package by vendor, as Syft and Trivy spell it, and `distro` qualifier (`rhel-9.2`,
/// `opensuse-leap-15.6`). SUSE's products are not named in purls as OSV names them: their release stays open.
fn rpm_ecosystem(vendor: Option<&str>, distro: Option<&str>) -> Ecosystem {
    let distribution = match vendor.unwrap_or_default() {
        "almalinux" | "alma" => RpmDistribution::AlmaLinux,
        "redhat" | "rhel" => RpmDistribution::RedHat,
        "rocky" | "rockylinux" => RpmDistribution::RockyLinux,
        "suse" | "sles" => RpmDistribution::Suse,
        vendor if vendor.starts_with("opensuse") => RpmDistribution::OpenSuse,
        _ => return Ecosystem::Other("rpm".to_owned()),
    };
    let number = distro.and_then(|distro| distro.rsplit('-').next());
    let number = number.filter(|number| number.starts_with(|c: char| c.is_ascii_digit()));
    let release = match distribution {
        RpmDistribution::Suse => None,
        RpmDistribution::OpenSuse if distro.is_some_and(|distro| distro.contains("tumbleweed")) => {
            Some("Tumbleweed".to_owned())
        }
        RpmDistribution::OpenSuse => number.map(|number| format!("Leap {number}")),
        _ => number.map(str::to_owned),
    };
    Ecosystem::Rpm(distribution, release)
}

/// Name and version of a source package by its file name (`openssl-3.0.7-18.el9.src.rpm`).
fn source_rpm(file_name: &str) -> Option<(&str, &str)> {
    let whole = file_name.strip_suffix(".src.rpm")?;
    let release = whole.rfind('-')?;
    let version = whole.get(..release)?.rfind('-')?;
    Some((whole.get(..version)?, whole.get(version + 1..)?))
}

/// The number of a Debian release that is known by its code name (<https://www.debian.org/releases/>).
fn debian_release(codename: &str) -> Option<&'static str> {
    match codename {
        "stretch" => Some("9"),
        "buster" => Some("10"),
        "bullseye" => Some("11"),
        "bookworm" => Some("12"),
        "trixie" => Some("13"),
        "forky" => Some("14"),
        _ => None,
    }
}

/// A Python project's name as indexes and advisories spell it (PEP 503: lower case, runs of `-_.` are one `-`).
pub(crate) fn pypi_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
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
        let debian = |release: &str| Ecosystem::Debian(Some(release.to_owned()));
        let other = |name: &str| Ecosystem::Other(name.to_owned());
        for (purl, ecosystem, name) in [
            ("pkg:npm/%40angular/core@1", Ecosystem::Npm, "@angular/core"),
            ("pkg:pypi/Zope.Interface@5", Ecosystem::PyPi, "zope-interface"),
            ("pkg:cargo/serde@1", Ecosystem::CratesIo, "serde"),
            ("pkg:golang/github.com/x/y@v1", Ecosystem::Go, "github.com/x/y"),
            ("pkg:maven/org.apache/log4j@2", Ecosystem::Maven, "org.apache:log4j"),
            ("pkg:gem/rails@7", Ecosystem::RubyGems, "rails"),
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
            ("pkg:deb/debian/curl@7", Ecosystem::Debian(None), "curl"),
            ("pkg:deb/ubuntu/curl@7?distro=ubuntu-22.04", other("Ubuntu:22.04"), "curl"),
            ("pkg:apk/alpine/musl@1", other("Alpine"), "musl"),
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
            pair("openssl", "3.0.7-18.el9")
        );
        let epoch = facts(&"pkg:deb/debian/a@2.38?epoch=1".parse().unwrap()).unwrap();
        assert_eq!(epoch.version.as_deref(), Some("1:2.38"));
    }

    #[test]
    fn pypi_names_are_folded() {
        for (name, normal) in [("Zope.Interface", "zope-interface"), ("a-_.b", "a-b"), ("Jinja2", "jinja2")] {
            assert_eq!(pypi_name(name), normal);
        }
    }
}
