//! Runs the build of a checkout, so that nothing of it can reach the verdict.
//!
//! A build is the checkout's own program: in a pull request it is the author's. Invariants: it has no variable that steers
//! the CI system or that holds a secret, unless the configuration names it; it has a process group, and where the machine lets it a
//! process namespace, of its own; it cannot become another user, unless the configuration allows it; whatever it has started has
//! ended when this returns, or the run does not go on, and ends by the signal that ends this process; what it says goes through
//! this process, so that no line of it is a command to the CI system.
//!
//! Absent: a sandbox. A build needs the network and the machine's tools; `docs/configuration.md` says what is left to it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::host::descendants::{StillThere, Watch};

/// The longest line that is passed on as one, in bytes.
const MAX_LINE: u64 = 8 * 1024;

/// Variables that a build gets: where tools lie, how they speak, which commit it is. None of them is a secret, and none is
/// read by the CI system afterwards.
const PASSED: [&str; 79] = [
    // the machine and its user
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "HOSTNAME",
    "PWD",
    "TERM",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "TZ",
    "LANG",
    "LANGUAGE",
    "TMPDIR",
    "TMP",
    "TEMP",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "LD_LIBRARY_PATH",
    // certificates and proxies
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "CURL_CA_BUNDLE",
    "NO_PROXY",
    "no_proxy",
    // compilers and their tools
    "CC",
    "CXX",
    "AR",
    "LD",
    "AS",
    "NM",
    "RANLIB",
    "STRIP",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "MAKEFLAGS",
    "PKG_CONFIG_PATH",
    "SOURCE_DATE_EPOCH",
    "CCACHE_DIR",
    "CARGO_HOME",
    "CARGO_TARGET_DIR",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTFLAGS",
    "GOPATH",
    "GOROOT",
    "GOCACHE",
    "GOMODCACHE",
    "GOFLAGS",
    "GOTOOLCHAIN",
    "GOOS",
    "GOARCH",
    "CGO_ENABLED",
    "JAVA_HOME",
    "GRADLE_USER_HOME",
    "M2_HOME",
    "DOTNET_ROOT",
    "NVM_DIR",
    "NVM_BIN",
    "VIRTUAL_ENV",
    "PYENV_ROOT",
    "PYTHONPATH",
    "UV_CACHE_DIR",
    "PIP_CACHE_DIR",
    "GEM_HOME",
    "NIX_PATH",
    // which system, and which commit
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_SHA",
    "GITHUB_REF_NAME",
    "GITLAB_CI",
    "CI_COMMIT_SHA",
    "CI_COMMIT_REF_NAME",
    "RUNNER_TOOL_CACHE",
];

/// Proxies are passed where no password stands in them.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Why a build did not come to a good end.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// It cannot be started, or not watched.
    #[error("cannot run the subject's build `{command}`")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// It failed.
    #[error("the subject's build `{command}` failed ({status})")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It left something behind that goes on.
    #[error("the subject's build `{command}` left programs running: nothing is replayed beside them")]
    Left {
        /// The command.
        command: String,
        /// Which.
        source: StillThere,
    },
}

/// Runs `command` by `sh -c` in `root`; each line that it says is given to `say`.
///
/// # Errors
/// See [`BuildError`].
pub fn run(
    command: &str,
    root: &Path,
    (more, may_become_another_user): (&[String], bool),
    variable: impl Fn(&str) -> Option<OsString>,
    say: &mut dyn FnMut(&str),
) -> Result<(), BuildError> {
    // Two builds in one process would take each other's programs for their own.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    let start = |source| BuildError::Start { command: command.to_owned(), source };
    let watch = Watch::begin().map_err(start)?;
    let mut build = confined(may_become_another_user).unwrap_or_else(|| Command::new("/bin/sh"));
    // In a namespace of its own this shell is the first process: the command must not be.
    build.args(["-c", "sh -c \"$1\"; exit $?", "sh", command]);
    build.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    build.env_clear().envs(environment(more, variable));
    own_group(&mut build);

    let (mut child, _hold) = watch.start(|| build.spawn()).map_err(start)?;
    let (sender, said) = mpsc::channel();
    let (status, left) = thread::scope(|scope| {
        for pipe in pipes(&mut child) {
            let sender = sender.clone();
            scope.spawn(move || pass_on(pipe, &sender));
        }
        drop(sender);
        // Whoever it left behind may hold the pipes open: they are ended as soon as it has ended.
        let ended = scope.spawn(|| {
            let status = child.wait();
            (status, watch.end_all())
        });
        said.iter().for_each(|line: String| say(&line));
        ended.join().unwrap_or_else(|_| (Err(io::Error::other("it cannot be waited for")), Ok(())))
    });
    let status = status.map_err(start)?;
    left.map_err(|source| BuildError::Left { command: command.to_owned(), source })?;
    if status.success() { Ok(()) } else { Err(BuildError::Failed { command: command.to_owned(), status }) }
}

/// What a build sees of the environment: what is harmless, and what the configuration names.
fn environment(more: &[String], variable: impl Fn(&str) -> Option<OsString>) -> Vec<(String, OsString)> {
    let proxy = |name: &&str| variable(name).is_some_and(|value| !value.as_encoded_bytes().contains(&b'@'));
    let names = PASSED.into_iter().chain(PROXIES.iter().copied().filter(proxy)).map(str::to_owned);
    let locale = ["LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME"].map(str::to_owned);
    let names = names.chain(locale).chain(more.iter().cloned());
    names.filter_map(|name| variable(&name).map(|value| (name, value))).collect()
}

/// A shell behind the strongest of these that works here, all of util-linux:
///
/// - `unshare`: the build sees no process but its own, and all of them end with it. Without root this takes a user namespace, in which
///   nobody can become another user.
/// - `setpriv`: nobody can become another user, who could reach the program that judges.
#[cfg(target_os = "linux")]
fn confined(may_become_another_user: bool) -> Option<Command> {
    const PROCESSES: [&str; 5] = ["--pid", "--fork", "--mount-proc", "--kill-child", "--"];
    const OWN_USER: [&str; 2] = ["--user", "--map-current-user"];
    const NO_OTHER_USER: &str = "--no-new-privs";
    let found = |name: &str| {
        let places = ["/usr/bin/", "/bin/"].map(|folder| PathBuf::from(format!("{folder}{name}")));
        places.into_iter().find(|path| path.is_file())
    };
    let unshare = found("unshare").map(|path| path.into_os_string());
    let setpriv = found("setpriv").map(|path| path.into_os_string());
    let ways: Vec<Vec<OsString>> = if rustix::process::geteuid().is_root() {
        let words = |program: OsString| std::iter::once(program).chain(PROCESSES.map(OsString::from)).collect();
        unshare.map(words).into_iter().collect()
    } else if may_become_another_user {
        Vec::new()
    } else {
        let words = |program: OsString| {
            std::iter::once(program).chain(OWN_USER.map(OsString::from)).chain(PROCESSES.map(OsString::from)).collect()
        };
        let without = setpriv.map(|program| vec![program, NO_OTHER_USER.into(), "--".into()]);
        unshare.map(words).into_iter().chain(without).collect()
    };
    let behind = |way: &[OsString], program: &str| {
        let mut command = Command::new(&way[0]);
        command.args(&way[1..]).arg(program);
        command
    };
    let works = |way: &Vec<OsString>| {
        let mut probe = behind(way, "/bin/true");
        probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    ways.into_iter().find(works).map(|way| behind(&way, "/bin/sh"))
}

#[cfg(not(target_os = "linux"))]
fn confined(_may_become_another_user: bool) -> Option<Command> {
    None
}

#[cfg(unix)]
fn own_group(build: &mut Command) {
    std::os::unix::process::CommandExt::process_group(build, 0);
}

#[cfg(not(unix))]
fn own_group(_build: &mut Command) {}

fn pipes(child: &mut Child) -> Vec<Box<dyn Read + Send>> {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let out = out.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    out.into_iter().chain(err.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>)).collect()
}

/// Passes lines on until all who hold the pipe have ended.
fn pass_on(pipe: Box<dyn Read + Send>, lines: &Sender<String>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        match pipe.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
        if lines.send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_harmless_or_named_is_passed() {
        let set = |name: &str| match name {
            "HTTP_PROXY" => Some("http://user:secret@proxy:3128".into()),
            "https_proxy" => Some("http://proxy:3128".into()),
            _ => Some(OsString::from("x")),
        };
        let passed = environment(&["NPM_TOKEN".to_owned()], set);
        let has = |name: &str| passed.iter().any(|(known, _)| known == name);
        assert!(has("PATH") && has("https_proxy") && has("NPM_TOKEN"));
        for name in
            ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE", "GITHUB_TOKEN"]
        {
            assert!(!has(name), "{name}");
        }
        for name in
            ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CI_JOB_TOKEN", "HTTP_PROXY", "BASH_ENV"]
        {
            assert!(!has(name), "{name}");
        }
    }
}
