//! What the JSON of single tools means: reports that have no format of their own, only the tool that writes them.
//!
//! | tool | finding | severity |
//! |---|---|---|
//! | bandit | test and place | `issue_severity` |
//! | checkov | failed check and place | `severity` |
//! | detect-secrets | type of the secret and place | none |
//! | ESLint | rule and place | error is high, a warning medium |
//! | gitleaks | rule and place | none |
//! | `npm audit` | advisory and package | `severity` |
//! | retire | CVE, else the advisory, and component | `severity` |
//! | Ruff | code and place | none |
//! | semgrep | check and place | `severity` |
//! | zizmor | audit and primary place | `severity` |
//!
//! Invariants: every entry is a finding or a fact, as often as it stands there; what a tool says that it looked at or left out is a
//! fact, once; of a secret only a digest is told; what does
//! not read as the tool writes it is refused with its place. Absent: what only describes a rule, timings, totals of what was found.

mod audit_findings;
mod code_findings;
mod lint_findings;
mod report;
mod reported_secrets;
mod secret_findings;
mod workflow_findings;

pub(crate) use reported_secrets::reported_secrets;

use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::text::decode;
use crate::format::tools::report::Report;

/// Reads a report of the tool of that name.
pub(crate) fn read(tool: &str, bytes: &[u8]) -> Result<Document, FormatError> {
    let Some((_, reader)) = READERS.iter().find(|(name, _)| *name == tool) else { return Ok(Document::default()) };
    let mut report = Report::default();
    reader(decode("report", bytes)?, &mut report)?;
    let Report { mut findings, mut facts, not_compared } = report;
    findings.sort();
    facts.sort();
    Ok(Document { findings: Some(findings), facts, not_compared, ..Document::default() })
}

type Reader = fn(&str, &mut Report) -> Result<(), FormatError>;

/// Every tool whose reports are read.
const READERS: [(&str, Reader); 10] = [
    ("bandit", code_findings::bandit),
    ("checkov", code_findings::checkov),
    ("detect-secrets", secret_findings::detect_secrets),
    ("eslint", lint_findings::eslint),
    ("gitleaks", secret_findings::gitleaks),
    ("npm-audit", audit_findings::npm_audit),
    ("retire", audit_findings::retire),
    ("ruff", lint_findings::ruff),
    ("semgrep", code_findings::semgrep),
    ("zizmor", workflow_findings::zizmor),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Profile;
    use crate::format::detect::tool::recognise;

    fn sample(tool: &str) -> Vec<u8> {
        let path = format!("{}/tests/data/canonical/{tool}/full.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn lines(document: &Document) -> Vec<String> {
        let findings = document.findings.iter().flatten();
        findings.map(|found| format!("{} {} {}", found.key.cve_id, found.key.affected, found.severity)).collect()
    }

    #[test]
    fn every_tool_with_a_profile_is_read() {
        let profiles: Vec<&str> = Profile::tools().iter().map(Profile::name).collect();
        assert_eq!(READERS.map(|(name, _)| name).to_vec(), profiles);
    }

    #[test]
    fn every_sample_is_read() {
        let expected: [(&str, &[&str]); 10] = [
            ("bandit", &["B301 ./app/main.py:12:11 medium", "B602 ./app/main.py:9:4 high"]),
            ("checkov", &["CKV_AWS_18 /main.tf unknown", "CKV_AWS_20 /main.tf:1 high"]),
            ("detect-secrets", &["AWS Access Key app/main.py:3 unknown", "Secret Keyword app/main.py:7 unknown"]),
            (
                "eslint",
                &[
                    "(no rule) /home/ci/app/web/broken.js:3:1 high",
                    "eqeqeq /home/ci/app/web/main.js:9:8 medium",
                    "no-eval /home/ci/app/web/main.js:4:1 high",
                ],
            ),
            ("gitleaks", &["aws-access-token app/main.py:3:12 unknown", "generic-api-key app/main.py:7:1 unknown"]),
            (
                "npm-audit",
                &[
                    "GHSA-35jh-r3h4-6jhm lodash high",
                    "GHSA-p6mc-m468-83gw lodash high",
                    "GHSA-xvch-5gv4-984h minimist critical",
                ],
            ),
            ("retire", &["CVE-2012-6708 jquery@1.8.1 medium", "CVE-2020-11022 jquery@1.8.1 medium"]),
            ("ruff", &["(no rule) /home/ci/app/broken.py:2:5 unknown", "S307 /home/ci/app/main.py:4:1 unknown"]),
            (
                "semgrep",
                &[
                    "tmp.stella.config.md5 app/main.py:11:12 medium",
                    "tmp.stella.config.shell-true app/main.py:9:5 high",
                ],
            ),
            ("zizmor", &["artipacked  medium", "template-injection  high"]),
        ];
        for (tool, findings) in expected {
            let bytes = sample(tool);
            assert_eq!(recognise(&bytes).map(String::from).as_deref(), Some(tool));
            assert_eq!(lines(&read(tool, &bytes).unwrap()), findings, "{tool}");
        }
    }

    #[test]
    fn every_entry_that_goes_is_seen() {
        fn without(value: &serde_json::Value, at: &mut usize) -> serde_json::Value {
            match value {
                serde_json::Value::Array(items) => {
                    let mut left = Vec::new();
                    for item in items {
                        let is_object = item.is_object();
                        if is_object && *at == 0 {
                            *at = usize::MAX;
                            continue;
                        }
                        *at -= usize::from(is_object && *at != usize::MAX);
                        left.push(without(item, at));
                    }
                    left.into()
                }
                serde_json::Value::Object(members) => members
                    .iter()
                    .map(|(name, member)| (name.clone(), without(member, at)))
                    .collect::<serde_json::Map<_, _>>()
                    .into(),
                other => other.clone(),
            }
        }
        // Entries of these are findings, each on its own.
        for tool in ["bandit", "gitleaks", "ruff", "semgrep", "zizmor"] {
            let whole: serde_json::Value = serde_json::from_slice(&sample(tool)).unwrap();
            let before = read(tool, whole.to_string().as_bytes()).unwrap();
            for at in 0..before.findings.as_ref().unwrap().len() {
                let results =
                    |value: &serde_json::Value| if value.is_array() { value.clone() } else { value["results"].clone() };
                let mut left = whole.clone();
                let fewer = without(&results(&whole), &mut at.clone());
                if left.is_array() {
                    left = fewer;
                } else {
                    left["results"] = fewer;
                }
                let after = read(tool, left.to_string().as_bytes()).unwrap();
                assert_ne!(before, after, "{tool}: {at}");
            }
        }
    }

    /// A clean report of a scan of nothing is another one than of everything.
    #[test]
    fn what_was_looked_at_and_what_was_left_out_counts() {
        let cases: [(&str, &str, &[&str]); 6] = [
            (
                "semgrep",
                r#"{"results":[],"errors":[],"paths":{"scanned":["a.py"]},"skipped_rules":[]}"#,
                &[
                    r#"{"results":[],"errors":[],"paths":{"scanned":[]},"skipped_rules":[]}"#,
                    r#"{"results":[],"errors":[],"paths":{"scanned":["a.py"],"skipped":[{"path":"b.py","reason":"exceeded_size_limit"}]}}"#,
                    r#"{"results":[],"errors":[],"paths":{"scanned":["a.py"]},"skipped_rules":["r1"]}"#,
                ],
            ),
            (
                "bandit",
                r#"{"results":[],"errors":[],"metrics":{"_totals":{"loc":3,"nosec":0},"a.py":{"loc":3,"nosec":0}}}"#,
                &[
                    r#"{"results":[],"errors":[],"metrics":{"_totals":{"loc":3,"nosec":0}}}"#,
                    r#"{"results":[],"errors":[],"metrics":{"_totals":{"loc":3,"nosec":9},"a.py":{"loc":3,"nosec":0}}}"#,
                    r#"{"results":[],"errors":[],"metrics":{"_totals":{"loc":3},"a.py":{"loc":3,"skipped_tests":1}}}"#,
                ],
            ),
            (
                "detect-secrets",
                r#"{"results":{},"plugins_used":[{"name":"A"},{"name":"B"}],"filters_used":[]}"#,
                &[
                    r#"{"results":{},"plugins_used":[{"name":"A"}],"filters_used":[]}"#,
                    r#"{"results":{},"plugins_used":[{"name":"A"},{"name":"B","limit":3}],"filters_used":[]}"#,
                    r#"{"results":{},"plugins_used":[{"name":"A"},{"name":"B"}],"filters_used":[{"path":"f","pattern":["a/.*"]}]}"#,
                ],
            ),
            (
                "npm-audit",
                r#"{"advisories":{},"muted":[],"metadata":{"dependencies":4,"totalDependencies":4}}"#,
                &[
                    r#"{"advisories":{},"muted":[{"id":9}],"metadata":{"dependencies":4,"totalDependencies":4}}"#,
                    r#"{"advisories":{},"muted":[],"metadata":{"dependencies":4,"totalDependencies":0}}"#,
                ],
            ),
            (
                "eslint",
                r#"[{"filePath":"a.js","messages":[]},{"filePath":"b.js","messages":[]}]"#,
                &[r#"[{"filePath":"a.js","messages":[]}]"#, "[]"],
            ),
            (
                "checkov",
                r#"{"passed":0,"failed":0,"resource_count":3}"#,
                &[r#"{"passed":0,"failed":0,"resource_count":0}"#],
            ),
        ];
        for (tool, text, others) in cases {
            let first = read(tool, text.as_bytes()).unwrap();
            for other in others {
                assert_ne!(read(tool, other.as_bytes()).unwrap(), first, "{tool}: {other}");
            }
        }
        let actions = read("npm-audit", br#"{"advisories":{},"actions":[{"action":"install"}]}"#).unwrap();
        assert_eq!(actions.not_compared, ["commands that mend".to_owned()].into());
    }

    /// Named regression: what semgrep says of a dependency, of the way to a sink and of its errors counted as texts that say nothing.
    #[test]
    fn whether_a_dependency_is_reached_decides() {
        use crate::model::finding::Reachability;

        let of = |extra: &str, rest: &str| {
            let text =
                format!(r#"{{"results":[{{"check_id":"c","path":"p","extra":{{{extra}}}}}],"errors":[]{rest}}}"#);
            read("semgrep", text.as_bytes()).unwrap()
        };
        let reached = |is: bool, by_rule: bool| {
            let document = of(&format!(r#""sca_info":{{"reachable":{is},"reachability_rule":{by_rule}}}"#), "");
            document.findings.unwrap()[0].reachability
        };
        assert_eq!((reached(true, true), reached(false, true)), (Reachability::Reachable, Reachability::Unreachable));
        assert_eq!((reached(true, false), reached(false, false)), (Reachability::Unknown, Reachability::Unknown));
        let plain = of("", "");
        for extra in [
            r#""sca_info":{"reachable":true}"#,
            r#""metadata":{"sca-severity":"LOW"}"#,
            r#""dataflow_trace":{"taint_source":["CliLoc",[{"path":"b.py"},"x"]]}"#,
            r#""historical_info":{"git_commit":"a"}"#,
            r#""engine_kind":"PRO""#,
        ] {
            assert_ne!(of(extra, "").findings, plain.findings, "{extra}");
        }
        assert_ne!(of("", r#","engine_requested":"PRO""#), plain);
        let error = |rest: &str| {
            let text = format!(r#"{{"results":[],"errors":[{{"type":"T","level":"warn"{rest}}}]}}"#);
            read("semgrep", text.as_bytes()).unwrap()
        };
        assert_ne!(error(r#","code":2"#).facts, error(r#","code":3"#).facts);
        assert_eq!(error(r#","message":"m""#).not_compared, ["longer words of errors".to_owned()].into());
        assert_eq!(of(r#""metadata":{"cwe":["CWE-1"]}"#, "").not_compared, ["metadata of rules".to_owned()].into());
    }

    #[test]
    fn of_a_secret_only_a_digest_is_told() {
        let document = read("gitleaks", &sample("gitleaks")).unwrap();
        assert!(!format!("{document:?}").contains("AKIA"), "{document:?}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (tool, text, expected) in [
            ("bandit", r#"{"results":[{"filename":1}]}"#, "`results[0].filename`"),
            ("semgrep", r#"{"results":[{"check_id":"a"}]}"#, "`results[0]`"),
            ("eslint", r#"[{"filePath":"a","messages":{}}]"#, "`[0].messages`"),
        ] {
            let error = read(tool, text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(read("another", b"{").unwrap(), Document::default());
    }

    #[test]
    fn nothing_found_is_said() {
        for (tool, text) in
            [("eslint", "[]"), ("ruff", "[]"), ("gitleaks", "[]"), ("gitleaks", "null"), ("zizmor", "[]")]
        {
            assert_eq!(read(tool, text.as_bytes()).unwrap().findings, Some(Vec::new()), "{tool}");
        }
    }
}
