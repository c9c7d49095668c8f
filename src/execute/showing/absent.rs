//! Paths that a scanner looked for and that are not in the sandbox, the most telling first.
//!
//! Invariant: what it has made itself, and what runtimes look for on every machine, is not among them.

use std::path::{Path, PathBuf};

use crate::execute::showing::named;
use crate::execute::showing::search_path::search;
use crate::job::in_place::runs_in_place;
use crate::model::showing::AbsentPath;
use crate::sandbox::ledger::{Entry, Ledger};
use crate::sandbox::looked_for::{self, Given, Purpose};
use crate::sandbox::sandbox_path::{self, SandboxPath};
use crate::sandbox::spec::SandboxSpec;

/// What the sandbox saw of them: those that the machine has first, then by what they are for.
pub fn of_ledger(ledger: &Ledger, spec: &SandboxSpec) -> Vec<AbsentPath> {
    let given = Given::of(spec);
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let mut all: Vec<(Option<Purpose>, AbsentPath)> = Vec::new();
    for entry in &ledger.entries {
        let Entry::Path { path, attempt, on_machine, .. } = entry else { continue };
        let purpose = looked_for::purpose(path, &given);
        let absent = match (purpose, looked_for::in_home(path)) {
            (Some(Purpose::Argument), _) => named_by_command(path, spec),
            (_, Some(below)) => {
                let on_machine = home.as_deref().is_some_and(|home| is_there(&home.join(below)));
                // Python looks for more modules there, whatever it runs.
                let is_usual = !on_machine && below.contains("/site-packages");
                (!is_usual).then(|| AbsentPath { path: format!("~/{below}"), attempt: attempt.clone(), on_machine })
            }
            _ => Some(AbsentPath { path: path.clone(), attempt: attempt.clone(), on_machine: *on_machine }),
        };
        all.extend(absent.filter(|absent| !is_found_elsewhere(absent, spec)).map(|absent| (purpose, absent)));
    }
    // Without a purpose are programs, folders to work in and files to be made.
    all.sort_by(|(p, a), (q, b)| (!a.on_machine, p, &a.path).cmp(&(!b.on_machine, q, &b.path)));
    let mut all: Vec<AbsentPath> = all.into_iter().map(|(_, path)| path).collect();
    all.dedup_by(|a, b| a.path == b.path);
    without_parents(all)
}

/// Who looks for a file in a folder that is not there may look for the folder too: the file says more.
fn without_parents(all: Vec<AbsentPath>) -> Vec<AbsentPath> {
    let is_parent = |path: &AbsentPath| {
        let below = |other: &AbsentPath| other.path.strip_prefix(&path.path).is_some_and(|rest| rest.starts_with('/'));
        path.attempt == "look up" && all.iter().any(below)
    };
    let keep: Vec<bool> = all.iter().map(|path| !is_parent(path)).collect();
    all.into_iter().zip(keep).filter_map(|(path, keep)| keep.then_some(path)).collect()
}

/// Adds what the program itself says that it did not find, where that is so.
pub fn add_said(
    absent: &mut Vec<AbsentPath>,
    said: &[String],
    code: Option<i32>,
    roots: &[String],
    spec: &SandboxSpec,
) {
    for name in named::programs(said, code == Some(127)) {
        let is_known = |path: &AbsentPath| path.attempt == "execute" && path.path.rsplit('/').next() == Some(&name);
        let is_found = search(spec).any(|folder| folder.join(&name).exists());
        if !is_found && !absent.iter().any(is_known) {
            absent.insert(0, AbsentPath { path: name, attempt: "execute".to_owned(), on_machine: false });
        }
    }
    let paths = if code == Some(0) { Vec::new() } else { named::paths(said) };
    for path in paths {
        let place = Path::new(&path);
        let is_inside = [sandbox_path::ROOT, "/proc", "/dev"].iter().any(|root| place.starts_with(root))
            || (place.exists() && runs_in_place(place, roots));
        if !is_inside && !absent.iter().any(|known| known.path == path) {
            let on_machine = place.exists();
            absent.push(AbsentPath { path, attempt: "open".to_owned(), on_machine });
        }
    }
    // Names without a folder of the machine: where the scanner runs they are not, where its user stands they are.
    let relative = if code == Some(0) { Vec::new() } else { named::relative_paths(said) };
    for path in relative.into_iter().filter(|path| is_there(Path::new(path))) {
        if !absent.iter().any(|known| known.path == path) {
            absent.extend(named_by_command(&path, spec));
        }
    }
    // What it says itself before what it only looked for.
    absent.sort_by_key(|path| (!path.on_machine, !path.is_told(said)));
}

/// What the command names, unless the program has made it since; a path in a folder that every run has for itself only where
/// the machine has it, for else it is to be made.
fn named_by_command(path: &str, spec: &SandboxSpec) -> Option<AbsentPath> {
    let inside = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{}/{}", spec.working_directory.as_str(), path.trim_start_matches("./")),
    };
    if on_host(&inside, spec).is_some_and(|place| is_there(&place)) {
        return None;
    }
    let is_inside = inside.starts_with(sandbox_path::ROOT) && path.starts_with('/');
    let on_machine = !is_inside && is_there(Path::new(path));
    let is_private = path.starts_with("/tmp/") && !is_inside;
    let absent = AbsentPath { path: path.to_owned(), attempt: AbsentPath::NAMED.to_owned(), on_machine };
    (on_machine || !is_private).then_some(absent)
}

/// Where a path of the sandbox lies on the machine, where something is mounted there.
fn on_host(inside: &str, spec: &SandboxSpec) -> Option<PathBuf> {
    let inside = SandboxPath::new(inside.trim_end_matches('/')).ok()?;
    spec.mounts
        .iter()
        .filter(|mount| inside.is_within(mount.inside()))
        .map(|mount| {
            let rest = inside.as_str().strip_prefix(mount.inside().as_str()).unwrap_or_default();
            mount.host().join(rest.trim_start_matches('/'))
        })
        .last()
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Who looks a program up goes through every folder: only what is in none of them is absent.
fn is_found_elsewhere(path: &AbsentPath, spec: &SandboxSpec) -> bool {
    let name = Path::new(&path.path).file_name();
    path.attempt == "execute"
        && !path.on_machine
        && name.is_some_and(|name| search(spec).any(|at| at.join(name).exists()))
}
