//! What a page names in backticks is there: files, folders and targets of make. And how pages speak.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{pages, prose, read, root};
use crate::architecture::is_odd;

/// Folders of the repository whose files pages name by their path.
const FOLDERS: [&str; 10] =
    ["src/", "docs/", "tests/", "fuzz/", "benches/", "fixtures/", "policies/", "regressions/", ".ci/", ".github/"];

/// Paths that are not of this repository, or not yet.
const NOT_HERE: [(&str, &str); 5] = [
    (".github/workflows/stella.yml", "a file of a user's repository"),
    ("fuzz/artifacts", "made by a run of the fuzzer that finds something"),
    ("fuzz/artifacts/hostile", "made by a run of the fuzzer that finds something"),
    ("fuzz/corpus", "made by a run of the fuzzer"),
    ("tests/scanner/regressions", "a folder of a user's repository"),
];

/// What stands in backticks in a page, outside its blocks.
fn backticked(page: &str) -> BTreeSet<String> {
    let prose = prose(page).join("\n");
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every file of the repository, but for what is made.
fn files(folder: &Path, below: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if !["target", ".git"].contains(&name.as_str()) {
                files(&entry.path(), &format!("{below}{name}/"), found);
            }
        } else {
            found.insert(format!("{below}{name}"));
        }
    }
}

/// Whether a name is a pattern for many: `NAME`, `<id>`, `*`, `{target}`.
fn is_pattern(path: &str) -> bool {
    let is_variable = |part: &str| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase());
    path.contains(['<', '*', '{', '…', ' ']) || path.split(['/', '.']).any(is_variable)
}

/// Names of `page` that are not in the repository.
fn missing(page: &str, files: &BTreeSet<String>) -> Vec<String> {
    let is_there = |path: &str| {
        let folder = format!("{}/", path.trim_end_matches('/'));
        files.contains(path) || files.iter().any(|file| file.starts_with(&folder))
    };
    let is_source = |name: &str| files.iter().any(|file| file == name || file.ends_with(&format!("/{name}")));
    let is_missing = |name: &String| {
        if is_pattern(name) || NOT_HERE.iter().any(|(path, _)| path == name) {
            false
        } else if FOLDERS.iter().any(|folder| name.starts_with(folder)) {
            !is_there(name)
        } else {
            name.ends_with(".rs") && !is_source(name)
        }
    };
    backticked(page).into_iter().filter(is_missing).collect()
}

#[test]
fn every_path_that_a_page_names_is_there() {
    let mut all = BTreeSet::new();
    files(&root(), "", &mut all);
    let mut named = 0;
    for page in pages() {
        // What it says of the past was true then.
        if page == "CHANGELOG.md" {
            continue;
        }
        let text = read(&page);
        let missing = missing(&text, &all);
        assert!(missing.is_empty(), "{page} names what is not there: {missing:?}");
        named += backticked(&text).iter().filter(|name| all.contains(*name)).count();
    }
    assert!(named > 50, "only {named} paths were found");
}

#[test]
fn a_path_that_is_not_there_is_seen() {
    let all = BTreeSet::from(["src/a/b.rs", "docs/x.md"].map(str::to_owned));
    for (page, expected) in [
        ("`src/a/c.rs`", vec!["src/a/c.rs"]),
        ("`src/c/`", vec!["src/c/"]),
        ("`c.rs` and `a/c.rs`", vec!["a/c.rs", "c.rs"]),
        ("in a\n`src/c`", vec!["src/c"]),
        ("`src/a/b.rs`, `src/a`, `src/a/`, `b.rs`, `a/b.rs`, `src/a/NAME.rs`, `src/<id>/x`, `src/*.rs`", vec![]),
        ("```sh\n`src/c`\n```", vec![]),
    ] {
        assert_eq!(missing(page, &all), expected, "{page}");
    }
}

#[test]
fn every_target_of_make_that_a_page_names_is_there() {
    let makefile = read("Makefile");
    let rules = makefile.lines().filter(|line| !line.starts_with(['\t', '#', ' ']));
    let mut targets: BTreeSet<String> = rules
        .filter_map(|line| line.split_once(':').filter(|(_, rest)| !rest.starts_with('=')))
        .flat_map(|(names, _)| names.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    targets.remove(".PHONY");
    let mut named = 0;
    for page in pages() {
        for command in backticked(&read(&page)) {
            let Some(target) = command.strip_prefix("make ").and_then(|rest| rest.split_whitespace().next()) else {
                continue;
            };
            assert!(is_pattern(target) || targets.contains(target), "{page}: there is no `make {target}`: {targets:?}");
            named += 1;
        }
    }
    assert!(named > 20, "only {named} targets were found");
}

#[test]
fn every_long_part_of_make_is_explained() {
    let page = read("docs/testing.md");
    let makefile = read("Makefile");
    for list in ["PARTS = ", "NIGHTLY = ", "LONG = $(NIGHTLY) "] {
        let parts = makefile.lines().find_map(|line| line.strip_prefix(list)).unwrap();
        for part in parts.split_whitespace() {
            assert!(page.contains(&format!("`make {part}`")), "docs/testing.md says nothing of `make {part}`");
        }
    }
}

/// In pages and in schemas as in messages; the command reference is one of the pages.
#[test]
fn pages_say_what_is_not_with_not() {
    let mut wrong = Vec::new();
    for page in pages() {
        let paragraphs = read(&page).replace("\n- ", "\n\n- ");
        wrong.extend(paragraphs.split("\n\n").map(|text| text.replace('\n', " ")).filter(|text| is_odd(text)));
    }
    for entry in fs::read_dir(root().join("docs/schema")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        wrong.extend(text.lines().filter(|line| is_odd(line)).map(str::to_owned));
    }
    assert!(wrong.is_empty(), "write *is not a …*:\n{}", wrong.join("\n"));
}
