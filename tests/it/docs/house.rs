//! What the pages say of the house is what is held: its map, the walk through a case, its rules, the promises of the sandbox.

use std::fs;
use std::path::Path;

use super::{read, root};
use crate::architecture::MAY_USE;

#[test]
fn the_map_of_the_code_is_the_one_that_is_held() {
    let page = read("docs/architecture.md");
    let cell = |cell: &str| -> Vec<String> {
        cell.split(',').map(|name| name.trim().trim_matches('`').to_owned()).filter(|name| !name.is_empty()).collect()
    };
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        let layer = cells.get(1)?.trim();
        let known = ["words", "pure", "world", "scan", "flow", "faces"].contains(&layer);
        (known && cells.len() == 5).then(|| (cell(cells[2]), cell(cells[3])))
    });
    let shown: Vec<(Vec<String>, Vec<String>)> = rows.collect();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let held: Vec<_> = MAY_USE.iter().map(|(module, allowed)| (owned(&[module]), owned(allowed))).collect();
    assert_eq!(shown, held);
    for (module, _) in MAY_USE.iter().filter(|(module, _)| !module.contains("::")) {
        assert!(page.contains(&format!("### `{module}`\n")), "no section on `{module}`");
    }
}

/// What is drawn beside each other with an arrow between, and every name in the drawing.
fn drawn(page: &str) -> (Vec<(String, String)>, Vec<String>) {
    let section = page.split("\n## The house\n").nth(1).unwrap();
    let drawing = section.split("```").nth(1).unwrap();
    let (mut arrows, mut names) = (Vec::new(), Vec::new());
    // The name of the storey stands in front, a remark behind two blanks or a colon.
    for line in drawing.lines().skip(1).filter_map(|line| line.get(9..)) {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            if *word == "◀──" {
                arrows.push((words[at - 1].to_owned(), words[at + 1].to_owned()));
            } else {
                names.push(word.trim_end_matches(':').to_owned());
            }
        }
    }
    (arrows, names)
}

#[test]
fn the_drawing_of_the_house_is_true() {
    let (arrows, names) = drawn(&read("docs/architecture.md"));
    assert!(arrows.len() >= 10, "{arrows:?}");
    let row = |name: &str| MAY_USE.iter().find(|(row, _)| row.rsplit("::").next() == Some(name));
    for (used, by) in arrows {
        let (_, allowed) = row(&by).unwrap_or_else(|| panic!("`{by}` has no row"));
        let is_allowed = allowed.iter().any(|allowed| allowed.rsplit("::").next() == Some(used.as_str()));
        assert!(is_allowed, "`{by}` is drawn to use `{used}`, and must not");
    }
    for (module, _) in MAY_USE.iter().filter(|(module, _)| *module != "flow") {
        let name = module.rsplit("::").next().unwrap();
        assert!(names.iter().any(|drawn| drawn == name), "`{module}` is not in the drawing");
    }
}

/// The rows of the first table below a heading, each as its cells.
fn table<'p>(page: &'p str, heading: &str) -> Vec<Vec<&'p str>> {
    let section = page.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_walk_through_a_case_names_what_is_there() {
    let page = read("docs/architecture.md");
    let steps = table(&page, "One case, walked through");
    assert!(steps.len() >= 15, "{steps:?}");
    for step in steps {
        let [file, function] = [code(step[0])[0], code(step[1])[0]];
        let is_there =
            |line: &str| line.contains(&format!("fn {function}(")) || line.contains(&format!("fn {function}<"));
        assert!(read(file).lines().any(is_there), "{file}: there is no `fn {function}`");
    }
}

#[test]
fn names_of_the_code_in_the_glossary_are_there() {
    fn sources(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut all = String::new();
    sources(&root().join("src"), &mut all);
    let page = read("docs/glossary.md");
    let rows = table(&page, "In the code");
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        let name = code(row[0])[0];
        let is_there = ["struct", "enum", "trait"]
            .iter()
            .any(|kind| [" ", "<", "(", ";", ":"].iter().any(|end| all.contains(&format!("{kind} {name}{end}"))));
        assert!(is_there, "the glossary names `{name}`, which is not there");
    }
}

/// Whether `file` has a test of that name: a `#[test]` function, alone, with a table of `rstest`, or in `proptest!`.
fn is_test(file: &str, name: &str) -> bool {
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with(&format!("fn {name}(")));
    // Between the attribute and the function stand other attributes alone.
    at.is_some_and(|at| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
    })
}

#[test]
fn a_function_that_is_not_a_test_holds_nothing() {
    for file in ["#[test]\nfn f() {", "    #[test]\n    #[cfg(unix)]\n    fn f(a in 0..3) {"] {
        assert!(is_test(file, "f"), "{file}");
    }
    for file in [
        "fn f() {",
        "#[test]\nfn g() {}\nfn f() {",
        "// #[test]\nfn f() {",
        "#[test]\nfn ff() {",
        "#[test]\n\nfn f() {",
    ] {
        assert!(!is_test(file, "f"), "{file}");
    }
}

#[test]
fn every_rule_says_what_holds_it() {
    let page = read("docs/architecture.md");
    let rules = table(&page, "Rules, and what holds them");
    let (held, wishes): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule[1].contains(".rs`"));
    assert!(held.len() >= 20, "{held:?}");
    for rule in held {
        let tests = code(rule[1]);
        assert_eq!(tests.len() % 2, 0, "{rule:?}");
        for test in tests.chunks(2) {
            assert!(is_test(&read(test[0]), test[1]), "{}: there is no test `{}`", test[0], test[1]);
        }
    }
    for wish in wishes {
        assert!(wish[1].starts_with("not held") || wish[1].contains("lints"), "{wish:?}");
    }
}

/// Each promise of the threat model stands beside tests that exist.
#[test]
fn promises_of_the_sandbox_are_shown_by_tests_that_exist() {
    let page = read("docs/sandbox.md");
    let section = page.split("\n## Threat model\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 14, "{rows:?}");
    for row in rows {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let tests: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test shows: {row}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").unwrap();
            // Where no other room is named, it is the sandbox's.
            let module = if module.contains("::") { module.replace("::", "/") } else { format!("sandbox/{module}") };
            let file = ["", "/mod"].map(|at| format!("tests/it/{module}{at}.rs"));
            let file = file.iter().find(|file| root().join(file).exists()).unwrap_or_else(|| panic!("{test}"));
            assert!(is_test(&read(file), name), "{test} is not a test");
        }
    }
}
