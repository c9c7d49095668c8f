//! Runs the real program in a sealed environment.
//!
//! Nothing of the caller's environment reaches it: own home, own store, fixed clock. Every run must state
//! the exit code that it expects, and none may panic.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use stella::flow::schema;
use stella::model::digest::Digest;
use stella::store::blob::{BlobSource, LocalStore};
use tempfile::TempDir;

/// The instant that the program under test believes in.
pub const NOW: &str = "2026-01-02T03:04:05Z";

/// A directory of its own with a home and a store.
pub struct World {
    directory: TempDir,
}

/// What a run left behind.
pub struct Run {
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// Copies a folder or file of this repository into the working directory.
    pub fn copy_from_repository(&self, from: &str, to: &str) {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &self.work(to));
    }

    pub fn new() -> Self {
        let world = Self { directory: tempfile::tempdir().unwrap() };
        fs::create_dir(world.path("home")).unwrap();
        fs::create_dir(world.path("work")).unwrap();
        world
    }

    /// A path below the world's root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// The working directory of every run.
    pub fn work(&self, relative: &str) -> PathBuf {
        self.path("work").join(relative)
    }

    /// Writes a file below the working directory.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a shell script that can be run.
    pub fn script(&self, relative: &str, body: &str) -> PathBuf {
        self.program(relative, &format!("#!/bin/sh\n{body}\n"))
    }

    /// Writes a file that can be executed.
    pub fn program(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.work(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_program(&path, content);
        path
    }

    pub fn read(&self, relative: &str) -> String {
        let path = self.work(relative);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn json(&self, relative: &str) -> Value {
        serde_json::from_str(&self.read(relative)).unwrap()
    }

    pub fn exists(&self, relative: &str) -> bool {
        self.work(relative).exists()
    }

    /// Changes a JSON file.
    pub fn edit(&self, relative: &str, change: impl FnOnce(&mut Value)) {
        let mut value = self.json(relative);
        change(&mut value);
        self.write(relative, value.to_string());
    }

    /// Changes a manifest as another program writes it: it has a name of that program's, and no seal.
    pub fn rewrite(&self, relative: &str, change: impl FnOnce(&mut Value)) {
        self.edit(relative, |manifest| {
            manifest.as_object_mut().unwrap().remove("seal");
            manifest["scan_id"] = Value::from("of-another-program");
            change(manifest);
        });
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stella"));
        command.args(arguments);
        self.sealed(command)
    }

    /// The same, ended by the signals that end a program, also where whoever started the tests ignores some of them.
    pub fn interruptible(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT,TERM,HUP,QUIT", env!("CARGO_BIN_EXE_stella")]).args(arguments);
        self.sealed(command)
    }

    /// The same on a machine that refuses user namespaces; `None`, and a word why, where that cannot be arranged.
    pub fn without_namespaces(&self, arguments: &[&str]) -> Option<Command> {
        // Within a namespace in which their number is nought none can be made.
        let available = Command::new("unshare").args(["-Ur", "true"]).output();
        if !available.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: no user namespaces that could be refused");
            return None;
        }
        let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-Ur", "sh", "-c", script, env!("CARGO_BIN_EXE_stella")]).args(arguments);
        Some(self.sealed(command))
    }

    /// The same as an ordinary user, to whom the world then belongs; `None`, and a word why, where this is not root.
    pub fn as_nobody(&self, arguments: &[&str]) -> Option<Command> {
        const NOBODY: &str = "65534";
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can become another user");
            return None;
        }
        let owned = Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(self.path("")).status();
        assert!(owned.unwrap().success());
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", env!("CARGO_BIN_EXE_stella")]);
        command.args(arguments);
        Some(self.sealed(command))
    }

    /// A line as a person pastes it into a shell that knows `stella`.
    pub fn pasted(&self, line: &str) -> Command {
        let binaries = Path::new(env!("CARGO_BIN_EXE_stella")).parent().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]);
        let mut command = self.sealed(command);
        command.env("PATH", format!("{}:/usr/bin:/bin", binaries.display()));
        command
    }

    fn sealed(&self, mut command: Command) -> Command {
        command.current_dir(self.path("work")).env_clear();
        command.env("HOME", self.path("home")).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("STELLA_TEST_NOW", NOW);
        command
    }

    /// Runs `stella` and asserts its exit code.
    pub fn stella(&self, expected: u8, arguments: &[&str]) -> Run {
        self.run(expected, self.command(arguments))
    }

    /// Runs a prepared command and asserts its exit code, and that nothing panicked.
    pub fn run(&self, expected: u8, mut command: Command) -> Run {
        let output: Output = command.output().unwrap();
        let run = Run {
            stdout: self.redact(&String::from_utf8(output.stdout).unwrap()),
            stderr: self.redact(&String::from_utf8(output.stderr).unwrap()),
        };
        let said = || format!("{command:?}\n--- stdout\n{}\n--- stderr\n{}", run.stdout, run.stderr);
        assert_eq!(output.status.code(), Some(i32::from(expected)), "{}", said());
        assert!(!run.stderr.contains("panicked"), "{}", said());
        run
    }

    fn redact(&self, text: &str) -> String {
        text.replace(self.directory.path().to_str().unwrap(), "[WORLD]")
    }

    /// The store of every run that names no other.
    pub fn store(&self) -> LocalStore {
        LocalStore::open(self.path("home/.local/share/stella/store")).unwrap()
    }

    /// Every blob of the store by digest; each must verify.
    pub fn blobs(&self) -> BTreeMap<Digest, Vec<u8>> {
        let store = self.store();
        let files = files(&store.root().join("sha256"));
        let digest = |path: &PathBuf| -> Digest {
            let hex = path.file_name().unwrap().to_str().unwrap().strip_suffix(".zst").unwrap();
            format!("sha256:{hex}").parse().unwrap()
        };
        files.iter().map(digest).map(|digest| (digest, store.get(&digest).unwrap().unwrap())).collect()
    }
}

impl Run {
    pub fn stdout_json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Asserts that stdout says each of these.
    pub fn says(&self, words: &[&str]) -> &Self {
        says(&self.stdout, words);
        self
    }

    /// Asserts that stderr says each of these.
    pub fn complains(&self, words: &[&str]) -> &Self {
        says(&self.stderr, words);
        self
    }
}

/// Asserts that `text` holds each of `words`.
pub fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in:\n{text}");
    }
}

/// Writes a file that can be executed, through a process of its own: a file that this process has open for writing is open
/// in whatever another test's thread is just starting, too, and nobody can execute it until that has become its program.
pub fn write_program(path: &Path, content: impl AsRef<[u8]>) {
    let mut writer = Command::new("/bin/sh");
    writer.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(path).stdin(Stdio::piped());
    let mut writer = writer.spawn().unwrap();
    writer.stdin.take().unwrap().write_all(content.as_ref()).unwrap();
    assert!(writer.wait().unwrap().success(), "{}", path.display());
}

/// A path of this repository.
pub fn repository(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Every file below a directory, sorted; none where it does not exist.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Copies a file or a tree; by a process of its own, as in [`write_program`].
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let status = Command::new("cp").args(["-RLT", "--"]).args([from, to]).status().unwrap();
    assert!(status.success(), "{} to {}", from.display(), to.display());
}

/// Holds a document against a schema of `docs/schema/`, by the name of its file.
pub fn valid(document: &Value, name: &str) {
    let known = schema::all().into_iter().find(|(file, _)| *file == name).map(|(_, schema)| schema);
    let committed = || serde_json::from_slice(&fs::read(repository("docs/schema").join(name)).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&known.unwrap_or_else(committed)).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
}
