//! What an error is, is said for each of its variants: a new one is not of a kind because nobody thought of it.

use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemImpl, Pat};

use super::{root, rust_files};

/// The functions called `kind` of implementations of `Diagnostic` that have an arm for whatever is left, by their lines.
#[derive(Default)]
struct Guesses {
    inside: bool,
    asked: bool,
    lines: Vec<usize>,
}

impl<'ast> Visit<'ast> for Guesses {
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let of_trait = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        self.inside = of_trait.is_some_and(|last| last.ident == "Diagnostic");
        visit::visit_item_impl(self, item);
        self.inside = false;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.asked = self.inside && function.sig.ident == "kind";
        visit::visit_impl_item_fn(self, function);
        self.asked = false;
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let any = |pattern: &Pat| match pattern {
            Pat::Wild(_) => true,
            Pat::Ident(name) => name.subpat.is_none() && name.ident.to_string().starts_with(char::is_lowercase),
            _ => false,
        };
        // One with a guard is a pattern of its own, `Pat::Guard`.
        if self.asked && any(&arm.pat) {
            self.lines.push(arm.fat_arrow_token.spans[0].start().line);
        }
        visit::visit_arm(self, arm);
    }
}

fn guesses(file: &str) -> Vec<usize> {
    let mut guesses = Guesses::default();
    guesses.visit_file(&syn::parse_file(file).unwrap());
    guesses.lines
}

#[test]
fn no_error_has_its_kind_by_default() {
    let mut wrong = Vec::new();
    for path in rust_files(&root().join("src")) {
        let file = std::fs::read_to_string(&path).unwrap();
        wrong.extend(guesses(&file).into_iter().map(|line| format!("{}:{line}", path.display())));
    }
    assert!(wrong.is_empty(), "name the variants:\n{}", wrong.join("\n"));
}

#[test]
fn a_kind_by_default_is_seen() {
    let file =
        |of: &str, arms: &str| format!("impl {of} for E {{ fn kind(&self) -> Kind {{ match self {{ {arms} }} }} }}");
    for arms in ["_ => Kind::A", "Self::A => Kind::A, _ => Kind::B", "Self::A => Kind::A, other => of(other)"] {
        assert_eq!(guesses(&file("Diagnostic", arms)).len(), 1, "{arms}");
    }
    for arms in
        ["Self::A => Kind::A, Self::B(_) => Kind::B", "Self::A { .. } => Kind::A, Self::B(error) => error.kind()"]
    {
        assert!(guesses(&file("Diagnostic", arms)).is_empty(), "{arms}");
    }
    assert!(guesses(&file("Display", "_ => Kind::A")).is_empty());
    assert!(guesses("fn kind() { match self { _ => Kind::A } }").is_empty());
}
