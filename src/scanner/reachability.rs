//! Can vulnerable code be called: a breadth-first walk from all entry points.
//!
//! | verdict | when |
//! |---|---|
//! | reachable | an entry point is, or calls through any number of steps, a vulnerable symbol |
//! | unreachable | the advisory names its code, the graph covers *every* package of it, and no such path exists |
//! | unknown | no graph, no code named, or any package of it is not covered |
//!
//! Packages and symbols are compared whole: `a/b` is not `a/bc`, and `example.com/m` says nothing of
//! `example.com/m/v2`. An import without symbols means any symbol of that package, its methods too.
//!
//! Invariants: no recursion (cycles and depth are harmless); one walk for all findings; the path shown is the
//! shortest, and of several the one with the smallest end and callers in the graph's sorted order.

use std::collections::VecDeque;

use crate::format::osv::VulnerableCode;
use crate::model::finding::{FindingKey, Reachability};
use crate::scanner::callgraph::{CallGraph, undeclared_package};

/// Evidence: how a vulnerable symbol is reached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallPath {
    /// The finding that it supports.
    pub finding: FindingKey,
    /// The symbols from an entry point to the vulnerable one, both included.
    pub symbols: Vec<String>,
}

/// What can be reached in one graph.
#[derive(Debug)]
pub struct Reach<'g> {
    graph: &'g CallGraph,
    /// For each symbol: steps from the nearest entry point, and the caller on the way; `None` if out of reach.
    steps: Vec<Option<(usize, usize)>>,
}

impl<'g> Reach<'g> {
    /// Walks the graph once.
    pub fn new(graph: &'g CallGraph) -> Self {
        let mut steps = vec![None; graph.len()];
        let mut queue = VecDeque::new();
        for &entry in graph.entry_points() {
            steps[entry] = Some((0, entry));
            queue.push_back((entry, 0));
        }
        while let Some((caller, distance)) = queue.pop_front() {
            for &callee in graph.callees(caller) {
                if steps[callee].is_none() {
                    steps[callee] = Some((distance + 1, caller));
                    queue.push_back((callee, distance + 1));
                }
            }
        }
        Self { graph, steps }
    }

    /// The verdict on vulnerable code of a package, with the shortest path where there is one.
    pub fn assess(&self, package: &str, code: &[VulnerableCode]) -> (Reachability, Option<Vec<String>>) {
        let targets = code.iter().flat_map(|code| self.targets(code));
        let nearest = targets.filter_map(|target| self.steps[target].map(|(steps, _)| (steps, target))).min();
        match nearest {
            Some((_, target)) => (Reachability::Reachable, Some(self.path_to(target))),
            None if !code.is_empty() && code.iter().all(|code| self.covers(package, code)) => {
                (Reachability::Unreachable, None)
            }
            None => (Reachability::Unknown, None),
        }
    }

    /// The symbols of the graph that are the named code.
    fn targets(&self, code: &VulnerableCode) -> Vec<usize> {
        match code {
            VulnerableCode::Import { path, symbols } if symbols.is_empty() => self.graph.symbols_of(path).to_vec(),
            VulnerableCode::Import { path, symbols } => {
                symbols.iter().filter_map(|symbol| self.graph.find(&format!("{path}.{symbol}"))).collect()
            }
            VulnerableCode::Function(path) => self.graph.find(path).into_iter().collect(),
        }
    }

    fn covers(&self, package: &str, code: &VulnerableCode) -> bool {
        let of_code = match code {
            VulnerableCode::Import { path, .. } => path,
            VulnerableCode::Function(path) => undeclared_package(path),
        };
        self.graph.covers(of_code) || self.graph.declares(package)
    }

    fn path_to(&self, target: usize) -> Vec<String> {
        let mut path = vec![self.graph.name(target).to_owned()];
        let mut at = target;
        while let Some((steps, caller)) = self.steps[at]
            && steps > 0
        {
            at = caller;
            path.push(self.graph.name(at).to_owned());
        }
        path.reverse();
        path
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scanner::callgraph;

    /// Reads `a.b>c.d e.f>g.h`; the entry point is `app.main`.
    fn graph(edges: &str, covers: &[&str]) -> CallGraph {
        let edges: Vec<_> = edges.split_whitespace().map(|edge| edge.split_once('>').unwrap()).collect();
        let document = json!({
            "schema": "stella.callgraph/1", "entry_points": ["app.main"], "edges": edges, "covers": covers,
        });
        callgraph::read(document.to_string().as_bytes()).unwrap()
    }

    /// Reads `a/b:Parse,Type.Method`, `a/b:` for any symbol, `a::b` for a function.
    fn code(text: &str) -> VulnerableCode {
        match text.rsplit_once(':') {
            Some((path, symbols)) if !path.ends_with(':') => VulnerableCode::Import {
                path: path.into(),
                symbols: symbols.split(',').filter(|symbol| !symbol.is_empty()).map(str::to_owned).collect(),
            },
            _ => VulnerableCode::Function(text.into()),
        }
    }

    #[test]
    fn verdicts() {
        use Reachability::{Reachable, Unknown, Unreachable};
        for (why, edges, covers, vulnerable, expected) in [
            ("called", "app.main>a/b.F", &[][..], "a/b:F", Reachable),
            ("called through others", "app.main>x.f x.f>y.g y.g>a/b.F", &[], "a/b:F", Reachable),
            ("another symbol of it is called", "app.main>a/b.G", &[], "a/b:F", Unreachable),
            ("nobody calls its caller", "app.main>x.f y.g>a/b.F", &[], "a/b:F", Unreachable),
            ("covered and never seen", "app.main>x.f", &["a/b"], "a/b:F", Unreachable),
            ("its module is covered", "app.main>x.f", &["a"], "a/b:F", Unreachable),
            ("not covered", "app.main>x.f", &[], "a/b:F", Unknown),
            ("a sibling with the same beginning", "app.main>a/bc.F", &[], "a/b:F", Unknown),
            ("a sibling with the same beginning is covered", "app.main>x.f", &["a/bc"], "a/b:F", Unknown),
            ("a package below it", "app.main>a/b/c.F", &[], "a/b:", Unknown),
            ("a sibling when any symbol counts", "app.main>a/bc.F", &["a/b"], "a/b:", Unreachable),
            ("a symbol with the same beginning", "app.main>a/b.Fx", &[], "a/b:F", Unreachable),
            ("a method with a function's name", "app.main>a/b.T.F", &[], "a/b:F", Unreachable),
            ("a method", "app.main>a/b.T.M", &[], "a/b:T.M", Reachable),
            ("any symbol, by a function", "app.main>a/b.G", &[], "a/b:", Reachable),
            // The first dot ends the package: a method belongs to its package, not to `a/b.T`.
            ("any symbol, by a method", "app.main>a/b.T.M x.f>a/b.G", &[], "a/b:", Reachable),
            ("any symbol, none called", "app.main>x.f y.g>a/b.T.M", &[], "a/b:", Unreachable),
            ("the entry point itself", "x.f>y.g", &[], "app:main", Reachable),
            ("a cycle on the way", "app.main>x.f x.f>app.main x.f>a/b.F a/b.F>x.f", &[], "a/b:F", Reachable),
            ("a cycle beside it", "app.main>x.f x.f>x.f y.g>a/b.F a/b.F>y.g", &[], "a/b:F", Unreachable),
            ("a function by its path", "app.main>x::f x::f>a::T::m", &[], "a::T::m", Reachable),
            ("another function of the crate", "app.main>a::T::n", &[], "a::T::m", Unreachable),
            ("a crate that is not there", "app.main>ab::T::m", &[], "a::T::m", Unknown),
        ] {
            let graph = graph(edges, covers);
            let (verdict, path) = Reach::new(&graph).assess("a", &[code(vulnerable)]);
            assert_eq!(verdict, expected, "{why}");
            assert_eq!(path.is_some(), verdict == Reachable, "{why}");
        }
    }

    #[test]
    fn one_import_that_is_not_covered_leaves_the_verdict_open() {
        let graph = graph("app.main>a/b.G", &[]);
        let reach = Reach::new(&graph);
        assert_eq!(reach.assess("a", &[code("a/b:F"), code("a/c:F")]).0, Reachability::Unknown);
        assert_eq!(reach.assess("a", &[]).0, Reachability::Unknown);
    }

    #[test]
    fn the_path_is_the_shortest_and_the_smallest() {
        let edges = "app.main>z.f app.main>b.f app.main>c.f c.f>a/b.F b.f>a/b.F z.f>a/b.G b.f>d.f d.f>a/b.F";
        let graph = graph(edges, &[]);
        let (_, path) = Reach::new(&graph).assess("a", &[code("a/b:F,G")]);
        assert_eq!(path.unwrap(), ["app.main", "b.f", "a/b.F"]);
        let graph = super::tests::graph("app.main>x.f", &[]);
        assert_eq!(Reach::new(&graph).assess("app", &[code("app:main")]).1.unwrap(), ["app.main"]);
    }

    #[test]
    fn deep_graphs_are_walked_without_recursion() {
        let edges: Vec<_> = (0..30_000).map(|i| format!("p.f{i}>p.f{}", i + 1)).collect();
        let graph = graph(&format!("app.main>p.f0 {}", edges.join(" ")), &[]);
        let (verdict, path) = Reach::new(&graph).assess("p", &[code("p:f30000")]);
        assert_eq!((verdict, path.unwrap().len()), (Reachability::Reachable, 30_002));
    }
}
