//! What every command that replays sets up first: configuration and stores.

use std::collections::BTreeMap;
use std::env::VarError;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::cli::args::{GlobalArgs, IsolationArgs};
use crate::cli::error::CliError;
use crate::config::Config;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::result::Isolation;
use crate::sandbox::spec::HostRoot;
use crate::workspace::context::Context;

/// What the arguments or the environment lack before anything is done.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error("`{option} {}`: not UTF-8", .path.display())]
    NotText { option: String, path: PathBuf },
    #[error("`{option} {path}`: there is no such path")]
    Missing { option: String, path: String },
    #[error("`{option} {path}` is there and may not be looked at")]
    Forbidden { option: String, path: String, source: std::io::Error },
    #[error("`{option} {path}` is not a folder")]
    NotAFolder { option: String, path: String },
    #[error("`--env {name}` cannot be passed on")]
    Variable { name: String, source: VarError },
    #[error("no place for the local store: neither XDG_DATA_HOME nor HOME is set")]
    NoStore,
}

impl Diagnostic for SetupError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoStore => "give one with `--store DIR`".into(),
            Self::Variable { .. } => "set it, or leave the option out".into(),
            _ => return None,
        })
    }
}

/// The configuration that the arguments name.
pub fn config(global: &GlobalArgs) -> Result<Config, CliError> {
    let directory = PathBuf::from(".");
    Ok(Config::load(&directory, global.config.as_deref())?)
}

/// The configuration with its stores opened.
pub fn context(global: &GlobalArgs, isolation: &IsolationArgs) -> Result<Context, CliError> {
    let config = config(global)?;
    let store = store(global, &config)?;
    let wanted = isolation.require_isolation.map(Into::into);
    let options = options(global, isolation);
    let roots = visible("--ro", &isolation.ro)?;
    Ok(Context::open(config, &store, wanted, options)?.with_roots(roots))
}

/// Where the local store is.
pub fn store(global: &GlobalArgs, config: &Config) -> Result<PathBuf, CliError> {
    match (&global.store, &config.store) {
        (Some(store), _) | (None, Some(store)) => Ok(store.clone()),
        (None, None) => default_store(),
    }
}

/// The options that were given, so that a command that reproduces a replay finds the same things.
fn options(global: &GlobalArgs, isolation: &IsolationArgs) -> Vec<String> {
    // A path of this machine means nothing on another; below the working directory it need not be one.
    let here = std::env::current_dir().unwrap_or_default();
    let text = |path: &PathBuf| {
        let below = path.strip_prefix(&here).ok().filter(|below| !below.as_os_str().is_empty());
        below.unwrap_or(path).display().to_string()
    };
    let level = isolation.require_isolation.map(|level| Isolation::from(level).code().to_owned());
    let given = [
        ("--config", global.config.as_ref().map(text)),
        ("--store", global.store.as_ref().map(text)),
        ("--require-isolation", level),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).flatten();
    given.chain(isolation.ro.iter().flat_map(|path| ["--ro".to_owned(), text(path)])).collect()
}

/// Folders of the machine that a scanner may see at their own path, as `option` names them.
pub fn visible(option: &str, paths: &[PathBuf]) -> Result<Vec<String>, CliError> {
    let root = |path: &PathBuf| {
        let absolute = fs::absolute(path)?;
        // By its words, not by where links lead: inside it must have the name by which programs call it.
        let plain = absolute.components().fold(PathBuf::new(), |mut plain, part| {
            if part == Component::ParentDir {
                plain.pop();
            } else {
                plain.push(part);
            }
            plain
        });
        let text = plain.into_os_string().into_string();
        let text = text.map_err(|path| SetupError::NotText { option: option.to_owned(), path: path.into() })?;
        if fs::is_missing(Path::new(&text)) {
            return Err(SetupError::Missing { option: option.to_owned(), path: text }.into());
        }
        if let Err(source) = std::fs::metadata(&text) {
            return Err(SetupError::Forbidden { option: option.to_owned(), path: text, source }.into());
        }
        if option == "--path" && !Path::new(&text).is_dir() {
            return Err(SetupError::NotAFolder { option: option.to_owned(), path: text }.into());
        }
        Ok(HostRoot::try_from(text).map(String::from)?)
    };
    paths.iter().map(root).collect()
}

/// The variables of these names, with their values here.
pub fn variables(names: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let value = |name: &String| match std::env::var(name) {
        Ok(value) => Ok((name.clone(), value)),
        Err(source) => Err(SetupError::Variable { name: name.clone(), source }.into()),
    };
    names.iter().map(value).collect()
}

/// Where programs are looked up: these folders, then the caller's `PATH`.
pub fn search(before: &[PathBuf]) -> Option<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(before.iter().cloned().chain(std::env::split_paths(&path))).ok()
}

/// `stella/store` in the user's data directory (XDG Base Directory Specification).
fn default_store() -> Result<PathBuf, CliError> {
    let directory = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = directory("XDG_DATA_HOME").or_else(|| directory("HOME").map(|home| home.join(".local/share")));
    Ok(data.map(|data| data.join("stella/store")).ok_or(SetupError::NoStore)?)
}
