//! The quick way held against the full one, on documents of every kind that a reader meets.

use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::artifacts::compare_artifacts;
use crate::artifacts::comparison::{Comparison, Rules, Scope};
use crate::artifacts::read_artifact::KnownArtifacts;
use crate::canonical::Roots;
use crate::job::artifact::Artifact;
use crate::model::artifact::ArtifactType;
use crate::model::comparison::fidelity::Level;
use crate::model::result::ArtifactResult;
use crate::policy::Policy;

fn with_rules<T>(with: impl FnOnce(&Rules<'_>) -> T) -> T {
    static SET: LazyLock<(Config, Policy)> =
        LazyLock::new(|| (Config::for_directory(Path::new(".")).unwrap(), Policy::builtin_default().unwrap()));
    let roots = Roots::default();
    with(&Rules {
        config: &SET.0,
        scope: Scope::All,
        policy: &SET.1,
        now: Timestamp::UNIX_EPOCH,
        expected_roots: &roots,
        actual_roots: &roots,
        across_builds: false,
    })
}

fn quick(a: &str, b: &str) -> Option<Comparison> {
    let part = |text: &str| {
        let mut apart =
            PartitionReader::new(Profile::builtin(ArtifactFormat::Cyclonedx).rules(), "components", text.len());
        text.as_bytes().chunks(100).try_for_each(|block| apart.take(block)).ok()?;
        apart.finish().ok()
    };
    let sides = sides(part(a)?, part(b)?)?;
    with_rules(|rules| compare_artifacts::compare_inventories(sides, rules).ok())
}

fn full(a: &str, b: &str) -> Option<Comparison> {
    let artifact = |text: &str| {
        [Artifact {
            artifact_type: ArtifactType::Sbom,
            name: "artifact".to_owned(),
            format: ArtifactFormat::Cyclonedx,
            profile: None,
            bytes: text.as_bytes().into(),
        }]
    };
    with_rules(|rules| compare_artifacts::compare(&artifact(a), &KnownArtifacts::default(), &artifact(b), rules).ok())
}

fn pick(of: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(of))
}

fn component() -> impl Strategy<Value = Value> {
    const PURLS: &[&str] = &[
        "",
        "no purl",
        "pkg:npm/alpha@1",
        "pkg:npm/%40s/alpha@2",
        "PKG:NPM/Alpha@1",
        "pkg:npm/%61lpha@1",
        "pkg:npm/@s/alpha",
        "pkg:pypi/Al_pha@1",
        "pkg:pypi/al.-pha@1?x=y",
        "pkg:maven/s/alpha@1",
        "pkg:deb/debian/alpha@1?distro=debian-12&upstream=beta",
        "pkg:generic/alpha@1#sub/beta",
        "pkg:generic/alpha?x/beta?y=z",
        "pkg:generic/a%2Fbeta@1",
        "pkg:generic/Ä@1",
    ];
    let names = prop::sample::select(&["alpha", "Alpha", "al-pha", "beta", "s/alpha", "s:alpha", "Ä", "a\"b", ""]);
    let kind = prop::sample::select(&["library", "library", "application", "file"]);
    let texts = (pick(&["s", "@s", ""]), pick(&["1", "2", ""]), pick(PURLS), pick(&["MIT", "ISC"]));
    let more = (pick(&["npm", "PyPI", "Debian:12"]), prop::option::weighted(0.2, 0..40_u32));
    let alone =
        (kind, names, texts, more).prop_map(|(kind, name, (group, version, purl, license), (ecosystem, id))| {
            let mut component = json!({ "type": kind, "name": name });
            let texts = [("group", group), ("version", version), ("purl", purl)];
            for (member, text) in texts {
                if let Some(text) = text {
                    component[member] = json!(text);
                }
            }
            if let Some(license) = license {
                component["licenses"] = json!([{ "license": { "id": license } }, { "expression": "ISC" }]);
            }
            if let Some(ecosystem) = ecosystem {
                component["properties"] = json!([{ "name": "stella:ecosystem", "value": ecosystem }, { "name": "x" }]);
            }
            if let Some(id) = id {
                component["bom-ref"] = json!(format!("ref {id}"));
            }
            component
        });
    alone.prop_recursive(2, 4, 2, |inner| {
        (inner.clone(), prop::collection::vec(inner, 0..3)).prop_map(|(mut component, nested)| {
            component["components"] = Value::from(nested);
            component
        })
    })
}

fn vulnerability() -> impl Strategy<Value = Value> {
    let ids = prop::sample::select(&["CVE-2026-1", "CVE-2026-2", "GHSA-35jh-r3h4-6jhm"]);
    let affected = prop_oneof![
        4 => (0..40_u32).prop_map(|id| format!("ref {id}")),
        1 => (0..40_u32).prop_map(|id| format!("urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#ref {id}")),
        1 => Just("pkg:npm/alpha@1".to_owned()),
        1 => Just("pkg:npm/%40s/alpha@3".to_owned()),
        2 => prop::sample::select(&["gone", "alpha@1", "alpha@", "alpha", "s/alpha@2", "beta@1"]).prop_map(str::to_owned),
    ];
    let affects = prop::collection::vec(affected, 0..3);
    let more = (pick(&["high", "low"]), pick(&["not_affected", "exploitable"]), pick(&["2"]));
    (ids, affects, more, prop::option::weighted(0.1, 0..60_u32)).prop_map(|(id, affects, more, own)| {
        let (severity, state, fixed) = more;
        let affects: Vec<_> = affects
            .iter()
            .map(|reference| match fixed {
                Some(fixed) => {
                    json!({ "ref": reference, "versions": [{ "version": fixed, "status": "unaffected" }] })
                }
                None => json!({ "ref": reference }),
            })
            .collect();
        let mut vulnerability = json!({ "id": id, "affects": affects });
        if let Some(severity) = severity {
            vulnerability["ratings"] = json!([{ "severity": severity }]);
        }
        if let Some(state) = state {
            vulnerability["analysis"] = json!({ "state": state });
        }
        if let Some(own) = own {
            vulnerability["bom-ref"] = json!(format!("ref {own}"));
        }
        vulnerability
    })
}

/// What breaks the rules of the format, and what only looks as if.
fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({ "type": "library", "name": 3 }),
        json!({ "type": "library" }),
        json!({ "type": "library", "name": "x", "licenses": null }),
        json!({ "type": "library", "name": "x", "licenses": [{ "license": null, "expression": null }] }),
        json!({ "type": "library", "name": "x", "version": null, "purl": null, "bom-ref": null, "group": null }),
        json!({ "type": "library", "name": "x", "properties": [{ "value": null }] }),
        json!({ "type": "library", "name": "x", "components": [{ "name": "y" }] }),
        json!({ "type": "library", "name": "x", "supplier": { "name": 3 } }),
        json!({ "type": "library", "name": "x", "modified": true, "swid": { "tagId": "t" } }),
        json!({ "type": "library", "name": "x", "isExternal": null, "swid": null, "swhid": ["s"], "versionRange": "vers:npm/1" }),
        json!({ "type": "library", "name": "x", "modified": 1 }),
        json!({ "type": "library", "name": "x", "swid": { "tagId": 1 } }),
        json!({ "type": "library", "name": "x", "omniborId": [null] }),
        json!({ "type": "library", "name": "x", "copyright": "", "evidence": {}, "licenses": [{ "expression": "MIT", "licensing": {} }] }),
        json!({ "type": "library", "name": "x", "pedigree": { "notes": "n" }, "licenses": [{ "license": { "id": "MIT", "text": { "content": "t" } } }] }),
        json!({ "type": "library", "name": "x", "hashes": [{ "content": [1, {}, "]"] }], "z": -1.5 }),
        json!(3),
    ])
}

fn pair() -> impl Strategy<Value = [Value; 2]> {
    let components = |count| {
        let component = prop_oneof![40 => component().boxed(), 2 => odd().boxed()];
        prop::collection::vec(component, 0..count)
    };
    let root = || prop::option::weighted(0.2, component());
    let vulnerabilities = || prop::option::weighted(0.4, prop::collection::vec(vulnerability(), 0..4));
    // Of references that components have, and others.
    let reference = || (0..12_u32).prop_map(|id| format!("ref {id}"));
    let dependency = move || {
        (reference(), prop::collection::vec(reference(), 0..3), prop::option::weighted(0.2, reference())).prop_map(
            |(from, to, provided)| {
                let mut dependency = json!({ "ref": from, "dependsOn": to });
                if let Some(provided) = provided {
                    dependency["provides"] = json!([provided]);
                }
                dependency
            },
        )
    };
    let dependencies = prop::collection::vec(dependency(), 0..6);
    let rest = || (root(), vulnerabilities());
    let graphs = (dependencies, prop::option::of(dependency()));
    (components(8), components(4), components(4), any::<u64>(), rest(), rest(), any::<bool>(), graphs).prop_map(
        |(shared, mut a, mut b, seed, rest_a, mut rest_b, is_same, (graph, more))| {
            if is_same {
                rest_b.1.clone_from(&rest_a.1);
            }
            a.extend(shared.iter().cloned());
            b.extend(shared.into_iter().rev());
            if !b.is_empty() {
                let turn = seed as usize % b.len();
                b.rotate_left(turn);
            }
            let other: Vec<Value> = graph.iter().cloned().chain(more).collect();
            [(a, rest_a, graph), (b, rest_b, other)].map(|(components, (root, vulnerabilities), graph)| {
                let mut document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components });
                if let Some(root) = root {
                    document["metadata"] = json!({ "component": root, "timestamp": "now" });
                }
                if !graph.is_empty() {
                    document["dependencies"] = Value::from(graph);
                }
                if let Some(vulnerabilities) = vulnerabilities {
                    document["vulnerabilities"] = Value::from(vulnerabilities);
                }
                document
            })
        },
    )
}

proptest! {
    #[test]
    fn the_quick_way_comes_to_what_the_full_one_does([a, b] in pair(), is_pretty: bool) {
        let (text, other) = (a.to_string(), if is_pretty { format!("{b:#}") } else { b.to_string() });
        for (a, b) in [(&text, &other), (&other, &text), (&text, &text)] {
            let (quick, full) = (quick(a, b), full(a, b));
            // What may be a link of the document to itself takes more than one pass; what cannot be read is left to the full way,
            // and so is what differs in nothing but what the documents say besides.
            let says_besides = |comparison: &Comparison| {
                let diff = &comparison.diff;
                diff.artifacts.iter().any(|change| !change.differences.shown.is_empty())
            };
            let may_be_left = [a, b].iter().any(|text| text.contains("urn:cdx:"))
                || full.as_ref().is_some_and(says_besides)
                || full.as_ref().is_some_and(|full| full.fidelity.at(Level::Semantic).is_none());
            prop_assert!(quick.is_some() == full.is_some() || may_be_left, "{} {}", a, b);
            if let (Some(quick), Some(full)) = (quick, full) {
                prop_assert_eq!(&quick.diff, &full.diff, "{} {}", a, b);
                prop_assert_eq!(quick.fidelity, full.fidelity);
                // What approvals go by is of replays, which are never compared in the quick way.
                let named = |artifact: ArtifactResult| ArtifactResult { meaning: None, decision: None, ..artifact };
                let full: Vec<_> = full.artifacts.into_iter().map(named).collect();
                prop_assert_eq!(quick.artifacts, full);
            }
        }
    }
}

/// Nothing that is listed tells that a fact is said twice, so its place must be shown.
#[test]
fn what_differs_in_bytes_alone_is_left_to_the_full_way() {
    let document = |dependencies: Value| {
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], "dependencies": dependencies })
            .to_string()
    };
    let one = json!({ "ref": "a", "dependsOn": [] });
    let (once, twice) = (document(json!([one])), document(json!([one, one])));
    for (a, b) in [(&once, &twice), (&twice, &once)] {
        let full = full(a, b).unwrap();
        assert!(!full.diff.artifacts[0].differences.shown.is_empty());
        assert!(quick(a, b).is_none());
    }
    assert!(quick(&twice, &twice).is_some());
}

/// A reference names one element of a document, its root and what is nested included.
#[test]
fn a_reference_that_comes_twice_is_left_to_the_full_way() {
    let component = |id: &str| json!({ "type": "library", "name": id, "bom-ref": id });
    let document = |root: &str, components: &[Value]| {
        let metadata = json!({ "component": component(root) });
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata, "components": components })
    };
    let mut nest = component("b");
    nest["components"] = json!([component("c")]);
    let good = document("root", &[component("a"), nest.clone()]).to_string();
    assert!(quick(&good, &good).is_some());
    for (root, components) in [
        ("a", vec![component("a"), nest.clone()]),
        ("c", vec![component("a"), nest.clone()]),
        ("root", vec![component("a"), nest.clone(), component("c")]),
        ("root", vec![component("a"), component("a"), nest.clone()]),
    ] {
        let bad = document(root, &components).to_string();
        for (a, b) in [(&bad, &good), (&good, &bad)] {
            let full = full(a, b).unwrap();
            assert_eq!(full.fidelity.at(Level::Semantic), None, "{bad}");
            assert!(full.notes[0].contains("given to two elements"), "{:?}", full.notes);
        }
        assert!(quick(&bad, &good).is_none() && quick(&good, &bad).is_none(), "{bad}");
    }
}
