//! Two large inventories side by side, a quicker way to what reading both would come to.
//!
//! ```text
//! file ─▶ blocks ─▶ canonical elements in order ─┐ equal ones cancel ─▶ scan ─▶ what else bears the names ─┐
//! file ─▶ blocks ─▶ canonical elements in order ─┘ the others ────────────────▶ read into the model ◀────────┘
//! ```
//!
//! Elements that are the same byte for byte in canonical form mean the same, so what differs is among the others. A
//! difference is told by name, and licences of one package are joined, so what shares a name with one of the others is
//! read with them; so is what vulnerabilities affect, what an edge of the graph of dependencies names that only one side has,
//! and what shares a name with that. Equal bytes are compared, never
//! digests of them.
//!
//! Invariant: the result is that of reading both in full, under a policy that decides by findings and statements, as the
//! default one does; what cannot be known to be is left to those who do, errors too. Only a limit on what a policy looks at
//! is not met, as it does not look at what both share.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::artifacts::document_file::InFile;
use crate::canonical::{PartitionReader, Partitioned, Profile, Source as _, Unsuited};
use crate::config::Config;
use crate::format::cyclonedx::{QuickScan, name_hint};
use crate::format::{self, Document};
use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;
use crate::model::limits;

/// From how many bytes on a document is large.
const LARGE: u64 = 1 << 20;
/// How much of a file is read at once.
const BLOCK: usize = 256 << 10;
/// How many components are looked at in one go.
const TURN: usize = 1024;

/// One side: its canonical form, and as much of its meaning as may differ from that of the other.
pub struct Side {
    /// The canonical form.
    pub parted: Partitioned,
    /// Its digest.
    pub digest: Digest,
    /// The part of its meaning.
    pub document: Document,
}

/// Reads `a` and `b` if both are large inventories that can be read in this way.
pub fn read(a: &Path, b: &Path, config: &Config) -> Option<[Side; 2]> {
    let profile = config.profile(ArtifactFormat::Cyclonedx, None);
    // Another could hide what has a meaning.
    if profile.digest() != Profile::builtin(ArtifactFormat::Cyclonedx).digest() {
        return None;
    }
    let (a, b) = (large(a)?, large(b)?);
    let [a, b] = both(|| part(a, profile), || part(b, profile))?;
    sides(a.ok()?, b.ok()?)
}

fn large(path: &Path) -> Option<InFile> {
    let file = InFile::open(path).ok()?;
    (LARGE..=limits::MAX_DOCUMENT_BYTES).contains(&file.size()).then_some(file)
}

fn part(mut file: InFile, profile: &Profile) -> Result<Partitioned, Unsuited> {
    let mut apart = PartitionReader::new(profile.rules(), "components", usize::try_from(file.size()).unwrap_or(0));
    let (mut block, mut total) = (vec![0; BLOCK], 0);
    loop {
        match file.fill(&mut block)? {
            0 => return apart.finish(),
            count => {
                total += count as u64;
                if total > limits::MAX_DOCUMENT_BYTES {
                    return Err(Unsuited);
                }
                apart.take(&block[..count])?;
            }
        }
    }
}

/// Runs the two at the same time; where no thread can be started, one after the other.
fn both<T: Send>(here: impl FnOnce() -> T, there: impl FnOnce() -> T + Send) -> Option<[T; 2]> {
    let waits = Mutex::new(Some(there));
    let take = || waits.lock().unwrap_or_else(PoisonError::into_inner).take().map(|there| there());
    thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, take);
        let here = here();
        let there = match other {
            Ok(other) => other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => take(),
        };
        Some([here, there?])
    })
}

fn digest(parted: &Partitioned) -> Digest {
    Digest::of_all(parted.pieces())
}

/// What was seen of components, each by its position.
#[derive(Default)]
struct ComponentScan {
    references: Vec<(usize, u64)>,
    names: Vec<(usize, u64)>,
    any_name: Vec<usize>,
    not_read: BTreeSet<&'static str>,
}

impl ComponentScan {
    fn look(&mut self, index: usize, component: &[u8]) -> Option<()> {
        let mut scan = QuickScan::default();
        scan.component(component).then(|| {
            self.references.extend(scan.references.into_iter().map(|reference| (index, reference)));
            self.names.extend(scan.names.into_iter().map(|name| (index, name)));
            self.any_name.extend(scan.any_name.then_some(index));
            self.not_read.append(&mut scan.not_read);
        })
    }
}

/// Looks at components of `parted` until all are looked at: `next` says which turn it is, for whoever looks.
fn look(parted: &Partitioned, next: &AtomicUsize) -> Option<ComponentScan> {
    let mut seen = ComponentScan::default();
    loop {
        let start = next.fetch_add(TURN, Ordering::Relaxed);
        if start >= parted.len() {
            return Some(seen);
        }
        for index in start..parted.len().min(start + TURN) {
            seen.look(index, parted.raw_element(index))?;
        }
    }
}

/// What was read, and of its meaning what may differ.
fn sides(a: Partitioned, b: Partitioned) -> Option<[Side; 2]> {
    // What both have needs to be looked at on one side only.
    let next = AtomicUsize::new(0);
    let pairing = || (a.unpaired(&b), digest(&b), look(&a, &next));
    let hashing = || (Default::default(), digest(&a), look(&a, &next));
    let [(unpaired, digest_b, seen), (_, digest_a, more)] = both(pairing, hashing)?;
    let (only_a, only_b): (Vec<usize>, Vec<usize>) = unpaired;
    let (seen, more) = (seen?, more?);
    let mut is_shared = vec![true; a.len()];
    only_a.iter().for_each(|index| is_shared[*index] = false);

    let references = || seen.references.iter().chain(&more.references);
    let (mut rest_a, mut rest_b) = (rest(&a)?, rest(&b)?);
    let not_read: BTreeSet<&'static str> =
        [&seen.not_read, &more.not_read, &rest_a.not_read, &rest_b.not_read].into_iter().flatten().copied().collect();
    let mut of_a: Vec<u64> =
        references().map(|(_, reference)| *reference).chain(std::mem::take(&mut rest_a.references)).collect();
    of_a.sort_unstable();
    let mut of_b = ComponentScan::default();
    only_b.iter().try_for_each(|index| of_b.look(*index, b.raw_element(*index)))?;
    let not_read = not_read.into_iter().chain(std::mem::take(&mut of_b.not_read)).map(str::to_owned);
    let not_read: BTreeSet<String> = not_read.collect();
    let mut only_of_b = HashSet::new();
    let is_new_in_b = of_b
        .references
        .iter()
        .map(|(_, reference)| *reference)
        .chain(std::mem::take(&mut rest_b.references))
        .all(|reference| only_of_b.insert(reference));
    let is_twice_in_a = of_a.windows(2).any(|pair| pair[0] == pair[1]);
    let is_twice_in_b = || references().any(|(index, reference)| is_shared[*index] && only_of_b.contains(reference));
    if is_twice_in_a || !is_new_in_b || is_twice_in_b() {
        return None;
    }

    let own: HashSet<u64> =
        references().filter(|(index, _)| !is_shared[*index]).map(|(_, reference)| *reference).collect();
    edges_apart(&mut rest_a, &mut rest_b, &own.union(&only_of_b).copied().collect());

    let elements = |of: &Partitioned, which: &[usize]| -> Vec<String> {
        which.iter().map(|index| of.element(*index).to_owned()).collect()
    };
    let (own_a, own_b) = (elements(&a, &only_a), elements(&b, &only_b));
    let read = |both: &[usize]| {
        let both = elements(&a, both);
        Some([document(&a, &own_a, &both)?, document(&b, &own_b, &both)?])
    };
    let in_order = |both: &mut Vec<usize>| {
        both.retain(|index| is_shared[*index]);
        both.sort_unstable();
        both.dedup();
    };
    let affected: HashSet<u64> = rest_a.affected.into_iter().chain(rest_b.affected).collect();
    let affected = references().filter(|(_, reference)| affected.contains(reference));
    let mut both: Vec<usize> = affected.map(|(index, _)| *index).collect();
    in_order(&mut both);
    let documents = read(&both)?;
    let packages = documents.iter().flat_map(|document| &document.packages).flatten().map(|package| &package.name);
    let findings = || documents.iter().flat_map(|document| &document.findings).flatten();
    let wanted = packages.chain(findings().map(|finding| &finding.package)).map(|name| name_hint(name));
    // What is affected and no component bears its reference may be the key of one: a name and a version.
    let keys = findings().map(|finding| &finding.key.affected).filter_map(|key| key.rsplit_once('@'));
    let wanted: HashSet<u64> = wanted.chain(keys.map(|(name, _)| name_hint(name))).collect();
    let namesakes = seen.names.iter().chain(&more.names).filter(|(_, name)| wanted.contains(name));
    let unknown = seen.any_name.iter().chain(&more.any_name).filter(|_| !wanted.is_empty());
    let before = both.len();
    both.extend(namesakes.map(|(index, _)| index).chain(unknown));
    in_order(&mut both);
    let [mut document_a, mut document_b] = if both.len() == before { documents } else { read(&both)? };
    // Where they list the same, what else differs is told by its places, for which the whole is needed.
    if digest_a != digest_b && document_a.lists_the_same(&document_b) {
        return None;
    }
    document_a.not_compared.extend(not_read.iter().cloned());
    document_b.not_compared.extend(not_read);
    Some([
        Side { parted: a, digest: digest_a, document: document_a },
        Side { parted: b, digest: digest_b, document: document_b },
    ])
}

/// What is named by edges that only one side has, or that name an element which only one side has, is looked at; the others say
/// the same on both sides by whatever names.
fn edges_apart(a: &mut QuickScan, b: &mut QuickScan, own: &HashSet<u64>) {
    let sorted = |scan: &mut QuickScan| {
        let mut edges = std::mem::take(&mut scan.edges);
        edges.sort_unstable();
        edges.dedup();
        edges
    };
    let (of_a, of_b) = (sorted(a), sorted(b));
    let named = |these: &[(u8, u64, u64)], those: &[(u8, u64, u64)]| -> Vec<u64> {
        let differs = |edge: &&(u8, u64, u64)| {
            those.binary_search(edge).is_err() || own.contains(&edge.1) || own.contains(&edge.2)
        };
        these.iter().filter(differs).flat_map(|(_, from, to)| [*from, *to]).collect()
    };
    a.affected.extend(named(&of_a, &of_b));
    b.affected.extend(named(&of_b, &of_a));
}

/// What is seen of a document but for its components.
fn rest(of: &Partitioned) -> Option<QuickScan> {
    let mut scan = QuickScan::default();
    scan.rest(of.canonical_rest().as_bytes()).then_some(scan)
}

/// What the document means if its components are these.
fn document(of: &Partitioned, own: &[String], both: &[String]) -> Option<Document> {
    let text = of.with_elements(own.iter().chain(both).map(String::as_str));
    if format::detect(&text) != ArtifactFormat::Cyclonedx {
        return None;
    }
    format::read_document(ArtifactFormat::Cyclonedx, &text).ok()
}

#[cfg(test)]
mod tests {
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
        with_rules(|rules| {
            compare_artifacts::compare(&artifact(a), &KnownArtifacts::default(), &artifact(b), rules).ok()
        })
    }

    fn pick(of: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
        prop::option::of(prop::sample::select(of))
    }

    fn component() -> impl Strategy<Value = Value> {
        const PURLS: &[&str] = &[
            "",
            "no purl",
            "pkg:npm/alpha@1",
            "PKG:NPM/Alpha@1",
            "pkg:npm/%40s/alpha@2",
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
                    component["properties"] =
                        json!([{ "name": "stella:ecosystem", "value": ecosystem }, { "name": "x" }]);
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
                    let mut document =
                        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": components });
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
}
