//! Every path that a file names, made absolute: in `use` trees, types, expressions, patterns, attributes and macros.
//!
//! Names are resolved as far as the house needs: `crate`, `self`, `super`, what a `use` of the same module brought in, and
//! child modules. Scopes inside functions are not told apart, so a path can be seen that is not there, never the reverse.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

use super::source::is_test_only;

/// A path as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Begins with `crate` for what is ours, with the name of the crate for all else.
    pub path: Vec<String>,
    /// `use path::*`.
    pub is_glob: bool,
    pub line: usize,
}

/// The name of the library, as the programs beside it use it.
const LIBRARY: &str = "stella";

/// Every path in `file`, which is `module`. `modules` are all there are.
pub fn of(file: &syn::File, module: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<Use> {
    let mut bound = Bound { module: module.to_vec(), names: BTreeMap::new(), modules };
    // What one `use` brings in another may begin with.
    for _ in 0..3 {
        bound.visit_file(file);
    }
    let mut seen = PathVisitor { module: module.to_vec(), bound: &bound, uses: Vec::new() };
    seen.visit_file(file);
    seen.uses
}

/// What stands for what: in which module, under which name.
struct Bound<'m> {
    module: Vec<String>,
    names: BTreeMap<(Vec<String>, String), Vec<String>>,
    modules: &'m BTreeSet<Vec<String>>,
}

impl Bound<'_> {
    /// The absolute path of one that stands in `module`; `None` where it begins with a name of the file's own.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let ours = |module: &[String], rest: &[String]| Some([&["crate".to_owned()], module, rest].concat());
        match first.as_str() {
            "crate" | LIBRARY => ours(&[], rest),
            "self" => ours(module, rest),
            "super" => {
                let parent = &module[..module.len().checked_sub(1)?];
                if rest.first().is_some_and(|name| name == "super") {
                    self.absolute(parent, rest)
                } else {
                    ours(parent, rest)
                }
            }
            name => {
                let child = [module, &[name.to_owned()]].concat();
                if self.modules.contains(&child) {
                    return ours(module, path);
                }
                if let Some(bound) = self.names.get(&(module.to_vec(), name.to_owned())) {
                    return Some([bound, rest].concat());
                }
                let is_local = name.starts_with(|c: char| c.is_uppercase());
                (!is_local).then(|| path.to_vec())
            }
        }
    }
}

impl<'ast> Visit<'ast> for Bound<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let module = self.module.clone();
        for leaf in leaves(&item.tree, &[]) {
            if let Some((name, path)) = leaf.name.zip(self.absolute(&module, &leaf.path)) {
                // `use error::Error` does not stand for itself.
                if path != [name.clone()] {
                    self.names.insert((module.clone(), name), path);
                }
            }
        }
    }
}

struct PathVisitor<'b> {
    module: Vec<String>,
    bound: &'b Bound<'b>,
    uses: Vec<Use>,
}

impl PathVisitor<'_> {
    fn add(&mut self, path: &[String], is_glob: bool, span: Span) {
        if let Some(path) = self.bound.absolute(&self.module, path) {
            self.uses.push(Use { path, is_glob, line: span.start().line });
        }
    }

    /// Paths among tokens: `a::b`, and `a::{b, c::d}` as in a `use`.
    fn tokens(&mut self, tokens: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':');
        let mut at = 0;
        while at < tokens.len() {
            let (path, start) = match &tokens[at] {
                TokenTree::Ident(name) => ([prefix, &[name.to_string()]].concat(), name.span()),
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), &[]);
                    at += 1;
                    continue;
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            let mut path = path;
            at += 1;
            while is_colon(at) && is_colon(at + 1) {
                match tokens.get(at + 2) {
                    Some(TokenTree::Ident(name)) => path.push(name.to_string()),
                    Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                        self.tokens(group.stream(), &path);
                    }
                    Some(TokenTree::Punct(star)) if star.as_char() == '*' => self.add(&path, true, start),
                    _ => break,
                }
                at += 3;
            }
            if path.len() > 1 {
                self.add(&path, false, start);
            }
        }
    }
}

impl<'ast> Visit<'ast> for PathVisitor<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test_only(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    /// `pub(super)` says who may look in, and uses nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for leaf in leaves(&item.tree, &[]) {
            self.add(&leaf.path, leaf.is_glob, leaf.span);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.add(&names, false, path.segments[0].ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let mut name: Vec<String> = item.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(last) = name.last_mut() {
            last.push('!');
        }
        self.uses.push(Use { path: name, is_glob: false, line: item.path.segments[0].ident.span().start().line });
        self.visit_path(&item.path);
        self.tokens(item.tokens.clone(), &[]);
    }

    /// `#[serde(with = "crate::model::instant")]` is an import as well.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone(), &[]);
            for path in texts(list.tokens.clone()).filter_map(|text| syn::parse_str::<syn::Path>(&text).ok()) {
                let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                if names.len() > 1 {
                    self.add(&names, false, attribute.bracket_token.span.open());
                }
            }
        }
    }
}

/// The text literals among tokens.
fn texts(tokens: TokenStream) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) => {
                found.extend(syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value()));
            }
            _ => {}
        }
    }
    found.into_iter()
}

/// One name that a `use` brings in.
struct Leaf {
    path: Vec<String>,
    /// As it is called here; `None` for `*` and `_`.
    name: Option<String>,
    is_glob: bool,
    span: Span,
}

fn leaves(tree: &UseTree, prefix: &[String]) -> Vec<Leaf> {
    let with = |name: &syn::Ident| match (name.to_string().as_str(), prefix) {
        // `use a::{self}` names `a`.
        ("self", [_, ..]) => prefix.to_vec(),
        (name, _) => [prefix, &[name.to_owned()]].concat(),
    };
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident)),
        UseTree::Group(group) => group.items.iter().flat_map(|tree| leaves(tree, prefix)).collect(),
        UseTree::Glob(glob) => {
            vec![Leaf { path: prefix.to_vec(), name: None, is_glob: true, span: glob.star_token.span }]
        }
        UseTree::Name(name) => {
            let path = with(&name.ident);
            vec![Leaf { name: path.last().cloned(), path, is_glob: false, span: name.ident.span() }]
        }
        UseTree::Rename(rename) => {
            let name = Some(rename.rename.to_string()).filter(|name| name != "_");
            vec![Leaf { path: with(&rename.ident), name, is_glob: false, span: rename.rename.span() }]
        }
    }
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
