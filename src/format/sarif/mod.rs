//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>), read for its results.
//!
//! A result is a finding when it says that something is wrong (`kind` *fail*, *open* or *review*) and still
//! there (`baselineState` is not *absent*). Its key is the rule and the first place: `uri:line:column`, else the
//! logical location. What else tells it from others is among its details: message, fingerprints, other places, the
//! tool, suppressions. Results that agree in all of that are as many as there are; other results are facts.
//! Absent: code flows, stacks, graphs, fixes, web requests, what lies in other files: they are compared as bytes only.

mod log;
mod places;
mod rules;

use std::collections::BTreeSet;

use self::log::{Address, Header, Location, Log, LogicalLocation, Message, SarifResult, Suppression};
use self::places::Places;
use self::rules::{Rules, result_severity};
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::text::Unfolding;
use crate::model::finding::{Finding, FindingKey, Reachability, SUPPRESSED};

const FORMAT: &str = "SARIF";

/// Reads the results of a SARIF log, sorted.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.version != "2.1.0" {
        return Err(FormatError::Version { format: FORMAT, found: header.version, known: &["2.1.0"] });
    }
    let log: Log = json::read(FORMAT, text)?;
    let mut document = Document::default();
    let mut unfolding = Unfolding::new(FORMAT);
    for (run_at, run) in log.runs.unwrap_or_default().iter().enumerate() {
        let rules = Rules::of(&run.tool);
        let places = Places { artifacts: &run.artifacts, bases: &run.bases };
        if run.elsewhere.is_some() {
            document.not_compared.insert("parts of a run that lie in other files".to_owned());
        }
        // What has no list of results, not even an empty one, did not get as far.
        let Some(results) = &run.results else {
            document.not_compared.insert("runs without results".to_owned());
            continue;
        };
        let findings = document.findings.get_or_insert_default();
        for (at, result) in results.iter().enumerate() {
            let rule = rules.find(result);
            let named = result.rule_id.as_ref().or(result.rule.as_ref().and_then(|rule| rule.id.as_ref()));
            let Some(id) = named.or(rule.map(|rule| &rule.id)) else {
                let path = format!("runs[{run_at}].results[{at}].ruleId");
                let problem = "it is absent, and no rule is referred to; name the rule".to_owned();
                return Err(FormatError::Field { format: FORMAT, path, problem });
            };
            let mut locations = result.locations.iter().map(|location| places.of(location));
            let (uri, place) = locations.next().unwrap_or_default();
            let mut details = details(result, &run.tool.driver.name);
            details.each("also at", locations.map(|(_, place)| place));
            if let Some(first) = result.locations.first() {
                around(first, &mut details);
            }
            unfolding.take([id.as_str(), &uri, &place].into_iter().chain(details.texts()))?;
            let is_absent = result.baseline_state.as_deref() == Some("absent");
            let failed = matches!(result.kind.as_deref(), None | Some("fail" | "open" | "review"));
            if !failed || is_absent {
                let kind = if is_absent { "absent" } else { result.kind.as_deref().unwrap_or_default() };
                let rest: Vec<&str> = details.texts().collect();
                document.facts.push(format!("{kind}: {id} at {place} ({})", rest.join("; ")));
                continue;
            }
            findings.push(Finding {
                key: FindingKey { cve_id: id.clone(), affected: place },
                aliases: BTreeSet::new(),
                package: uri,
                version: String::new(),
                severity: result_severity(result, rule),
                fixed_versions: BTreeSet::new(),
                reachability: Reachability::Unknown,
                vex_status: None,
                details: details.done(),
            });
        }
    }
    document.facts.sort();
    document.findings.iter_mut().for_each(|findings| findings.sort());
    Ok(document)
}

/// What tells a result from others of its rule and place.
fn details(result: &SarifResult, tool: &str) -> Details {
    let mut details = Details::default();
    details.add("tool", tool);
    details.maybe("message", result.message.as_ref().map(Message::said));
    details.maybe("level", result.level.map(<&str>::from));
    details.maybe("kind", result.kind.as_ref().filter(|kind| *kind != "fail"));
    details.maybe("baseline", result.baseline_state.as_ref());
    details.maybe("occurrences", result.occurrence_count.map(|count| count.to_string()));
    for (what, prints) in [("fingerprint", &result.fingerprints), ("partial fingerprint", &result.partial_fingerprints)]
    {
        for (name, print) in prints {
            let print = print.as_str().map_or_else(|| print.to_string(), str::to_owned);
            details.add(what, format!("{name} {print}"));
        }
    }
    for suppression in &result.suppressions {
        let Suppression { kind, status, justification } = suppression;
        // §3.35.3: without a status it is accepted.
        let status = status.as_deref().unwrap_or("accepted");
        let said = [Some(status), kind.as_deref(), justification.as_deref()].into_iter().flatten();
        let said: Vec<&str> = said.collect();
        details.add(SUPPRESSED.trim_end_matches(": "), said.join(", "));
    }
    details
}

/// What of the first place is not in its key.
fn around(location: &Location, details: &mut Details) {
    details.each("in", location.logical_locations.iter().filter_map(LogicalLocation::said));
    let Some(physical) = &location.physical_location else { return };
    if let Some(region) = &physical.region {
        let pair = |one: Option<String>, other: Option<String>| {
            (one.is_some() || other.is_some())
                .then(|| format!("{}:{}", one.as_deref().unwrap_or_default(), other.as_deref().unwrap_or_default()))
        };
        let text = |number: Option<u64>| number.map(|number| number.to_string());
        let signed = |number: Option<i64>| number.filter(|number| *number >= 0).map(|number| number.to_string());
        details.maybe("until", pair(text(region.end_line), text(region.end_column)));
        details.maybe("characters", pair(signed(region.char_offset), text(region.char_length)));
        details.maybe("bytes", pair(signed(region.byte_offset), text(region.byte_length)));
    }
    if let Some(Address { relative_address, offset_from_parent, fully_qualified_name }) = &physical.address {
        let signed = |number: &Option<i64>| number.filter(|number| *number >= 0).map(|number| number.to_string());
        details.maybe("relative address", signed(relative_address));
        details.maybe("offset from parent", signed(offset_from_parent));
        details.maybe("address in", fully_qualified_name.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Severity;

    #[test]
    fn results_are_findings() {
        let text = r#"{"version":"2.1.0","runs":[
          {"tool":{"driver":{"name":"t","rules":[
              {"id":"R1","properties":{"security-severity":"9.8"}},
              {"id":"R2","defaultConfiguration":{"level":"error"}}]}},
           "artifacts":[{"location":{"uri":"listed.py"}}],
           "results":[
              {"ruleId":"R1","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3}}}]},
              {"ruleId":"R1","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"startColumn":9}}}]},
              {"ruleIndex":1,"locations":[{"physicalLocation":{"artifactLocation":{"index":0}}}]},
              {"ruleId":"R3","ruleIndex":-1,"level":"note","locations":[{"logicalLocations":[{"fullyQualifiedName":"m::f"}]}]},
              {"ruleId":"R4"},
              {"ruleId":"R5","kind":"pass","level":"none"},
              {"ruleId":"R6","baselineState":"absent"}]},
          {"tool":{"driver":{"name":"u"}},"results":null}]}"#;
        let document = read(text).unwrap();
        let findings = document.findings.unwrap();
        let read: Vec<_> =
            findings.iter().map(|f| (f.key.cve_id.as_str(), f.key.affected.as_str(), f.severity)).collect();
        assert_eq!(
            read,
            [
                ("R1", "a.py:3", Severity::Critical),
                ("R1", "a.py:3:9", Severity::Critical),
                ("R2", "listed.py", Severity::High),
                ("R3", "m::f", Severity::Low),
                ("R4", "", Severity::Medium),
            ]
        );
        assert_eq!(
            document.facts,
            ["absent: R6 at  (baseline: absent; tool: t)", "pass: R5 at  (kind: pass; level: none; tool: t)"]
        );
        assert_eq!(document.not_compared, ["runs without results".to_owned()].into());
    }

    #[test]
    fn a_run_without_results_says_nothing_of_findings() {
        for (results, findings) in [("", None), (r#","results":null"#, None), (r#","results":[]"#, Some(Vec::new()))] {
            let text = format!(r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t"}}}}{results}}}]}}"#);
            assert_eq!(read(&text).unwrap().findings, findings, "{results}");
        }
    }

    #[test]
    fn what_tells_results_apart_is_a_detail() {
        let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},
          "originalUriBaseIds":{"SRC":{"uri":"lib/","uriBaseId":"ROOT"},"ROOT":{"uri":"file:///home/x/"}},
          "results":[{"ruleId":"R","message":{"text":"m"},"fingerprints":{"f/v1":"1"},"occurrenceCount":2,
            "suppressions":[{"kind":"inSource","justification":"known"}],
            "locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py","uriBaseId":"SRC"},"region":{"startLine":1,"endLine":2}}},
                         {"physicalLocation":{"artifactLocation":{"uri":"b.py"}}}]}]}]}"#;
        let findings = read(text).unwrap().findings.unwrap();
        assert_eq!(findings[0].key.affected, "lib/a.py:1");
        let details: Vec<&str> = findings[0].details.iter().map(String::as_str).collect();
        assert_eq!(
            details,
            [
                "also at: b.py",
                "fingerprint: f/v1 1",
                "message: m",
                "occurrences: 2",
                "suppressed: accepted, inSource, known",
                "tool: t",
                "until: 2:",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (r#"{"version":"2.0.0"}"#, "version `2.0.0` is not read, only `2.1.0`"),
            (r#"{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[{}]}]}"#, "`runs[0].results[0].ruleId`"),
            (
                r#"{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[{"level":"bad"}]}]}"#,
                "`runs[0].results[0].level`",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
