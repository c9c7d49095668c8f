//! No type of the model stands in a document: a name of the model may change, a document does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Field, Item, TypePath, UseTree};

use crate::architecture::rust_files;

/// What may stand in a document as it is: a digest is its own text, and the type of a manifest is its format.
const ALLOWED: [&str; 2] = ["crate::model::digest::Digest", "crate::model::manifest::ArtifactRecord"];

/// The names that a file imports from the model, without those that may stand in a document.
fn of_the_model(tree: &UseTree, path: &str, found: &mut BTreeSet<String>) {
    let mut take = |path: String, name: String| {
        if path.starts_with("crate::model") && !ALLOWED.contains(&path.as_str()) {
            found.insert(name);
        }
    };
    let join =
        |name: &dyn std::fmt::Display| if path.is_empty() { name.to_string() } else { format!("{path}::{name}") };
    match tree {
        UseTree::Path(part) => of_the_model(&part.tree, &join(&part.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            take(path.to_owned(), path.rsplit(':').next().unwrap().to_owned())
        }
        UseTree::Name(name) => take(join(&name.ident), name.ident.to_string()),
        UseTree::Rename(name) => take(join(&name.ident), name.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|item| of_the_model(item, path, found)),
        UseTree::Glob(_) => take(format!("{path}::*"), "*".to_owned()),
    }
}

/// The first words of the paths of types.
#[derive(Default)]
struct FirstWords(Vec<String>);

impl<'ast> Visit<'ast> for FirstWords {
    fn visit_type_path(&mut self, of: &'ast TypePath) {
        let words: Vec<String> = of.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let is_full = words.len() > 2 && words[0] == "crate" && words[1] == "model";
        self.0.push(if is_full { "crate::model".to_owned() } else { words[0].clone() });
        visit::visit_type_path(self, of);
    }
}

fn is_document(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string().contains("JsonSchema"))
    })
}

/// The fields of documents in `text` that hold a type of the model, and how many documents there are.
fn offences(text: &str) -> (Vec<String>, usize) {
    let file = syn::parse_file(text).unwrap();
    let mut model = BTreeSet::from(["crate::model".to_owned()]);
    for item in &file.items {
        if let Item::Use(used) = item {
            of_the_model(&used.tree, "", &mut model);
        }
    }
    let (mut wrong, mut documents) = (Vec::new(), 0);
    for item in &file.items {
        let (name, fields): (_, Vec<&Field>) = match item {
            Item::Struct(of) if is_document(&of.attrs) => (&of.ident, of.fields.iter().collect()),
            Item::Enum(of) if is_document(&of.attrs) => {
                (&of.ident, of.variants.iter().flat_map(|v| &v.fields).collect())
            }
            _ => continue,
        };
        documents += 1;
        for field in fields {
            let mut words = FirstWords::default();
            words.visit_type(&field.ty);
            let is_wrong = words.0.iter().any(|word| model.contains(word) || model.contains("*"));
            if is_wrong {
                wrong.push(format!("{name}.{}", field.ident.as_ref().map(ToString::to_string).unwrap_or_default()));
            }
        }
    }
    (wrong, documents)
}

#[test]
fn no_document_holds_a_type_of_the_model() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut wrong, mut documents) = (Vec::new(), 0);
    // The type of a manifest is its format, and stands in the model.
    for path in rust_files(&src).into_iter().filter(|path| !path.starts_with(src.join("model"))) {
        let (found, seen) = offences(&fs::read_to_string(&path).unwrap());
        wrong.extend(found.into_iter().map(|field| format!("{}: {field}", path.display())));
        documents += seen;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(documents > 100, "only {documents} documents and parts were seen");
}

#[test]
fn a_type_of_the_model_is_seen_however_it_is_written() {
    let document =
        |uses: &str, field: &str| format!("{uses}\n#[derive(Serialize, JsonSchema)]\nstruct D {{ f: {field} }}");
    for (uses, field) in [
        ("use crate::model::cause::Cause;", "Option<Vec<Cause>>"),
        ("use crate::model::cause::{self, Cause as C};", "C"),
        ("use crate::model::{cause, result};", "BTreeMap<String, result::Mode>"),
        ("use crate::model::result::*;", "Mode"),
        ("", "crate::model::result::Mode"),
    ] {
        assert_eq!(offences(&document(uses, field)).0, ["D.f"], "{uses} {field}");
    }
    for (uses, field) in [
        ("use crate::model::digest::Digest;", "Option<Digest>"),
        ("use crate::wire::v1::words::Mode;\nuse crate::model::result;", "Mode"),
    ] {
        assert_eq!(offences(&document(uses, field)), (Vec::new(), 1), "{uses} {field}");
    }
}
