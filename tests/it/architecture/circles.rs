//! Circles of files: files that need each other to be understood.
//!
//! An arrow goes from a file to each file that it names a path in. A `mod` declaration is no arrow; a `pub use` is one, so a
//! file that imports its sibling through their parent's re-export closes a circle. It imports the sibling instead.

use std::collections::{BTreeMap, BTreeSet};

use super::source::House;

/// All circles, each sorted, by their first file.
pub fn of(house: &House) -> Vec<Vec<&str>> {
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in &house.files {
        let ours = file.uses.iter().filter(|used| used.path[0] == "crate");
        let targets = ours.filter_map(|used| house.file_of(&used.path[1..])).map(|target| target.path.as_str());
        arrows.insert(&file.path, targets.filter(|target| *target != file.path).collect());
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (*file, reached(&arrows, file))).collect();
    let circles: BTreeSet<Vec<&str>> = reached
        .iter()
        .filter(|(file, reached)| reached.contains(*file))
        .map(|(file, there)| there.iter().filter(|other| reached[*other].contains(file)).copied().collect())
        .collect();
    circles.into_iter().collect()
}

/// Every file that `from` leads to over one arrow or more.
fn reached<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = arrows[from].iter().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(&arrows[file]);
        }
    }
    reached
}
