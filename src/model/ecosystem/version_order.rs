//! The rules by which versions are ordered.
//!
//! Absent: how a text is read by one of them, which the scanner knows.

use std::fmt;

/// A rule by which versions are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::VariantArray)]
pub enum VersionOrder {
    /// Semantic Versioning 2.0.0 §11, strictly as written: crates.io, and OSV ranges of type `SEMVER`.
    SemVer,
    /// node-semver: SemVer with a leading `v` or `=` allowed.
    Npm,
    /// Go modules and toolchains: SemVer with a leading `v` or `go`, short forms and `1.21rc2`.
    Go,
    /// PEP 440.
    Pypi,
    /// Debian policy §5.6.12.
    Debian,
    /// The version order of Maven's POM reference.
    Maven,
    /// `rpmvercmp` on epoch, version and release.
    Rpm,
    /// `Gem::Version`.
    RubyGems,
    /// apk-tools: Alpine and those that use its package manager.
    Apk,
    /// NuGet: up to four numbers, pre-releases in any case.
    NuGet,
    /// Composer, for Packagist.
    Packagist,
    /// Pub: SemVer in which build metadata counts.
    Pub,
    /// Haskell's `Data.Version`.
    Haskell,
    /// R's `numeric_version`.
    R,
}

impl VersionOrder {
    /// Every order.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The order of OSV ranges of type `SEMVER` in the same ecosystem: its own spelling where that is a SemVer.
    pub fn semver(self) -> Self {
        match self {
            // NuGet's versions of four numbers stand in ranges of this type, too.
            Self::Npm | Self::Go | Self::NuGet | Self::Pub => self,
            Self::SemVer
            | Self::Pypi
            | Self::Debian
            | Self::Maven
            | Self::Rpm
            | Self::RubyGems
            | Self::Apk
            | Self::Packagist
            | Self::Haskell
            | Self::R => Self::SemVer,
        }
    }
}

impl fmt::Display for VersionOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SemVer => "SemVer",
            Self::Npm => "npm",
            Self::Go => "Go",
            Self::Pypi => "PEP 440",
            Self::Debian => "Debian",
            Self::Maven => "Maven",
            Self::Rpm => "RPM",
            Self::RubyGems => "RubyGems",
            Self::Apk => "apk",
            Self::NuGet => "NuGet",
            Self::Packagist => "Packagist",
            Self::Pub => "Pub",
            Self::Haskell => "Haskell",
            Self::R => "R",
        })
    }
}
