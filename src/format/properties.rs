//! What holds for every format: nothing panics, and what is written reads back.

use std::collections::BTreeSet;

use jiff::Timestamp;
use packageurl::PackageUrl;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::format::listing::distinct;
use crate::format::{Document, read_document, read_inventory};
use crate::format::{InventoryKind, cyclonedx, decision, detect, findings, openvex, purl};
use crate::model::artifact::ArtifactFormat;
use crate::model::decision::Decision;
use crate::model::ecosystem::Ecosystem;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::{Package, Purl, SourcePackage};
use crate::model::vex::{COMPONENT_SEPARATOR, VexStatement, VexStatus};

macro_rules! sample {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../../tests/data/format/", $name)) as &[u8])
    };
}

/// A sample of a profile, under the name of its format.
macro_rules! canonical {
    ($name:literal) => {
        (concat!($name, ".json"), include_bytes!(concat!("../../tests/data/canonical/", $name, "/full.json")) as &[u8])
    };
}

pub(super) const SAMPLES: [(&str, &[u8]); 21] = [
    sample!("Cargo.lock"),
    sample!("package-lock.json"),
    sample!("npm-shrinkwrap.json"),
    sample!("requirements.txt"),
    sample!("poetry.lock"),
    sample!("go.sum"),
    sample!("Gemfile.lock"),
    sample!("gradle.lockfile"),
    sample!("status"),
    sample!("cyclonedx.json"),
    sample!("spdx.json"),
    sample!("openvex.json"),
    sample!("sarif.json"),
    sample!("findings.json"),
    sample!("decision.json"),
    sample!("osv-scanner.json"),
    sample!("syft.json"),
    canonical!("csaf"),
    canonical!("grype"),
    canonical!("spdx3"),
    canonical!("trivy"),
];

fn sample(name: &str) -> &'static [u8] {
    SAMPLES.iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn inventories_are_recognised_and_read() {
    use InventoryKind::*;
    let cases: [(&str, InventoryKind, &[&str], usize); 13] = [
        ("Cargo.lock", CargoLock, &["pkg:cargo/rand@0.4.6", "pkg:cargo/rand@0.8.5"], 1),
        (
            "package-lock.json",
            PackageLock,
            &[
                "pkg:npm/%40babel/code-frame@7.12.11",
                "pkg:npm/minimist@0.0.8",
                "pkg:npm/minimist@1.2.8",
                "pkg:npm/mkdirp@0.5.6",
            ],
            2,
        ),
        (
            "npm-shrinkwrap.json",
            PackageLock,
            &["pkg:npm/lodash@4.17.20", "pkg:npm/minimist@0.0.8", "pkg:npm/minimist@1.2.8", "pkg:npm/mkdirp@0.5.1"],
            0,
        ),
        (
            "requirements.txt",
            Requirements,
            &["pkg:pypi/jinja2@3.1.2", "pkg:pypi/urllib3@1.26.4", "pkg:pypi/zope-interface@5.4.0"],
            4,
        ),
        ("poetry.lock", PoetryLock, &["pkg:pypi/jinja2@3.1.2"], 1),
        (
            "go.sum",
            GoSum,
            &["pkg:golang/github.com/masterminds/semver/v3@v3.1.1", "pkg:golang/golang.org/x/text@v0.3.7"],
            1,
        ),
        (
            "Gemfile.lock",
            GemfileLock,
            &[
                "pkg:gem/nokogiri@1.15.4",
                "pkg:gem/nokogiri@1.15.4?platform=x86_64-linux",
                "pkg:gem/racc@1.7.1",
                "pkg:gem/rails@7.0.8",
            ],
            1,
        ),
        (
            "gradle.lockfile",
            GradleLockfile,
            &["pkg:maven/io.netty/netty-handler@4.1.90.Final", "pkg:maven/org.slf4j/slf4j-api@2.0.7"],
            0,
        ),
        (
            "status",
            DpkgStatus,
            &[
                "pkg:deb/debian/bsdutils@1:2.38.1-5%2Bb1?arch=amd64&distro=debian-12",
                "pkg:deb/debian/libc6@2.36-9%2Bdeb12u3?arch=amd64&distro=debian-12",
            ],
            1,
        ),
        (
            "cyclonedx.json",
            Cyclonedx,
            &[
                "pkg:npm/%40angular/core@12.0.0",
                "pkg:npm/jsonstream@1.3.5",
                "pkg:deb/debian/bsdutils@2.38.1-5?arch=amd64&distro=debian-12.5&epoch=1",
            ],
            1,
        ),
        ("spdx.json", Spdx, &["pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"], 0),
        ("spdx3.json", Spdx3, &["pkg:npm/lodash@4.17.20", "pkg:npm/shop@1.0.0"], 0),
        ("syft.json", Syft, &["pkg:npm/lodash@4.17.20", "pkg:npm/minimist@1.2.8", "pkg:npm/shop@1.0.0"], 0),
    ];
    for (name, kind, purls, skipped) in cases {
        let inventory = read_inventory(name, sample(name), Some("debian-12")).unwrap();
        let mut keys: Vec<_> = inventory.packages.iter().map(Package::key).collect();
        let mut purls: Vec<_> = purls.iter().map(|purl| (*purl).to_owned()).collect();
        keys.sort();
        purls.sort();
        assert_eq!((inventory.kind, keys, inventory.skipped.len()), (kind, purls, skipped), "{name}");
        // Windows line ends and a byte order mark change nothing.
        let windows = String::from_utf8(sample(name).to_vec()).unwrap().replace('\n', "\r\n");
        let marked = [b"\xef\xbb\xbf", windows.as_bytes()].concat();
        assert_eq!(read_inventory(name, &marked, Some("debian-12")).unwrap(), inventory, "{name}");
    }
    for (name, file) in [("Cargo.lock", "a.lock"), ("poetry.lock", "b.lock"), ("go.sum", "sums"), ("status", "base")] {
        let known = read_inventory(name, sample(name), None).unwrap();
        assert_eq!(read_inventory(file, sample(name), None).unwrap(), known, "by content: {name}");
    }
    let error = read_inventory("notes.md", b"# notes", None).unwrap_err().to_string();
    assert!(error.contains("`notes.md`") && error.contains("`go.sum`"), "{error}");
}

#[test]
fn documents_are_detected_and_read() {
    use ArtifactFormat::*;
    for (name, format) in [
        ("cyclonedx.json", Cyclonedx),
        ("spdx.json", Spdx),
        ("spdx3.json", Spdx3),
        ("syft.json", Syft),
        ("openvex.json", Openvex),
        ("csaf.json", Csaf),
        ("sarif.json", Sarif),
        ("grype.json", Grype),
        ("osv-scanner.json", OsvScanner),
        ("trivy.json", Trivy),
        ("findings.json", StellaFindings),
        ("decision.json", StellaDecision),
        ("package-lock.json", Json),
        ("go.sum", Bytes),
    ] {
        assert_eq!(detect(sample(name)), format, "{name}");
        let document = read_document(format, sample(name)).unwrap();
        let carried = [
            document.packages.is_some(),
            document.findings.is_some(),
            document.vex.is_some(),
            document.decision.is_some(),
        ];
        let expected = match format {
            Cyclonedx => [true, true, true, false],
            Spdx | Syft => [true, false, false, false],
            Spdx3 => [true, false, true, false],
            Openvex | Csaf => [false, false, true, false],
            Grype => [false, true, true, false],
            OsvScanner => [false, true, false, false],
            Trivy => [true, true, true, false],
            Sarif | StellaFindings => [false, true, false, false],
            StellaDecision => [false, false, false, true],
            _ => [false; 4],
        };
        assert_eq!(carried, expected, "{name}");
    }
}

/// Reads bytes as everything they might be; the results must not depend on the attempt.
fn read_as_everything(bytes: &[u8]) {
    let format = detect(bytes);
    assert_eq!(detect(bytes), format);
    for (name, _) in SAMPLES {
        if let Ok(inventory) = read_inventory(name, bytes, Some("debian-12")) {
            assert!(inventory.packages.is_sorted());
            let written = cyclonedx::write(&inventory.packages);
            assert_eq!(detect(&written), ArtifactFormat::Cyclonedx);
            read_document(ArtifactFormat::Cyclonedx, &written).unwrap();
        }
    }
    for format in ArtifactFormat::ALL.iter().copied() {
        if let Ok(document) = read_document(format, bytes) {
            let Document { packages, findings, vex, decision: _, facts: _, not_compared: _ } = document;
            assert!(packages.is_none_or(|packages| packages.is_sorted()), "{format}");
            assert!(findings.is_none_or(|findings| findings.is_sorted()), "{format}");
            assert!(vex.is_none_or(|vex| vex.is_sorted()), "{format}");
        }
    }
}

#[test]
fn depth_is_an_error_and_no_danger() {
    for (open, at) in
        [("[", ""), ("{\"a\":", ""), ("[", "a = "), ("{a=", "a = "), ("a.", ""), ("[", "[[package]]\nname = ")]
    {
        read_as_everything(format!("{at}{}", open.repeat(100_000)).as_bytes());
    }
    // What is nested as the formats nest it is read up to the reader's bound.
    for (head, open, core, close, tail) in [
        (
            r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":"#,
            r#"[{"type":"library","name":"a","components":"#,
            "[]",
            "}]",
            "}",
        ),
        (r#"{"lockfileVersion":1,"dependencies":"#, r#"{"a":{"version":"1","dependencies":"#, "{}", "}}", "}"),
    ] {
        for depth in [1, 20, 50, 100, 1000, 50_000] {
            let text = format!("{head}{}{core}{}{tail}", open.repeat(depth), close.repeat(depth));
            let result = read_inventory("x.json", text.as_bytes(), None);
            assert_eq!(result.is_ok(), depth <= 50, "{depth}: {:?}", result.err());
        }
    }
}

#[test]
fn branches_of_csaf_nest_up_to_the_readers_bound() {
    let head = r#"{"document":{"csaf_version":"2.0"},"product_tree":{"branches":"#;
    for depth in [1, 20, 50, 100, 1000, 50_000] {
        let (open, close) = (r#"[{"branches":"#.repeat(depth), "}]".repeat(depth));
        let text = format!("{head}{open}[]{close}}}}}");
        let result = read_document(ArtifactFormat::Csaf, text.as_bytes());
        assert_eq!(result.is_ok(), depth <= 50, "{depth}: {:?}", result.err());
    }
}

/// What is broken as JSON is refused in every format, with the byte or the field.
#[test]
fn broken_documents_name_the_place() {
    for (name, bytes) in SAMPLES {
        let format = detect(bytes);
        if !format.has_meaning() {
            continue;
        }
        let text = std::str::from_utf8(bytes).unwrap().trim_end();
        let last = text.len() - 1;
        for (broken, expected) in [
            (format!("{} ", text[..last].trim_end()), format!("byte {}", text[..last].trim_end().len())),
            (format!("{text} x"), format!("byte {}", last + 2)),
            (text.replacen('{', "{\"\\ud800\": 1,", 1), "byte ".to_owned()),
            ("[".repeat(1 << 20), String::new()),
            (String::new(), "byte 0".to_owned()),
        ] {
            let error = read_document(format, broken.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(&expected), "{name}: {error}");
        }
        let mut bad = bytes.to_vec();
        bad.insert(1, 0xff);
        let error = read_document(format, &bad).unwrap_err().to_string();
        assert!(error.contains("byte 1 is not UTF-8"), "{name}: {error}");
    }
}

/// Words that mean something to one parser or another.
const WORDS: [&str; 24] = [
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "==",
    "@",
    "(",
    ")",
    "%",
    "?",
    "null",
    "-1",
    "node_modules/",
    "npm:",
    "\u{301}",
];

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), 0..3_u8, select(&WORDS[..]), 0..24_usize);
    (select(&SAMPLES[..]), vec(edit, 1..8)).prop_map(|((_, bytes), edits)| {
        let mut bytes = bytes.to_vec();
        for (at, kind, word, length) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes.splice(at..end, []).for_each(drop),
                1 => bytes.splice(at..at, word.bytes()).for_each(drop),
                _ => {
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy).for_each(drop);
                }
            }
        }
        bytes
    })
}

/// Texts with everything that a format might stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9.+~:-]{0,8}", "[ -~]{1,8}", "\\PC{1,4}"]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9-]{0,6}"
}

/// Packages whose name is the one that their purl gives.
fn package() -> impl Strategy<Value = Package> {
    let kind = select(&["npm", "pypi", "cargo", "golang", "deb", "maven", "generic", ""][..]);
    let source = option::of((name(), text()).prop_map(|(name, version)| SourcePackage { name, version }));
    let parts = (kind, option::of(name()), name(), text(), btree_set(text(), 0..3), source, any::<bool>());
    parts.prop_map(|(kind, group, name, version, licenses, source, other)| {
        let group = group.filter(|_| !matches!(kind, "pypi" | "cargo"));
        let mut url = PackageUrl::new("generic", "x").unwrap();
        if !kind.is_empty() {
            url = PackageUrl::new(kind, name.clone()).unwrap();
            url.with_version(version.clone()).unwrap();
        }
        if let Some(group) = &group {
            url.with_namespace(group.clone()).unwrap();
        }
        let purl: Option<Purl> = (!kind.is_empty()).then(|| Purl::try_from(&url).unwrap());
        let facts = purl.as_ref().and_then(purl::facts);
        let implied = facts.as_ref().map_or(Ecosystem::unknown(), |facts| facts.ecosystem.clone());
        let ecosystem = if other { Ecosystem::from("Debian:12") } else { implied };
        let name = facts.map_or(name, |facts| facts.name);
        Package { name, version, purl, ecosystem, licenses, source, details: BTreeSet::new() }
    })
}

fn finding() -> impl Strategy<Value = Finding> {
    use {Reachability::*, Severity::*, VexStatus::*};
    let severity = select(&[Severity::Unknown, None, Low, Medium, High, Critical][..]);
    let reachability = select(&[Reachable, Unreachable, Reachability::Unknown][..]);
    let vex = option::of(select(&[NotAffected, Affected, Fixed, UnderInvestigation][..]));
    let texts = (text(), text(), text(), text());
    let sets = (btree_set(text(), 0..3), btree_set(text(), 0..3));
    (texts, sets, severity, reachability, vex).prop_map(|(texts, sets, severity, reachability, vex_status)| Finding {
        key: FindingKey { cve_id: texts.0, affected: texts.1 },
        package: texts.2,
        version: texts.3,
        aliases: sets.0,
        fixed_versions: sets.1,
        severity,
        reachability,
        vex_status,
        details: BTreeSet::new(),
    })
}

/// Statements whose product is spelled canonically, with a justification only where one belongs.
fn statement() -> impl Strategy<Value = VexStatement> {
    use VexStatus::*;
    let status = select(&[NotAffected, Affected, Fixed, UnderInvestigation][..]);
    let words = ["component_not_present", "vulnerable_code_not_in_execute_path", "inline_mitigations_already_exist"];
    let word = prop_oneof![select(words.to_vec()).prop_map(str::to_owned), text()];
    (text(), product(), status, option::of(word)).prop_map(|(vulnerability, product, status, word)| VexStatement {
        vulnerability,
        product,
        status,
        justification: word.filter(|_| status == NotAffected),
        details: BTreeSet::new(),
    })
}

/// A product as readers know it, or a component inside of one.
fn product() -> impl Strategy<Value = String> {
    let one = || {
        let purls = ["pkg:npm/a@1", "pkg:oci/i@sha256:00", "pkg:npm/%40s/b@2?x=y#z"].map(str::to_owned).to_vec();
        let text = prop_oneof![text(), select(purls)];
        text.prop_map(|text| text.parse::<Purl>().map_or(text, |purl| purl.to_string()))
    };
    let inside = (one(), one()).prop_map(|(whole, part)| format!("{whole}{COMPONENT_SEPARATOR}{part}"));
    prop_oneof![3 => one(), 1 => inside]
}

fn sorted<T: Ord + Clone>(values: &[T]) -> Vec<T> {
    values.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in vec(any::<u8>(), 0..256)) {
        read_as_everything(&bytes);
    }

    #[test]
    fn arbitrary_texts_do_not_panic(text in "\\PC{0,64}", words in vec(select(&WORDS[..]), 0..16)) {
        read_as_everything(format!("{text}{}", words.concat()).as_bytes());
    }

    #[test]
    fn mutated_documents_do_not_panic(bytes in mutated()) {
        read_as_everything(&bytes);
    }

    #[test]
    fn packages_survive_cyclonedx(packages in vec(package(), 0..6)) {
        let written = cyclonedx::write(&packages);
        let document = read_document(ArtifactFormat::Cyclonedx, &written).unwrap();
        let mut read = document.packages.unwrap();
        read.iter_mut().for_each(|package| package.details.clear());
        prop_assert_eq!(read, distinct(packages.clone()));
        let reversed: Vec<_> = packages.into_iter().rev().collect();
        prop_assert_eq!(cyclonedx::write(&reversed), written);
    }

    #[test]
    fn statements_survive_cyclonedx_and_openvex(statements in vec(statement(), 0..6)) {
        let written = cyclonedx::vex::write(&statements);
        let document = read_document(ArtifactFormat::CyclonedxVex, &written).unwrap();
        prop_assert_eq!(document.vex.unwrap(), sorted(&statements));
        prop_assert_eq!(detect(&written), ArtifactFormat::CyclonedxVex);
        let written = openvex::write(&statements, Timestamp::UNIX_EPOCH);
        let document = read_document(ArtifactFormat::Openvex, &written).unwrap();
        prop_assert_eq!(document.vex.unwrap(), sorted(&statements));
        prop_assert_eq!(detect(&written), ArtifactFormat::Openvex);
    }

    #[test]
    fn findings_survive(findings in vec(finding(), 0..6)) {
        let written = findings::write(&findings);
        let document = read_document(ArtifactFormat::StellaFindings, &written).unwrap();
        prop_assert_eq!(document.findings.unwrap(), sorted(&findings));
        prop_assert_eq!(detect(&written), ArtifactFormat::StellaFindings);
    }

    #[test]
    fn decisions_survive(passed in any::<bool>(), reasons in btree_set(text(), 0..4)) {
        let decided = Decision { passed, reasons };
        let written = decision::write(&decided);
        let document = read_document(ArtifactFormat::StellaDecision, &written).unwrap();
        prop_assert_eq!(document.decision.unwrap(), decided);
    }
}
