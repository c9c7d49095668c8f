//! Call graphs: `stella.callgraph/1`.
//!
//! ```json
//! {
//!   "schema": "stella.callgraph/1",
//!   "entry_points": ["example.com/app.main"],
//!   "edges": [["example.com/app.main", "golang.org/x/text/language.Parse"]],
//!   "covers": ["golang.org/x/text/language"]
//! }
//! ```
//!
//! A symbol is a package and a name in it: `import/path.Func`, `import/path.Type.Method`, `crate::path::func`;
//! no receivers, type arguments or blanks. An edge is a pair, caller first. `covers` (optional) names the
//! packages and modules whose calls the graph knows in full even where none of their symbols is called; a
//! package that has a symbol in the graph is covered by that.
//!
//! Which package a symbol belongs to is decided once, here: the longest name in `covers` that the symbol
//! continues with `.` or `::`; else what stands before the first `::`; else what stands before the first `.`
//! after the last `/`, with a `gopkg.in` version kept on its path (`gopkg.in/yaml.v3` is a package, and
//! `v3.Unmarshal` no method). A dotted last element anywhere else (`example.com/a.b`) must be in `covers`.
//!
//! Invariants of a [`CallGraph`]: sorted and without duplicates, so that its meaning and every path found in it
//! are the same for any order of the document; at least one entry point, without which everything would look
//! unreachable.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::model::text::objects;

/// Largest document in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The schema that is read.
const SCHEMA: &str = "stella.callgraph/1";
/// Longest symbol in bytes.
const MAX_SYMBOL: usize = 512;

/// A call graph with its packages worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGraph {
    /// All symbols, sorted; the others speak of them by place.
    symbols: Vec<String>,
    entry_points: Vec<usize>,
    /// For each symbol what it calls, sorted.
    callees: Vec<Vec<usize>>,
    packages: BTreeMap<String, Vec<usize>>,
    covers: BTreeSet<String>,
}

/// Why bytes are not a call graph.
#[derive(Debug, thiserror::Error)]
pub enum CallGraphError {
    /// More bytes than are read.
    #[error("call graph of {bytes} bytes is larger than {MAX_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the schema's shape.
    #[error("no call graph at `{path}`")]
    Shape {
        /// Where, as a JSON path.
        path: String,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// Another schema.
    #[error("schema `{found}` is not `{SCHEMA}`")]
    Schema {
        /// What the document says.
        found: String,
    },
    /// No entry point.
    #[error("`entry_points` is empty: name at least one, or everything would look unreachable")]
    NoEntryPoint,
}

#[derive(Deserialize)]
struct Wire {
    schema: String,
    entry_points: Vec<Symbol>,
    edges: Vec<(Symbol, Symbol)>,
    #[serde(default)]
    covers: BTreeSet<String>,
}

/// A symbol in the documented spelling.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Symbol(String);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a symbol: write `import/path.Func`, `import/path.Type.Method` or `crate::path::func`")]
struct SymbolError(String);

impl TryFrom<String> for Symbol {
    type Error = SymbolError;

    fn try_from(text: String) -> Result<Self, SymbolError> {
        // Receivers and type arguments hold slashes and dots of other packages.
        let foreign = |char: char| char.is_whitespace() || char.is_control() || "()[]<>{}*,".contains(char);
        let package = undeclared_package(&text).len();
        if package == 0 || package == text.len() || text.ends_with(['.', ':', '/']) || text.contains(foreign) {
            return Err(SymbolError(text));
        }
        if text.len() > MAX_SYMBOL { Err(SymbolError(text)) } else { Ok(Self(text)) }
    }
}

/// Whether a document says that it is a call graph.
pub fn is_one(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        schema: Option<std::borrow::Cow<'a, str>>,
    }
    let begins = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let head = || objects::from_slice::<Head<'_>>(bytes).ok()?.schema;
    begins && bytes.len() <= MAX_BYTES && head().is_some_and(|schema| schema.starts_with("stella.callgraph/"))
}

/// Reads a call graph.
///
/// # Errors
/// Names the JSON path of what is not as the schema says.
pub fn read(bytes: &[u8]) -> Result<CallGraph, CallGraphError> {
    if bytes.len() > MAX_BYTES {
        return Err(CallGraphError::TooLarge { bytes: bytes.len() });
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let wire: Wire = objects::deserialize(&mut json)
        .map_err(|error| CallGraphError::Shape { path: error.path().to_string(), source: error.into_inner() })?;
    json.end().map_err(|source| CallGraphError::Shape { path: ".".into(), source })?;
    if wire.schema != SCHEMA {
        return Err(CallGraphError::Schema { found: wire.schema });
    }
    if wire.entry_points.is_empty() {
        return Err(CallGraphError::NoEntryPoint);
    }
    Ok(CallGraph::from(wire))
}

impl From<Wire> for CallGraph {
    fn from(wire: Wire) -> Self {
        let edges = wire.edges.iter().flat_map(|(caller, callee)| [caller, callee]);
        let mut symbols: Vec<String> = wire.entry_points.iter().chain(edges).map(|symbol| symbol.0.clone()).collect();
        symbols.sort_unstable();
        symbols.dedup();

        let place = |symbol: &Symbol| symbols.binary_search(&symbol.0).ok();
        let mut entry_points: Vec<usize> = wire.entry_points.iter().filter_map(place).collect();
        entry_points.sort_unstable();
        entry_points.dedup();
        let mut callees = vec![Vec::new(); symbols.len()];
        for (caller, callee) in &wire.edges {
            if let (Some(caller), Some(callee)) = (place(caller), place(callee)) {
                callees[caller].push(callee);
            }
        }
        for list in &mut callees {
            list.sort_unstable();
            list.dedup();
        }
        let mut packages: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, symbol) in symbols.iter().enumerate() {
            packages.entry(package_of(symbol, &wire.covers).to_owned()).or_default().push(place);
        }
        Self { symbols, entry_points, callees, packages, covers: wire.covers }
    }
}

impl CallGraph {
    pub(super) fn len(&self) -> usize {
        self.symbols.len()
    }

    pub(super) fn entry_points(&self) -> &[usize] {
        &self.entry_points
    }

    pub(super) fn callees(&self, symbol: usize) -> &[usize] {
        self.callees.get(symbol).map_or(&[], Vec::as_slice)
    }

    pub(super) fn name(&self, symbol: usize) -> &str {
        self.symbols.get(symbol).map_or("", String::as_str)
    }

    /// The place of exactly this symbol.
    pub(super) fn find(&self, symbol: &str) -> Option<usize> {
        self.symbols.binary_search_by(|known| known.as_str().cmp(symbol)).ok()
    }

    /// Every symbol of exactly this package.
    pub(super) fn symbols_of(&self, package: &str) -> &[usize] {
        self.packages.get(package).map_or(&[], Vec::as_slice)
    }

    /// Whether the graph knows the calls of exactly this package or module in full.
    pub(super) fn covers(&self, package: &str) -> bool {
        self.covers.contains(package) || self.packages.contains_key(package)
    }

    /// Whether `covers` names it: what a module needs, of which one package says nothing of the others.
    pub(super) fn declares(&self, module: &str) -> bool {
        self.covers.contains(module)
    }
}

/// The package of a symbol, by the rule of the module's documentation.
fn package_of<'a>(symbol: &'a str, covers: &BTreeSet<String>) -> &'a str {
    let dots = symbol.match_indices('.').chain(symbol.match_indices("::"));
    let declared = dots.map(|(at, _)| &symbol[..at]).filter(|package| covers.contains(*package));
    declared.max_by_key(|package| package.len()).unwrap_or_else(|| undeclared_package(symbol))
}

/// The package of a symbol that `covers` does not settle; the whole text where it has none.
pub(super) fn undeclared_package(symbol: &str) -> &str {
    if let Some((package, _)) = symbol.split_once("::") {
        return package;
    }
    let element = symbol.rfind('/').map_or(0, |slash| slash + 1);
    let mut end = end_of_package(symbol, element);
    if symbol.starts_with("gopkg.in/") {
        let version = symbol[end..].strip_prefix(".v").map_or("", |rest| rest.split('.').next().unwrap_or_default());
        if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) {
            end += ".v".len() + version.len();
        }
    }
    &symbol[..end]
}

/// Where the package ends whose last element begins at `element`: at the *first* dot. A later dot is a
/// method's (`Type.Method`), and a package that ends there would hide its methods from their package.
fn end_of_package(symbol: &str, element: usize) -> usize {
    symbol[element..].find('.').map_or(symbol.len(), |dot| element + dot)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read_value(value: &Value) -> Result<CallGraph, CallGraphError> {
        read(value.to_string().as_bytes())
    }

    #[test]
    fn each_symbol_has_one_package() {
        for (symbol, covers, package) in [
            ("main.main", &[][..], "main"),
            ("net/http.Server.Serve", &[], "net/http"),
            ("golang.org/x/text/language.Parse", &[], "golang.org/x/text/language"),
            ("example.com/a/b.Type.Method", &[], "example.com/a/b"),
            ("gopkg.in/yaml.v3.Decoder.Decode", &[], "gopkg.in/yaml.v3"),
            ("gopkg.in/yaml.version", &[], "gopkg.in/yaml"),
            ("example.com/a.b.Func", &[], "example.com/a"),
            ("example.com/a.b.Func", &["example.com/a.b"], "example.com/a.b"),
            ("example.com/a.b.Func", &["example.com/a", "example.com/a.b"], "example.com/a.b"),
            ("example.com/ab.Func", &["example.com/a"], "example.com/ab"),
            ("smallvec::SmallVec::insert_many", &[], "smallvec"),
            ("smallvec::SmallVec::insert_many", &["small"], "smallvec"),
            ("@scope/pkg.default", &[], "@scope/pkg"),
        ] {
            let covers = covers.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(package_of(symbol, &covers), package, "{symbol} {covers:?}");
        }
    }

    #[test]
    fn errors_name_the_path() {
        let graph = |entry: &str, edges: Value| json!({ "schema": SCHEMA, "entry_points": [entry], "edges": edges });
        for (document, path) in [
            (graph("main", json!([])), "entry_points[0]"),
            (graph("", json!([])), "entry_points[0]"),
            (graph("a.b", json!([["a.b", "(*x/y.T).M"]])), "edges[0][1]"),
            (graph("a.b", json!([["a.b", "x/y.Map[x/z.T]"]])), "edges[0][1]"),
            (graph("a.b", json!([["a.b"]])), "edges[0]"),
            (json!({ "schema": SCHEMA, "entry_points": ["a.b"] }), "."),
        ] {
            let error = read_value(&document).unwrap_err();
            assert!(matches!(&error, CallGraphError::Shape { path: found, .. } if found == path), "{error:?} {path}");
        }
        let empty = json!({ "schema": SCHEMA, "entry_points": [], "edges": [] });
        assert!(matches!(read_value(&empty), Err(CallGraphError::NoEntryPoint)));
        let other = json!({ "schema": "stella.callgraph/2", "entry_points": ["a.b"], "edges": [] });
        assert!(matches!(read_value(&other), Err(CallGraphError::Schema { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_symbol_panics_and_packages_are_beginnings(
            symbol in "\\PC{0,20}",
            like in "(gopkg.in/)?[a-z./:v0-9]{1,20}",
        ) {
            for symbol in [symbol, like] {
                prop_assert!(symbol.starts_with(undeclared_package(&symbol)));
                let _ = read_value(&json!({ "schema": SCHEMA, "entry_points": [symbol], "edges": [] }));
            }
        }
    }
}
