//! The program of a spec with everything that it is started with.

use std::collections::BTreeMap;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::program_environment;
use crate::sandbox::spec::SandboxSpec;

/// Why there is no program.
#[derive(Debug)]
pub(crate) enum Unrunnable {
    WorkingDirectory(io::Error),
    Program(io::Error),
}

/// A program that can be started.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its file.
    pub(crate) path: PathBuf,
    /// What it is called by: the first of its arguments.
    pub(crate) name: String,
    /// The others.
    pub(crate) arguments: Vec<String>,
    /// Its whole environment.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: PathBuf,
}

impl Program {
    /// Finds the program of `spec`.
    pub(crate) fn find(spec: &SandboxSpec, mapping: &PathMapping) -> Result<Self, Unrunnable> {
        let directory = PathBuf::from(mapping.of(&spec.working_directory));
        match directory.metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(Unrunnable::WorkingDirectory(io::ErrorKind::NotADirectory.into())),
            Err(source) => return Err(Unrunnable::WorkingDirectory(source)),
        }
        let environment = program_environment::of_program(spec, mapping);
        let name = mapping.rewrite(spec.argv.program());
        let search = environment.get("PATH").map_or("", String::as_str);
        let path = look_up(&name, search, &directory).map_err(Unrunnable::Program)?;
        let arguments = spec.argv.arguments().map(|argument| mapping.rewrite(argument)).collect();
        Ok(Self { path, name, arguments, environment, directory })
    }

    /// As a command with an empty stdin and a process group of its own; stdout and stderr are the caller's.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        #[cfg(unix)]
        command.arg0(&self.name).process_group(0);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.directory)
            .stdin(Stdio::null());
        command
    }
}

/// The executable file of that name: a path is taken as it is, a bare name is looked up in `path`.
fn look_up(name: &str, path: &str, directory: &Path) -> io::Result<PathBuf> {
    if name.contains('/') {
        let program = directory.join(name);
        return executable(&program).map(|()| program);
    }
    let mut seen = io::ErrorKind::NotFound.into();
    for folder in path.split(':') {
        let program = Path::new(folder).join(name);
        match executable(&program) {
            Ok(()) => return Ok(program),
            Err(refused) if refused.kind() == io::ErrorKind::PermissionDenied => seen = refused,
            Err(_) => {}
        }
    }
    Err(seen)
}

fn executable(program: &Path) -> io::Result<()> {
    let found = program.metadata()?;
    #[cfg(unix)]
    let marked = found.permissions().mode() & 0o111 != 0;
    #[cfg(not(unix))]
    let marked = true;
    if found.is_file() && marked { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn a_bare_name_is_looked_up_and_a_path_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        for (folder, mode) in [(&a, 0o644), (&b, 0o755)] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("tool"), "").unwrap();
            fs::set_permissions(folder.join("tool"), Permissions::from_mode(mode)).unwrap();
        }
        let path = format!("{}:{}", a.display(), b.display());
        let find = |name: &str| look_up(name, &path, dir.path()).map_err(|error| error.kind());
        assert_eq!(find("tool"), Ok(b.join("tool")));
        assert_eq!(find("b/tool"), Ok(b.join("tool")));
        assert_eq!(find("a/tool"), Err(io::ErrorKind::PermissionDenied));
        assert_eq!(find("./tool"), Err(io::ErrorKind::NotFound));
        assert_eq!(find("other"), Err(io::ErrorKind::NotFound));
        assert_eq!(find("b/"), Err(io::ErrorKind::PermissionDenied));
        assert_eq!(
            look_up("tool", &a.display().to_string(), dir.path()).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }
}
