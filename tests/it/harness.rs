//! Runs the real program in a sealed environment.
//!
//! Nothing of the caller's environment reaches it: own home, own store, fixed clock. Every run must state
//! the exit code that it expects.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.work(relative)).unwrap()
    }

    pub fn json(&self, relative: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(relative)).unwrap()
    }

    /// Copies a folder of this repository into the working directory.
    pub fn copy_from_repository(&self, from: &str, to: &str) {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), &self.work(to));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stella"));
        command.args(arguments).current_dir(self.path("work")).env_clear();
        command.env("HOME", self.path("home")).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("STELLA_TEST_NOW", NOW);
        command
    }

    /// Runs `stella` and asserts its exit code.
    pub fn stella(&self, expected: u8, arguments: &[&str]) -> Run {
        let output: Output = self.command(arguments).output().unwrap();
        let run = Run {
            stdout: self.redact(&String::from_utf8(output.stdout).unwrap()),
            stderr: self.redact(&String::from_utf8(output.stderr).unwrap()),
        };
        assert_eq!(
            output.status.code(),
            Some(i32::from(expected)),
            "stella {}\n--- stdout\n{}\n--- stderr\n{}",
            arguments.join(" "),
            run.stdout,
            run.stderr
        );
        run
    }

    fn redact(&self, text: &str) -> String {
        text.replace(self.directory.path().to_str().unwrap(), "[WORLD]")
    }
}

impl Run {
    pub fn stdout_json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Copies a tree.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
