//! What holds for the steps, whatever the document.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::canonical::scramble::Scramble;
use crate::canonical::{Canonical, Limits, Profile, Roots, canonicalize_rooted, canonicalize_with};

fn under(profile: &Profile, document: &Value) -> Canonical {
    canonicalize_with(profile, document.to_string().as_bytes(), &Limits::default()).unwrap()
}

fn text(canonical: &Canonical) -> &str {
    std::str::from_utf8(&canonical.bytes).unwrap()
}

fn profile(rules: &str) -> Profile {
    Profile::parse(&format!("profile: test\nform: json\nrules:\n{rules}")).unwrap()
}

fn graph_profile() -> Profile {
    profile(
        "- {path: /t, action: drop, reason: time}\n\
         - {path: /**/id, action: relabel, pattern: 'r[0-9]+', reason: random}\n\
         - {path: /nodes, action: set, reason: a set}\n- {path: /edges, action: set, reason: a set}\n\
         - {path: /**/kids, action: set, reason: a set}\n- {path: /edges/*/to, action: set, reason: a set}",
    )
}

/// Nodes with few contents, so that many are alike, and edges between them.
fn graph() -> impl Strategy<Value = (Vec<u8>, Vec<(usize, Vec<usize>)>)> {
    (2..9usize).prop_flat_map(|nodes| {
        let edges = prop::collection::vec((0..nodes, prop::collection::vec(0..nodes, 0..4)), 0..8);
        (prop::collection::vec(0..3u8, nodes), edges)
    })
}

fn document(contents: &[u8], edges: &[(usize, Vec<usize>)], ids: &[String]) -> Value {
    let nodes: Vec<Value> =
        contents.iter().zip(ids).map(|(content, id)| json!({"id": id, "name": format!("n{content}")})).collect();
    let edges: Vec<Value> = edges
        .iter()
        .map(|(from, to)| json!({"from": ids[*from], "to": to.iter().map(|to| &ids[*to]).collect::<Vec<_>>()}))
        .collect();
    json!({"t": ids[0], "nodes": nodes, "edges": edges})
}

fn ids(count: usize, offset: usize, reverse: bool) -> Vec<String> {
    let mut ids: Vec<String> = (0..count).map(|i| format!("r{}", offset + i * 7)).collect();
    if reverse {
        ids.reverse();
    }
    ids
}

/// Whether one set of edges becomes the other when nodes of equal content change places: by trying them all.
fn is_same(contents: &[u8], a: &[(usize, Vec<usize>)], b: &[(usize, Vec<usize>)]) -> bool {
    type Edges = Vec<(usize, Vec<usize>)>;
    fn ordered(edges: &[(usize, Vec<usize>)], at: &[usize]) -> Edges {
        let mut edges: Edges = edges
            .iter()
            .map(|(from, to)| {
                let mut to: Vec<usize> = to.iter().map(|to| at[*to]).collect();
                to.sort_unstable();
                (at[*from], to)
            })
            .collect();
        edges.sort();
        edges
    }
    fn search(contents: &[u8], at: &mut Vec<usize>, a: &[(usize, Vec<usize>)], b: &Edges) -> bool {
        let next = at.len();
        if next == contents.len() {
            return ordered(a, at) == *b;
        }
        (0..contents.len()).any(|to| {
            if contents[to] != contents[next] || at.contains(&to) {
                return false;
            }
            at.push(to);
            let found = search(contents, at, a, b);
            at.pop();
            found
        })
    }
    let same: Vec<usize> = (0..contents.len()).collect();
    search(contents, &mut Vec::new(), a, &ordered(b, &same))
}

proptest! {
    #[test]
    fn other_ids_and_orders_are_the_same_document(
        (contents, edges) in graph(), offset in 1000usize..2000, reverse: bool, seed: u64,
    ) {
        let profile = graph_profile();
        let one = document(&contents, &edges, &ids(contents.len(), 0, false));
        let mut other = document(&contents, &edges, &ids(contents.len(), offset, reverse));
        let expected = under(&profile, &one);
        prop_assert_eq!(under(&profile, &other).digest, expected.digest);
        // As Scramble shuffles every array, those that are not sets must go.
        other["edges"].as_array_mut().unwrap().reverse();
        let spelled = Scramble::new(seed).spelling_and_order(&other);
        let scrambled = canonicalize_with(&profile, spelled.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(scrambled.digest, expected.digest);
        prop_assert!(!text(&expected).replace("\"ref:", "").contains("\"r"));
    }

    /// A reference that goes elsewhere is seen, unless nodes that are alike in all things have changed places.
    #[test]
    fn another_target_is_another_document(
        (contents, edges) in graph(), which in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
    ) {
        let mut changed = edges.clone();
        let targets: Vec<(usize, usize)> =
            changed.iter().enumerate().flat_map(|(edge, (_, to))| (0..to.len()).map(move |at| (edge, at))).collect();
        prop_assume!(!targets.is_empty());
        let (edge, at) = targets[which.index(targets.len())];
        changed[edge].1[at] = to.index(contents.len());
        let ids = ids(contents.len(), 0, false);
        let profile = graph_profile();
        let (a, b) = (document(&contents, &edges, &ids), document(&contents, &changed, &ids));
        let same = under(&profile, &a).digest == under(&profile, &b).digest;
        prop_assert_eq!(same, is_same(&contents, &edges, &changed));
    }

    #[test]
    fn what_went_through_stays(
        (contents, edges) in graph(),
    ) {
        let profile = graph_profile();
        let once = under(&profile, &document(&contents, &edges, &ids(contents.len(), 0, false)));
        let twice = canonicalize_with(&profile, &once.bytes, &Limits::default()).unwrap();
        prop_assert_eq!((twice.bytes, twice.masked.len()), (once.bytes, 0));
    }

    /// The array in any order, with positions that follow it.
    #[test]
    fn positions_follow_their_array(
        names in prop::collection::vec("[ab]", 1..6), used in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        shift in 0..6usize,
    ) {
        let profile = profile(
            "- {path: /uses/*/at, action: resolve-index, into: [/all], by: [name], reason: x}\n\
             - {path: /all, action: set, reason: x}",
        );
        let document = |shift: usize| {
            let order: Vec<usize> = (0..names.len()).map(|at| (at + shift) % names.len()).collect();
            let all: Vec<Value> = order.iter().map(|at| json!({"name": names[*at], "extra": at / 2})).collect();
            let position = |of: usize| order.iter().position(|at| *at == of).unwrap();
            let uses: Vec<Value> = used.iter().map(|used| json!({"at": position(used.index(names.len()))})).collect();
            json!({"all": all, "uses": uses})
        };
        prop_assert_eq!(under(&profile, &document(shift)).digest, under(&profile, &document(0)).digest);
    }

    #[test]
    fn another_position_is_another_document(count in 2..6usize, a: u8, b: u8) {
        let profile = profile(
            "- {path: /at, action: resolve-index, into: [/all], by: [name], reason: x}\n\
             - {path: /all, action: set, reason: x}",
        );
        // Two of a name, but not alike.
        let all: Vec<Value> = (0..count).map(|at| json!({"name": at / 2, "odd": at % 2})).collect();
        let (a, b) = (usize::from(a) % (count + 1), usize::from(b) % (count + 1));
        let digest = |at: usize| under(&profile, &json!({"at": at, "all": all})).digest;
        prop_assert_eq!(digest(a) == digest(b), a == b);
    }

    /// Whatever stands in a document, no step panics, and members never vanish.
    #[test]
    fn members_never_vanish(names in prop::collection::btree_set("r[12]|/r/[a-c]|ns[12]#?[a-c]?|x", 0..7)) {
        let profile = profile(
            "- {path: '', action: root-map, reason: x}\n- {path: /*, action: relabel, pattern: 'r[0-9]', reason: x}\n\
             - {path: /*, action: alias, pattern: 'ns[0-9]', reason: x}",
        );
        let members: BTreeMap<&str, &str> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
        let roots = Roots::new(["/r", "/r/a"]).unwrap();
        let text = json!(members).to_string();
        let canonical = canonicalize_rooted(&profile, &roots, text.as_bytes(), &Limits::default()).unwrap();
        let read: BTreeMap<String, Value> = serde_json::from_slice(&canonical.bytes).unwrap();
        prop_assert_eq!(read.len(), members.len());
    }
}

#[test]
fn an_alias_is_replaced_wherever_a_text_or_name_begins_with_it() {
    let profile = profile(
        "- {path: /graph/*/id, action: alias, pattern: 'urn:doc:[0-9]+', reason: x}\n\
         - {path: /graph, action: set, reason: x}",
    );
    let document = |ns: &str| {
        json!({"graph": [{"id": format!("{ns}#b"), "to": [format!("{ns}#a")]}, {"id": format!("{ns}#a")}],
               "map": {format!("{ns}#a"): 1}, "text": format!("in {ns}"), "other": "urn:other:7#a"})
    };
    let canonical = under(&profile, &document("urn:doc:17"));
    let expected = r##"{"graph":[{"id":"(alias)#a"},{"id":"(alias)#b","to":["(alias)#a"]}],"map":{"(alias)#a":1},"other":"urn:other:7#a","text":"in urn:doc:17"}"##;
    assert_eq!((text(&canonical), canonical.masked["/graph/*/id"]), (expected, 4));
}

#[test]
fn several_aliases_are_named_after_what_stands_below_them_and_never_merged() {
    let profile =
        profile("- {path: /*/id, action: alias, pattern: 'ns[0-9]+', reason: x}\n- {path: '', action: set, reason: x}");
    let document =
        |a: &str, b: &str| json!([{"id": format!("{a}#1")}, {"id": format!("{b}#2"), "on": format!("{a}#1")}]);
    let digest = |document: Value| under(&profile, &document).digest;
    assert_eq!(digest(document("ns1", "ns2")), digest(document("ns9", "ns3")));
    // Another target.
    let other = json!([{"id": "ns1#1"}, {"id": "ns2#2", "on": "ns2#1"}]);
    assert_ne!(digest(document("ns1", "ns2")), digest(other));
    // Two that could be mistaken for each other keep their names.
    let alike = under(&profile, &json!([{"id": "ns1#1"}, {"id": "ns2#1"}]));
    assert_eq!(text(&alike), r##"[{"id":"ns1#1"},{"id":"ns2#1"}]"##);
}

#[test]
fn a_package_url_is_no_random_id_whatever_the_pattern_says() {
    let profile = profile("- {path: /*/id, action: relabel, pattern: '.+', reason: x}");
    let canonical = under(&profile, &json!([{"id": "pkg:npm/a@1"}, {"id": "b", "on": "pkg:npm/a@1"}]));
    assert!(text(&canonical).contains(r#"{"id":"pkg:npm/a@1"},{"id":"ref:"#), "{}", text(&canonical));
}

/// A licence with a random id is the text that it stands for, alone and in an expression.
#[test]
fn ids_in_licence_expressions_stand_for_their_texts() {
    let profile = Profile::builtin(crate::model::artifact::ArtifactFormat::Spdx);
    let (a, b) =
        ("LicenseRef-3e671687-395b-41f5-a30f-a58921a69b79", "LicenseRef-0-9b2f9ee8-5a0c-4e0a-9d5e-0d3c2f2ce1aa");
    let document = |a: &str, b: &str, concluded: &str, texts: [&str; 2]| {
        json!({"spdxVersion": "SPDX-2.3", "name": "d", "SPDXID": "SPDXRef-DOCUMENT",
            "packages": [{"name": "p", "SPDXID": "SPDXRef-p", "licenseConcluded": concluded, "licenseDeclared": a,
                          "licenseInfoFromFiles": [b, "MIT"], "comment": "LicenseRef-x"}],
            "hasExtractedLicensingInfos": [{"licenseId": a, "extractedText": texts[0]}, {"licenseId": b, "extractedText": texts[1]}]})
    };
    let digest = |document: Value| under(profile, &document).digest;
    let texts = ["do what you like", "do nothing"];
    let said = |a: &str, b: &str| format!("(MIT AND {a}) OR {b}");
    let first = digest(document(a, b, &said(a, b), texts));
    // Other ids, in another order of their letters.
    let (c, d) =
        ("LicenseRef-fffffff7-395b-41f5-a30f-a58921a69b79", "LicenseRef-1-00000008-5a0c-4e0a-9d5e-0d3c2f2ce1aa");
    assert_eq!(digest(document(c, d, &said(c, d), texts)), first);
    assert_eq!(digest(document(d, c, &said(d, c), texts)), first);
    // Another text, and another licence in the same place.
    assert_ne!(digest(document(a, b, &said(a, b), ["do what you like", "do everything"])), first);
    assert_ne!(digest(document(a, b, &said(b, a), texts)), first);
    assert_ne!(digest(document(a, b, &format!("(MIT AND {a}) OR {b}x"), texts)), first);
    // What only looks like the pieces of a text is left as it is.
    let canonical = under(
        profile,
        &json!({"packages": [{"licenseConcluded": ["MIT", a]}], "hasExtractedLicensingInfos": [{"licenseId": a}]}),
    );
    assert!(text(&canonical).contains(&format!(r#""licenseConcluded":["MIT","{a}"]"#)), "{}", text(&canonical));
}

/// Two libraries alike in all they hold: which of them is affected is told from where they stand.
#[test]
fn what_is_alike_is_told_apart_by_what_mentions_it() {
    let profile = graph_profile();
    let document = |affected: [&str; 2]| {
        json!({"nodes": [
            {"id": "r1", "name": "web", "kids": [{"id": "r2", "name": "lib"}]},
            {"id": "r3", "name": "worker", "kids": [{"id": "r4", "name": "lib"}]}],
            "edges": [{"from": "CVE-1", "to": [affected[0]]}, {"from": "CVE-2", "to": [affected[1]]}]})
    };
    let digests: Vec<_> = [["r2", "r2"], ["r2", "r4"], ["r4", "r2"], ["r4", "r4"]]
        .map(|affected| under(&profile, &document(affected)).digest)
        .into();
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest), "{at}");
    }
}

/// One id in each of many elements, each of which mentions all others in turn, and one long row of references.
#[test]
fn a_large_graph_takes_no_more_than_linear_work() {
    let nodes: Vec<Value> =
        (0..4_000).map(|i| json!({"id": format!("r{i}"), "name": "n", "next": format!("r{}", i + 1)})).collect();
    let all: Vec<String> = (0..4_000).map(|i| format!("r{i}")).collect();
    let canonical = under(&graph_profile(), &json!({"nodes": nodes, "edges": [{"from": "r0", "to": all}]}));
    assert_eq!(canonical.masked["/**/id"], 4_000 + 3_999 + 4_001);
}

/// As deep as documents may be, with something to do at the bottom.
#[test]
fn depth_is_no_danger() {
    let id = "3e671687-395b-41f5-a30f-a58921a69b79";
    let deep = |open: &str, core: &str, close: &str, levels: usize| {
        format!("{}{core}{}", open.repeat(levels), close.repeat(levels))
    };
    let core = format!(r#"{{"bom-ref":"{id}","ruleIndex":1,"text":"/r/x"}}"#);
    let roots = Roots::new(["/r"]).unwrap();
    for format in crate::model::artifact::ArtifactFormat::ALL.iter().copied() {
        for text in [deep(r#"{"components":"#, &core, "}", 511), deep("[", &core, "]", 511)] {
            let profile = Profile::builtin(format);
            let canonical = canonicalize_rooted(profile, &roots, text.as_bytes(), &Limits::default()).unwrap();
            let random = profile.rules().iter().any(|rule| rule.path().as_str() == "/**/bom-ref");
            assert_eq!(String::from_utf8_lossy(&canonical.bytes).contains(id), !random, "{format}");
        }
    }
}

/// A long name above many ids, and many members beside what positions lead through.
#[test]
fn long_names_and_wide_objects_cost_no_more_than_their_length() {
    let ids: Vec<String> = (0..20_000).map(|i| format!("r{i}")).collect();
    let nodes: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    let long = "n".repeat(200_000);
    let canonical = under(&graph_profile(), &json!({"nodes": nodes, "edges": [{ long: ids }]}));
    assert_eq!(canonical.masked["/**/id"], 40_000);

    let profile = profile("- {path: /uses/*, action: resolve-index, into: [/tool/all], by: [name], reason: x}");
    let mut tool: serde_json::Map<String, Value> = (0..20_000).map(|i| (format!("m{i}"), json!(i))).collect();
    tool.insert("all".to_owned(), json!([{"name": "a"}]));
    let canonical = under(&profile, &json!({"tool": tool, "uses": vec![0; 20_000]}));
    assert_eq!(canonical.masked["/uses/*"], 20_000);
}
