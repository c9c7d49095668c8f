//! The ecosystems of the OSV schema, as data.
//!
//! One row for each row of <https://ossf.github.io/osv-schema/#defined-ecosystems>: what a name means there, in which order
//! its versions stand, what the rest of its ecosystem string says, and under which package URL types others list it.
//! `tests/data/osv/ecosystems.txt` is the schema's list; a test holds the two together.

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

/// In which order versions stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Semantic Versioning 2.0.0, as written.
    SemVer,
    /// node-semver.
    Npm,
    /// Go modules and toolchains.
    Go,
    /// PEP 440.
    Pypi,
    /// Debian policy.
    Debian,
    /// Maven's POM reference.
    Maven,
    /// `rpmvercmp` on epoch, version and release.
    Rpm,
    /// `Gem::Version`.
    RubyGems,
    /// apk-tools.
    Apk,
    /// NuGet.
    NuGet,
    /// Composer.
    Packagist,
    /// pub_semver.
    Pub,
    /// Lists of numbers with dots.
    Haskell,
    /// Lists of numbers with dots and hyphens.
    R,
    /// None that is implemented here: only listed versions, and ranges of type `SEMVER`, decide. The test of the table says why.
    Unknown,
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
    /// The order of its versions.
    pub scheme: Scheme,
    /// What its suffix says.
    pub suffix: Suffix,
    /// Package URL types, with the namespaces that mean this ecosystem; none means every namespace.
    pub purls: &'static [(&'static str, &'static [&'static str])],
}

impl Row {
    const fn new(
        name: &'static str,
        scheme: Scheme,
        purls: &'static [(&'static str, &'static [&'static str])],
    ) -> Self {
        Self { name, named: Named::Package, spelling: Spelling::Exact, scheme, suffix: Suffix::None, purls }
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
    Row::new("AlmaLinux", Scheme::Rpm, &[("rpm", &["almalinux", "alma"])]).released(Suffix::Major),
    Row::new("Alpaquita", Scheme::Apk, &[("apk", &["alpaquita"])]).of_sources().released(Suffix::Whole),
    Row::new("Alpine", Scheme::Apk, &[("apk", &["alpine"])]).of_sources().released(Suffix::Branch),
    Row::new("Android", Scheme::Unknown, &[]).released(Suffix::Whole),
    Row::new("BellSoft Hardened Containers", Scheme::Apk, &[("apk", &["bellsoft-hardened-containers"])])
        .of_sources()
        .released(Suffix::Whole),
    Row::new("Bioconductor", Scheme::R, &[("bioconductor", ANY)]),
    Row::new("Bitnami", Scheme::SemVer, &[("bitnami", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Chainguard", Scheme::Apk, &[("apk", &["chainguard"])]),
    Row::new("CleanStart", Scheme::Apk, &[("apk", &["cleanstart"])]),
    Row::new("ConanCenter", Scheme::Unknown, &[("conan", ANY)]),
    Row::new("CRAN", Scheme::R, &[("cran", ANY)]),
    Row::new("crates.io", Scheme::SemVer, &[("cargo", ANY)]),
    Row::new("Debian", Scheme::Debian, &[("deb", &["debian"])]).of_sources().released(Suffix::Major),
    Row::new("Docker Hardened Images", Scheme::Unknown, &[("dhi", ANY)]),
    Row::new("Echo", Scheme::Debian, &[("deb", &["echo"])]).of_sources(),
    Row::new("FreeBSD", Scheme::Unknown, &[]).released(Suffix::Whole),
    Row::new("GHC", Scheme::Haskell, &[]),
    Row::new("GitHub Actions", Scheme::SemVer, &[("githubactions", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Go", Scheme::Go, &[("golang", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Hackage", Scheme::Haskell, &[("hackage", ANY)]),
    Row::new("Hex", Scheme::SemVer, &[("hex", ANY), ("otp", ANY)]).spelled(Spelling::AnyCase),
    Row::new("Julia", Scheme::SemVer, &[("julia", ANY)]),
    Row::new("Kubernetes", Scheme::Npm, &[]),
    Row::new("Linux", Scheme::Unknown, &[]),
    Row::new("Mageia", Scheme::Rpm, &[("rpm", &["mageia"])]).of_sources().released(Suffix::Major),
    Row::new("Maven", Scheme::Maven, &[("maven", ANY)]).released(Suffix::Repository(MAVEN_CENTRAL)),
    Row::new("MinimOS", Scheme::Apk, &[("apk", &["minimos"])]),
    Row::new("npm", Scheme::Npm, &[("npm", ANY)]),
    Row::new("NuGet", Scheme::NuGet, &[("nuget", ANY)]).spelled(Spelling::AnyCase),
    Row::new("opam", Scheme::Debian, &[("opam", ANY)]),
    Row::new("openEuler", Scheme::Rpm, &[("rpm", &["openeuler"])]).of_sources().released(Suffix::Whole),
    Row::new("openSUSE", Scheme::Rpm, &[("rpm", &["opensuse"])]).of_sources().released(Suffix::Whole),
    Row::new("OSS-Fuzz", Scheme::Unknown, &[]),
    Row::new("Packagist", Scheme::Packagist, &[("composer", ANY)])
        .spelled(Spelling::AnyCase)
        .released(Suffix::Repository("https://packagist.org")),
    Row::new("Photon OS", Scheme::Rpm, &[("rpm", &["photon", "photon-os"])]).released(Suffix::Whole),
    Row::new("Pub", Scheme::Pub, &[("pub", ANY)]).spelled(Spelling::AnyCase),
    Row::new("PyPI", Scheme::Pypi, &[("pypi", ANY)]).spelled(Spelling::Pypi),
    Row::new("Red Hat", Scheme::Rpm, &[("rpm", &["redhat", "rhel"])]).released(Suffix::Cpe),
    Row::new("Rocky Linux", Scheme::Rpm, &[("rpm", &["rocky", "rockylinux", "rocky-linux"])])
        .of_sources()
        .released(Suffix::Major),
    Row::new("Root", Scheme::Unknown, &[]).released(Suffix::Whole),
    Row::new("RubyGems", Scheme::RubyGems, &[("gem", ANY)]),
    Row::new("SUSE", Scheme::Rpm, &[("rpm", &["suse", "sles"])]).of_sources().released(Suffix::Whole),
    Row::new("SwiftURL", Scheme::SemVer, &[("swift", ANY)]).spelled(Spelling::Repository),
    Row::new("Ubuntu", Scheme::Debian, &[("deb", &["ubuntu"])]).of_sources().released(Suffix::Ubuntu),
    Row::new("VSCode", Scheme::SemVer, &[("vscode-extension", ANY)])
        .spelled(Spelling::AnyCase)
        .released(Suffix::Repository("https://marketplace.visualstudio.com/vscode")),
    Row::new("Wolfi", Scheme::Apk, &[("apk", &["wolfi"])]),
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
        let without: Vec<&str> = ROWS.iter().filter(|row| row.scheme == Scheme::Unknown).map(|row| row.name).collect();
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
