//! Files that a closure does not hold unless it is asked to: what looks like credentials, and what of a home is not the scanner's.
//!
//! Invariant: by the path and the head of a file alone. Absent: whether a credential is valid.

use crate::closure::reserved::is_in;
use crate::sandbox::sandbox_path::SYSTEM_ROOTS;

/// Names of files that hold credentials wherever they lie.
const NAMES: [&str; 15] = [
    ".npmrc",
    ".yarnrc.yml",
    ".netrc",
    "_netrc",
    ".pypirc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".vault-token",
    ".dockercfg",
    ".s3cfg",
    ".boto",
    "application_default_credentials.json",
    "credentials.tfrc.json",
    "msal_token_cache.json",
];

/// Ends of paths of files that hold credentials.
const ENDS: [&str; 12] = [
    "/.docker/config.json",
    "/.config/containers/auth.json",
    "/.kube/config",
    "/.aws/credentials",
    "/.aws/config",
    "/.cargo/credentials",
    "/.cargo/credentials.toml",
    "/.gem/credentials",
    "/.composer/auth.json",
    "/.config/gh/hosts.yml",
    "/.config/glab-cli/config.yml",
    "/.m2/settings.xml",
];

/// Folders in which everything is one.
const FOLDERS: [&str; 5] = [".ssh", ".gnupg", ".azure", "gcloud", ".password-store"];

/// How a file of a private key begins, but for the kind of key.
const KEY: (&[u8], &[u8]) = (b"-----BEGIN ", b"PRIVATE KEY-----");
/// As much of a file as is looked at for a key.
pub(crate) const HEAD: usize = 4096;

/// Folders of which each holds the tools of a user, whichever home it lies in.
const TOOLS: [&str; 14] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    ".venv",
    "venv",
    "virtualenv",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".cargo",
    ".sdkman",
    ".gem",
    ".m2",
];

/// The same, by their paths below a home.
const TOOLS_BELOW: [&str; 6] =
    [".local/bin/", ".local/lib/", ".local/pipx/", ".local/share/pipx/", ".local/share/uv/", "go/"];

/// Whether a file looks like one that holds credentials.
pub(crate) fn is_credential(path: &[u8], head: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let parts = || path.split(|byte| *byte == b'/');
    let is_named = NAMES.iter().any(|known| known.as_bytes() == name)
        || ENDS.iter().any(|end| path.ends_with(end.as_bytes()))
        || parts().any(|part| FOLDERS.iter().any(|folder| folder.as_bytes() == part));
    // What packages hold for their tests is nobody's.
    let is_of_the_system = SYSTEM_ROOTS.iter().any(|root| is_in(path, root));
    is_named || !is_of_the_system && holds_key(head)
}

fn holds_key(head: &[u8]) -> bool {
    let (begin, end) = KEY;
    let lines = head.split(|byte| *byte == b'\n');
    lines.into_iter().any(|line| line.starts_with(begin) && line.trim_ascii_end().ends_with(end))
}

/// Whether a path lies in a home and in none of the folders that hold tools there; `homes` are those that are known.
pub(crate) fn is_of_a_home(path: &[u8], homes: &[Vec<u8>]) -> bool {
    let below = homes.iter().filter_map(|home| path.strip_prefix(home.as_slice())?.strip_prefix(b"/"));
    let below = below.chain(usual_home(path)).min_by_key(|below| below.len());
    let is_of_a_tool = |part: &[u8]| TOOLS.iter().any(|tool| tool.as_bytes() == part);
    below.is_some_and(|below| {
        let is_below = TOOLS_BELOW.iter().any(|tools| below.starts_with(tools.as_bytes()));
        !is_below && !below.split(|byte| *byte == b'/').any(is_of_a_tool)
    })
}

/// What of a path lies below a home at its usual place.
fn usual_home(path: &[u8]) -> Option<&[u8]> {
    if let Some(below) = path.strip_prefix(b"/root/") {
        return Some(below);
    }
    let below = path.strip_prefix(b"/home/")?;
    let slash = below.iter().position(|byte| *byte == b'/')?;
    below.get(slash + 1..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_by_their_names_and_keys_by_how_they_begin() {
        for path in [
            "/home/u/.npmrc",
            "/srv/x/.netrc",
            "/root/.docker/config.json",
            "/home/u/.ssh/id_ed25519",
            "/home/u/.aws/credentials",
            "/home/u/.config/gcloud/credentials.db",
        ] {
            assert!(is_credential(path.as_bytes(), b""), "{path}");
        }
        for path in ["/home/u/config.json", "/srv/npmrc", "/usr/lib/node_modules/npm/npmrc", "/opt/gcloudish/x"] {
            assert!(!is_credential(path.as_bytes(), b"text"), "{path}");
        }
        let key = b"# mine\n-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n";
        assert!(is_credential(b"/srv/key", key) && !is_credential(b"/usr/lib/python3/test/key.pem", key));
        assert!(!is_credential(b"/srv/cert", b"-----BEGIN CERTIFICATE-----\n"));
    }

    #[test]
    fn of_a_home_only_what_holds_tools_is_the_scanners() {
        let homes = [b"/srv/homes/u".to_vec()];
        for path in [
            "/home/u/notes.txt",
            "/root/.config/tool.toml",
            "/srv/homes/u/x",
            "/home/u/.local/share/keyrings/login.keyring",
            "/home/u/work/go/private.txt",
        ] {
            assert!(is_of_a_home(path.as_bytes(), &homes), "{path}");
        }
        for path in [
            "/home/u/.venv/lib/a.py",
            "/root/.local/share/pipx/x",
            "/home/u/p/node_modules/a/b.js",
            "/usr/lib/x",
            "/home/u",
            "/srv/homes",
        ] {
            assert!(!is_of_a_home(path.as_bytes(), &homes), "{path}");
        }
    }
}
