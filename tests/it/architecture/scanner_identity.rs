//! The identity of the built-in scanner is the digest of its source: `build.rs` hashes all of it, and nothing is left out.
//!
//! What is its source follows from its imports. They are followed from where it begins to [`BOUNDARY`], behind which nothing can
//! change a result without changing a digest that a manifest names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::source::House;
use super::{HOUSE, root};

/// Where the scanner begins: a scan as a value, what its process reads, and what of an image is shown to it.
const BEGINS: [&str; 3] = ["execute/builtin.rs", "execute/builtin_input.rs", "workspace/image.rs"];

/// Where it ends: files and folders that it uses and that are not its source, each with the reason.
const BOUNDARY: [(&str, &str); 7] = [
    ("host/", "hands over bytes as they are, or an error"),
    ("store/", "hands over bytes by their digest, or an error"),
    ("workspace/context.rs", "names the stores that bytes are taken from"),
    ("workspace/open_inputs.rs", "only its error is named"),
    ("model/diagnostic.rs", "kind and hint of an error"),
    ("model/error_chain.rs", "words of an error"),
    ("model/text/names.rs", "words of an error"),
];

/// Crates that the source names and that cannot change a result, each with the reason.
const NO_PART: [(&str, &str); 9] = [
    ("cap-std", "where files lie meanwhile"),
    ("flate2", "what it unpacks is checked against a digest"),
    ("hex", "how a digest is written"),
    ("rustix", "where files lie meanwhile"),
    ("schemars", "schemas are not used to read"),
    ("sha2", "a digest is the same in every version"),
    ("tempfile", "where files lie meanwhile"),
    ("thiserror", "words of errors"),
    ("zstd", "what it unpacks is checked against a digest"),
];

/// Every file that the scanner is made of.
fn source(house: &House) -> BTreeSet<&str> {
    let is_boundary =
        |path: &str| BOUNDARY.iter().any(|(end, _)| path == *end || (end.ends_with('/') && path.starts_with(end)));
    let by_path: BTreeMap<&str, _> = house.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = BEGINS.to_vec();
    while let Some(path) = open.pop() {
        if !is_boundary(path) && found.insert(by_path[path].path.as_str()) {
            let ours = by_path[path].uses.iter().filter(|used| used.path[0] == "crate");
            open.extend(ours.filter_map(|used| house.file_of(&used.path[1..])).map(|file| file.path.as_str()));
        }
    }
    found
}

/// The texts of a constant list in `build.rs`.
fn listed(name: &str) -> Vec<String> {
    let file = syn::parse_file(&fs::read_to_string(root().join("build.rs")).unwrap()).unwrap();
    let list = file.items.into_iter().find_map(|item| match item {
        syn::Item::Const(item) if item.ident == name => Some(*item.expr),
        _ => None,
    });
    let Some(syn::Expr::Array(list)) = list else { panic!("`build.rs` has no list `{name}`") };
    let texts = list.elems.into_iter().map(|text| match text {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
        _ => panic!("`{name}` lists texts"),
    });
    texts.collect()
}

fn lies_in(path: &str, entry: &str) -> bool {
    let entry = entry.strip_prefix("src/").unwrap_or(entry);
    path == entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/'))
}

#[test]
fn every_file_that_the_scanner_imports_is_hashed() {
    let (sources, needed) = (listed("SOURCES"), source(&HOUSE));
    let missing: Vec<_> = needed.iter().filter(|path| !sources.iter().any(|entry| lies_in(path, entry))).collect();
    assert!(missing.is_empty(), "imported by the built-in scanner and not in `SOURCES` of build.rs: {missing:#?}");
    for entry in sources {
        assert!(root().join(&entry).exists(), "`{entry}` in build.rs is not there");
        assert!(
            needed.iter().any(|path| lies_in(path, &entry)),
            "`{entry}` in build.rs is not imported by the scanner"
        );
    }
    for (end, reason) in BOUNDARY {
        let is_there = HOUSE.files.iter().any(|file| file.path.starts_with(end));
        assert!(is_there, "`{end}` ({reason}) is not there");
    }
}

#[test]
fn every_crate_that_the_scanner_names_is_hashed() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let linux = &manifest["target"]["cfg(target_os = \"linux\")"]["dependencies"];
    let tables = [&manifest["dependencies"], linux].map(|table| table.as_table().unwrap());
    let known: BTreeMap<String, String> = tables
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let package = value.get("package").and_then(|package| package.as_str()).unwrap_or(name);
            (name.replace('-', "_"), package.to_owned())
        })
        .collect();
    let needed = source(&HOUSE);
    let files = HOUSE.files.iter().filter(|file| needed.contains(file.path.as_str()));
    let named: BTreeSet<&String> =
        files.flat_map(|file| &file.uses).filter_map(|used| known.get(&used.path[0])).collect();
    let named: BTreeSet<&str> = named.into_iter().map(String::as_str).collect();
    let crates = listed("CRATES");
    let told: BTreeSet<&str> = crates.iter().map(String::as_str).chain(NO_PART.map(|(name, _)| name)).collect();
    assert_eq!(told.len(), crates.len() + NO_PART.len(), "a crate is in both lists");
    let forgotten: Vec<_> = named.difference(&told).collect();
    assert!(
        forgotten.is_empty(),
        "named by the scanner, neither in `CRATES` of build.rs nor without part: {forgotten:?}"
    );
    let idle: Vec<_> = told.difference(&named).collect();
    assert!(idle.is_empty(), "not named by the scanner: {idle:?}");
}
