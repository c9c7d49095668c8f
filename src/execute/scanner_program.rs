//! Where an adapter's program lies, and what of the machine it needs beside the system's folders.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::config::adapter::{Adapter, Runtime};
use crate::hint;
use crate::job::in_place;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::Parameter;
use crate::workspace::open_inputs;

/// A program with the folders of the machine that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The executable.
    pub path: PathBuf,
    /// Folders that it must see at their own path.
    pub roots: Vec<String>,
}

/// Why a program cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ProgramError {
    #[error("no program `{program}`")]
    NotFound { program: String, adapter: String },
    #[error("`{}` is not a file", .path.display())]
    NoFile { path: PathBuf },
    #[error("`{}` is not UTF-8", .path.display())]
    NotText { path: PathBuf },
}

impl Diagnostic for ProgramError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotFound { adapter, .. } => Some(hint!(
                "install it and put it on PATH, or say where it is: {}",
                Parameter::Scanner.to(format!("{adapter}=PATH"))
            )),
            Self::NoFile { .. } | Self::NotText { .. } => None,
        }
    }
}

/// Finds the program of `adapter`: the one that is given, else the first on `search`.
///
/// # Errors
/// When there is no such program, or its file cannot be read.
pub fn locate(adapter: &Adapter, given: Option<&Path>, search: Option<&OsStr>) -> Result<Located, ProgramError> {
    let path = match given {
        Some(path) if !path.is_file() => return Err(ProgramError::NoFile { path: path.to_owned() }),
        Some(path) => path.to_owned(),
        None => open_inputs::look_up(&adapter.program, search).ok_or_else(|| ProgramError::NotFound {
            program: adapter.program.clone(),
            adapter: adapter.name.clone(),
        })?,
    };
    let path = std::path::absolute(&path).unwrap_or(path);
    let folders = match adapter.runtime {
        Runtime::Alone => Vec::new(),
        Runtime::Python => python(&path),
        Runtime::Node => node(&path).into_iter().collect(),
    };
    let visible = |folder: &PathBuf| in_place::runs_in_place(folder, &[]);
    let text =
        |path: PathBuf| path.into_os_string().into_string().map_err(|p| ProgramError::NotText { path: p.into() });
    let roots = folders.into_iter().filter(|folder| !visible(folder)).map(text).collect::<Result<_, _>>()?;
    Ok(Located { path, roots })
}

/// The environment that a script was installed into, and the installation that the environment was made of.
fn python(script: &Path) -> Vec<PathBuf> {
    let prefix = |path: &Path| path.parent().and_then(Path::parent).map(Path::to_owned);
    let environment = |path: &Path| prefix(path).filter(|folder| folder.join("pyvenv.cfg").is_file());
    // A link that pipx or a user made leads into the environment.
    let real = script.canonicalize().unwrap_or_else(|_| script.to_owned());
    let Some(environment) = environment(script).or_else(|| environment(&real)) else {
        return prefix(&real).into_iter().collect();
    };
    let settings = std::fs::read_to_string(environment.join("pyvenv.cfg")).unwrap_or_default();
    // PEP 405: `home` is the folder of the interpreter.
    let home = settings.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| key.trim() == "home");
    let base = home.and_then(|(_, value)| Path::new(value.trim()).parent().map(Path::to_owned));
    std::iter::once(environment).chain(base).collect()
}

/// The outermost `node_modules` above a script.
fn node(script: &Path) -> Option<PathBuf> {
    let real = script.canonicalize().ok()?;
    real.ancestors().filter(|folder| folder.file_name() == Some(OsStr::new("node_modules"))).last().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn an_environment_is_shown_with_what_it_was_made_of() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let (venv, base) = (root.join("venv"), root.join("python/3.11"));
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::create_dir_all(base.join("bin")).unwrap();
        fs::write(venv.join("bin/tool"), "").unwrap();
        fs::write(venv.join("pyvenv.cfg"), format!("home = {}\nversion = 3.11\n", base.join("bin").display())).unwrap();
        assert_eq!(python(&venv.join("bin/tool")), [venv.clone(), base]);
        symlink(venv.join("bin/tool"), root.join("tool")).unwrap();
        assert_eq!(python(&root.join("tool"))[0], venv);
        fs::write(venv.join("pyvenv.cfg"), "home = /usr/bin\n").unwrap();
        assert_eq!(python(&venv.join("bin/tool")), [venv.clone(), PathBuf::from("/usr")]);
        fs::remove_file(venv.join("pyvenv.cfg")).unwrap();
        assert_eq!(python(&venv.join("bin/tool")), [venv], "an installation without an environment");
    }

    #[test]
    fn the_modules_around_a_script_are_shown() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let modules = root.join("app/node_modules");
        fs::create_dir_all(modules.join(".bin")).unwrap();
        fs::create_dir_all(modules.join("tool/node_modules/x")).unwrap();
        fs::write(modules.join("tool/cli.js"), "").unwrap();
        symlink("../tool/cli.js", modules.join(".bin/tool")).unwrap();
        assert_eq!(node(&modules.join(".bin/tool")), Some(modules));
        fs::write(root.join("lone.js"), "").unwrap();
        assert_eq!(node(&root.join("lone.js")), None);
    }
}
