//! What each member of a format is to a comparison of meanings, held against the published schemas and against the readers.
//!
//! Every property of every schema has a class; every place of a sample, too. What a sample does not have is made from the
//! schema and put into it. Then each place is changed by its class, and semantic fidelity must see what it must and nothing
//! else. What decides beside something else alone is tried in documents that are made so that it decides, and must be seen
//! there. The rates are in `docs/formats.md`.

mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use stella::artifacts::held_against::HeldAgainst;
use stella::canonical::{Profile, Roots};
use stella::job::artifact::{Artifact, kind_of};
use stella::model::artifact::ArtifactType;
use stella::profiling::members::{Member, Members};
use stella::profiling::mutation::Trial;
use stella::profiling::mutation::meaning::{self, Dependence, Judge, MeaningTrial, Verdict};

use schema::{Place, Schema};

/// The classes of a format, the schemas that they are held against, and documents of it.
struct Case {
    profile: &'static str,
    schemas: &'static [&'static str],
    documents: &'static [&'static str],
    set_up: SetUp,
}

/// How documents are made in which that decides which does so beside something else alone.
#[derive(Clone, Copy)]
enum SetUp {
    /// The format has no such member.
    Nothing,
    /// These documents are so.
    Documents(&'static [&'static str]),
    /// Any document is made so.
    By(fn(&mut Value)),
}

const fn case(profile: &'static str, schemas: &'static [&'static str], documents: &'static [&'static str]) -> Case {
    Case { profile, schemas, documents, set_up: SetUp::Nothing }
}

const fn set_up(case: Case, set_up: SetUp) -> Case {
    Case { set_up, ..case }
}

/// Every element is named by a relationship that says nothing else.
fn named_by_relationships(document: &mut Value) {
    let Some(graph) = document.get_mut("@graph").and_then(Value::as_array_mut) else { return };
    let ids: Vec<Value> = graph.iter().filter_map(|element| element.get("spdxId")).cloned().collect();
    graph.extend(ids.into_iter().enumerate().map(|(at, id)| {
        let to = json!([id]);
        json!({ "type": "Relationship", "spdxId": format!("urn:names:{at}"), "creationInfo": "_:ci", "from": "urn:e:a",
                "relationshipType": "other", "to": to })
    }));
}

const CYCLONEDX: &[&str] = &["cyclonedx-1.4", "cyclonedx-1.5", "cyclonedx-1.6", "cyclonedx-1.7"];

const CASES: &[Case] = &[
    case("cyclonedx", CYCLONEDX, &["members/cyclonedx.json"]),
    set_up(
        case("cyclonedx-vex", &[], &["members/cyclonedx-vex.json"]),
        SetUp::Documents(&["members/depending/cyclonedx-vex.json"]),
    ),
    case("spdx", &["spdx-2.3"], &["members/spdx.json"]),
    set_up(case("spdx3", &["spdx-3.0.1"], &["members/spdx3.json"]), SetUp::By(named_by_relationships)),
    set_up(case("openvex", &[], &["members/openvex.json"]), SetUp::Documents(&["members/depending/openvex.json"])),
    set_up(case("csaf", &["csaf-2.0"], &["members/csaf.json"]), SetUp::Documents(&["members/depending/csaf.json"])),
    set_up(
        case("sarif", &["sarif-2.1.0"], &["members/sarif.json"]),
        SetUp::Documents(&["members/depending/sarif.json"]),
    ),
    case("trivy", &[], &["members/trivy.json"]),
    case("grype", &[], &["members/grype.json"]),
    set_up(
        case("osv-scanner", &[], &["members/osv-scanner.json", "format/osv-scanner.json"]),
        SetUp::Documents(&["members/depending/osv-scanner.json"]),
    ),
    set_up(
        case("syft", &["syft-16.1.3"], &["members/syft.json", "format/syft.json"]),
        SetUp::Documents(&["members/depending/syft.json"]),
    ),
    case("stella-findings", &["findings-v1"], &["members/stella-findings.json"]),
    case("stella-decision", &["decision-v1"], &["members/stella-decision.json"]),
    case("bandit", &[], &["members/bandit.json"]),
    case("checkov", &[], &["members/checkov.json"]),
    set_up(
        case("detect-secrets", &[], &["members/detect-secrets.json"]),
        SetUp::Documents(&["members/depending/detect-secrets.json"]),
    ),
    case("eslint", &[], &["members/eslint.json"]),
    case("gitleaks", &[], &["members/gitleaks.json"]),
    case("npm-audit", &[], &["members/npm-audit.json", "members/npm-audit-1.json"]),
    case("retire", &[], &["members/retire.json"]),
    case("ruff", &[], &["members/ruff.json"]),
    case("semgrep", &[], &["members/semgrep.json"]),
    case("zizmor", &[], &["members/zizmor.json"]),
];

/// The documents of a case: its own, then every sample of its profile.
fn documents(case: &Case) -> Vec<String> {
    let folder = format!("canonical/{}", case.profile);
    let all = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(&folder));
    let mut samples: Vec<String> = all.map_or_else(
        |_| Vec::new(),
        |all| {
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".json"))
                .collect()
        },
    );
    samples.sort();
    let own = case.documents.iter().map(|path| (*path).to_owned());
    own.chain(samples.into_iter().map(|name| format!("{folder}/{name}"))).collect()
}

/// A document that has all that a reader knows.
fn data(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(path: &str) -> Value {
    serde_json::from_slice(&data(path)).unwrap()
}

struct Reader<'c> {
    held: HeldAgainst<'c>,
    schema: Option<&'c Schema>,
}

impl Judge for Reader<'_> {
    fn judge(&self, changed: &[u8]) -> Verdict {
        match self.held.agrees(changed) {
            Some(true) => Verdict::Same,
            Some(false) => Verdict::Different,
            None => Verdict::Unread,
        }
    }

    fn not_compared(&self) -> &BTreeSet<String> {
        self.held.not_compared()
    }

    fn others(&self, place: &[String], _: &Value) -> Vec<Value> {
        self.schema.map(|schema| schema.listed(place)).unwrap_or_default()
    }
}

/// What is said of a document of which no part was read.
const NOTHING_READ: &str = "nothing of it is read";

/// Tries the comparison on a document, at some places.
fn run(
    name: &str,
    document: &Value,
    (members, schema): (&Members, Option<&Schema>),
    dependence: Dependence,
    wanted: &dyn Fn(&[String]) -> bool,
) -> Result<MeaningTrial, String> {
    let roots = Roots::new(["/home/ci/app"]).unwrap();
    let bytes = document.to_string().into_bytes();
    let (format, tool) = kind_of(name, &bytes);
    let known = |name: &str| Profile::tools().iter().find(|profile| profile.name() == name);
    let profile = tool.as_ref().and_then(|tool| known(tool.as_str())).unwrap_or_else(|| Profile::builtin(format));
    let artifact = Artifact {
        artifact_type: ArtifactType::Evidence,
        name: name.to_owned(),
        format,
        profile: tool,
        bytes: bytes.into(),
    };
    let held = HeldAgainst::new(artifact, profile, &roots).map_err(|error| format!("{error:?}"))?;
    let held = held.ok_or(NOTHING_READ)?;
    Ok(meaning::run(members, document, dependence, wanted, &Reader { held, schema }))
}

struct Tried {
    profile: &'static str,
    done: MeaningTrial,
    /// How many places of each class the schemas and documents have.
    places: BTreeMap<&'static str, usize>,
}

/// Whether a place of a document is a place of a schema or lies below it: the names of a map are any.
fn is_at(at: &[String], place: &[String]) -> bool {
    at.len() >= place.len() && at.iter().zip(place).all(|(name, of)| of == "*" || name == of)
}

fn text(place: &[String]) -> String {
    format!("/{}", place.join("/"))
}

/// One format while it is tried.
struct Bench<'c> {
    case: &'c Case,
    members: &'static Members,
    schema: Schema,
    done: MeaningTrial,
    wrong: Vec<String>,
}

impl Bench<'_> {
    /// Tries a document at some places, and keeps what is wrong.
    fn run(
        &mut self,
        what: &str,
        (name, document): (&str, &Value),
        dependence: Dependence,
        wanted: &dyn Fn(&[String]) -> bool,
    ) {
        match run(name, document, (self.members, Some(&self.schema)), dependence, wanted) {
            Ok(tried) => {
                self.wrong.extend(wrong(what, &tried.trial));
                self.done.add(tried);
            }
            Err(error) => self.wrong.push(format!("{what}: {error}")),
        }
    }

    /// Makes what the schemas allow and no document has, and tries it.
    fn made(&mut self, base: &Value, name: &str) {
        for place in self.schema.properties().clone() {
            let is_above =
                self.schema.properties().range(place.clone()..).nth(1).is_some_and(|next| next.starts_with(&place));
            let Some(member) = self.members.at(&place) else {
                if !is_above && !self.members.leads_below(&place) {
                    self.wrong.push(format!("{} has no class", text(&place)));
                }
                continue;
            };
            let depends = member.depends();
            let is_done = if depends { self.is_set_up(&place) } else { self.is_tried(&place) };
            if is_done {
                continue;
            }
            let Some(mut made) = self.schema.with(base, &place, self.members) else {
                self.wrong.push(format!("{} cannot be made", text(&place)));
                continue;
            };
            let what = format!("{} made", text(&place));
            let dependence = match self.case.set_up {
                SetUp::By(set_up) if depends => {
                    set_up(&mut made);
                    Dependence::SetUp
                }
                _ => Dependence::Open,
            };
            self.run(&what, (name, &made), dependence, &|at| is_at(at, &place));
        }
        // Where all that is below is one and types are read there, no property may be seen.
        for place in self.done.typed.clone() {
            if let Some(made) = self.schema.in_full(base, &place, self.members) {
                let what = format!("{} in full", text(&place));
                self.run(&what, (name, &made), Dependence::Open, &|at| is_at(at, &place));
            }
        }
    }

    /// The documents in which that decides which does so beside something else alone.
    fn set_up(&mut self, base: &Value, name: &str) -> Vec<Value> {
        let documents: Vec<(String, Value)> = match self.case.set_up {
            SetUp::Nothing => Vec::new(),
            SetUp::Documents(paths) => paths.iter().map(|path| ((*path).to_owned(), document(path))).collect(),
            SetUp::By(set_up) => {
                let mut made = base.clone();
                set_up(&mut made);
                vec![(name.to_owned(), made)]
            }
        };
        for (path, document) in &documents {
            let name = path.rsplit('/').next().unwrap();
            let unclassed = meaning::unclassed(self.members, document).into_iter();
            self.wrong.extend(unclassed.map(|place| format!("{path}: {place} has no class")));
            self.run(&format!("{path} set up"), (name, document), Dependence::SetUp, &|_| true);
        }
        documents.into_iter().map(|(_, document)| document).collect()
    }

    /// Whether a member that decides beside something else alone was changed in a document where it does.
    fn is_set_up(&self, place: &[String]) -> bool {
        self.done.depending.keys().any(|tried| is_at(tried, place))
    }

    /// Whether something was changed at a place, or at one in it.
    fn is_tried(&self, place: &[String]) -> bool {
        self.done.places.iter().any(|tried| is_at(tried, place))
    }
}

fn wrong(what: &str, trial: &Trial) -> Vec<String> {
    let mut wrong = Vec::new();
    for (how, kinds) in [("not seen", &trial.changes), ("seen", &trial.cosmetics)] {
        for kind in kinds {
            wrong.extend(kind.places.iter().map(|place| format!("{what}: {how}: {} {place}", kind.kind)));
        }
    }
    wrong
}

/// Everything that is wrong with one format, and what was tried.
fn try_case(case: &Case) -> (Tried, Vec<String>) {
    let members = Members::of(case.profile).unwrap_or_else(|| panic!("{} has no classes", case.profile));
    let schema = Schema::walk(case.schemas, members);
    let mut bench = Bench { case, members, schema, done: MeaningTrial::default(), wrong: Vec::new() };
    let mut known: BTreeSet<Place> = BTreeSet::new();
    let documents: Vec<(String, Value)> =
        documents(case).into_iter().map(|path| (path.clone(), document(&path))).collect();
    for (path, document) in &documents {
        // Samples of other versions are compared as bytes.
        let name = path.rsplit('/').next().unwrap();
        let read = run(name, document, (members, None), Dependence::Open, &|_| false);
        if path.starts_with("canonical/") && read.is_err_and(|error| error == NOTHING_READ) {
            continue;
        }
        let unclassed = meaning::unclassed(members, document).into_iter();
        bench.wrong.extend(unclassed.map(|place| format!("{path}: {place} has no class")));
        known.extend(meaning::places(members, document));
        bench.run(path, (name, document), Dependence::Open, &|_| true);
    }
    let (path, base) = &documents[0];
    let name = path.rsplit('/').next().unwrap();
    for document in bench.set_up(base, name) {
        known.extend(meaning::places(members, &document));
    }
    bench.made(base, name);
    known.extend(bench.schema.properties().iter().cloned());
    // What has a class was changed, in one document or another.
    let classed = known.iter().filter(|place| members.at(place).is_some());
    let untried: Vec<String> = classed.filter(|place| !bench.is_tried(place)).map(|place| text(place)).collect();
    bench.wrong.extend(untried.into_iter().map(|place| format!("{place}: nothing was tried")));
    // The lines of CycloneDX are held there.
    let unused = if case.profile == "cyclonedx-vex" { BTreeSet::new() } else { members.unused(&known) };
    bench.wrong.extend(unused.into_iter().map(|pattern| format!("{pattern} is about nothing")));
    // What decides beside something else does so in a document that is made for it, wherever it stands.
    let depends = |place: &&Place| members.at(place).is_some_and(Member::depends);
    let never: Vec<String> =
        known.iter().filter(depends).filter(|place| !bench.is_set_up(place)).map(|place| text(place)).collect();
    bench.wrong.extend(never.into_iter().map(|place| format!("{place} is never set up to decide")));
    let mut places: BTreeMap<&'static str, usize> = BTreeMap::new();
    for class in known.iter().filter_map(|place| members.at(place)).map(|member| member.class.code()) {
        *places.entry(class).or_default() += 1;
    }
    let Bench { case, done, wrong, .. } = bench;
    (Tried { profile: case.profile, done, places }, wrong)
}

fn rate((all, some): (usize, usize)) -> String {
    format!("{some} of {all}")
}

/// The rows of the table in `docs/formats.md`.
fn table(tried: &[Tried]) -> String {
    let mut table = format!("{HEAD}|---|---|---|---|---|---|---|---|---|\n");
    for Tried { profile, done, places } in tried {
        let count = |codes: &[&str]| -> usize { codes.iter().filter_map(|code| places.get(code)).sum() };
        let depending = done.depending.values().fold((0, 0), |(all, seen), one| (all + one.0, seen + one.1));
        writeln!(
            table,
            "| `{profile}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            count(&["identity", "refers", "local"]),
            count(&["decides"]),
            count(&["cosmetic"]),
            count(&["not-compared"]),
            done.places.len(),
            rate(done.trial.kills()),
            rate(done.trial.false_alarms()),
            rate(depending),
        )
        .unwrap();
    }
    table
}

/// The table of all formats, and everything that is wrong with any.
pub fn try_all() -> (String, Vec<String>) {
    let only = std::env::var("STELLA_MEMBERS").ok();
    let cases: Vec<&Case> = CASES.iter().filter(|case| only.as_ref().is_none_or(|only| only == case.profile)).collect();
    let (tried, wrong): (Vec<Tried>, Vec<Vec<String>>) = std::thread::scope(|scope| {
        let threads: Vec<_> = cases.iter().map(|case| scope.spawn(|| try_case(case))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).unzip()
    });
    let named = |(tried, wrong): (&Tried, Vec<String>)| {
        let profile = tried.profile;
        wrong.into_iter().map(move |wrong| format!("{profile}: {wrong}")).collect::<Vec<_>>()
    };
    (table(&tried), tried.iter().zip(wrong).flat_map(named).collect())
}

#[test]
fn semantic_fidelity_sees_what_it_must_and_nothing_else() {
    let (table, wrong) = try_all();
    assert!(wrong.is_empty(), "{} wrong:\n{}\n{table}", wrong.len(), wrong.join("\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let page = fs::read_to_string(&path).unwrap();
    if std::env::var_os("STELLA_BLESS").is_some() {
        let (before, after) = around_table(&page);
        fs::write(&path, format!("{before}{table}{after}")).unwrap();
        return;
    }
    assert!(
        page.contains(&table),
        "docs/formats.md has another table: run `make bless` and look at the change\n{table}"
    );
}

/// What stands before the table of a page and behind it.
fn around_table(page: &str) -> (&str, &str) {
    let start = page.find(HEAD).expect("the page has the table");
    let end = page[start..].find("\n\n").map_or(page.len(), |end| start + end + 1);
    (&page[..start], &page[end..])
}

/// How the table begins.
const HEAD: &str = "| format | identity | decides | cosmetic | not compared | places changed | changes seen | false alarms | depending |\n";
