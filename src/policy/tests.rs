//! The contract of `policies/README.md`, by tables: what is refused, what fails, what the default policy decides.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::decision::Decision;
use crate::model::ecosystem::Ecosystem;
use crate::model::finding::{Finding, FindingKey, Reachability, Severity};
use crate::model::package::Package;
use crate::model::vex::{VexStatement, VexStatus};
use crate::policy::{DEFAULT_FILES, Policy, PolicyError, PolicyInput, PolicyLimits};

const NOW: &str = "2026-02-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn load(files: &[(&str, &str)]) -> Result<Policy, PolicyError> {
    Policy::load(&files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect::<Vec<_>>())
}

fn nothing() -> PolicyInput {
    PolicyInput::new([], [], [])
}

fn ask(policy: &Policy, now: &str) -> Result<Decision, PolicyError> {
    policy.decide(&nothing(), at(now), &PolicyLimits::default())
}

fn chain(error: &PolicyError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// The rule files of a folder of test data, each with what its first line expects.
fn expectations(folder: &str) -> Vec<(PathBuf, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/policy").join(folder);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 5);
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let expected = text.lines().next().unwrap().strip_prefix("# expect: ").unwrap().to_owned();
            (path, text, expected)
        })
        .collect()
}

#[test]
fn what_may_not_be_is_refused_with_its_place() {
    for (path, text, expected) in expectations("refused") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let error = load(&[(name, &text)]).expect_err(name);
        assert!(chain(&error).contains(&expected), "{name}: {}", chain(&error));
    }
}

#[test]
fn what_cannot_be_decided_is_an_error_and_no_panic() {
    let limits = PolicyLimits { time: Duration::from_millis(200), ..PolicyLimits::default() };
    for (path, text, expected) in expectations("failing") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let policy = load(&[(name, &text)]).unwrap_or_else(|error| panic!("{name}: {}", chain(&error)));
        let error = policy.decide(&nothing(), at(NOW), &limits).expect_err(name);
        assert!(chain(&error).contains(&expected), "{name}: {}", chain(&error));
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    parameters: serde_json::Map<String, Value>,
    #[serde(default)]
    allow: Vec<serde_json::Map<String, Value>>,
    now: Option<String>,
    findings: Vec<serde_json::Map<String, Value>>,
    #[serde(default)]
    vex: Vec<serde_json::Map<String, Value>>,
    reasons: BTreeSet<String>,
}

fn text<'a>(from: &'a serde_json::Map<String, Value>, key: &str, default: &'a str) -> &'a str {
    from.get(key).map_or(default, |value| value.as_str().unwrap())
}

fn finding(of: &serde_json::Map<String, Value>) -> Finding {
    let version = text(of, "version", "1");
    let fixed = of.get("fixed_versions").cloned().unwrap_or(json!(["9"]));
    Finding {
        key: FindingKey { cve_id: "CVE-2024-1".into(), affected: format!("pkg:npm/log@{version}") },
        aliases: ["GHSA-1".into()].into(),
        package: "log".into(),
        version: version.into(),
        severity: serde_json::from_value(of["severity"].clone()).unwrap(),
        fixed_versions: serde_json::from_value(fixed).unwrap(),
        reachability: of
            .get("reachability")
            .map_or(Reachability::Unknown, |value| serde_json::from_value(value.clone()).unwrap()),
        vex_status: of.get("vex_status").map(|value| serde_json::from_value(value.clone()).unwrap()),
        details: BTreeSet::new(),
    }
}

fn statement(of: &serde_json::Map<String, Value>) -> VexStatement {
    VexStatement {
        vulnerability: text(of, "vulnerability", "CVE-2024-1").into(),
        product: text(of, "product", "pkg:npm/log@1").into(),
        status: serde_json::from_value(of["status"].clone()).unwrap(),
        justification: None,
        details: BTreeSet::new(),
    }
}

#[test]
fn the_default_policy_decides_by_its_table() {
    let table = include_str!("../../tests/data/policy/decisions.json");
    let cases: Vec<Case> = serde_json::from_str(table).unwrap();
    for case in cases {
        let [(rules_name, rules), (data_name, data)] = DEFAULT_FILES;
        let mut data: Value = serde_json::from_str(data).unwrap();
        data["parameters"].as_object_mut().unwrap().extend(case.parameters);
        for entry in case.allow {
            let mut complete = json!({"id": "CVE-2024-1", "expires": "2026-03-01T00:00:00Z", "reason": "agreed"});
            complete.as_object_mut().unwrap().extend(entry);
            data["allow"].as_array_mut().unwrap().push(complete);
        }
        let policy = load(&[(rules_name, rules), (data_name, &data.to_string())]).unwrap();
        let findings: Vec<Finding> = case.findings.iter().map(finding).collect();
        let vex: Vec<VexStatement> = case.vex.iter().map(statement).collect();
        let input = PolicyInput::new([], &findings, &vex);
        let decision = policy.decide(&input, at(case.now.as_deref().unwrap_or(NOW)), &PolicyLimits::default());
        let passed = case.reasons.iter().all(|reason| reason.starts_with("warn:"));
        assert_eq!(decision.unwrap(), Decision { passed, reasons: case.reasons }, "{}", case.name);
    }
}

#[test]
fn the_built_in_policy_is_the_default_one() {
    let policy = Policy::builtin_default().unwrap();
    assert_eq!(policy.name(), "stella-default");
    assert_eq!(ask(&policy, NOW).unwrap(), Decision { passed: true, reasons: BTreeSet::new() });
}

#[test]
fn the_documented_input_is_the_real_one() {
    let readme = include_str!("../../policies/README.md");
    let documented = readme.split("## Input").nth(1).unwrap().split("```").nth(1).unwrap();
    let documented: Value = serde_json::from_str(documented.strip_prefix("json").unwrap()).unwrap();
    let purl = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1";
    let package = Package {
        name: "log4j-core".into(),
        version: "2.14.1".into(),
        purl: Some(purl.parse().unwrap()),
        ecosystem: Ecosystem::from("Maven"),
        licenses: ["Apache-2.0".into()].into(),
        source: None,
        details: BTreeSet::new(),
    };
    let finding = Finding {
        key: FindingKey { cve_id: "CVE-2021-44228".into(), affected: purl.into() },
        aliases: ["GHSA-jfh8-c2jp-5v3q".into()].into(),
        package: "log4j-core".into(),
        version: "2.14.1".into(),
        severity: Severity::Critical,
        fixed_versions: ["2.15.0".into()].into(),
        reachability: Reachability::Reachable,
        vex_status: None,
        details: BTreeSet::new(),
    };
    let statement = VexStatement {
        vulnerability: "CVE-2021-44228".into(),
        product: purl.into(),
        status: VexStatus::NotAffected,
        justification: Some("vulnerable_code_not_in_execute_path".into()),
        details: BTreeSet::new(),
    };
    assert_eq!(*PolicyInput::new([&package], [&finding], [&statement]).as_json(), documented);
}

#[test]
fn files_are_read_as_documented() {
    let rules = "package stella.policy\n\ndeny contains data.lists.code if data.on\n\nwarn contains \"w\" if data.on\n";
    let files = [
        ("rules/main.rego", rules),
        ("main_test.rego", "package stella.policy_test\n\ntest_x if rand.intn(\"x\", 2) == 1\n"),
        ("data.json", r#"{"on": true}"#),
        ("lists/data.json", r#"{"code": "listed"}"#),
        ("README.md", "not read"),
    ];
    let policy = load(&files).unwrap();
    assert_eq!(policy.name(), "unnamed");
    let expected = Decision { passed: false, reasons: ["listed".into(), "warn:w".into()].into() };
    assert_eq!(ask(&policy, NOW).unwrap(), expected);

    let refused = |files: &[(&str, &str)]| chain(&load(files).unwrap_err());
    assert_eq!(refused(&[("data.json", "{}")]), "the policy has no `.rego` file");
    assert_eq!(refused(&[files[0], files[0]]), "`rules/main.rego` is given twice");
    assert!(refused(&[files[0], ("x/data.yaml", "on: true")]).contains("`x/data.yaml` is not read"));
    assert!(refused(&[files[0], ("data.json", "[]")]).contains("data of `data.json` cannot be joined"));
    assert!(refused(&[files[0], ("data.json", "{")]).contains("`data.json` is not valid JSON"));
    let twice = [files[0], ("data.json", r#"{"lists": {"code": "a"}}"#), files[3]];
    assert!(refused(&twice).contains("data of `lists/data.json` cannot be joined"), "{}", refused(&twice));
    let binary = Policy::load(&[("x.rego".into(), vec![0xff])]).unwrap_err();
    assert!(matches!(binary, PolicyError::Encoding { .. }));
    let many: Vec<_> = (0..300).map(|i| (format!("{i}.txt"), Vec::new())).collect();
    assert!(matches!(Policy::load(&many), Err(PolicyError::TooLarge { given: 300, limit: 256, .. })));
}

/// The longest chain of the deepest rules must fit on the stack of a test's thread (2 MiB, without optimisation).
#[test]
fn chains_of_rules_are_bounded() {
    let rules = |length: usize, depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let mut text = String::from("package stella.policy\n\ndeny contains \"x\" if f1(0)\n\n");
        for i in 1..length {
            text.push_str(&format!("f{i}(n) := m if m := {open}f{}(n + 1){close}\n\n", i + 1));
        }
        text + &format!("f{length}(n) if n == {}\n", length - 1)
    };
    // `deny` and 31 functions: the longest chain.
    assert!(!ask(&load(&[("a.rego", &rules(31, 11))]).unwrap(), NOW).unwrap().passed);
    for length in [32, 500] {
        let error = load(&[("a.rego", &rules(length, 1))]).unwrap_err();
        assert!(matches!(&error, PolicyError::Chain { site, .. } if site.rule.starts_with('f')), "{error}");
    }
}

#[test]
fn the_input_is_bounded() {
    let policy = Policy::builtin_default().unwrap();
    let limits = PolicyLimits { input_bytes: 10, ..PolicyLimits::default() };
    let error = policy.decide(&nothing(), at(NOW), &limits).unwrap_err();
    assert!(matches!(error, PolicyError::TooLarge { given: 38, limit: 10, .. }), "{error}");
}

#[test]
fn now_is_the_argument_and_nothing_else() {
    let rules = "package stella.policy\n\ndeny contains sprintf(\"%v\", [time[\"now_ns\"]()])\n";
    let policy = load(&[("a.rego", rules)]).unwrap();
    for (now, expected) in [("1970-01-01T00:00:00Z", "0"), ("2026-03-01T00:00:00.000000001Z", "1772323200000000001")] {
        let reasons = ask(&policy, now).unwrap().reasons;
        assert_eq!(reasons, [expected.to_owned()].into());
    }
}

#[test]
fn threads_share_one_policy() {
    let policy = Policy::builtin_default().unwrap();
    let of = |severity: &str| finding(json!({ "severity": severity }).as_object().unwrap());
    let (blocks, passes) = (of("critical"), of("low"));
    std::thread::scope(|scope| {
        for finding in [&blocks, &passes] {
            let policy = &policy;
            scope.spawn(move || {
                for _ in 0..50 {
                    let input = PolicyInput::new([], [finding], []);
                    let decision = policy.decide(&input, at(NOW), &PolicyLimits::default()).unwrap();
                    assert_eq!(decision.passed, finding.severity == Severity::Low);
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_loading_panic(text in "\\PC{0,200}", data in "\\PC{0,40}") {
        let _ = load(&[("a.rego", &text), ("data.json", &data)]);
        let _ = load(&[("a.rego", &format!("package stella.policy\n\ndeny contains \"x\" if {{ {text} }}\n"))]);
    }

    #[test]
    fn order_and_repetition_do_not_matter(
        mut severities in proptest::collection::vec(0_usize..6, 1..8),
        seed in any::<proptest::sample::Index>(),
    ) {
        const CODES: [&str; 6] = ["unknown", "none", "low", "medium", "high", "critical"];
        let make = |severities: &[usize]| {
            let of = |&i: &usize| finding(json!({"severity": CODES[i], "version": CODES[i]}).as_object().unwrap());
            let findings: Vec<Finding> = severities.iter().map(of).collect();
            PolicyInput::new([], &findings, [])
        };
        let before = make(&severities);
        let again = severities[seed.index(severities.len())];
        severities.push(again);
        severities.reverse();
        prop_assert_eq!(before, make(&severities));
    }
}

/// The engine's parser needs time and stack in powers of the nesting.
#[test]
fn nesting_is_bounded() {
    let rules = |depth: usize| {
        format!("package stella.policy\n\ndeny contains \"x\" if 1 == {}1{}\n", "[".repeat(depth), "]".repeat(depth))
    };
    assert!(load(&[("a.rego", &rules(12))]).is_ok());
    for depth in [13, 400] {
        let error = load(&[("a.rego", &rules(depth))]).unwrap_err();
        assert_eq!(error.to_string(), "a.rego:3 nests brackets more than 12 deep");
    }
}

#[test]
fn ordinary_rules_are_not_refused() {
    let files = [
        ("lib/severity.rego", include_str!("../../tests/data/policy/accepted/lib.rego")),
        ("main.rego", include_str!("../../tests/data/policy/accepted/main.rego")),
    ];
    let policy = load(&files).unwrap_or_else(|error| panic!("{}", chain(&error)));
    let finding = finding(json!({"severity": "critical"}).as_object().unwrap());
    let decision = policy.decide(&PolicyInput::new([], [&finding], []), at(NOW), &PolicyLimits::default());
    let decision = decision.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let expected = [
        "by-full-path",
        "severe:cve-2024-1",
        "warn:a-c",
        "warn:else",
        "warn:field",
        "warn:http.send(1)",
        "warn:table-2",
        "warn:with",
    ];
    assert_eq!(decision.reasons.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
