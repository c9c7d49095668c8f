//! The Debian package database (`/var/lib/dpkg/status`), and its pieces in `status.d/`.
//!
//! Format: deb-control(5) stanzas, dpkg-query(1) for the three words of `Status`. A package counts when
//! its files are on the disk, whatever the administrator wants to become of it: one on *hold* is just the
//! one that is not upgraded.

use std::collections::BTreeSet;

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::purl;
use crate::model::ecosystem::Ecosystem;
use crate::model::package::{Package, SourcePackage};

const FORMAT: &str = "dpkg status";

/// A distribution: `debian-12`, or `debian` of a release that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distro {
    vendor: String,
    release: Option<String>,
}

impl Distro {
    pub(crate) fn parse(given: &str) -> Result<Self, FormatError> {
        let (vendor, release) = match given.split_once('-') {
            Some((vendor, release)) => (vendor, Some(release)),
            None => (given, None),
        };
        if !is_word(vendor) || !release.is_none_or(is_word) {
            return Err(FormatError::Distro { given: given.to_owned() });
        }
        Ok(Self { vendor: vendor.to_owned(), release: release.map(str::to_owned) })
    }

    /// What an `os-release` says (os-release(5)); none where it does not name its distribution.
    pub(crate) fn of_os_release(text: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
            line.map(|value| value.trim().trim_matches(['"', '\'']).to_owned()).filter(|value| is_word(value))
        };
        Some(Self { vendor: field("ID")?, release: field("VERSION_ID") })
    }

    /// The ecosystem of its packages.
    pub(crate) fn ecosystem(&self) -> Ecosystem {
        purl::deb_ecosystem(&self.vendor, self.release.as_deref())
    }

    fn label(&self) -> String {
        self.release.as_ref().map(|release| format!("{}-{release}", self.vendor)).unwrap_or_default()
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.')
}

/// The fields of a stanza that matter here.
#[derive(Default)]
struct Stanza<'t> {
    line: usize,
    package: Option<&'t str>,
    status: Option<&'t str>,
    version: Option<&'t str>,
    architecture: Option<&'t str>,
    source: Option<&'t str>,
}

impl<'t> Stanza<'t> {
    /// The place of a field by its name, which is not case-sensitive.
    fn field(&mut self, name: &str) -> Option<&mut Option<&'t str>> {
        let fields = [
            ("Package", &mut self.package),
            ("Status", &mut self.status),
            ("Version", &mut self.version),
            ("Architecture", &mut self.architecture),
            ("Source", &mut self.source),
        ];
        fields.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, place)| place)
    }
}

/// Reads the installed packages of a status file.
///
/// Where nothing says of which distribution they are, versions do: one with `ubuntu` in it is of Ubuntu.
pub(crate) fn read(text: &str, distro: Option<&Distro>) -> Result<Listing, FormatError> {
    let is_ubuntu = |line: &str| {
        let version = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("version"));
        version.is_some_and(|(_, version)| version.contains("ubuntu"))
    };
    let ubuntu = Distro { vendor: "ubuntu".to_owned(), release: None };
    let distro = distro.or_else(|| text.lines().any(is_ubuntu).then_some(&ubuntu));
    let mut listing = Listing::default();
    let mut stanza: Option<Stanza> = None;
    // `lines` takes the carriage return of a file that went through Windows.
    for (index, line) in text.lines().enumerate() {
        let fail = |problem: String| FormatError::Line { format: FORMAT, line: index + 1, problem };
        if line.trim().is_empty() {
            take(&mut listing, stanza.take(), distro)?;
            continue;
        }
        let continued = line.starts_with([' ', '\t']);
        if continued && stanza.is_some() {
            continue;
        }
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| !continued && !name.is_empty()) else {
            return Err(fail("neither a field (`Name: value`) nor the continuation of one".to_owned()));
        };
        let stanza = stanza.get_or_insert_with(|| Stanza { line: index + 1, ..Stanza::default() });
        if let Some(place) = stanza.field(name)
            && place.replace(value.trim()).is_some()
        {
            return Err(fail(format!("the field `{name}` comes twice in one stanza")));
        }
    }
    take(&mut listing, stanza, distro)?;
    Ok(listing)
}

/// Takes the package of a finished stanza.
fn take(listing: &mut Listing, stanza: Option<Stanza<'_>>, distro: Option<&Distro>) -> Result<(), FormatError> {
    let Some(stanza) = stanza else { return Ok(()) };
    let fail = |problem: String| FormatError::Line { format: FORMAT, line: stanza.line, problem };
    let Some(name) = stanza.package.filter(|name| !name.is_empty()) else {
        return Err(fail("the stanza has no field `Package`".to_owned()));
    };
    // The pieces in `status.d/` have no status: what is listed there is installed.
    if let Some(status) = stanza.status.filter(|status| !has_files(status)) {
        listing.skip(name, format!("line {}: it is not installed (`{status}`)", stanza.line));
        return Ok(());
    }
    let Some(version) = stanza.version.filter(|version| !version.is_empty()) else {
        return Err(fail(format!("the installed package `{name}` has no field `Version`")));
    };
    let vendor = distro.map_or("debian", |distro| &distro.vendor);
    let label = distro.map(Distro::label).unwrap_or_default();
    let qualifiers = [("arch", stanza.architecture.unwrap_or_default()), ("distro", &label)];
    listing.packages.push(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: Some(purl::build("deb", Some(vendor), name, version, &qualifiers).map_err(fail)?),
        ecosystem: distro.map_or_else(Ecosystem::debian, Distro::ecosystem),
        licenses: BTreeSet::new(),
        source: stanza.source.filter(|source| !source.is_empty()).map(|source| source_package(source, version)),
        details: BTreeSet::new(),
    });
    Ok(())
}

/// Whether a package in this state has its files on the disk (the third word; dpkg-query(1)).
fn has_files(status: &str) -> bool {
    let state = status.split_whitespace().nth(2);
    matches!(state, Some("installed" | "unpacked" | "half-configured" | "triggers-awaited" | "triggers-pending"))
}

/// The source package: `Source: name`, or `Source: name (version)` where its version is another.
///
/// Advisories speak of source versions. `bsdutils 1:2.38.1-5` is built from `util-linux (2.38.1-5)`: taken
/// for the source's, the binary's epoch puts it above every fixed version, and nothing is ever found.
fn source_package(field: &str, binary_version: &str) -> SourcePackage {
    let (name, version) = match field.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(')').trim()),
        None => (field, binary_version),
    };
    SourcePackage { name: name.to_owned(), version: version.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: bsdutils
Essential: yes
Status: install ok installed
Priority: required
Architecture: amd64
Source: util-linux (2.38.1-5)
Version: 1:2.38.1-5+b1
Description: basic utilities from 4.4BSD-Lite
 This package contains wall(1).
 .
 Source: not a field

Package: libc6
Status: hold ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u3

Package: nano
Status: deinstall ok config-files
Architecture: amd64
Version: 7.2-1

package: adduser
status: install ok installed
architecture: all
version: 3.134
";

    fn debian() -> Distro {
        Distro::parse("debian-12").unwrap()
    }

    fn source(name: &str, version: &str) -> Option<SourcePackage> {
        Some(SourcePackage { name: name.into(), version: version.into() })
    }

    #[test]
    fn installed_packages_with_their_source() {
        for text in [STATUS.to_owned(), STATUS.replace('\n', "\r\n"), STATUS.trim_end().to_owned()] {
            let listing = read(&text, Some(&debian())).unwrap();
            let read: Vec<_> = listing.packages.iter().map(|p| (p.key(), p.source.clone())).collect();
            assert_eq!(
                read,
                [
                    (
                        "pkg:deb/debian/bsdutils@1:2.38.1-5%2Bb1?arch=amd64&distro=debian-12".to_owned(),
                        source("util-linux", "2.38.1-5")
                    ),
                    (
                        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u3?arch=amd64&distro=debian-12".to_owned(),
                        source("glibc", "2.36-9+deb12u3")
                    ),
                    ("pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12".to_owned(), None),
                ]
            );
            assert!(listing.packages.iter().all(|p| p.ecosystem == Ecosystem::from("Debian:12")));
            assert_eq!(listing.skipped.len(), 1);
            assert_eq!(listing.skipped[0].why, "line 20: it is not installed (`deinstall ok config-files`)");
        }
    }

    #[test]
    fn without_a_distribution() {
        let listing = read("Package: a\nVersion: 1\n", None).unwrap();
        assert_eq!(listing.packages[0].key(), "pkg:deb/debian/a@1");
        assert_eq!(listing.packages[0].ecosystem, Ecosystem::debian());
        let listing = read("Package: a\nVersion: 1-1ubuntu4\n", None).unwrap();
        assert_eq!(listing.packages[0].key(), "pkg:deb/ubuntu/a@1-1ubuntu4");
        assert_eq!(listing.packages[0].ecosystem, Ecosystem::ubuntu());
        let told = Distro::of_os_release("NAME=\"x\"\nID=debian\nVERSION_ID=\"12\"\nID_LIKE=y\n");
        assert_eq!(told, Some(debian()));
        assert_eq!(Distro::of_os_release("ID=debian\n"), Some(Distro::parse("debian").unwrap()));
        assert_eq!(Distro::of_os_release("VERSION_ID=12\n"), None);
        let ubuntu = Distro::parse("ubuntu-22.04").unwrap();
        assert_eq!(ubuntu.ecosystem(), Ecosystem::from("Ubuntu:22.04"));
        for bad in ["-12", "debian-", "debian-12?x", ""] {
            assert!(Distro::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_line() {
        for (text, line) in [
            ("Package: a\nnonsense\n", 2),
            (" first line continued\n", 1),
            ("Package: a\nVersion: 1\nVersion: 2\n", 3),
            ("\n\nStatus: install ok installed\n", 3),
            ("Package: a\nStatus: install ok installed\n", 1),
        ] {
            let error = read(text, None).unwrap_err().to_string();
            assert!(error.starts_with(&format!("dpkg status: line {line}: ")), "{text:?}: {error}");
        }
    }
}
