//! The source as the compiler sees it without its tests: every file, and every path that stands in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Item};

use super::paths::{self, Use};
use super::texts;

/// One file of the house.
pub struct File {
    /// Relative to `src`: `config/mod.rs`.
    pub path: String,
    /// Its module: `["config"]`; empty for the roots.
    pub module: Vec<String>,
    /// Every path that it names, in the order in which they stand.
    pub uses: Vec<Use>,
    /// Every text in it with its line, but for those of docs.
    pub texts: Vec<(String, usize)>,
}

/// All files that are compiled without `cfg(test)`, found by their `mod` declarations.
pub struct House {
    pub files: Vec<File>,
    /// Files that only tests compile.
    pub test_only: BTreeSet<String>,
    /// Files that no `mod` declares: the compiler never reads them.
    pub forgotten: BTreeSet<String>,
    /// Where a file, of tests or not, speaks of `unsafe`: path and line.
    pub unsafe_words: Vec<(String, usize)>,
}

impl House {
    /// The house at `src`.
    pub fn read(src: &Path) -> Self {
        let mut texts = BTreeMap::new();
        read_folder(src, "", &mut texts);
        Self::of(&texts)
    }

    /// A house of made-up files: path and text.
    pub fn of(texts: &BTreeMap<String, String>) -> Self {
        let parsed: BTreeMap<&str, syn::File> = texts
            .iter()
            .map(|(path, text)| (path.as_str(), syn::parse_file(text).unwrap_or_else(|e| panic!("{path}: {e}"))))
            .collect();
        let mut found = Found::default();
        let roots = parsed.keys().filter(|path| is_root(path));
        for root in roots {
            found.walk(&parsed, root, &[], false);
        }
        let modules: BTreeSet<Vec<String>> = found.compiled.values().cloned().collect();
        let files = found.compiled.iter().map(|(path, module)| File {
            uses: paths::of(&parsed[path.as_str()], module, &modules),
            texts: texts::of(&parsed[path.as_str()]),
            path: path.clone(),
            module: module.clone(),
        });
        let files: Vec<File> = files.collect();
        let forgotten =
            texts.keys().filter(|path| !found.compiled.contains_key(*path) && !found.test_only.contains(*path));
        let unsafe_words = texts.iter().flat_map(|(path, text)| {
            unsafe_words(text.parse().unwrap()).into_iter().map(move |line| (path.clone(), line))
        });
        Self {
            files,
            forgotten: forgotten.cloned().collect(),
            unsafe_words: unsafe_words.collect(),
            test_only: found.test_only,
        }
    }

    /// The file that holds what a path of this crate names: that of the longest module on the way.
    pub fn file_of(&self, path: &[String]) -> Option<&File> {
        let holds = |file: &&File| path.starts_with(&file.module) && (!file.module.is_empty() || file.path == "lib.rs");
        self.files.iter().filter(holds).max_by_key(|file| file.module.len())
    }
}

/// `lib.rs`, `main.rs` and the programs in `bin` are where the compiler begins.
fn is_root(path: &str) -> bool {
    ["lib.rs", "main.rs"].contains(&path) || path.starts_with("bin/")
}

#[derive(Default)]
struct Found {
    compiled: BTreeMap<String, Vec<String>>,
    test_only: BTreeSet<String>,
}

impl Found {
    fn walk(&mut self, parsed: &BTreeMap<&str, syn::File>, path: &str, module: &[String], in_tests: bool) {
        let Some(file) = parsed.get(path) else { panic!("`{path}` is declared and not there") };
        if in_tests {
            self.test_only.insert(path.to_owned());
        } else {
            self.compiled.insert(path.to_owned(), module.to_vec());
        }
        self.declared(parsed, &file.items, module, in_tests);
    }

    fn declared(&mut self, parsed: &BTreeMap<&str, syn::File>, items: &[Item], module: &[String], in_tests: bool) {
        for item in items {
            let Item::Mod(item) = item else { continue };
            let in_tests = in_tests || is_test_only(&item.attrs);
            let below = [module, &[item.ident.to_string()]].concat();
            if let Some((_, items)) = &item.content {
                self.declared(parsed, items, &below, in_tests);
                continue;
            }
            assert!(!item.attrs.iter().any(|a| a.path().is_ident("path")), "`#[path]` hides where a file stands");
            let stem = below.join("/");
            let candidates = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
            let path = candidates.iter().find(|path| parsed.contains_key(path.as_str()));
            let path = path.unwrap_or_else(|| panic!("`mod {}` has no file", below.join("::")));
            self.walk(parsed, path, &below, in_tests);
        }
    }
}

fn read_folder(folder: &Path, below: &str, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), texts);
        } else if name.ends_with(".rs") {
            texts.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Lines with `unsafe`, or with the lint that refuses it.
fn unsafe_words(tokens: TokenStream) -> Vec<usize> {
    let lines = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) => unsafe_words(group.stream()),
        TokenTree::Ident(word) if word == "unsafe" || word == "unsafe_code" => vec![word.span().start().line],
        _ => Vec::new(),
    });
    lines.collect()
}

/// Whether something with these attributes is compiled for tests only.
pub fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => !holds_without_tests(&list.parse_args().unwrap()),
        meta => meta.path().is_ident("test"),
    })
}

/// Whether a `cfg` can hold in a build that is not of tests. What the platform or a feature decides can.
fn holds_without_tests(condition: &syn::Meta) -> bool {
    let syn::Meta::List(list) = condition else { return !condition.path().is_ident("test") };
    let parts = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
    let parts = list.parse_args_with(parts).unwrap();
    match list.path.get_ident().map(ToString::to_string).as_deref() {
        Some("all") => parts.iter().all(holds_without_tests),
        Some("any") => parts.iter().any(holds_without_tests),
        _ => true,
    }
}
