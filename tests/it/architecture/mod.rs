//! The house keeps its shape: arrows only downward, no circle of files, a pure middle, no forgotten file.
//!
//! The tests read the source through [`source`] and [`paths`] as the compiler does, without what only tests compile.
//! [`rows`] is the table that they hold; [`offences`] shows on made-up sources that each of them can fail.

mod circles;
mod kinds;
mod messages;
mod names;
mod offences;
mod paths;
mod rows;
mod scanner_identity;
mod source;
mod texts;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use source::House;

pub use messages::is_odd;
pub use rows::MAY_USE;
use rows::{DOORS, MOST_FILES, MOST_FILES_OF_FLOW, PRINTS, PURE};

static HOUSE: LazyLock<House> = LazyLock::new(|| House::read(&root().join("src")));

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A module or a room inside one, and what it may use.
type Row = (&'static str, &'static [&'static str]);

/// The row of a path in this crate: the longest that it begins with.
fn row_of(path: &[String], rows: &[Row]) -> Option<usize> {
    let length = |row: &str| {
        let row: Vec<&str> = row.split("::").collect();
        (path.len() >= row.len() && path.iter().zip(&row).all(|(a, b)| a == b)).then_some(row.len())
    };
    (0..rows.len()).filter(|at| length(rows[*at].0).is_some()).max_by_key(|at| length(rows[*at].0))
}

/// Every arrow that leaves a row: the file with its line, its row, and the row that it uses.
fn arrows<'h>(house: &'h House, rows: &[Row]) -> Vec<(String, Row, &'static str)> {
    let of_file = |file: &'h source::File| {
        let own = rows[row_of(&file.module, rows)?];
        let ours = file.uses.iter().filter(|used| used.path[0] == "crate");
        let targets = ours.filter_map(move |used| Some((used.line, rows[row_of(&used.path[1..], rows)?].0)));
        Some(targets.map(move |(line, target)| (format!("src/{}:{line}", file.path), own, target)))
    };
    house.files.iter().filter_map(of_file).flatten().filter(|(_, own, target)| !is_below(target, own.0)).collect()
}

fn is_below(path: &str, row: &str) -> bool {
    path.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Arrows that no row allows.
fn wrong_arrows(house: &House, rows: &[Row]) -> Vec<String> {
    let wrong = arrows(house, rows)
        .into_iter()
        .filter(|(_, own, target)| !own.1.iter().any(|allowed| is_below(target, allowed)))
        .map(|(place, own, target)| format!("{place}: `{}` must not use `{target}`", own.0));
    wrong.collect()
}

/// What a row allows and no file of it uses.
fn idle_permissions(house: &House, rows: &[Row]) -> Vec<String> {
    let arrows = arrows(house, rows);
    let is_used =
        |own: &str, allowed: &str| arrows.iter().any(|(_, from, target)| from.0 == own && is_below(target, allowed));
    let allowed = rows.iter().flat_map(|(own, allowed)| allowed.iter().map(move |allowed| (*own, *allowed)));
    let idle = allowed.filter(|(own, allowed)| !is_used(own, allowed));
    idle.map(|(own, allowed)| format!("`{own}` uses nothing of `{allowed}`")).collect()
}

/// Doors that pure rooms open.
fn open_doors(house: &House, pure: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in house.files.iter().filter(|file| file.module.first().is_some_and(|room| pure.contains(&room.as_str())))
    {
        for used in &file.uses {
            let path = used.path.join("::");
            let opens = |door: &&&str| {
                let door: Vec<&str> = door.split("::").collect();
                let shared = used.path.iter().zip(&door).take_while(|(a, b)| a == b).count();
                // `use std::*` brings in every door.
                shared == door.len() || (used.is_glob && shared == used.path.len())
            };
            let prints = PRINTS.iter().any(|name| path == format!("{name}!") || path == format!("std::{name}!"));
            if prints || DOORS.iter().find(opens).is_some() {
                wrong.push(format!("src/{}:{}: `{path}` in a pure room", file.path, used.line));
            }
        }
    }
    wrong
}

/// Where something below `cli` has words that only the command line knows: an option, or a command in backticks.
fn command_line_words(house: &House, allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in house.files.iter().filter(|file| file.module.first().is_some_and(|room| room != "cli")) {
        for (text, line) in &file.texts {
            let options = text.match_indices("--").filter_map(|(at, _)| {
                let is_first = !text[..at].ends_with(|c: char| c == '-' || c.is_alphanumeric());
                let name: String = text[at + 2..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                (is_first && name.starts_with(|c: char| c.is_ascii_lowercase())).then(|| format!("--{name}"))
            });
            let commands = text.contains("`stella ").then(|| "`stella ".to_owned());
            for word in options.chain(commands) {
                if !allowed.iter().any(|(path, allowed, _)| *path == file.path && *allowed == word) {
                    wrong.push(format!("src/{}:{line}: `{word}`", file.path));
                }
            }
        }
    }
    wrong
}

/// A hint names a parameter or an operation as a value, which each face spells (`model::hint`).
#[test]
fn nothing_below_the_command_line_speaks_as_it_does() {
    let wrong = command_line_words(&HOUSE, &rows::FOREIGN_OPTIONS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (path, word, why) in rows::FOREIGN_OPTIONS {
        let file = HOUSE.files.iter().find(|file| file.path == path);
        let is_there = file.is_some_and(|file| file.texts.iter().any(|(text, _)| text.contains(word)));
        assert!(is_there, "`{word}` ({why}) does not stand in `{path}`");
    }
}

#[test]
fn arrows_point_only_downward() {
    let wrong = wrong_arrows(&HOUSE, &MAY_USE);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_row_allows_what_nobody_uses() {
    let idle = idle_permissions(&HOUSE, &MAY_USE);
    assert!(idle.is_empty(), "take it out of the row, here and in docs/architecture.md:\n{}", idle.join("\n"));
}

/// A row names only rows above it, so no two modules can use each other.
#[test]
fn rows_look_only_upward() {
    for (at, (module, allowed)) in MAY_USE.iter().enumerate() {
        for name in *allowed {
            assert!(MAY_USE[..at].iter().any(|(above, _)| above == name), "`{module}`: `{name}` stands not above it");
        }
    }
    assert!(PURE.iter().all(|room| MAY_USE.iter().any(|(module, _)| module == room)));
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
    let mut rows: Vec<&str> = MAY_USE.iter().map(|(module, _)| *module).filter(|row| !row.contains("::")).collect();
    rows.sort_unstable();
    assert_eq!(found, rows);
}

#[test]
fn the_middle_is_pure() {
    let wrong = open_doors(&HOUSE, &PURE);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_circle_of_files() {
    assert_eq!(circles::of(&HOUSE), Vec::<Vec<&str>>::new());
}

#[test]
fn no_source_file_is_forgotten() {
    assert!(HOUSE.forgotten.is_empty(), "no `mod` declares {:?}", HOUSE.forgotten);
}

/// Folders that hold more files of their own than they may: a tree is read as far as it is looked through.
fn full_folders(folder: &Path) -> Vec<String> {
    let mut full = Vec::new();
    let mut own = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            full.extend(full_folders(&path));
        } else {
            own += 1;
        }
    }
    let most = if folder.ends_with("src/flow") { MOST_FILES_OF_FLOW } else { MOST_FILES };
    if own > most {
        full.push(format!("{} holds {own} files, and may hold {most}", folder.display()));
    }
    full
}

#[test]
fn no_folder_is_full() {
    let full: Vec<String> = ["src", "tests/it"].iter().flat_map(|folder| full_folders(&root().join(folder))).collect();
    assert!(full.is_empty(), "{}", full.join("\n"));
}

#[test]
fn unsafe_code_stays_in_its_room() {
    let outside = |(path, _): &&(String, usize)| !path.starts_with("sandbox/linux/");
    let wrong: Vec<_> = HOUSE.unsafe_words.iter().filter(outside).collect();
    assert!(wrong.is_empty(), "unsafe code at {wrong:?}");
}

pub fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
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
        let declared = fs::read_to_string(&owner).unwrap().lines().any(|line| {
            line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ") == format!("mod {name};")
        });
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
