//! Looks at a repository and gives it a configuration and a first case, so that the first `ci` is green.
//!
//! Invariants: nothing that exists is overwritten; the first case is there as a whole or not at all; what is expected of the first case is what the scanner really finds, and
//! its advisory says that it is an example.

pub mod recipe;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::config;
use crate::execute::builtin::{BuiltInError, Scan};
use crate::flow::suite::case::{CaseMetadata, CaseSeverity, CaseWriter, WriteCaseError};
use crate::flow::suite::init::recipe::Recipe;
use crate::format::FormatError;
use crate::format::inventory::{Inventory, read_inventory};
use crate::git::repository;
use crate::host::fs::{self, FsError, Kind};
use crate::job::material::{FeedMaterial, InputMaterial, MaterialError};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::ecosystem::Ecosystem;
use crate::model::package::Package;
use crate::workspace::context::Context;
use crate::workspace::open_inputs;

/// Id and folder of the first case.
const CASE_ID: &str = "EXAMPLE-0001";
const CASE_FOLDER: &str = "regressions/EXAMPLE-0001-first-case";
const ADVISORY: &str = "STELLA-EXAMPLE-0001";

/// Folders that hold other people's packages.
const SKIPPED: [&str; 8] = ["node_modules", "target", "vendor", "dist", "build", "venv", "fixtures", "testdata"];

/// How large an inventory may be of which the first case is made: a case is committed with the repository.
const MAX_INVENTORY_BYTES: u64 = 8 << 20;

/// What a repository without any inventory is shown.
const SAMPLE: &str = include_str!("init/sample-requirements.txt");

/// What was written.
#[derive(Debug)]
pub struct Initialised {
    /// The inventory that the first case is made of; `None` where the repository has none and a sample was taken.
    pub inventory: Option<PathBuf>,
    /// Every file that was written.
    pub written: Vec<PathBuf>,
    /// Files that were there already.
    pub kept: Vec<PathBuf>,
    /// Inventories by their name or content that cannot be read, each with the reason.
    pub broken: Vec<(PathBuf, FormatError)>,
}

/// Why a repository cannot be initialised.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A file cannot be read or written.
    #[error("cannot set up the repository")]
    Files(#[from] FsError),
    /// The first case cannot be written.
    #[error(transparent)]
    Case(#[from] WriteCaseError),
    /// The first case cannot be made.
    #[error("cannot make the first case")]
    Feed(#[from] MaterialError),
    /// The first case cannot be scanned.
    #[error("cannot scan the first case")]
    Scan(#[from] BuiltInError),
}

impl Diagnostic for InitError {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// Sets up `context.config.root`, and with a recipe the pipeline of its repository.
///
/// # Errors
/// When a file cannot be read or written, or the first case cannot be made or scanned.
pub fn init(context: &Context, recipe: Option<Recipe>) -> Result<Initialised, InitError> {
    let root = &context.config.root;
    let mut broken = Vec::new();
    let found = find(root, &mut broken)?;
    let inventory = found.as_ref().map(|found| found.path.clone());
    let mut done = Initialised { inventory, written: Vec::new(), kept: Vec::new(), broken };
    write_new(&root.join(config::FILE_NAME), configuration(found.as_ref()).as_bytes(), &mut done)?;
    if let Some(recipe) = recipe {
        pipeline(root, recipe, &mut done)?;
    }
    let case = root.join(CASE_FOLDER);
    if case.exists() {
        done.kept.push(case);
        return Ok(done);
    }
    let found = match found {
        Some(found) => found,
        None => sample(),
    };
    done.written.extend(first_case(&case, &found, context)?);
    Ok(done)
}

/// Writes the files of a pipeline, which lie at the top of the repository wherever the configuration is.
fn pipeline(root: &Path, recipe: Recipe, done: &mut Initialised) -> Result<(), FsError> {
    let folder = fs::absolute(root)?;
    let top = repository::top_of(&folder).unwrap_or_else(|| folder.clone());
    let below = folder.strip_prefix(&top).ok().filter(|below| *below != Path::new(""));
    let config = below.map(|below| below.join(config::FILE_NAME));
    // Shown as the rest is: from the folder that is set up.
    let shown = if config.is_some() { top } else { root.to_owned() };
    recipe
        .files(config.as_deref())
        .into_iter()
        .try_for_each(|(path, text)| write_new(&shown.join(path), text.as_bytes(), done))
}

/// An inventory of the repository with one package to make an example of.
struct Found {
    path: PathBuf,
    name: String,
    bytes: Vec<u8>,
    package: Package,
}

fn find(root: &Path, broken: &mut Vec<(PathBuf, FormatError)>) -> Result<Option<Found>, FsError> {
    let mut folders = vec![(root.to_owned(), 0)];
    let mut best: Option<Found> = None;
    while let Some((folder, depth)) = folders.pop() {
        for item in fs::list(&folder)? {
            let name = item.relative.to_string_lossy().into_owned();
            let path = folder.join(&item.relative);
            match item.kind {
                Kind::Directory if depth < 3 && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) => {
                    folders.push((path, depth + 1));
                }
                Kind::File { size, .. } if size <= MAX_INVENTORY_BYTES => {
                    let Ok(bytes) = fs::read(&path, MAX_INVENTORY_BYTES) else { continue };
                    let inventory = match read_inventory(&name, &bytes, None) {
                        Ok(inventory) => inventory,
                        // Any other file.
                        Err(FormatError::Unrecognised { .. } | FormatError::Encoding { .. }) => continue,
                        Err(_) if bytes.contains(&0) => continue,
                        Err(error) => {
                            broken.push((path, error));
                            continue;
                        }
                    };
                    let Some(package) = example(&inventory) else { continue };
                    let nearer = |found: &Found| path.components().count() < found.path.components().count();
                    if best.as_ref().is_none_or(nearer) {
                        best = Some(Found { path, name, bytes, package });
                    }
                }
                _ => {}
            }
        }
    }
    Ok(best)
}

/// The first package of an ecosystem whose versions can be ordered.
fn example(inventory: &Inventory) -> Option<Package> {
    let known = |package: &&Package| matches!(package.ecosystem.name(), "npm" | "PyPI" | "crates.io" | "Go");
    inventory.packages.iter().find(known).cloned()
}

fn sample() -> Found {
    let package =
        read_inventory("requirements.txt", SAMPLE.as_bytes(), None).ok().and_then(|inventory| example(&inventory));
    let otherwise = || Package {
        name: "jinja2".to_owned(),
        version: "2.10".to_owned(),
        purl: None,
        ecosystem: Ecosystem::pypi(),
        licenses: Default::default(),
        source: None,
        details: BTreeSet::new(),
    };
    Found {
        path: PathBuf::from("requirements.txt"),
        name: "requirements.txt".to_owned(),
        bytes: SAMPLE.as_bytes().to_vec(),
        package: package.unwrap_or_else(otherwise),
    }
}

fn write_new(path: &Path, bytes: &[u8], done: &mut Initialised) -> Result<(), FsError> {
    if path.exists() {
        done.kept.push(path.to_owned());
        return Ok(());
    }
    write(path, bytes)?;
    done.written.push(path.to_owned());
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    if let Some(parent) = path.parent() {
        fs::ensure_dir(parent)?;
    }
    fs::write_atomic(path, bytes)
}

/// Writes the first case beside its place and moves it there when it is whole; says which files it has.
fn first_case(case: &Path, found: &Found, context: &Context) -> Result<Vec<PathBuf>, InitError> {
    let mut writer = CaseWriter::beside(case)?;
    let Package { name, version, ecosystem, .. } = &found.package;
    let advisory = json!({
        "schema_version": "1.6.0",
        "id": ADVISORY,
        "modified": "2026-01-01T00:00:00Z",
        "summary": format!("An example, not a vulnerability: {name} {version} as it stands in {}", found.name),
        "affected": [{ "package": { "ecosystem": ecosystem.to_string(), "name": name }, "versions": [version] }],
        "database_specific": { "severity": "LOW", "synthetic": true },
    });
    writer.input(Path::new(&found.name), &found.bytes)?;
    writer.input(Path::new(&format!("feed/{ADVISORY}.json")), format!("{advisory:#}\n").as_bytes())?;

    // What is expected is what is really found.
    let feed: FeedMaterial = open_inputs::feed("osv", &writer.path().join("input/feed"), context)?;
    let input = InputMaterial::file(found.name.clone(), found.bytes.clone());
    let clock = jiff::Timestamp::UNIX_EPOCH;
    let scan = Scan { files: input.files(), flags: &[], feeds: &[feed], policy: &context.default_policy.policy, clock };
    let output = scan.run()?;
    let findings = output.artifacts.iter().find(|artifact| artifact.name == "findings.json");
    if let Some(findings) = findings {
        writer.expected(&findings.name, &findings.bytes)?;
    }
    let story = include_str!("init/case.md").replace("{package}", name).replace("{file}", &found.name);
    writer.story(&story)?;
    let metadata = CaseMetadata {
        id: CASE_ID.to_owned(),
        title: format!("{name} {version} is found in {}", found.name),
        kind: "vulnerability-missed".to_owned(),
        source: "example".to_owned(),
        severity: CaseSeverity::Low,
        tags: vec![format!("ecosystem:{ecosystem}"), format!("package:{name}")],
        agreed_by: None,
    };
    Ok(writer.publish(&metadata)?)
}

fn configuration(found: Option<&Found>) -> String {
    let inventory = found.map_or_else(
        || "# No lockfile or SBOM was found here: the first case uses a sample.".to_owned(),
        |found| format!("# The first case is made from {}.", found.name),
    );
    include_str!("init/stella.yaml").replace("# {inventory}", &inventory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn of_a_case_that_cannot_be_made_nothing_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::for_directory(directory.path()).unwrap();
        let context = Context::open(config, &directory.path().join("store"), None, Vec::new()).unwrap();
        let case = directory.path().join("cases/first");
        let broken = Found { bytes: b"no inventory".to_vec(), name: "x.txt".to_owned(), ..sample() };
        assert!(matches!(first_case(&case, &broken, &context), Err(InitError::Scan(_))));
        assert_eq!(fs::list(&directory.path().join("cases")).unwrap(), []);

        let written = first_case(&case, &sample(), &context).unwrap();
        assert!(written.iter().all(|file| file.is_file()), "{written:?}");
        let names: Vec<_> =
            fs::list(&directory.path().join("cases")).unwrap().into_iter().map(|i| i.relative).collect();
        assert_eq!(names, [Path::new("first")]);
    }
}
