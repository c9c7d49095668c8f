//! The house keeps its shape: arrows only downward, no forgotten test file.

use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom. A module may always use itself.
pub const MAY_USE: [(&str, &[&str]); 15] = [
    ("model", &[]),
    ("canonical", &["model"]),
    ("format", &["model"]),
    ("scanner", &["model", "format"]),
    ("compare", &["model", "canonical", "format"]),
    ("attribute", &["model", "compare"]),
    ("score", &["model"]),
    ("report", &["model", "canonical", "format", "scanner", "compare", "score"]),
    ("host", &["model"]),
    ("store", &["model", "host"]),
    ("bundle", &["model", "host", "store"]),
    ("policy", &["model", "compare", "host"]),
    ("sandbox", &["model", "host"]),
    (
        "flow",
        &[
            "model",
            "canonical",
            "format",
            "scanner",
            "compare",
            "attribute",
            "score",
            "report",
            "host",
            "store",
            "bundle",
            "policy",
            "sandbox",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "canonical",
            "format",
            "scanner",
            "compare",
            "attribute",
            "score",
            "report",
            "host",
            "store",
            "bundle",
            "policy",
            "sandbox",
            "flow",
        ],
    ),
];

/// Doors to the outside world that the pure part must not open.
const OUTSIDE: [&str; 10] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "println!",
    "eprintln!",
];

const PURE: [&str; 8] = ["model", "canonical", "format", "scanner", "compare", "attribute", "score", "report"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.retain(|file| !is_test_only(file));
    files.sort();
    files
}

/// The code of a file without its unit tests (they stand last) and without comments.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
    let lines =
        text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default().to_owned()));
    lines.collect()
}

/// Files that are compiled for tests only: their parent declares them behind `#[cfg(test)]`.
fn is_test_only(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let declaration = format!("#[cfg(test)]\nmod {name};");
    ["mod.rs".to_owned(), format!("../{}.rs", path.parent().unwrap().file_name().unwrap().to_str().unwrap())]
        .iter()
        .filter_map(|owner| fs::read_to_string(path.parent().unwrap().join(owner)).ok())
        .any(|text| text.contains(&declaration))
}

fn modules_used(line: &str) -> Vec<String> {
    let uses = line.match_indices("crate::").map(|(at, _)| {
        line[at + "crate::".len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    });
    uses.filter(|name| MAY_USE.iter().any(|(module, _)| module == name)).collect()
}

#[test]
fn arrows_point_only_downward() {
    let src = root().join("src");
    let mut wrong = Vec::new();
    for (module, allowed) in MAY_USE {
        for file in rust_files(&src.join(module)) {
            for (line, text) in code(&file) {
                for used in modules_used(&text) {
                    if used != module && !allowed.contains(&used.as_str()) {
                        wrong.push(format!("{}:{line}: `{module}` must not use `{used}`", file.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_row() {
    let mut found: Vec<String> = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() && name != "bin" {
            found.push(name);
        }
    }
    found.sort();
    let mut rows: Vec<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
    rows.sort_unstable();
    assert_eq!(found, rows);
}

#[test]
fn the_middle_is_pure() {
    let mut wrong = Vec::new();
    for module in PURE {
        for file in rust_files(&root().join("src").join(module)) {
            for (line, text) in code(&file) {
                for door in OUTSIDE.iter().filter(|door| text.contains(**door)) {
                    wrong.push(format!("{}:{line}: `{door}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_stays_in_its_room() {
    let allowed = root().join("src/sandbox/linux");
    for file in rust_files(&root().join("src")) {
        if !file.starts_with(&allowed) {
            for (line, text) in code(&file) {
                let blocks = ["unsafe {", "unsafe fn", "unsafe impl", "allow(unsafe_code)", "expect(unsafe_code)"];
                assert!(!blocks.iter().any(|b| text.contains(b)), "{}:{line}: {text}", file.display());
            }
        }
    }
}

#[test]
fn no_test_file_is_forgotten() {
    let tests = root().join("tests/it");
    for file in rust_files(&tests) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let parent = file.parent().unwrap();
        if name == "main" || name == "mod" {
            continue;
        }
        let owner = if parent == tests { tests.join("main.rs") } else { parent.join("mod.rs") };
        let declared = fs::read_to_string(&owner)
            .unwrap()
            .lines()
            .any(|line| line.trim() == format!("mod {name};") || line.trim() == format!("pub mod {name};"));
        assert!(declared, "{} is not a module of {}", file.display(), owner.display());
    }
}

#[test]
fn no_fuzz_target_is_forgotten() {
    let crate_file = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for file in rust_files(&root().join("fuzz/targets")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let is_there = crate_file.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\""));
        assert!(is_there, "{} has no `[[bin]]`", file.display());
    }
}
