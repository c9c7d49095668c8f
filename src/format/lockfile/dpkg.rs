//! The Debian package database (`/var/lib/dpkg/status`), and its pieces in `status.d/`.
//!
//! Format: deb-control(5) stanzas, dpkg-query(1) for the three words of `Status`. A package counts when
//! its files are on the disk, whatever the administrator wants to become of it: one on *hold* is just the
//! one that is not upgraded.

use std::collections::BTreeSet;

use crate::format::error::FormatError;
use crate::format::listing::Listing;
use crate::format::purl;
use crate::model::package::{Ecosystem, Package, SourcePackage};

const FORMAT: &str = "dpkg status";

/// A distribution: `debian-12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distro {
    vendor: String,
    release: String,
}

impl Distro {
    pub(crate) fn parse(given: &str) -> Result<Self, FormatError> {
        match given.split_once('-') {
            Some((vendor, release)) if is_word(vendor) && is_word(release) => {
                Ok(Self { vendor: vendor.to_owned(), release: release.to_owned() })
            }
            _ => Err(FormatError::Distro { given: given.to_owned() }),
        }
    }

    /// The ecosystem of its packages.
    pub(crate) fn ecosystem(&self) -> Ecosystem {
        purl::deb_ecosystem(&self.vendor, Some(&self.release))
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
pub(crate) fn read(text: &str, distro: Option<&Distro>) -> Result<Listing, FormatError> {
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
    let label = distro.map(|distro| format!("{}-{}", distro.vendor, distro.release)).unwrap_or_default();
    let qualifiers = [("arch", stanza.architecture.unwrap_or_default()), ("distro", &label)];
    listing.packages.push(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: Some(purl::build("deb", Some(vendor), name, version, &qualifiers).map_err(fail)?),
        ecosystem: distro.map_or(Ecosystem::Debian(None), Distro::ecosystem),
        licenses: BTreeSet::new(),
        source: stanza.source.filter(|source| !source.is_empty()).map(|source| source_package(source, version)),
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
            assert!(listing.packages.iter().all(|p| p.ecosystem == Ecosystem::Debian(Some("12".into()))));
            assert_eq!(listing.skipped.len(), 1);
            assert_eq!(listing.skipped[0].why, "line 20: it is not installed (`deinstall ok config-files`)");
        }
    }

    #[test]
    fn without_a_distribution() {
        let listing = read("Package: a\nVersion: 1\n", None).unwrap();
        assert_eq!(listing.packages[0].key(), "pkg:deb/debian/a@1");
        assert_eq!(listing.packages[0].ecosystem, Ecosystem::Debian(None));
        let ubuntu = Distro::parse("ubuntu-22.04").unwrap();
        assert_eq!(ubuntu.ecosystem(), Ecosystem::Other("Ubuntu:22.04".into()));
        for bad in ["debian", "-12", "debian-", "debian-12?x", ""] {
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
