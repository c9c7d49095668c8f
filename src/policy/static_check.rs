//! A look at the rules before they run: what they call and refer to.
//!
//! It reads the engine's own tokens, so that nothing can be written in a way that the engine understands and this
//! does not; it knows no scopes, so that a local variable named like a rule counts as a reference to that rule. That
//! errs on the side of refusing.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;
use regorus::unstable::{Lexer, Module, Source, Token, TokenKind};

use crate::policy::builtins::{impurity, is_known, is_offered};
use crate::policy::error::{EngineError, PolicyError, Site};

/// The longest chain of rules that refer to each other.
const MAX_CHAIN: usize = 32;

const KEYWORDS: &[&str] = &[
    "as", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some", "true", "with",
];

/// The deepest nesting of brackets. The engine's parser has a limit of its own, but needs twice the time for each
/// level, so that its limit is never reached.
const MAX_NESTING: usize = 12;

/// A dotted path in the source: `data.lib.f`, `time["now_ns"]`, `x`.
#[derive(Clone)]
struct Reference {
    /// Never empty.
    path: Vec<String>,
    /// The keyword or symbol right before it, where there is one.
    keyword: String,
    start: u32,
    line: u32,
    called: bool,
}

/// One rule, or one of several with the same name.
struct Definition {
    package: Vec<String>,
    /// Full path without `data`.
    path: Vec<String>,
    site: Site,
    references: Vec<Reference>,
}

/// Every rule of a policy by its full path, without `data`.
#[derive(Debug, Default)]
pub(super) struct RuleSet(BTreeSet<Vec<String>>);

impl RuleSet {
    /// Whether a rule with this path exists.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        self.0.contains(&path.iter().map(|&part| part.to_owned()).collect::<Vec<_>>())
    }

    /// The rule that `path`, written in `package`, leads to or into.
    fn find(&self, package: &[String], path: &[String]) -> Option<&[String]> {
        let full = match path.split_first() {
            Some((root, rest)) if root == "data" => rest.to_vec(),
            _ => [package, path].concat(),
        };
        (1..=full.len()).find_map(|n| self.0.get(&full[..n])).map(Vec::as_slice)
    }
}

/// Refuses rules that are nested too deep to be parsed.
pub(super) fn check_nesting(file: &str, text: &str) -> Result<(), PolicyError> {
    let read = Source::from_contents(file.to_owned(), text.to_owned()).map_err(EngineError::new);
    let tokens = read.and_then(|source| tokens(&source));
    let mut depth = 0_usize;
    for token in tokens.map_err(|source| PolicyError::Rego { file: file.to_owned(), source })? {
        match (&token.0, token.1.text()) {
            (TokenKind::Symbol, "(" | "[" | "{") => depth += 1,
            (TokenKind::Symbol, ")" | "]" | "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            let site = Site { file: file.to_owned(), line: token.1.line, rule: String::new() };
            return Err(PolicyError::Nesting { site, limit: MAX_NESTING });
        }
    }
    Ok(())
}

/// Refuses what may not be called, recursion, and chains that are too long; gives the rules' names.
pub(super) fn check(engine: &mut Engine) -> Result<RuleSet, PolicyError> {
    let mut definitions = Vec::new();
    for module in engine.get_modules().iter() {
        definitions.extend(read_module(module)?);
    }
    let rules = RuleSet(definitions.iter().map(|definition| definition.path.clone()).collect());
    let mut edges: BTreeMap<&[String], (&Site, BTreeSet<&[String]>)> = BTreeMap::new();
    for definition in &definitions {
        let node = edges.entry(&definition.path).or_insert_with(|| (&definition.site, BTreeSet::new()));
        for reference in &definition.references {
            match rules.find(&definition.package, &reference.path) {
                Some(rule) => {
                    node.1.insert(rule);
                }
                None => check_function(reference, &definition.site)?,
            }
        }
    }
    let mut heights = BTreeMap::new();
    for rule in edges.keys() {
        measure(rule, &edges, &mut heights, 1)?;
    }
    Ok(rules)
}

/// The length of the longest chain that begins at `rule`. The recursion is bounded by [`MAX_CHAIN`].
fn measure<'a>(
    rule: &'a [String],
    edges: &BTreeMap<&'a [String], (&'a Site, BTreeSet<&'a [String]>)>,
    heights: &mut BTreeMap<&'a [String], Option<usize>>,
    depth: usize,
) -> Result<usize, PolicyError> {
    let Some((site, next)) = edges.get(rule) else { return Ok(0) };
    match heights.get(rule) {
        Some(Some(height)) => return Ok(*height),
        Some(None) => return Err(PolicyError::Recursion { site: (*site).clone() }),
        None => {}
    }
    heights.insert(rule, None);
    let mut height = 1;
    for rule in next {
        if depth < MAX_CHAIN {
            height = height.max(1 + measure(rule, edges, heights, depth + 1)?);
        } else {
            height = MAX_CHAIN + 1;
        }
    }
    if height > MAX_CHAIN {
        return Err(PolicyError::Chain { site: (*site).clone(), limit: MAX_CHAIN });
    }
    heights.insert(rule, Some(height));
    Ok(height)
}

fn check_function(reference: &Reference, rule: &Site) -> Result<(), PolicyError> {
    let function = reference.path.join(".");
    let site = || Site { line: reference.line, ..rule.clone() };
    // A path of a withheld function is refused uncalled too: `with` can put it in the place of another.
    let withheld = reference.path.len() > 1 && is_known(&function) && !is_offered(&function);
    if reference.called && is_offered(&function) || !reference.called && !withheld {
        return Ok(());
    }
    match impurity(&function) {
        Some(why) => Err(PolicyError::Impure { site: site(), function, why }),
        None => Err(PolicyError::UnknownFunction { site: site(), function }),
    }
}

fn read_module(module: &Module) -> Result<Vec<Definition>, PolicyError> {
    let source = &module.package.span.source;
    let file = source.file();
    let tokens = tokens(source).map_err(|source| PolicyError::Rego { file: file.clone(), source })?;
    let references = references(&tokens);
    let mut starts: Vec<u32> = module.policy.iter().map(|rule| rule.span().start).collect();
    starts.sort_unstable();

    let first_rule = starts.first().copied().unwrap_or(u32::MAX);
    let (header, mut rest) = references.split_at(references.partition_point(|r| r.start < first_rule));
    let (package, aliases) = read_header(header);
    let mut definitions = Vec::new();
    for next in starts.into_iter().skip(1).chain([u32::MAX]) {
        let (rule, behind) = rest.split_at(rest.partition_point(|r| r.start < next));
        rest = behind;
        let Some((head, body)) = rule.split_first() else { continue };
        let mut body = body.to_vec();
        for reference in &mut body {
            if let Some(target) = aliases.get(&reference.path[0]) {
                reference.path = [target, &reference.path[1..]].concat();
            }
        }
        definitions.push(Definition {
            package: package.clone(),
            path: [package.as_slice(), &head.path].concat(),
            site: Site { file: file.clone(), line: head.line, rule: head.path.join(".") },
            references: body,
        });
    }
    Ok(definitions)
}

/// The package, and what each imported name stands for.
fn read_header(references: &[Reference]) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
    let mut package = Vec::new();
    let mut aliases = BTreeMap::new();
    let mut imported: &[String] = &[];
    for reference in references {
        match (reference.keyword.as_str(), reference.path.as_slice()) {
            ("package", path) => package = path.to_vec(),
            ("import", path @ [.., last]) => {
                aliases.insert(last.clone(), path.to_vec());
                imported = path;
            }
            ("as", [alias, ..]) => {
                aliases.insert(alias.clone(), imported.to_vec());
            }
            _ => {}
        }
    }
    (package, aliases)
}

/// Every reference, in order; fields of what is not a plain path (`f(x).y`) are none.
fn references(tokens: &[Token]) -> Vec<Reference> {
    let mut references = Vec::new();
    let mut keyword = "";
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if !is_word(token) || KEYWORDS.contains(&token.1.text()) {
            keyword = token.1.text();
            at += 1;
            continue;
        }
        let (reference, next) = read_reference(tokens, at, keyword);
        if keyword != "." {
            references.push(reference);
        }
        (keyword, at) = ("", next);
    }
    references
}

fn tokens(source: &Source) -> Result<Vec<Token>, EngineError> {
    let mut lexer = Lexer::new(source);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next_token().map_err(EngineError::new)?;
        if token.0 == TokenKind::Eof {
            return Ok(tokens);
        }
        tokens.push(token);
    }
}

fn is_word(token: &Token) -> bool {
    token.0 == TokenKind::Ident
}

fn is_symbol(token: &Token, text: &str) -> bool {
    token.0 == TokenKind::Symbol && token.1.text() == text
}

/// The text that a string token stands for.
fn string(token: &Token) -> Option<String> {
    match token.0 {
        TokenKind::String => serde_json::from_str(&format!("\"{}\"", token.1.text())).ok(),
        TokenKind::RawString => Some(token.1.text().to_owned()),
        _ => None,
    }
}

/// Reads the reference that begins at word `at`, behind `keyword`; gives the index of the token behind it as well.
fn read_reference(tokens: &[Token], at: usize, keyword: &str) -> (Reference, usize) {
    let span = &tokens[at].1;
    let mut path = vec![span.text().to_owned()];
    let mut next = at + 1;
    loop {
        match &tokens[next..] {
            [dot, word, ..] if is_symbol(dot, ".") && is_word(word) => {
                path.push(word.1.text().to_owned());
                next += 2;
            }
            [open, index, close, ..] if is_symbol(open, "[") && is_symbol(close, "]") => {
                let Some(text) = string(index) else { break };
                path.push(text);
                next += 3;
            }
            _ => break,
        }
    }
    let called = tokens.get(next).is_some_and(|token| is_symbol(token, "("));
    (Reference { path, keyword: keyword.to_owned(), start: span.start, line: span.line, called }, next)
}
