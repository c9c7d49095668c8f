//! What can be given once.
//!
//! Clap refuses a second `--clock`. It cannot know that `--label tier=a --label tier=b` gives one label twice, nor that an option of
//! every command may stand before the command and behind it: both would silently keep the last.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use clap::{Arg, Command};

use crate::cli::options::error::OptionError;
use crate::cli::options::given::{self, Given};
use crate::model::artifact_spec::ArtifactSpec;

/// How an option that may be given several times names what it gives.
type Key = fn(&str) -> String;

/// Options whose values have names, each of which can be given once.
const NAMED: &[(&str, Key)] = &[
    ("label", before_equals),
    ("with", input),
    ("feed", feed),
    ("artifact", artifact),
    ("output", whole),
    ("emit", before_equals),
];

/// Options whose values are a set: the same one again says nothing new and loses nothing. A flag of another program may mean something
/// else the second time.
#[cfg(test)]
pub const SETS: &[&str] = &[
    "bundle",
    "by",
    "capture",
    "capture_secrets",
    "ct_log",
    "document",
    "env",
    "exclude",
    "expect_exit",
    "finding",
    "flag",
    "fulcio",
    "history",
    "key",
    "only",
    "path",
    "rekor",
    "require_fidelity",
    "ro",
    "root",
    "rw",
    "source",
    "timestamp_authority",
    "window",
];

pub fn check(given: &Given<'_>) -> Result<(), OptionError> {
    one_file(given)?;
    named(given)
}

/// Refuses an option of every command that says one thing before the command and another behind it: clap keeps the last.
pub fn check_levels(describe: impl FnOnce() -> Command, arguments: &[OsString]) -> Result<(), OptionError> {
    if !has_option_twice(arguments) {
        // The whole program need not be described once more.
        return Ok(());
    }
    let app = describe();
    let global: Vec<Arg> = app.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    // What this cannot read, the real one has read: it is another spelling of the same command line.
    let Ok(matches) = at_each_level(app, &global).try_get_matches_from(arguments) else { return Ok(()) };
    let given = Given::of(&matches);
    for id in global.iter().map(|arg| arg.get_id().as_str()) {
        let levels = given.by_level(id);
        for pair in levels.windows(2) {
            if let [first, second] = pair
                && first != second
            {
                return Err(twice(id, &given::spelt(id), &first.join(" "), &second.join(" ")));
            }
        }
    }
    Ok(())
}

/// Whether any word is an option that another word is too: only then can one stand at two levels. Those of every command have
/// one name each, and it is a long one; what stands behind `--` counts too, in vain.
fn has_option_twice(arguments: &[OsString]) -> bool {
    let named = arguments.iter().map(|word| word.as_encoded_bytes()).filter(|word| word.starts_with(b"--"));
    let mut names = named.map(|word| word.split(|byte| *byte == b'=').next().unwrap_or(word));
    let mut seen = BTreeSet::new();
    !names.all(|name| seen.insert(name))
}

/// The same command with its global options as options of each command.
fn at_each_level(command: Command, global: &[Arg]) -> Command {
    let own = |command: Command| {
        let command = command.mut_args(|arg| if arg.is_global_set() { arg.global(false) } else { arg });
        command
            .mut_subcommands(|sub| at_each_level(sub.args(global.iter().map(|arg| arg.clone().global(false))), global))
    };
    own(command)
}

fn named(given: &Given<'_>) -> Result<(), OptionError> {
    for (id, key) in NAMED.iter().filter(|(id, _)| given.has(id)) {
        let mut seen: Vec<(String, String)> = Vec::new();
        for value in given.values(id) {
            let name = key(&value);
            if let Some((_, first)) = seen.iter().find(|(known, _)| is_same(known, &name)) {
                return Err(twice(id, &name, first, &value));
            }
            seen.push((name, value));
        }
    }
    Ok(())
}

/// Files of one command that must not be the same one: what would be written last would be all that is left.
const FILES: &[(&str, &[&str])] = &[
    ("scan", &["input", "call_graph", "emit_manifest", "emit_artifacts_dir", "ledger"]),
    ("replay", &["from", "history", "out_dir"]),
    ("ci", &["junit", "result", "summary", "emit", "history", "out_dir", "reviewed", "config"]),
    ("profile learn", &["input", "out"]),
    ("key public", &["key", "password", "out"]),
    ("report", &["result", "output", "history", "before"]),
    ("submit", &["queue", "trusted_root", "out_dir", "report"]),
];

fn one_file(given: &Given<'_>) -> Result<(), OptionError> {
    let files = FILES.iter().find(|(command, _)| *command == given.command).map_or(&[][..], |(_, files)| files);
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    for id in files.iter().filter(|id| given.has(id)) {
        for value in given.values(id) {
            // The file of `--emit FORM=FILE`.
            let value = if *id == "emit" { after_equals(&value) } else { value };
            // `./a` and `a` are one; a device may be written to twice.
            let path: PathBuf = Path::new(&value).components().filter(|part| *part != Component::CurDir).collect();
            if path.starts_with("/dev") || path == Path::new("") {
                continue;
            }
            if let Some((first, _)) = seen.iter().find(|(_, known)| *known == path) {
                return Err(OptionError::OneFile { first: given::spelt(first), second: given::spelt(id), path: value });
            }
            seen.push((id, path));
        }
    }
    Ok(())
}

/// Whether an option names what it gives.
#[cfg(test)]
pub fn is_named(id: &str) -> bool {
    NAMED.iter().any(|(named, _)| *named == id)
}

fn twice(id: &str, name: &str, first: &str, second: &str) -> OptionError {
    OptionError::Twice {
        option: given::spelt(id),
        name: name.to_owned(),
        first: first.to_owned(),
        second: second.to_owned(),
    }
}

/// A feed without a name may be any of them.
fn is_same(a: &str, b: &str) -> bool {
    let is_any = |one: &str, other: &str| one == "feed" && other.starts_with("feed=");
    a == b || is_any(a, b) || is_any(b, a)
}

fn whole(value: &str) -> String {
    value.to_owned()
}

fn before_equals(value: &str) -> String {
    value.split_once('=').map_or(value, |(name, _)| name).to_owned()
}

fn after_equals(value: &str) -> String {
    value.split_once('=').map_or(value, |(_, file)| file).to_owned()
}

/// `feed` for `feed=PATH`, `feed=NAME` for `feed=NAME=PATH`, and what stands before the `=` of the others.
fn input(value: &str) -> String {
    match value.strip_prefix("feed=").and_then(|given| given.split_once('=')) {
        // A path that holds a `=` is told apart by its `/`, as in `./a=b`.
        Some((name, path)) if !name.contains('/') && !path.is_empty() => format!("feed={name}"),
        _ => before_equals(value),
    }
}

/// The name of a feed; one without is called `osv`.
fn feed(value: &str) -> String {
    value.split_once('=').map_or("osv", |(name, _)| name).to_owned()
}

/// What is read from where, whatever it is read as.
fn artifact(value: &str) -> String {
    match value.parse::<ArtifactSpec>() {
        Ok(spec) => format!("{}={}", spec.artifact_type.code(), spec.path),
        Err(_) => value.to_owned(),
    }
}
