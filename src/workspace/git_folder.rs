//! Whether the `.git` of a directory can be kept with a recording: it must be whole, and hold no secret.
//!
//! Invariant: a recording is handed on, so what opens a server must not be in it. Absent: what lies in the history itself, which is
//! what a scanner of history looks for.

use std::fmt;
use std::path::Path;

use crate::host::fs;
use crate::model::hint::Hint;

/// The longest configuration that is looked at.
const MAX_CONFIG: u64 = 1 << 20;

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no `.git`.
    Absent,
    /// It is a file that names a folder elsewhere.
    Elsewhere,
    /// Objects of it lie in another repository.
    Borrowed,
    /// A line of its configuration holds a secret.
    Secret {
        /// The line, from 1.
        line: usize,
    },
    /// Its configuration cannot be read.
    Unread,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("it has no `.git`"),
            Self::Elsewhere => f.write_str("its `.git` is a file or a link that leads elsewhere"),
            Self::Borrowed => f.write_str("objects of it lie in another repository (`.git/objects/info/alternates`)"),
            Self::Secret { line } => write!(f, "`.git/config` may hold a secret in line {line}"),
            Self::Unread => f.write_str("`.git/config` cannot be read"),
        }
    }
}

impl Refused {
    /// What mends it.
    pub fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Absent => "name the top of the repository as the input".into(),
            Self::Elsewhere => "a worktree and a submodule keep it elsewhere: scan a clone of its own".into(),
            Self::Borrowed => "make it whole with `git repack -a -d`, and remove that file".into(),
            Self::Secret { .. } => {
                "check out without it (`persist-credentials: false` with actions/checkout), or take the line out: a recording is \
                 handed on"
                    .into()
            }
            Self::Unread => return None,
        })
    }
}

/// Why the `.git` of `directory` cannot be kept; `None` where it can.
pub fn refused(directory: &Path) -> Option<Refused> {
    let git = directory.join(".git");
    let Ok(metadata) = git.symlink_metadata() else { return Some(Refused::Absent) };
    if !metadata.is_dir() {
        return Some(Refused::Elsewhere);
    }
    if git.join("objects/info/alternates").symlink_metadata().is_ok() {
        return Some(Refused::Borrowed);
    }
    let config = git.join("config");
    if config.symlink_metadata().is_err() {
        return None;
    }
    let Ok(bytes) = fs::read(&config, MAX_CONFIG) else { return Some(Refused::Unread) };
    let text = String::from_utf8_lossy(&bytes);
    let mut section = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
            section = rest[..end].to_ascii_lowercase();
        }
        if may_be_secret(&section, line) {
            return Some(Refused::Secret { line: at + 1 });
        }
    }
    None
}

/// Sections in which nothing opens a server (git-config(1)); any other is not known to.
const HARMLESS: [&str; 16] = [
    "advice",
    "branch",
    "checkout",
    "color",
    "core",
    "diff",
    "extensions",
    "fetch",
    "gc",
    "index",
    "init",
    "merge",
    "pull",
    "remote",
    "submodule",
    "user",
];

/// Whether a line of a configuration may hold a secret: it is of a section that is not known to hold none, names a program, goes on in the
/// next line, or holds an address with a password, with a query, or with words in the place of a user.
fn may_be_secret(section: &str, line: &str) -> bool {
    if line.is_empty() || line.starts_with(['#', ';']) {
        return false;
    }
    let line = line.to_ascii_lowercase();
    let is_program = ["sshcommand", "askpass", "gitproxy", "fsmonitor", "proxy"].iter().any(|name| line.contains(name));
    let has_password = line.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '"', ']', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user != "git")
    });
    let has_query = line.contains("://") && line.contains('?');
    !HARMLESS.contains(&section) || is_program || line.ends_with('\\') || has_password || has_query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_folder_without_secrets_is_taken_along() {
        let dir = tempfile::tempdir().unwrap();
        let git = dir.path().join(".git");
        assert_eq!(refused(dir.path()), Some(Refused::Absent));
        std::fs::write(&git, "gitdir: ../x\n").unwrap();
        assert_eq!(refused(dir.path()), Some(Refused::Elsewhere));
        std::fs::remove_file(&git).unwrap();
        std::fs::create_dir_all(git.join("objects/info")).unwrap();
        assert_eq!(refused(dir.path()), None);
        std::fs::write(git.join("objects/info/alternates"), "/x\n").unwrap();
        assert_eq!(refused(dir.path()), Some(Refused::Borrowed));
    }

    #[test]
    fn secrets_of_a_configuration_are_seen() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".git")).unwrap();
        let read = |config: &str| {
            std::fs::write(dir.path().join(".git/config"), config).unwrap();
            refused(dir.path())
        };
        for line in [
            "[http \"https://example.com/\"]\n\textraheader = AUTHORIZATION: basic eA==",
            "[remote \"o\"]\n\turl = https://me:token@example.com/a.git",
            "[remote \"o\"]\n\turl = https://ghp_abc@example.com/a.git",
            "[remote \"o\"]\n\turl = https://example.com/a.git?private_token=x",
            "[remote \"o\"]\n\turl = https://me:\\\n\ttoken@example.com/a.git",
            "[core]\n\tsshCommand = ssh -i x",
            "[include]\n\tpath = creds",
            "[sendemail]\n\tsmtpPass = x",
            "[github]\n\ttoken = x",
        ] {
            assert_eq!(
                read(line),
                Some(Refused::Secret {
                    line: if line.starts_with("[core]") || line.starts_with("[remote") { 2 } else { 1 }
                }),
                "{line}"
            );
        }
        let plain = "[core]\n\tbare = false\n# extraheader\n[remote \"origin\"]\n\turl = https://example.com/a@b.git\n\
                     [remote \"two\"]\n\turl = ssh://git@example.com/a.git\n[branch \"main\"]\n\tremote = origin\n";
        assert_eq!(read(plain), None);
    }
}
