//! What every command that replays sets up first: configuration and stores.

use std::path::{Component, Path, PathBuf};

use crate::cli::args::{GlobalArgs, IsolationArgs};
use crate::cli::error::CliError;
use crate::config::{Config, ConfigError};
use crate::model::result::Isolation;
use crate::sandbox::spec::HostRoot;
use crate::workspace::context::{Context, ContextError};

/// The configuration that the arguments name.
pub fn config(global: &GlobalArgs) -> Result<Config, CliError> {
    let directory = PathBuf::from(".");
    Config::load(&directory, global.config.as_deref()).map_err(|error| {
        let is_unread = matches!(error, ConfigError::Read(_));
        let error = CliError::from(error);
        if is_unread { error.hint("`stella init` writes a configuration") } else { error }
    })
}

/// The configuration with its stores opened.
pub fn context(global: &GlobalArgs, isolation: &IsolationArgs) -> Result<Context, CliError> {
    let config = config(global)?;
    let store = store(global, &config)?;
    let wanted = isolation.require_isolation.map(Into::into);
    let options = options(global, isolation);
    let roots = visible("--ro", &isolation.ro)?;
    let opened = Context::open(config, &store, wanted, options).map(|context| context.with_roots(roots));
    opened.map_err(|error| match error {
        error @ ContextError::Store { .. } => {
            CliError::from(error).hint("give a folder that can be written with `--store DIR` or STELLA_STORE")
        }
        error => error.into(),
    })
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
    let text = |path: &PathBuf| path.display().to_string();
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
        let absolute = std::path::absolute(path).map_err(CliError::usage)?;
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
        let text = text.map_err(|path| CliError::usage(format!("`{option} {}`: not UTF-8", path.display())))?;
        if !Path::new(&text).exists() {
            return Err(CliError::usage(format!("`{option} {text}`: there is no such path")));
        }
        if option == "--path" && !Path::new(&text).is_dir() {
            return Err(CliError::usage(format!("`{option} {text}` is not a folder")));
        }
        HostRoot::try_from(text).map(String::from).map_err(CliError::usage)
    };
    paths.iter().map(root).collect()
}

/// `stella/store` in the user's data directory (XDG Base Directory Specification).
fn default_store() -> Result<PathBuf, CliError> {
    let directory = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = directory("XDG_DATA_HOME").or_else(|| directory("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("stella/store")).ok_or_else(|| {
        CliError::usage("no place for the local store: neither XDG_DATA_HOME nor HOME is set")
            .hint("give one with `--store DIR`")
    })
}
