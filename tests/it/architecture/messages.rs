//! How messages are written: short, usual words that are read once.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, LitStr, Meta};

use super::paths::attributes;
use super::source::is_test_only;
use super::{root, rust_files};

/// Every text that stands in a file outside its tests and its documentation.
#[derive(Default)]
struct Texts(Vec<(usize, String)>);

impl Texts {
    fn take(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.take(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                        self.0.push((literal.span().start().line, text.value()));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) => self.take(list.tokens.clone()),
            Meta::NameValue(pair) if !pair.path.is_ident("doc") => visit::visit_expr(self, &pair.value),
            Meta::NameValue(_) | Meta::Path(_) => {}
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.take(call.tokens.clone());
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        self.0.push((text.span().start().line, text.value()));
    }
}

/// Whether `text` says *is no …* where it should say *is not a …*. *There is no …*, *no longer* and *no more* are usual.
fn is_odd(text: &str) -> bool {
    let text = format!(" {text} ");
    ["is", "are", "was", "were"].into_iter().any(|verb| {
        text.match_indices(&format!(" {verb} no ")).any(|(at, found)| {
            let (before, after) = (&text[..at], &text[at + found.len()..]);
            let is_there = before.to_lowercase().ends_with("there");
            !is_there && !after.starts_with("longer") && !after.starts_with("more")
        })
    })
}

fn odd_texts(file: &str) -> Vec<(usize, String)> {
    let mut texts = Texts::default();
    texts.visit_file(&syn::parse_file(file).unwrap());
    texts.0.into_iter().filter(|(_, text)| is_odd(text)).collect()
}

#[test]
fn what_is_not_is_said_with_not() {
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")) {
        let file = std::fs::read_to_string(&path).unwrap();
        wrong.extend(odd_texts(&file).into_iter().map(|(line, text)| format!("{}:{line}: {text}", path.display())));
    }
    assert!(wrong.is_empty(), "write *is not a …*:\n{}", wrong.join("\n"));
}

#[test]
fn an_odd_text_is_seen_wherever_it_stands() {
    for text in [
        "#[error(\"`{0}` is no host name\")] struct E;",
        "fn f() { g(format!(\"`{x}` is no file\")) }",
        "fn f() { let what = \"is no place\"; }",
        "const WHAT: &str = \"these are no roots\";",
    ] {
        assert_eq!(odd_texts(text).len(), 1, "{text}");
    }
    for text in [
        "/// It is no file.\nstruct S;",
        "const WHAT: &str = \"there is no file, and it is no longer asked for\";",
        "#[cfg(test)] mod tests { const WHAT: &str = \"it is no file\"; }",
    ] {
        assert_eq!(odd_texts(text), [], "{text}");
    }
}
