//! The ecosystems of the OSV schema, as data.
//!
//! One row for each row of <https://ossf.github.io/osv-schema/#defined-ecosystems>: what a name means there, in which order
//! its versions stand, what the rest of its ecosystem string says, and under which package URL types others list it.
//! `tests/data/osv/ecosystems.txt` is the schema's list; a test holds the two together.

use crate::model::ecosystem::version_order::VersionOrder as Order;

/// What the name of an affected package names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The package as it is installed.
    Package,
    /// The source package that it was built from.
    Source,
}

/// When two names are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// When they are the same text.
    Exact,
    /// When they differ in nothing but case.
    AnyCase,
    /// PEP 503: in any case, and every run of `-`, `_` and `.` is one `-`.
    Pypi,
    /// The address of a repository: in any case, with or without its scheme and `.git`.
    Repository,
}

/// What follows the name in an ecosystem string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix {
    /// Nothing.
    None,
    /// A release of which only the major number counts: minor ones follow each other.
    Major,
    /// A release of which the first two numbers count, with or without `v` before them.
    Branch,
    /// A release of Ubuntu: `24.04`, with `Pro` before it and `LTS` after it, which tell no other release.
    Ubuntu,
    /// A product of Red Hat as a CPE; the operating system stands after `::`, or is the product itself.
    Cpe,
    /// The address of a repository; this one is meant where there is none.
    Repository(&'static str),
    /// A release that is compared as it is written.
    Whole,
}

/// One ecosystem of the schema.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// What a name means in it.
    pub named: Named,
    /// When two names are one.
    pub spelling: Spelling,
    /// The order of its versions. Where none is implemented here, only listed versions and ranges of type `SEMVER` decide; the
    /// test of the table says why.
    pub version_order: Option<Order>,
    /// What its suffix says.
    pub suffix: Suffix,
    /// Package URL types, with the namespaces that mean this ecosystem; none means every namespace.
    pub purls: &'static [(&'static str, &'static [&'static str])],
}

impl Row {
    const fn new(
        name: &'static str,
        version_order: Order,
        purls: &'static [(&'static str, &'static [&'static str])],
    ) -> Self {
        Self { version_order: Some(version_order), ..Self::without_order(name, purls) }
    }

    const fn without_order(name: &'static str, purls: &'static [(&'static str, &'static [&'static str])]) -> Self {
        let (named, spelling, suffix) = (Named::Package, Spelling::Exact, Suffix::None);
        Self { name, named, spelling, version_order: None, suffix, purls }
    }

    const fn of_sources(mut self) -> Self {
        self.named = Named::Source;
        self
    }

    const fn spelled(mut self, spelling: Spelling) -> Self {
        self.spelling = spelling;
        self
    }

    const fn released(mut self, suffix: Suffix) -> Self {
        self.suffix = suffix;
        self
    }
}

const ANY: &[&str] = &[];

/// Every ecosystem, sorted by name without regard to case.
///
/// AlmaLinux differs from the schema's word, which says *source*: its records name the binary packages.
pub static ROWS: &[Row] = &[
    Row::new("AlmaLinux", Order::Rpm, &[("rpm", &["almalinux", "alma"])]).released(Suffix::Major),
    Row::new("Alpaquita", Order::Apk, &[("apk", &["alpaquita"])]).of_sources().released(Suffix::Whole),
    Row::new("Alpine", Order::Apk, &[("apk", &["alpine"])]).of_sources().released(Suffix::Branch),
    Row::without_order("Android", &[]).released(Suffix::Whole),
    Row::new("BellSoft Hardened Containers", Order::Apk, &[("apk", &["bellsoft-hardened-containers"])])
        .of_sources()
        .released(Suffix::Whole),
    Row::new("Bioconductor", Order::R, &[("bioconductor", ANY)]),
    Row::new("Bitnami", Order::SemVer, &[("bitnami", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Chainguard", Order::Apk, &[("apk", &["chainguard"])]),
    Row::new("CleanStart", Order::Apk, &[("apk", &["cleanstart"])]),
    Row::without_order("ConanCenter", &[("conan", ANY)]),
    Row::new("CRAN", Order::R, &[("cran", ANY)]),
    Row::new("crates.io", Order::SemVer, &[("cargo", ANY)]),
    Row::new("Debian", Order::Debian, &[("deb", &["debian"])]).of_sources().released(Suffix::Major),
    Row::without_order("Docker Hardened Images", &[("dhi", ANY)]),
    Row::new("Echo", Order::Debian, &[("deb", &["echo"])]).of_sources(),
    Row::without_order("FreeBSD", &[]).released(Suffix::Whole),
    Row::new("GHC", Order::Haskell, &[]),
    Row::new("GitHub Actions", Order::SemVer, &[("githubactions", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Go", Order::Go, &[("golang", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Hackage", Order::Haskell, &[("hackage", ANY)]),
    Row::new("Hex", Order::SemVer, &[("hex", ANY), ("otp", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Julia", Order::SemVer, &[("julia", ANY)]),
    Row::new("Kubernetes", Order::Npm, &[]),
    Row::without_order("Linux", &[]),
    Row::new("Mageia", Order::Rpm, &[("rpm", &["mageia"])]).of_sources().released(Suffix::Major),
    Row::new("Maven", Order::Maven, &[("maven", ANY)]).released(Suffix::Repository(MAVEN_CENTRAL)),
    Row::new("MinimOS", Order::Apk, &[("apk", &["minimos"])]),
    Row::new("npm", Order::Npm, &[("npm", ANY)]),
    Row::new("NuGet", Order::NuGet, &[("nuget", ANY)]).spelled(Spelling::AnyCase),
    Row::new("opam", Order::Debian, &[("opam", ANY)]),
    Row::new("openEuler", Order::Rpm, &[("rpm", &["openeuler"])]).of_sources().released(Suffix::Whole),
    Row::new("openSUSE", Order::Rpm, &[("rpm", &["opensuse"])]).of_sources().released(Suffix::Whole),
    Row::without_order("OSS-Fuzz", &[]),
    Row::new("Packagist", Order::Packagist, &[("composer", ANY)])
        .spelled(Spelling::AnyCase)
        .released(Suffix::Repository("https://packagist.org")),
    Row::new("Photon OS", Order::Rpm, &[("rpm", &["photon", "photon-os"])]).released(Suffix::Whole),
    Row::new("Pub", Order::Pub, &[("pub", ANY)]).spelled(Spelling::AnyCase),
    Row::new("PyPI", Order::Pypi, &[("pypi", ANY)]).spelled(Spelling::Pypi),
    Row::new("Red Hat", Order::Rpm, &[("rpm", &["redhat", "rhel"])]).released(Suffix::Cpe),
    Row::new("Rocky Linux", Order::Rpm, &[("rpm", &["rocky", "rockylinux", "rocky-linux"])])
        .of_sources()
        .released(Suffix::Major),
    Row::without_order("Root", &[]).released(Suffix::Whole),
    Row::new("RubyGems", Order::RubyGems, &[("gem", ANY)]),
    Row::new("SUSE", Order::Rpm, &[("rpm", &["suse", "sles"])]).of_sources().released(Suffix::Whole),
    Row::new("SwiftURL", Order::SemVer, &[("swift", ANY)]).spelled(Spelling::Repository),
    Row::new("Ubuntu", Order::Debian, &[("deb", &["ubuntu"])]).of_sources().released(Suffix::Ubuntu),
    Row::new("VSCode", Order::SemVer, &[("vscode-extension", ANY)])
        .spelled(Spelling::AnyCase)
        .released(Suffix::Repository("https://marketplace.visualstudio.com/vscode")),
    Row::new("Wolfi", Order::Apk, &[("apk", &["wolfi"])]),
];

/// The repository that Maven's artifacts are from where nothing else is said.
const MAVEN_CENTRAL: &str = "https://repo.maven.apache.org/maven2";
/// Its other address, which older tools write.
pub(super) const MAVEN_CENTRAL_OTHER: &str = "https://repo1.maven.org/maven2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_schemas() {
        let published: Vec<&str> = include_str!("../../../tests/data/osv/ecosystems.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let ours: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(ours, published);
        assert!(ROWS.is_sorted_by_key(|row| row.name.to_lowercase()));
    }

    /// Every row has an order of its versions, or is here with the reason why it has none.
    #[test]
    fn an_ecosystem_without_an_order_has_a_reason() {
        let reasons = [
            (
                "Android",
                "versions are those of security patch levels and of kernels, which its records list one by one",
            ),
            ("ConanCenter", "recipes take over the versions of what they package, in whatever form"),
            ("Docker Hardened Images", "packages take over the versions of what they are built from"),
            ("FreeBSD", "ports take over the versions of what they package, with a revision and an epoch behind"),
            ("Linux", "versions are tags of the kernel, which its records give as ranges of commits"),
            ("OSS-Fuzz", "versions are tags of repositories, in whatever form"),
            ("Root", "packages are of many ecosystems, each with its own versions"),
        ];
        let without: Vec<&str> = ROWS.iter().filter(|row| row.version_order.is_none()).map(|row| row.name).collect();
        assert_eq!(without, reasons.map(|(name, _)| name));
    }

    #[test]
    fn a_package_url_means_one_ecosystem() {
        for (index, row) in ROWS.iter().enumerate() {
            for (kind, namespaces) in row.purls {
                for other in &ROWS[index + 1..] {
                    for (_, others) in other.purls.iter().filter(|(other, _)| other == kind) {
                        assert!(!namespaces.is_empty() && !others.is_empty(), "{kind}");
                        assert!(namespaces.iter().all(|name| !others.contains(name)), "{kind}");
                    }
                }
            }
        }
    }
}
