//! What a scan finds, and that the order of its inputs does not matter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::format;
use crate::format::osv::{self, Advisory};
use crate::model::ecosystem::Ecosystem;
use crate::model::package::SourcePackage;
use crate::model::vex::VexStatus;
use crate::scanner::callgraph;

fn package(ecosystem: &str, name: &str, version: &str) -> Package {
    Package {
        name: name.into(),
        version: version.into(),
        purl: None,
        ecosystem: Ecosystem::from(ecosystem),
        licenses: BTreeSet::new(),
        source: None,
        details: BTreeSet::new(),
    }
}

fn record(value: &Value) -> Advisory {
    osv::read(value.to_string().as_bytes()).unwrap()
}

fn npm(id: &str, name: &str, fixed: &str) -> Value {
    json!({ "id": id, "affected": [{
        "package": { "ecosystem": "npm", "name": name },
        "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
    }] })
}

fn published() -> Feed {
    Feed::new(vec![
        osv::read(include_bytes!("../../../tests/data/scanner/osv/GHSA-r9p9-mrjm-926w.json")).unwrap(),
        osv::read(include_bytes!("../../../tests/data/scanner/osv/GO-2021-0113.json")).unwrap(),
        osv::read(include_bytes!("../../../tests/data/scanner/osv/RUSTSEC-2021-0003.json")).unwrap(),
        osv::read(include_bytes!("../../../tests/data/scanner/osv/DEBIAN-CVE-2022-0778.json")).unwrap(),
    ])
}

fn notes(scan: &Scan) -> Vec<&str> {
    scan.notes.iter().map(|note| note.text.as_str()).collect()
}

/// `cve_id affected severity` of each finding.
fn lines(scan: &Scan) -> Vec<String> {
    let line = |finding: &Finding| format!("{} {} {}", finding.key.cve_id, finding.key.affected, finding.severity);
    scan.findings.iter().map(line).collect()
}

#[test]
fn published_records_match_what_they_affect() {
    let libssl = |version: &str, release: &str| Package {
        source: Some(SourcePackage { name: "openssl".into(), version: version.into() }),
        ..package(release, "libssl1.1", "0.not-asked")
    };
    for (package, expected) in [
        (package("npm", "elliptic", "6.5.3"), Some("CVE-2020-28498 elliptic@6.5.3 medium")),
        (package("npm", "elliptic", "6.5.4"), None),
        (package("PyPI", "elliptic", "6.5.3"), None),
        (package("Go", "golang.org/x/text", "v0.3.6"), Some("CVE-2021-38561 golang.org/x/text@v0.3.6 unknown")),
        (package("Go", "golang.org/x/text", "v0.3.7"), None),
        (package("crates.io", "smallvec", "1.6.0"), Some("CVE-2021-25900 smallvec@1.6.0 critical")),
        (package("crates.io", "smallvec", "0.6.14"), None),
        (libssl("1.1.1k-1+deb11u1", "Debian:11"), Some("CVE-2022-0778 libssl1.1@0.not-asked high")),
        (libssl("1.1.1k-1+deb11u2", "Debian:11"), None),
        (libssl("1.1.1k-1+deb11u2", "Debian:12"), Some("CVE-2022-0778 libssl1.1@0.not-asked unknown")),
        (libssl("1.1.1n-1", "Debian:12"), None),
    ] {
        let scan = scan(std::slice::from_ref(&package), &published(), None);
        assert_eq!(lines(&scan), Vec::from_iter(expected), "{package:?}");
        // No record is about Python.
        assert_eq!(scan.notes.is_empty(), package.ecosystem.name() != "PyPI", "{:?}", scan.notes);
    }
}

#[test]
fn folded_records_are_one_finding() {
    let mut github = npm("GHSA-a", "x", "1.5.0");
    github["aliases"] = json!(["CVE-2020-1"]);
    github["database_specific"] = json!({ "severity": "HIGH" });
    let mut other = npm("OTHER-1", "x", "1.2.0");
    other["aliases"] = json!(["GHSA-a"]);
    other["severity"] = json!([{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N" }]);
    let feed = Feed::new(vec![record(&other), record(&github)]);

    // Only one of the two holds 1.3.0 for affected: it is affected.
    let scan = scan(&[package("npm", "x", "1.3.0")], &feed, None);
    let [finding] = &scan.findings[..] else { panic!("{:?}", scan.findings) };
    assert_eq!(finding.key.cve_id, "CVE-2020-1");
    assert_eq!(finding.aliases, ["GHSA-a", "OTHER-1"].map(str::to_owned).into());
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.fixed_versions, ["1.2.0", "1.5.0"].map(str::to_owned).into());
}

#[test]
fn reachability_decides_the_vex_status_and_leaves_evidence() {
    for (edges, covers, reachability, status, evidence) in [
        (
            json!([["app.main", "x.f"], ["x.f", "golang.org/x/text/language.Parse"]]),
            json!([]),
            Reachability::Reachable,
            VexStatus::Affected,
            Some(vec!["app.main", "x.f", "golang.org/x/text/language.Parse"]),
        ),
        (
            json!([["app.main", "golang.org/x/text/language.Und"]]),
            json!([]),
            Reachability::Unreachable,
            VexStatus::NotAffected,
            None,
        ),
        (json!([]), json!(["golang.org/x/text"]), Reachability::Unreachable, VexStatus::NotAffected, None),
        (json!([]), json!([]), Reachability::Unknown, VexStatus::UnderInvestigation, None),
    ] {
        let graph = json!({
            "schema": "stella.callgraph/1", "entry_points": ["app.main"], "edges": edges, "covers": covers,
        });
        let graph = callgraph::read(graph.to_string().as_bytes()).unwrap();
        let scan = scan(&[package("Go", "golang.org/x/text", "0.3.6")], &published(), Some(&graph));
        assert_eq!(scan.findings[0].reachability, reachability);
        assert_eq!(scan.findings[0].vex_status, Some(status));
        assert_eq!(scan.vex[0].status, status);
        assert_eq!(scan.vex[0].justification.is_some(), status == VexStatus::NotAffected);
        let paths: Vec<_> = scan.evidence.iter().map(|path| &path.symbols).collect();
        assert_eq!(paths, evidence.iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_is_not_decided_is_said() {
    let mut listed = npm("X-1", "x", "1.x");
    listed["affected"][0]["versions"] = json!(["1.2.3.4"]);
    let mut gone = npm("X-2", "x", "9.0.0");
    gone["withdrawn"] = "2024-01-01T00:00:00Z".into();
    let python = json!({ "id": "X-3", "affected": [{
        "package": { "ecosystem": "PyPI", "name": "y" },
        "ranges": [
            { "type": "SEMVER", "events": [{ "introduced": "0" }] },
            { "type": "GIT", "events": [{ "introduced": "0" }] },
        ],
    }] });
    let others = ["ConanCenter", "Debian"]
        .map(|name| json!({ "package": { "ecosystem": name, "name": "other" }, "versions": ["1"] }));
    let others = json!({ "id": "X-4", "affected": others });
    let feed = Feed::new(vec![record(&listed), record(&gone), record(&python), record(&others)]);
    let packages = [
        package("npm", "x", "1.0.0"),
        package("npm", "x", "1.2.3.4"),
        package("npm", "x", "1.2.3.5"),
        package("npm", "z", ""),
        package("ConanCenter", "a", "1"),
        package("ConanCenter", "b", "1"),
        package("Debian", "openssl", "1"),
        package("PyPI", "y", "1.0.post1"),
    ];
    let scan = scan(&packages, &feed, None);
    assert_eq!(lines(&scan), ["X-1 x@1.2.3.4 unknown", "X-3 y@1.0.post1 unknown"]);
    assert_eq!(
        notes(&scan),
        [
            "`X-1` about `x@1.0.0` is not evaluated: a range of `X-1` for `x` is passed over: `1.x` is not a valid npm version",
            "`X-1` about `x@1.2.3.5` is not evaluated: a range of `X-1` for `x` is passed over: `1.x` is not a valid npm version",
            "1 package is matched only with what affects every version: no version",
            "2 packages are matched by listed versions alone: the version order of ecosystem `ConanCenter` is not known",
            "`x@1.2.3.4` is matched by listed versions alone: `1.2.3.4` is not a valid npm version",
            "`x@1.2.3.5` is matched by listed versions alone: `1.2.3.5` is not a valid npm version",
            "1 package is matched with every Debian release: theirs is not known",
            "1 withdrawn advisory is passed over",
        ]
    );
}

/// OSV: a version that is listed is affected, whatever becomes of the ranges.
#[test]
fn an_ecosystem_without_an_order_is_matched_by_listed_versions() {
    let feed = Feed::new(vec![record(&json!({ "id": "X-1", "affected": [{
        "package": { "ecosystem": "ConanCenter", "name": "text" },
        "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "4.1.94" }] }],
        "versions": ["4.1.87", "4.1.93"],
    }] }))]);
    let text = |version| package("ConanCenter", "text", version);
    let packages = [text("4.1.87"), text("4.1.88"), text("4.1.94")];
    let scan = scan(&packages, &feed, None);
    assert_eq!(lines(&scan), ["X-1 text@4.1.87 unknown"]);
    assert_eq!(scan.findings[0].fixed_versions, ["4.1.94".to_owned()].into());
    assert_eq!(
        notes(&scan),
        ["3 packages are matched by listed versions alone: the version order of ecosystem `ConanCenter` is not known"]
    );
}

#[test]
fn what_an_sbom_lists_by_purl_is_matched_in_its_ecosystem() {
    let advisory = |id: &str, ecosystem: &str, name: &str, fixed: &str| {
        record(&json!({ "id": id, "affected": [{
            "package": { "ecosystem": ecosystem, "name": name },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }] }))
    };
    let feed = Feed::new(vec![
        advisory("M-1", "Maven", "io.netty:netty-handler", "4.1.94.Final"),
        advisory("G-1", "RubyGems", "rails", "7.0.8.1"),
        advisory("R-8", "Rocky Linux:8", "openssl", "1:1.1.1k-12.el8_9"),
        advisory("R-9", "Rocky Linux:9", "openssl", "1:3.0.7-25.el9_3"),
        advisory("S-1", "openSUSE:Leap 15.6", "xz", "5.4.1-150600.3.3.1"),
    ]);
    let sbom = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        { "type": "library", "group": "io.netty", "name": "netty-handler", "version": "4.1.94.CR1",
          "purl": "pkg:maven/io.netty/netty-handler@4.1.94.CR1" },
        { "type": "library", "name": "rails", "version": "7.0.8", "purl": "pkg:gem/rails@7.0.8" },
        { "type": "library", "name": "openssl-libs", "version": "1:3.0.7-25.el9",
          "purl": "pkg:rpm/rocky/openssl-libs@3.0.7-25.el9?arch=x86_64&distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-25.el9.src.rpm" },
        { "type": "library", "name": "liblzma5", "version": "5.4.1-150600.1.1",
          "purl": "pkg:rpm/opensuse/liblzma5@5.4.1-150600.1.1?distro=opensuse-leap-15.6&upstream=xz-5.4.1-150600.1.1.src.rpm" },
    ] });
    let inventory = format::read_inventory("sbom.json", sbom.to_string().as_bytes(), None).unwrap();
    let scan = scan(&inventory.packages, &feed, None);
    let found: Vec<_> = scan.findings.iter().map(|f| (f.key.cve_id.as_str(), f.package.as_str())).collect();
    assert_eq!(
        found,
        [("G-1", "rails"), ("M-1", "io.netty:netty-handler"), ("R-9", "openssl-libs"), ("S-1", "liblzma5")]
    );
    assert!(scan.notes.is_empty(), "{:?}", scan.notes);
}

#[test]
fn what_says_nothing_of_an_installed_package_is_said() {
    let bare = |id: &str, ecosystem: &str, ranges: Value| {
        record(
            &json!({ "id": id, "affected": [{ "package": { "ecosystem": ecosystem, "name": "x" }, "ranges": ranges }] }),
        )
    };
    let feed = Feed::new(vec![
        bare("A-none", "npm", json!([])),
        bare("B-git", "npm", json!([{ "type": "GIT", "events": [{ "introduced": "0" }] }])),
        bare("C-case", "NPM", json!([{ "type": "SEMVER", "events": [{ "introduced": "0" }] }])),
        bare("D-other", "Ours", json!([])),
    ]);
    let scan = scan(&[package("npm", "x", "1.0.0"), package("npm", "y", "1.0.0")], &feed, None);
    assert!(scan.findings.is_empty());
    assert_eq!(
        notes(&scan),
        [
            "`A-none` about `x@1.0.0` is not evaluated: it lists no version and no range",
            "`B-git` about `x@1.0.0` is not evaluated: its ranges are of commits, which an inventory does not have",
            "`C-case` about `x@1.0.0` is not evaluated: its ecosystem `NPM` is not one of the OSV schema, which says `npm`",
            "1 package of the feed is of ecosystem `NPM`, which the OSV schema does not know; `npm` may be meant",
            "1 package of the feed is of ecosystem `Ours`, which the OSV schema does not know",
        ]
    );
    assert_eq!(scan.gaps.advisories.len(), 3);
}

/// The severity of a CVE that its own record states counts for what a distribution says of it.
#[test]
fn the_record_of_the_id_itself_tells_the_severity() {
    let mut own = json!({ "id": "CVE-2020-1", "database_specific": { "severity": "HIGH" } });
    own["affected"] = json!([]);
    let distribution = json!({ "id": "DEBIAN-CVE-2020-1", "upstream": ["CVE-2020-1"], "affected": [{
        "package": { "ecosystem": "Debian:12", "name": "x" },
        "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }] }] }] });
    let feed = Feed::new(vec![record(&own), record(&distribution)]);
    assert_eq!(lines(&scan(&[package("Debian:12", "x", "1")], &feed, None)), ["CVE-2020-1 x@1 high"]);
}

#[test]
fn one_package_with_two_licences_is_one_finding() {
    let feed = Feed::new(vec![record(&npm("X-1", "x", "2.0.0"))]);
    let mut licensed = package("npm", "x", "1.0.0");
    licensed.licenses.insert("MIT".into());
    let scan = scan(&[licensed, package("npm", "x", "1.0.0"), package("npm", "x", "1.0.0")], &feed, None);
    assert_eq!((scan.packages.len(), scan.findings.len(), scan.vex.len()), (2, 1, 1));
}

/// Asking every advisory of every package would take seconds for an inventory of some size.
#[test]
fn a_package_is_asked_only_of_its_own_advisories() {
    let name = |i: usize| format!("x{}", i % 100);
    let feed = Feed::new((0..1_000).map(|i| record(&npm(&format!("X-{i}"), &name(i), "2.0.0"))).collect());
    let npm = Ecosystem::from("npm");
    assert!((0..100).all(|i| feed.entries(&npm, &name(i)).count() == 10));
    let packages: Vec<_> = (0..100).map(|i| package("npm", &name(i), "1.0.0")).collect();
    assert_eq!(scan(&packages, &feed, None).findings.len(), 1_000);
}

#[test]
fn a_method_reaches_its_package_where_any_symbol_is_vulnerable() {
    let feed = Feed::new(vec![
        osv::read(include_bytes!("../../../tests/data/scanner/any-symbol-by-method/osv.json")).unwrap(),
    ]);
    let graph = include_bytes!("../../../tests/data/scanner/any-symbol-by-method/callgraph.json");
    let graph = callgraph::read(graph).unwrap();
    let scan = scan(&[package("Go", "example.com/imaging", "v1.4.1")], &feed, Some(&graph));
    assert_eq!(scan.findings[0].reachability, Reachability::Reachable);
    assert_eq!(scan.vex[0].status, VexStatus::Affected);
    let expected = [
        "example.com/shop/cmd/server.main",
        "example.com/shop/upload.Handle",
        "example.com/imaging/tiff.Decoder.Decode",
    ];
    assert_eq!(scan.evidence[0].symbols, expected);
}

fn any_package() -> impl Strategy<Value = Package> {
    let ecosystem =
        prop_oneof!["npm", "PyPI", "Go", "Debian:1[12]", "Debian", "Maven", "Rocky Linux(:[89])?", "ConanCenter"];
    (ecosystem, "[ab]", "[0-2](\\.[0-2]){0,2}(x)?")
        .prop_map(|(ecosystem, name, version)| package(&ecosystem, &name, &version))
}

fn any_advisory() -> impl Strategy<Value = Advisory> {
    let ecosystem = prop_oneof!["npm", "PyPI", "Go", "Debian:1[12]", "Debian", "Maven", "Rocky Linux(:[89])?"];
    let affected = (ecosystem, "[ab]", "[0-2]\\.[0-2](\\.[0-2])?", prop_oneof!["SEMVER", "ECOSYSTEM"], "[FG]?");
    let affected = proptest::collection::vec(affected, 0..3);
    let modified = prop_oneof![Just(None), "202[01]-01-01T00:00:00Z".prop_map(Some)];
    let aliases = proptest::collection::vec("(X|CVE)-[1-4]", 0..2);
    ("(X|CVE)-[1-6]", modified, any::<u8>(), aliases, affected).prop_map(
        |(id, modified, withdrawn, aliases, affected)| {
            let affected: Vec<_> = affected
                .into_iter()
                .map(|(ecosystem, name, fixed, kind, symbol)| {
                    let imports = json!([{ "path": name, "symbols": [symbol] }]);
                    json!({
                        "package": { "ecosystem": ecosystem, "name": name },
                        "ranges": [{ "type": kind, "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
                        "ecosystem_specific": { "imports": imports },
                    })
                })
                .collect();
            let withdrawn = (withdrawn < 20).then_some("2024-01-01T00:00:00Z");
            record(&json!({
                "id": id, "modified": modified, "withdrawn": withdrawn, "aliases": aliases, "affected": affected,
            }))
        },
    )
}

fn shuffled<T: Clone + std::fmt::Debug>(
    items: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    items.prop_flat_map(|items| (Just(items.clone()), Just(items).prop_shuffle()))
}

proptest! {
    #[test]
    fn the_order_of_the_inputs_does_not_matter(
        (packages, packages_shuffled) in shuffled(proptest::collection::vec(any_package(), 0..12)),
        (records, records_shuffled) in shuffled(proptest::collection::vec(any_advisory(), 0..12)),
        (edges, edges_shuffled) in shuffled(proptest::collection::vec(("[abm]\\.[FG]", "[abm]\\.[FG]"), 0..8)),
    ) {
        let graph = |edges: &[(String, String)]| {
            let graph = json!({ "schema": "stella.callgraph/1", "entry_points": ["m.F"], "edges": edges });
            callgraph::read(graph.to_string().as_bytes()).unwrap()
        };
        let once = scan(&packages, &Feed::new(records), Some(&graph(&edges)));
        let again = scan(&packages_shuffled, &Feed::new(records_shuffled), Some(&graph(&edges_shuffled)));
        prop_assert_eq!(&once, &again);

        prop_assert!(once.findings.is_sorted_by(|a, b| a.key < b.key), "one finding per key");
        prop_assert_eq!(once.findings.len(), once.vex.len());
        let reachable = once.findings.iter().filter(|finding| finding.reachability == Reachability::Reachable);
        prop_assert_eq!(reachable.count(), once.evidence.len());
    }
}

/// Named regression: a feed of another ecosystem, or of another release, found nothing and said nothing.
#[test]
fn an_ecosystem_that_no_record_names_is_told() {
    let affected = json!([{ "package": { "ecosystem": "Debian:12", "name": "openssl" }, "versions": ["1"] }]);
    let feed = Feed::new(vec![record(&json!({ "id": "A", "affected": affected }))]);
    let packages = [
        package("npm", "a", "1.0.0"),
        package("npm", "b", "1.0.0"),
        package("Debian:99", "openssl", "1"),
        package("Debian:12", "bash", "1"),
    ];
    let scan = scan(&packages, &feed, None);
    assert_eq!(
        notes(&scan),
        [
            "1 package is compared with nothing: no record of the feed is about `Debian:99`",
            "2 packages are compared with nothing: no record of the feed is about `npm`"
        ]
    );
    let gaps: Vec<_> = scan.gaps.packages.iter().map(|gap| (gap.package.as_str(), gap.why.as_str())).collect();
    assert_eq!(
        gaps,
        [
            ("a@1.0.0", "no record of the feed is about `npm`"),
            ("b@1.0.0", "no record of the feed is about `npm`"),
            ("openssl@1", "no record of the feed is about `Debian:99`"),
        ]
    );
}
