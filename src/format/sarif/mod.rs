//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>), read for its results.
//!
//! A result is a finding unless it says that all is well (`kind` *pass*, *notApplicable* or *informational*) or that it is gone
//! (`baselineState` is *absent*). Its key is the rule and the first place: `uri:line:column`, else the
//! logical location. What else tells it from others is among its details: message, fingerprints, other places, the
//! tool, code flows, stacks, suppressions. Results that agree in all of that are as many as there are; other results are facts,
//! and so is how the tool ended.
//! Absent: graphs, fixes, web requests, what lies in other files: they are compared as bytes only, and named.

mod log;
mod places;
mod rules;

use std::collections::BTreeSet;

use self::log::{
    CodeFlow, Configuration, Frame, Header, Invocation, Level, Log, Policy, Properties, Rule, Run, SarifResult, Stack,
    Suppression, ThreadFlow, have_deciding,
};
use self::places::Places;
use self::rules::{Overrides, Rules, is_failure, level, result_severity, tell_configurations};
use crate::format::details::Details;
use crate::format::document::Document;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::text::Unfolding;
use crate::model::finding::{Finding, FindingKey, Reachability, SUPPRESSED};

const FORMAT: &str = "SARIF";

/// What is said of parts that lie in other files, or elsewhere in the log.
const PARTS_ELSEWHERE: &str = "parts of runs that lie outside of them";

/// Reads the results of a SARIF log, sorted.
pub(crate) fn read(text: &str) -> Result<Document, FormatError> {
    let header: Header = json::read(FORMAT, text)?;
    if header.version != "2.1.0" {
        return Err(FormatError::Version { format: FORMAT, found: header.version, known: &["2.1.0"] });
    }
    let log: Log = json::read(FORMAT, text)?;
    let mut document = Document::default();
    let mut unfolding = Unfolding::new(FORMAT);
    for (part, is_there) in [(PARTS_ELSEWHERE, log.inline.is_some()), ("properties", log.properties.0)] {
        document.not_compared.extend(is_there.then(|| part.to_owned()));
    }
    let runs = log.runs.unwrap_or_default();
    document.not_compared.extend(runs.iter().flat_map(not_read).map(str::to_owned));
    // What is there is then not all that was found, or not all that says what it is; what another run found must not pass for the whole.
    let mut elsewhere = std::iter::once(&log.inline).chain(runs.iter().map(|run| &run.elsewhere)).flatten();
    if elsewhere.any(have_deciding) {
        document.not_compared.insert("runs with results, rules or files that lie outside of them".to_owned());
        return Ok(document);
    }
    for (run_at, run) in runs.iter().enumerate() {
        let rules = Rules::of(&run.tool);
        // What has no list of results, not even an empty one, did not get as far.
        let Some(results) = &run.results else {
            document.not_compared.insert("runs without results".to_owned());
            continue;
        };
        tell_invocations(run, &mut document.facts);
        tell_configurations(run, &rules, &mut document.facts);
        let overrides = Overrides::of(run, &rules);
        let findings = document.findings.get_or_insert_default();
        for (at, result) in results.iter().enumerate() {
            let found = rules.find(result);
            let rule = found.map(|found| found.rule);
            let places = Places {
                artifacts: &run.artifacts,
                bases: &run.bases,
                logical: &run.logical_locations,
                texts: rules.texts(found),
            };
            let named = result.rule_id.as_ref().or(result.rule.as_ref().and_then(|rule| rule.id.as_ref()));
            let Some(id) = named.or(rule.map(|rule| &rule.id)) else {
                let path = format!("runs[{run_at}].results[{at}].ruleId");
                let problem = "it is absent, and no rule is referred to; name the rule".to_owned();
                return Err(FormatError::Field { format: FORMAT, path, problem });
            };
            let (uri, place) = result.locations.first().map(|location| places.of(location)).unwrap_or_default();
            let set = overrides.set(result, rule);
            let of = found.and_then(|found| rules.extension(found));
            let mut details = details(result, (rule, of, set), &places, &run.tool.driver.name);
            let mut others = result.locations.iter();
            if let Some(first) = others.next() {
                places.around(first, &mut details);
                let first = places.told(first);
                details.each("also at", others.map(|location| places.told(location)).filter(|other| *other != first));
            }
            unfolding.take([id.as_str(), &uri, &place].into_iter().chain(details.texts()))?;
            let is_absent = result.baseline_state.as_deref() == Some("absent");
            // §3.27.9 has no other kinds that are well: what is of a kind that nobody knows is wrong.
            let is_well = matches!(result.kind.as_deref(), Some("pass" | "notApplicable" | "informational"));
            if is_well || is_absent {
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
                severity: result_severity(result, rule, set),
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
fn details(
    result: &SarifResult,
    (rule, of, set): (Option<&Rule>, Option<&str>, Option<&Configuration>),
    places: &Places<'_>,
    tool: &str,
) -> Details {
    let mut details = Details::default();
    details.add("tool", tool);
    details.maybe("message", result.message.as_ref().map(|message| message.said(places.texts)));
    // Where a result names its rule in two ways, both count.
    let other = result.rule.as_ref();
    details.maybe("rule", other.and_then(|other| other.id.as_ref()).filter(|id| Some(*id) != result.rule_id.as_ref()));
    details.maybe("rule by index", rule.map(|rule| &rule.id).filter(|id| Some(*id) != result.rule_id.as_ref()));
    // An extension by its name, however it is referred to.
    let named = other.and_then(|other| other.tool_component.as_ref()?.name.as_deref());
    details.maybe("rule of", of.or(named));
    details.maybe("rank", result.rank.map(|rank| rank.to_string()));
    details.maybe("correlation", result.correlation_guid.as_ref());
    details.maybe("target", result.analysis_target.as_ref().and_then(|target| places.file(target)));
    details.each("related", result.related_locations.iter().map(|location| places.told(location)));
    result.code_flows.iter().for_each(|flow| tell_flow(flow, places, &mut details));
    result.stacks.iter().for_each(|stack| tell_stack(stack, places, &mut details));
    for taxon in &result.taxa {
        let of = taxon.tool_component.as_ref().and_then(|component| component.name.as_deref());
        let said = [of, taxon.id.as_deref(), taxon.guid.as_deref()];
        details.add("taxon", said.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    let score = result.properties.as_ref().and_then(Properties::security_severity);
    let score = score.or_else(|| rule?.properties.as_ref()?.security_severity());
    details.maybe("score", score.map(|score| score.as_str().map_or_else(|| score.to_string(), str::to_owned)));
    // What nothing says is the same as what the specification says then.
    let level = if is_failure(result) {
        Some(level(result, rule, set)).filter(|level| *level != Level::Warning)
    } else {
        // §3.27.10: of what is no failure it is `none`.
        result.level.filter(|level| *level != Level::None)
    };
    details.maybe("level", level.map(<&str>::from));
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
        let Suppression { kind, status, justification, location } = suppression;
        let place = location.as_ref().map(|location| places.told(location));
        // §3.35.3: without a status it is accepted.
        let status = status.as_deref().unwrap_or("accepted");
        let said = [Some(status), kind.as_deref(), justification.as_deref(), place.as_deref()].into_iter().flatten();
        let said: Vec<&str> = said.collect();
        details.add(SUPPRESSED.trim_end_matches(": "), said.join(", "));
    }
    details
}

/// Every way of a code flow, its places in their order.
fn tell_flow(flow: &CodeFlow, places: &Places<'_>, details: &mut Details) {
    let message = flow.message.as_ref().map(|message| message.said(places.texts)).unwrap_or_default();
    for ThreadFlow { message: own, locations } in &flow.thread_flows {
        let steps = locations.iter().map(|step| {
            let place = step.location.as_ref().map(|location| places.told(location)).unwrap_or_default();
            let number = |number: Option<i64>| number.map(|number| number.to_string());
            let state = step.state.iter().map(|(name, value)| format!("{name}={}", value.text));
            let said = [
                step.module.clone(),
                number(step.nesting_level),
                number(step.execution_order),
                step.importance.clone(),
            ];
            let said = said.into_iter().chain([number(step.index.filter(|_| step.location.is_none()))]).flatten();
            let kinds: BTreeSet<&String> = step.kinds.iter().collect();
            let said = said.chain(kinds.into_iter().cloned()).chain(state);
            std::iter::once(place).chain(said).collect::<Vec<_>>().join(" ")
        });
        let own = own.as_ref().map(|message| message.said(places.texts)).unwrap_or_default();
        details.add("flow", format!("{message} {own} {}", steps.collect::<Vec<_>>().join(" -> ")).trim_start());
    }
}

fn tell_stack(stack: &Stack, places: &Places<'_>, details: &mut Details) {
    let message = stack.message.as_ref().map(|message| message.said(places.texts)).unwrap_or_default();
    let frames = stack.frames.iter().map(|Frame { location, module, parameters }| {
        let place = location.as_ref().map(|location| places.told(location)).unwrap_or_default();
        format!("{place} {} {}", module.as_deref().unwrap_or_default(), parameters.join(" "))
    });
    details.add("stack", format!("{message} {}", frames.collect::<Vec<_>>().join(" -> ")).trim_start());
}

/// How the tool ended, a line for each time that it was run.
fn tell_invocations(run: &Run, facts: &mut Vec<String>) {
    // A run counts, whatever it found.
    facts.push(format!("run of {}", run.tool.driver.name));
    for invocation in &run.invocations {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let success =
            invocation.execution_successful.map(|is| if is { "successful" } else { "not successful" }.to_owned());
        let said = [
            success,
            number(invocation.exit_code),
            invocation.exit_code_description.clone(),
            invocation.exit_signal_name.clone(),
            number(invocation.exit_signal_number),
            invocation.process_start_failure_message.clone(),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        facts.push(format!("invocation of {}: {}", run.tool.driver.name, said.join(" ")));
    }
}

/// The parts of a run that are there and not read.
fn not_read(run: &Run) -> impl Iterator<Item = &'static str> {
    let tool = &run.tool;
    let components = || std::iter::once(&tool.driver).chain(&tool.extensions);
    let rules = || components().flat_map(|component| &component.rules);
    let results = || run.results.iter().flatten();
    let properties = |properties: &Option<Properties>| properties.as_ref().is_some_and(Properties::has_others);
    let invoked = |of: fn(&Invocation) -> bool| run.invocations.iter().any(of);
    let parts = [
        (PARTS_ELSEWHERE, run.elsewhere.is_some()),
        ("names of runs", run.automation_details.0),
        ("version control", run.version_control_provenance.0),
        ("graphs", run.graphs.0 || results().any(|result| result.graphs.0 || result.graph_traversals.0)),
        (
            "taxonomies",
            run.taxonomies.0
                || rules().any(|rule| rule.relationships.0)
                || components().any(|component| component.taxa.0),
        ),
        ("translations", run.translations.0),
        ("the rest of policies", run.policies.iter().any(Policy::has_others)),
        ("roles of files", run.artifacts.iter().any(|artifact| artifact.roles.0)),
        (
            "web requests",
            run.web_requests.0
                || run.web_responses.0
                || results().any(|result| result.web_request.0 || result.web_response.0),
        ),
        ("addresses that results refer to", run.addresses.0),
        ("steps of flows that results refer to", run.thread_flow_locations.0),
        ("fixes", results().any(|result| result.fixes.0)),
        ("attachments", results().any(|result| result.attachments.0)),
        (
            "notifications",
            invoked(|invocation| {
                invocation.tool_execution_notifications.0 || invocation.tool_configuration_notifications.0
            }) || components().any(|component| component.notifications.0),
        ),
        ("overrides for notifications", invoked(|invocation| invocation.notification_configuration_overrides.0)),
        (
            "ranks and parameters of rules",
            rules().filter_map(|rule| rule.default_configuration.as_ref()).any(Configuration::has_others)
                || invoked(|invocation| {
                    let mut overrides = invocation.rule_configuration_overrides.iter();
                    overrides.any(|set_so| set_so.properties.0 || set_so.configuration.has_others())
                }),
        ),
        (
            "properties",
            run.properties.0
                || tool.properties.0
                || components().any(|component| component.properties.0)
                || invoked(|invocation| invocation.properties.0)
                || rules().any(|rule| properties(&rule.properties))
                || results().any(|result| properties(&result.properties)),
        ),
    ];
    parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part)
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
            ["absent: R6 at  (baseline: absent; tool: t)", "pass: R5 at  (kind: pass; tool: t)", "run of t"]
        );
        assert_eq!(document.not_compared, ["runs without results".to_owned()].into());
    }

    /// One finding of a run with this result and these rules.
    fn one(rules: &str, result: &str) -> Finding {
        let text = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{rules}]}}}},"results":[{result}]}}]}}"#
        );
        read(&text).unwrap().findings.unwrap().remove(0)
    }

    /// §3.27.5: an id may have components behind that of its rule.
    #[test]
    fn a_case_of_a_rule_takes_what_the_rule_says() {
        let rules = r#"{"id":"R1","properties":{"security-severity":"9.8"}},{"id":"R1/a","defaultConfiguration":{"level":"note"}}"#;
        for (id, severity) in [
            ("R1", Severity::Critical),
            ("R1/b", Severity::Critical),
            ("R1/b/c", Severity::Critical),
            ("R1/a", Severity::Low),
            ("R1/a/b", Severity::Low),
            ("R1x", Severity::Medium),
            ("R2/a", Severity::Medium),
            // However many they are.
            (&format!("R1{}", "/x".repeat(100)), Severity::Critical),
        ] {
            let finding = one(rules, &format!(r#"{{"ruleId":"{id}"}}"#));
            assert_eq!((finding.key.cve_id.as_str(), finding.severity), (id, severity));
        }
    }

    #[test]
    fn a_rule_may_be_named_by_its_guid_alone() {
        let rules = r#"{"id":"R0"},{"id":"R1","guid":"8a6ddc32-1234-4abc-8def-0123456789ab","defaultConfiguration":{"level":"error"}}"#;
        let finding = one(rules, r#"{"rule":{"guid":"8a6ddc32-1234-4abc-8def-0123456789ab"}}"#);
        assert_eq!((finding.key.cve_id.as_str(), finding.severity), ("R1", Severity::High));
    }

    /// A release of a scanner that writes defaults out says nothing new.
    #[test]
    fn a_level_that_is_the_default_is_the_same_whether_it_is_written_or_not() {
        let error = r#"{"id":"R1","defaultConfiguration":{"level":"error"}}"#;
        for (rules, level) in [("", "warning"), (error, "error"), (r#"{"id":"R1"}"#, "warning")] {
            let written = one(rules, &format!(r#"{{"ruleId":"R1","level":"{level}"}}"#));
            assert_eq!(one(rules, r#"{"ruleId":"R1"}"#), written);
        }
        assert_ne!(one(error, r#"{"ruleId":"R1"}"#), one(error, r#"{"ruleId":"R1","level":"warning"}"#));
    }

    /// §3.20.5, §3.27.10: a rule counts as it was set in the run of the tool that found the result.
    #[test]
    fn the_level_to_which_a_rule_was_set_counts_before_its_default() {
        let of = |overrides: &str, result: &str| {
            let text = format!(
                r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[
                   {{"id":"R0","defaultConfiguration":{{"level":"error"}}}},{{"id":"R1","defaultConfiguration":{{"level":"error"}}}}]}}}},
                   "invocations":[{overrides}],"results":[{result}]}}]}}"#
            );
            let document = read(&text).unwrap();
            (document.findings.unwrap().remove(0).severity, document.facts)
        };
        let set = |descriptor: &str, level: &str| {
            format!(
                r#"{{"ruleConfigurationOverrides":[{{"descriptor":{descriptor},"configuration":{{"level":"{level}"}}}}]}}"#
            )
        };
        let (by_id, by_index) = (set(r#"{"id":"R1"}"#, "note"), set(r#"{"index":1}"#, "none"));
        let plain = r#"{"ruleId":"R1"}"#;
        assert_eq!(of("", plain).0, Severity::High);
        assert_eq!(of(&by_id, plain).0, Severity::Low, "the only run");
        assert_eq!(of(&by_index, plain).0, Severity::None);
        assert_eq!(of(&by_id, r#"{"ruleId":"R1","level":"warning"}"#).0, Severity::Medium, "its own level");
        assert_eq!(of(&by_id, r#"{"ruleId":"R0"}"#).0, Severity::High, "another rule");
        // Of several runs the one that the result names.
        let both = format!("{by_id},{by_index}");
        for (index, severity) in
            [("0", Severity::Low), ("1", Severity::None), ("-1", Severity::High), ("7", Severity::High)]
        {
            let result = format!(r#"{{"ruleId":"R1","provenance":{{"invocationIndex":{index}}}}}"#);
            assert_eq!(of(&both, &result).0, severity, "{index}");
        }
        // What is set of a rule without a result counts, too.
        assert_ne!(of(&set(r#"{"id":"R0"}"#, "none"), plain).1, of(&set(r#"{"id":"R0"}"#, "note"), plain).1);
    }

    #[test]
    fn what_is_decided_of_rules_is_a_fact() {
        let of = |rest: &str, rule: &str| {
            let text = format!(
                r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{{"id":"R1"{rule}}}]}}}},{rest}"results":[]}}]}}"#
            );
            read(&text).unwrap()
        };
        let policy = r#""policies":[{"name":"house","rules":[{"id":"R1","defaultConfiguration":{"level":"none"}}]}],"#;
        assert_eq!(of(policy, "").facts, ["policy house", "policy house: rule R1 level none", "run of t"]);
        assert_eq!(
            of("", r#","defaultConfiguration":{"enabled":false}"#).facts,
            ["rule R1 is off by default", "run of t"]
        );
        assert_eq!(of("", r#","defaultConfiguration":{"enabled":true}"#).facts, of("", "").facts);
        let more = r#""policies":[{"name":"house","version":"2"}],"#;
        assert_eq!(of(more, "").not_compared, ["the rest of policies".to_owned()].into());
    }

    /// Named regression: a log was compared by the runs that were whole, and what another had lost was the same.
    #[test]
    fn a_log_with_results_elsewhere_is_not_read() {
        let whole = r#"{"tool":{"driver":{"name":"u"}},"results":[{"ruleId":"R"}]}"#;
        for rest in [
            r#""inlineExternalProperties":[{"results":[{"ruleId":"R"}]}],"runs":[{"#,
            r#""runs":[{"externalPropertyFileReferences":{"results":[{"itemCount":3}]},"#,
            // Named regression: rules and files that lie elsewhere were compared as if there were none.
            r#""inlineExternalProperties":[{"driver":{"name":"t","rules":[{"id":"R1"}]}}],"runs":[{"#,
            r#""inlineExternalProperties":[{"invocations":[{"executionSuccessful":false}]}],"runs":[{"#,
            r#""inlineExternalProperties":[{"artifacts":[{"location":{"uri":"a.c"}}]}],"runs":[{"#,
            r#""runs":[{"externalPropertyFileReferences":{"driver":{"location":{"uri":"d.json"}}},"#,
        ] {
            for (results, others) in [
                (r#","results":[]"#, String::new()),
                (r#","results":[]"#, format!(",{whole}")),
                // §3.14.23: what lies elsewhere is absent here.
                ("", format!(",{whole}")),
            ] {
                let text =
                    format!(r#"{{"version":"2.1.0",{rest}"tool":{{"driver":{{"name":"t"}}}}{results}}}{others}]}}"#);
                let document = read(&text).unwrap();
                assert!(!document.has_meaning(), "{text}");
                assert!(document.not_compared.contains("runs with results, rules or files that lie outside of them"));
            }
        }
        let text = format!(r#"{{"version":"2.1.0","runs":[{whole}]}}"#);
        assert_eq!(read(&text).unwrap().findings.unwrap().len(), 1);
    }

    /// A run of a driver and two extensions that have a rule of the same id; what else it has, and its results.
    fn of_components(rest: &str, results: &str) -> Document {
        let guid = |last: char| format!("11111111-2222-4333-8444-55555555555{last}");
        let text = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{
               "driver":{{"name":"t","rules":[{{"id":"R1","defaultConfiguration":{{"level":"note"}}}}],
                 "globalMessageStrings":{{"g":{{"text":"of all"}}}}}},
               "extensions":[
                 {{"name":"x","guid":"{}","rules":[{{"id":"R1","guid":"{}","defaultConfiguration":{{"level":"error"}},
                   "messageStrings":{{"m":{{"text":"of x"}}}}}},{{"id":"X1","defaultConfiguration":{{"level":"error"}}}}]}},
                 {{"name":"y","guid":"{}","globalMessageStrings":{{"g":{{"text":"of y"}}}},
                   "rules":[{{"id":"R1","guid":"{}","defaultConfiguration":{{"level":"none"}}}},{{"id":"Y1"}}]}}]}},
               {rest}"results":[{results}]}}]}}"#,
            guid('a'),
            guid('b'),
            guid('c'),
            guid('d')
        );
        read(&text).unwrap()
    }

    /// Named regression: only a place in a list was looked for in the component that is named (§3.52.3); an id was the driver's.
    #[test]
    fn a_rule_is_that_of_the_component_that_is_named() {
        let severity = |rule: &str| of_components("", &format!(r#"{{"rule":{rule}}}"#)).findings.unwrap()[0].severity;
        for (of, expected) in [
            (r#"{"index":0}"#, Severity::High),
            (r#"{"name":"x"}"#, Severity::High),
            (r#"{"guid":"11111111-2222-4333-8444-55555555555A"}"#, Severity::High),
            (r#"{"index":1}"#, Severity::None),
            (r#"{"name":"y"}"#, Severity::None),
            (r#"{"name":"t"}"#, Severity::Low),
            (r#"{"index":-1}"#, Severity::Low),
            // None of these has the rule.
            (r#"{"index":2}"#, Severity::Medium),
            (r#"{"name":"z"}"#, Severity::Medium),
        ] {
            for id in ["R1", "R1/sub"] {
                let rule = format!(r#"{{"id":"{id}","toolComponent":{of}}}"#);
                assert_eq!(severity(&rule), expected, "{rule}");
            }
        }
        let of_x = r#"{"guid":"11111111-2222-4333-8444-55555555555b"}"#;
        assert_eq!(severity(of_x), Severity::High, "a guid is unique");
        let of_y = r#"{"id":"q","guid":"11111111-2222-4333-8444-55555555555b","toolComponent":{"name":"y"}}"#;
        assert_eq!(severity(of_y), Severity::Medium, "it is not in that component");
        // Without a component it is the driver's, else that of the only extension which has one.
        assert_eq!((severity(r#"{"id":"R1"}"#), severity(r#"{"id":"X1"}"#)), (Severity::Low, Severity::High));
        // The name says which of two that is.
        let of = |name: &str| {
            of_components("", &format!(r#"{{"rule":{{"id":"R1","toolComponent":{name}}},"level":"note"}}"#))
        };
        assert_ne!(of(r#"{"index":0}"#).findings, of(r#"{"index":1}"#).findings);
        assert_eq!(of(r#"{"index":0}"#).findings, of(r#"{"name":"x"}"#).findings);
    }

    #[test]
    fn an_override_is_that_of_a_rule_of_the_component_that_is_named() {
        let of = |descriptor: &str, rule: &str| {
            let set = format!(
                r#""invocations":[{{"ruleConfigurationOverrides":[{{"descriptor":{descriptor},"configuration":{{"level":"warning"}}}}]}}],"#
            );
            let document = of_components(&set, &format!(r#"{{"rule":{rule}}}"#));
            (document.findings.unwrap()[0].severity, document.facts)
        };
        let (of_x, of_driver) = (r#"{"id":"R1","toolComponent":{"name":"x"}}"#, r#"{"id":"R1"}"#);
        assert_eq!(of(of_x, of_driver).0, Severity::Low, "it is another rule");
        assert_eq!(of(of_x, of_x).0, Severity::Medium);
        assert_eq!(of(of_driver, of_x).0, Severity::High);
        assert_ne!(of(of_x, of_driver).1, of(of_driver, of_driver).1);
        // Named regression: one of a rule that is not there said nothing of which that was.
        let unknown =
            |last: char| of(&format!(r#"{{"guid":"99999999-2222-4333-8444-55555555555{last}"}}"#), of_driver).1;
        assert_ne!(unknown('1'), unknown('2'));
        assert!(unknown('1').iter().any(|fact| fact.contains("99999999-2222-4333-8444-555555555551")));
    }

    /// §3.27.10: only a failure takes its level from its rule.
    #[test]
    fn what_is_not_a_failure_has_no_level_but_its_own() {
        let error = r#"{"id":"R1","defaultConfiguration":{"level":"error"}}"#;
        for kind in ["open", "review"] {
            let of = |level: &str| one(error, &format!(r#"{{"ruleId":"R1","kind":"{kind}"{level}}}"#));
            assert_eq!(of(""), of(r#","level":"none""#));
            assert_eq!(of("").severity, Severity::None);
            assert_eq!(of(r#","level":"warning""#).severity, Severity::Medium);
        }
    }

    /// Named regression: a result of a kind that nobody knows was one of what is well.
    #[test]
    fn only_what_says_that_it_is_well_is() {
        let error = r#"{"id":"R1","defaultConfiguration":{"level":"error"}}"#;
        let of = |kind: &str| {
            let text = format!(
                r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{error}]}}}},"results":[{{"ruleId":"R1","kind":"{kind}"}}]}}]}}"#
            );
            read(&text).unwrap().findings.unwrap().first().map(|finding| finding.severity)
        };
        for (kind, severity) in [
            ("fail", Some(Severity::High)),
            ("unheardOf", Some(Severity::High)),
            ("Pass", Some(Severity::High)),
            ("open", Some(Severity::None)),
            ("review", Some(Severity::None)),
            ("pass", None),
            ("notApplicable", None),
            ("informational", None),
        ] {
            assert_eq!(of(kind), severity, "{kind}");
        }
    }

    /// §3.11.7: of the rule, else of its component.
    #[test]
    fn a_message_may_take_its_text_from_the_component() {
        let said = |result: &str| {
            let findings = of_components("", result).findings.unwrap();
            findings[0].details.iter().cloned().collect::<Vec<_>>().join("\n")
        };
        assert!(said(r#"{"ruleId":"R1","message":{"id":"g"}}"#).contains("message: g of all"));
        assert!(said(r#"{"ruleId":"none","message":{"id":"g"}}"#).contains("message: g of all"));
        let of = |name: &str, message: &str| {
            said(&format!(r#"{{"rule":{{"id":"R1","toolComponent":{{"name":"{name}"}}}},{message}}}"#))
        };
        assert!(of("y", r#""message":{"id":"g"}"#).contains("message: g of y"));
        assert!(of("x", r#""message":{"id":"m"}"#).contains("message: m of x"));
        assert!(of("x", r#""relatedLocations":[{"message":{"id":"m"}}]"#).contains("note: m of x"));
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
                "relative to: SRC",
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
