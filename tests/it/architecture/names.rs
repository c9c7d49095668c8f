//! Names are the field's: words that say nothing to a stranger do not come back as names of types or modules.

use syn::visit::{self, Visit};

use super::{root, rust_files};

/// Words that were names here and told nobody what they name.
const PRIVATE: [&str; 21] = [
    "apart",
    "around",
    "asked",
    "glance",
    "here",
    "kept",
    "learnt",
    "lesson",
    "lie",
    "ran",
    "rope",
    "seen",
    "shown",
    "spine",
    "surroundings",
    "telling",
    "told",
    "untold",
    "way",
    "where",
    "worked",
];

/// The names of types and modules of a file that are such words, with their lines.
#[derive(Default)]
struct PrivateNames(Vec<(String, usize)>);

impl PrivateNames {
    fn take(&mut self, name: &syn::Ident) {
        if PRIVATE.contains(&name.to_string().to_lowercase().as_str()) {
            self.0.push((name.to_string(), name.span().start().line));
        }
    }
}

impl<'ast> Visit<'ast> for PrivateNames {
    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.take(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.take(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.take(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.take(&item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.take(&item.ident);
        visit::visit_item_mod(self, item);
    }
}

fn private_names(file: &str) -> Vec<(String, usize)> {
    let mut names = PrivateNames::default();
    names.visit_file(&syn::parse_file(file).unwrap());
    names.0
}

#[test]
fn no_private_word_is_a_name() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests/it", "fuzz", "benches"] {
        for path in
            rust_files(&root().join(folder)).into_iter().filter(|path| !path.starts_with(root().join("fuzz/target")))
        {
            let names = private_names(&std::fs::read_to_string(&path).unwrap());
            wrong.extend(names.into_iter().map(|(name, line)| format!("{}:{line}: `{name}`", path.display())));
        }
    }
    assert!(wrong.is_empty(), "say what it is in a term of the field:\n{}", wrong.join("\n"));
}

#[test]
fn a_private_word_is_seen_wherever_it_is_a_name() {
    for text in
        ["struct Seen;", "enum Told { A }", "trait Here {}", "type Ran = u8;", "mod rope {}", "fn f() { struct Kept; }"]
    {
        assert_eq!(private_names(text).len(), 1, "{text}");
    }
    for text in ["struct SeenCalls;", "enum E { Told }", "fn f() { let seen = kept(); }", "/// Here.\nstruct S;"] {
        assert_eq!(private_names(text), [], "{text}");
    }
}
