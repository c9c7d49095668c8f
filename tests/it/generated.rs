//! Committed files that are made from the program: schemas and the command reference.
//!
//! With `STELLA_BLESS=1` (`make bless`) they are written anew instead of compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use stella::flow::schema;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Holds a committed file against what the program makes of it today.
fn fresh(relative: &str, expected: &str) {
    let path = root().join(relative);
    if std::env::var_os("STELLA_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{relative} is not what the program makes of it: run `make bless` and look at the change"
    );
}

/// Every file below `directory`, links not followed.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&entry.path()));
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

#[test]
fn schemas_are_those_of_the_types() {
    for (name, schema) in schema::all() {
        fresh(&format!("docs/schema/{name}"), &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}

/// There is one list of schemas: no file is there that it does not make.
#[test]
fn every_committed_schema_is_in_the_list() {
    let committed: BTreeSet<String> = files(&root().join("docs/schema"))
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<String> = schema::all().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(committed, listed);
}

#[test]
fn the_command_reference_is_that_of_the_program() {
    fresh("docs/cli.md", &stella::cli::reference());
}

#[test]
fn every_schema_is_a_schema() {
    for (name, schema) in schema::all() {
        let problem = jsonschema::draft202012::meta::validate(&schema).err().map(|error| error.to_string());
        assert_eq!(problem, None, "{name}");
    }
}

/// Which schema a file of the repository has to keep to, by its name.
fn schema_of(path: &Path) -> Option<&'static str> {
    let in_input = path.parent().is_some_and(|folder| folder.ends_with("input"));
    match path.file_name()?.to_str()? {
        "manifest.json" | "published-example.json" => Some("scan-manifest-v1.json"),
        "case.metadata.json" => Some("case-metadata-v1.json"),
        "config.json" if in_input => Some("case-config-v1.json"),
        "findings.json" => Some("findings-v1.json"),
        "decision.json" => Some("decision-v1.json"),
        "evidence.json" => Some("evidence-v1.json"),
        _ => None,
    }
}

#[test]
fn files_of_the_repository_keep_to_their_schema() {
    let mut seen = BTreeSet::new();
    for folder in ["tests/data/format", "tests/data/manifest", "fixtures", "regressions"] {
        for path in files(&root().join(folder)) {
            let Some(name) = schema_of(&path) else { continue };
            let schema = schema::all().into_iter().find(|(known, _)| *known == name).unwrap().1;
            let document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let problems: Vec<String> =
                validator.iter_errors(&document).map(|e| format!("{} at `{}`", e, e.instance_path())).collect();
            assert!(problems.is_empty(), "{}: {problems:?}", path.display());
            seen.insert(name);
        }
    }
    for name in ["scan-manifest-v1.json", "findings-v1.json", "decision-v1.json"] {
        assert!(seen.contains(name), "no file was held against {name}");
    }
}
