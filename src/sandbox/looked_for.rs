//! Which of the paths that a program looks for, and that are not there, tell something about its result: what its command
//! names, configuration, databases. The rest is how runtimes find their own parts.
//!
//! Invariant: by the text of the path alone; nothing is looked at.

use std::collections::BTreeSet;

use crate::sandbox::sandbox_path;
use crate::sandbox::spec::SandboxSpec;

/// What a path is for, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The command names it.
    Argument,
    /// A database, or a folder of one.
    Database,
    /// Anything else outside the system's folders and those of the run.
    Configuration,
}

/// The words of a command that are remembered: one that lists files has too many.
const WORDS: usize = 1_000;

/// Folders in which a look-up in vain says nothing: those of the system, and those that a run has for itself.
const WITHOUT_MEANING: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

/// What runtimes and C libraries look for in `/etc` on every machine.
const OF_THE_SYSTEM: [&str; 30] = [
    "ca-certificates",
    "debian_version",
    "fstab",
    "gai.conf",
    "group",
    "host.conf",
    "hosts",
    "inputrc",
    "java",
    "ld-nix.so.preload",
    "ld.so.cache",
    "ld.so.preload",
    "localtime",
    "locale.alias",
    "lsb-release",
    "machine-id",
    "mime.types",
    "mtab",
    "netsvc.conf",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki",
    "resolv.conf",
    "services",
    "ssl",
    "svc.conf",
    "terminfo",
    "timezone",
    "xattr.conf",
];

/// Ends of names of programs' own parts.
const PARTS: [&str; 14] =
    ["so", "py", "pyc", "pyd", "pyi", "pth", "mo", "class", "jar", "js", "mjs", "cjs", "node", "egg-link"];

/// Where Node looks for modules.
const NODE: [&str; 2] = ["node_modules", ".node_libraries"];

const DATABASES: [&str; 9] = ["db", "sqlite", "sqlite3", "db3", "bdb", "mdb", "rpmdb", "boltdb", "leveldb"];

/// What a run was given: the words of its command that may be paths, and the folders of the machine that it sees.
#[derive(Debug, Clone, Default)]
pub struct Given {
    words: BTreeSet<String>,
    roots: Vec<String>,
}

impl Given {
    /// That of `spec`, without the program and without what lies in a folder of the run that is made to be written.
    pub fn of(spec: &SandboxSpec) -> Self {
        let mut words = BTreeSet::new();
        for word in spec.argv.arguments().take(WORDS) {
            let value = word.split_once('=').map_or(word, |(_, value)| value);
            let value = value.strip_prefix("file://").unwrap_or(value).trim_end_matches('/');
            let is_of_the_run = sandbox_path::PRIVATE.iter().any(|own| value.starts_with(own.as_str()));
            if !value.is_empty() && !value.starts_with('-') && !is_of_the_run {
                words.insert(value.to_owned());
            }
        }
        let roots = spec.roots.iter().chain(&spec.writable_roots).map(|root| root.as_str().to_owned());
        Self { words, roots: roots.collect() }
    }

    fn names(&self, path: &str) -> bool {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.words.contains(path.trim_end_matches('/'))
    }

    /// What is not in a folder that is shown is not on the machine either.
    fn shows(&self, path: &str) -> bool {
        self.roots.iter().any(|root| is_in(path, root))
    }
}

/// What `path` is for; `None` where it says nothing that it is not there.
pub fn purpose(path: &str, given: &Given) -> Option<Purpose> {
    if given.names(path) {
        return Some(Purpose::Argument);
    }
    // A relative path is looked up where the program is, which is in the sandbox.
    let below = path.strip_prefix('/')?;
    let in_home = in_home(path);
    let is_of_the_system = sandbox_path::SYSTEM_ROOTS.iter().chain(&WITHOUT_MEANING).any(|root| is_in(path, root));
    if is_of_the_system || given.shows(path) || (in_home.is_none() && is_in(path, "/tmp")) {
        return None;
    }
    let below = in_home.unwrap_or(below);
    let mut parts = below.split('/').filter(|part| !part.is_empty());
    let (first, second) = (parts.next()?, parts.next());
    // Who resolves a path looks at each folder on the way.
    if in_home.is_none() && second.is_none() {
        return None;
    }
    if first == "etc" && second.is_some_and(is_of_runtimes) {
        return None;
    }
    let name = below.rsplit('/').find(|part| !part.is_empty())?;
    let end = name.rsplit_once('.').map(|(_, end)| end);
    if OF_THE_SYSTEM.contains(&name) || (name.starts_with("python") && end == Some("zip")) {
        return None;
    }
    if end.is_some_and(|end| PARTS.contains(&end))
        || name.contains(".so.")
        || NODE.iter().any(|part| below.contains(part))
    {
        return None;
    }
    let is_database = |part: &str| DATABASES.contains(&part) || part.contains("database");
    let all: Vec<&str> = below.split('/').collect();
    if end.is_some_and(is_database) || all.iter().any(|part| is_database(part)) {
        return Some(Purpose::Database);
    }
    Some(Purpose::Configuration)
}

/// What lies in the home of a run: the rest of the path.
pub fn in_home(path: &str) -> Option<&str> {
    path.strip_prefix(sandbox_path::HOME.as_str())?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

fn is_of_runtimes(name: &str) -> bool {
    OF_THE_SYSTEM.contains(&name)
        || name.starts_with("python")
        || name.ends_with("-release")
        || name.starts_with("java-")
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::spec::{Clock, HostRoot};
    use crate::sandbox::validated::Argv;

    fn of(path: &str) -> Option<Purpose> {
        let words = [
            "scan",
            "--config=rules/a.yaml",
            "/srv/b.yaml",
            "-o",
            "/tmp/stella/out/x.json",
            "src/",
            "file:///q/r",
            "/venv/c",
        ];
        let mut spec = SandboxSpec::new(Argv::new(words).unwrap(), Clock::Real);
        spec.roots.push(HostRoot::try_from("/venv".to_owned()).unwrap());
        purpose(path, &Given::of(&spec))
    }

    #[test]
    fn what_the_command_names_is_missed_wherever_it_lies() {
        for path in ["rules/a.yaml", "./rules/a.yaml", "/srv/b.yaml", "src", "/q/r", "/venv/c"] {
            assert_eq!(of(path), Some(Purpose::Argument), "{path}");
        }
        for path in ["rules/b.yaml", "scan", "/tmp/stella/out/x.json", "-o"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn configuration_and_databases_are_missed_and_parts_of_programs_are_not() {
        use Purpose::{Configuration, Database};
        let rows = [
            ("/root/rules.yaml", Some(Configuration)),
            ("/home/me/.config/scan/config.toml", Some(Configuration)),
            ("/tmp/stella/home/.scanrc", Some(Configuration)),
            ("/tmp/stella/home/.config/scan.toml", Some(Configuration)),
            ("/etc/scan/rules.yaml", Some(Configuration)),
            ("/tmp/stella/home/.cache/trivy/db/metadata.json", Some(Database)),
            ("/var/lib/scan/advisories.sqlite3", Some(Database)),
            ("/var/lib/dpkg/status", Some(Configuration)),
            ("/etc/ssl/openssl.cnf", None),
            ("/etc/python3.11/sitecustomize.py", None),
            ("/etc/os-release", None),
            ("/usr/lib/python3.11/x.yaml", None),
            ("/opt/x/config.toml", None),
            ("/optional/config.toml", Some(Configuration)),
            ("/proc/self/x", None),
            ("/root", None),
            ("/var", None),
            ("/tmp/x.yaml", None),
            ("/tmp/stella/.git", None),
            ("/tmp/stella/input/setup.cfg", None),
            ("/tmp/stella/home", None),
            ("/home/me/lib/x.so.1", None),
            ("/home/me/lib/x.so", None),
            ("/home/me/site-packages/x.py", None),
            ("/tmp/stella/home/.node_modules", None),
            ("/venv/lib/setup.cfg", None),
            ("/venvs/setup.cfg", Some(Configuration)),
            ("/root/.pyenv/lib/python311.zip", None),
            ("/etc/apache2/mime.types", None),
            ("setup.cfg", None),
            ("", None),
            ("/", None),
        ];
        for (path, expected) in rows {
            assert_eq!(of(path), expected, "{path}");
        }
    }
}
