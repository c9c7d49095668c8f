//! Where things are for the program inside: the same places on every machine, so that no path differs in an output.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The folder that holds everything of a run.
///
/// Below `/tmp` because that is the one folder that can be covered or created at every level of isolation.
pub const ROOT: &str = "/tmp/stella";

/// What is scanned; read-only.
pub const INPUT: SandboxPath = SandboxPath::fixed("/tmp/stella/input");
/// Vulnerability feeds; read-only.
pub const FEED: SandboxPath = SandboxPath::fixed("/tmp/stella/feed");
/// Policies; read-only.
pub const POLICY: SandboxPath = SandboxPath::fixed("/tmp/stella/policy");
/// The scanner; read-only, and the last folder of `PATH`.
pub const SCANNER: SandboxPath = SandboxPath::fixed("/tmp/stella/scanner");
/// Configuration of the scanner; read-only.
pub const CONFIG: SandboxPath = SandboxPath::fixed("/tmp/stella/config");
/// Where artifacts are written; vanishes with the run unless a writable mount lies there.
pub const OUT: SandboxPath = SandboxPath::fixed("/tmp/stella/out");
/// `HOME`: empty at the start, vanishes with the run.
pub const HOME: SandboxPath = SandboxPath::fixed("/tmp/stella/home");
/// The working directory unless the spec names another; empty at the start, vanishes with the run.
pub const WORK: SandboxPath = SandboxPath::fixed("/tmp/stella/work");

/// Folders that exist in every run even when nothing is mounted there.
pub const PRIVATE: [SandboxPath; 3] = [OUT, HOME, WORK];

/// Host folders that are visible inside, read-only, at their own path: interpreters, libraries, certificates.
/// Those that the machine lacks are skipped. They are part of what a run depends on.
pub const SYSTEM_ROOTS: [&str; 10] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store"];

/// What is visible of the host's `/etc`, read-only; the rest of it is written for the run or absent.
/// Never a folder that holds private keys: a run by the superuser could read them.
pub const SYSTEM_FILES: [&str; 22] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld-musl-x86_64.path",
    "/etc/ld-musl-aarch64.path",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/java-11-openjdk",
    "/etc/java-17-openjdk",
    "/etc/java-21-openjdk",
    "/etc/java-25-openjdk",
];

/// The longest path that Linux takes, without its end mark.
const LONGEST: usize = 4095;

/// A path inside the sandbox: absolute, normalised, strictly below [`ROOT`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SandboxPath(Cow<'static, str>);

/// Why a text is not a [`SandboxPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path inside the sandbox: expected `{ROOT}/…` without `.`, `..`, `//` or a final `/`")]
pub struct InvalidSandboxPath {
    path: String,
}

impl SandboxPath {
    const fn fixed(path: &'static str) -> Self {
        Self(Cow::Borrowed(path))
    }

    /// A path below [`ROOT`].
    ///
    /// # Errors
    /// When it lies elsewhere or is not normalised.
    pub fn new(path: impl Into<String>) -> Result<Self, InvalidSandboxPath> {
        let path = path.into();
        let below = path.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('/'));
        let normal = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
        match below {
            Some(below) if path.len() <= LONGEST && below.split('/').all(normal) => Ok(Self(Cow::Owned(path))),
            _ => Err(InvalidSandboxPath { path }),
        }
    }

    /// The place `relative` below this one.
    ///
    /// # Errors
    /// When `relative` is absolute or not normalised.
    pub fn join(&self, relative: &str) -> Result<Self, InvalidSandboxPath> {
        Self::new(format!("{self}/{relative}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Relative to [`ROOT`]: never empty.
    pub fn relative(&self) -> &str {
        self.0.get(ROOT.len() + 1..).unwrap_or_default()
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(other.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for SandboxPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SandboxPath {
    type Error = InvalidSandboxPath;

    fn try_from(path: String) -> Result<Self, Self::Error> {
        Self::new(path)
    }
}

impl From<SandboxPath> for String {
    fn from(path: SandboxPath) -> Self {
        path.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normalised_paths_below_the_root_are_taken() {
        for good in ["/tmp/stella/input", "/tmp/stella/a/b.c", "/tmp/stella/..a", "/tmp/stella/ü"] {
            assert_eq!(SandboxPath::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "/",
            "/tmp/stella",
            "/tmp/stella/",
            "/tmp/stellar/a",
            "tmp/stella/a",
            "/tmp/stella/../etc",
            "/tmp/stella/a/",
            "/tmp/stella//a",
            "/tmp/stella/./a",
            "/etc/passwd",
            "/tmp/stella/a\0b",
        ] {
            assert!(SandboxPath::new(bad).is_err(), "{bad:?}");
        }
        assert!(SandboxPath::new(format!("{ROOT}/{}", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn the_fixed_places_are_valid() {
        for place in [INPUT, FEED, POLICY, SCANNER, CONFIG, OUT, HOME, WORK] {
            assert_eq!(SandboxPath::new(place.as_str()), Ok(place));
        }
    }

    #[test]
    fn joining_cannot_leave() {
        assert_eq!(INPUT.join("a/b").unwrap().relative(), "input/a/b");
        for bad in ["", "..", "../feed", "/etc", "a/../.."] {
            assert!(INPUT.join(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn within_goes_by_whole_names() {
        let path = |text: &str| SandboxPath::new(text).unwrap();
        assert!(path("/tmp/stella/input").is_within(&INPUT));
        assert!(path("/tmp/stella/input/a").is_within(&INPUT));
        assert!(!path("/tmp/stella/inputs").is_within(&INPUT));
        assert!(!INPUT.is_within(&path("/tmp/stella/input/a")));
    }

    #[test]
    fn serde_refuses_what_the_constructor_refuses() {
        assert!(serde_json::from_str::<SandboxPath>(r#""/etc/passwd""#).is_err());
        assert_eq!(serde_json::from_str::<SandboxPath>(r#""/tmp/stella/out""#).unwrap(), OUT);
    }
}
