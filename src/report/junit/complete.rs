//! The second pass: adds what `junit-report` cannot write.
//!
//! Root attributes, `skipped="0"`, `line`, and the properties of each case. Elements are only ever added to,
//! and in order: the n-th case gets the n-th [`Extra`].

use std::collections::BTreeSet;

use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Reader, Writer};

use crate::model::comparison::fidelity::Level;
use crate::model::dimension::Dimensions;
use crate::model::gate_result::GateResult;
use crate::model::outcome::{JunitStatus, Outcome};
use crate::model::result::{ReplayResult, RunResult};
use crate::report::junit::case::{attribute, status};
use crate::report::junit::gate;
use crate::report::junit::time::duration;
use crate::report::phrases;

/// What one case gets.
#[derive(Debug)]
pub(crate) struct Extra {
    line: u32,
    properties: Vec<(String, String)>,
}

impl Extra {
    /// All values are ours: no foreign text among them.
    pub(crate) fn of(run: &RunResult, replay: &ReplayResult) -> Self {
        let mut properties: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| properties.push((format!("stella.{name}"), value.to_owned()));
        add("mode", phrases::mode(replay.mode));
        add("candidate", if replay.candidate { "true" } else { "false" });
        add("outcome", replay.outcome.code());
        add("lucky", if matches!(replay.outcome, Outcome::Match { lucky: true }) { "true" } else { "false" });
        if let Some(allowed) = run.gate.as_ref().and_then(|gate_result| gate_result.allows(&replay.id)) {
            add("allowed", allowed.code.code());
        }
        for level in Level::ALL {
            let holds = replay.fidelity.and_then(|fidelity| fidelity.at(level));
            add(level.code(), holds.map_or("n/a", |holds| if holds { "true" } else { "false" }));
        }
        if let Some(reason) = replay.outcome.mismatch_reason() {
            add("mismatch_reason", reason.code());
        }
        if let Outcome::Drift { causes } = &replay.outcome {
            causes.iter().for_each(|cause| add("cause", &phrases::cause(cause)));
        }
        let mut digests = |side: &str, inputs: &Dimensions| {
            for (name, digest) in inputs.by_floor_order() {
                if let Some(digest) = digest {
                    add(&format!("{side}.{}", name.code()), &digest.short());
                }
            }
        };
        digests("recorded", &replay.recorded);
        digests("replayed", &replay.replayed);
        Self { line: replay.source.as_ref().map_or(1, |source| source.line.max(1)), properties }
    }
}

impl Extra {
    /// The verdict of a gate, and the code of every reason once.
    pub(crate) fn of_gate(gate_result: &GateResult) -> Self {
        let property = |name: &str, value: &str| (format!("stella.{name}"), value.to_owned());
        let codes: BTreeSet<&str> = gate_result.reasons().iter().map(|reason| reason.code.code()).collect();
        let mut properties =
            vec![property("gate", gate_result.gate().code()), property("verdict", gate_result.verdict().code())];
        properties.extend(codes.into_iter().map(|code| property("reason", code)));
        Self { line: 1, properties }
    }
}

/// What is told of the whole run, in every suite: on how many replays the candidate was run.
fn of_run(run: &RunResult) -> Vec<(String, String)> {
    let Some(told) = phrases::candidate(run) else { return Vec::new() };
    let all = run.coverage().all();
    let property = |name: &str, value: String| (format!("stella.candidate{name}"), value);
    vec![property("", attribute(&told)), property(".ran", all.ran.to_string()), property(".of", all.of.to_string())]
}

/// Rewrites `xml`, indented; text is kept to the byte.
pub(crate) fn complete(xml: &[u8], run: &RunResult, extras: &[Extra]) -> Result<Vec<u8>, quick_xml::Error> {
    let mut reader = Reader::from_reader(xml);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let mut extras = extras.iter();
    loop {
        match reader.read_event()? {
            Event::Eof => break,
            Event::Start(start) => {
                let extra = extra_of(&start, &mut extras);
                let is_suite = start.name().as_ref() == b"testsuite";
                writer.write_event(Event::Start(completed(start, run, extra)))?;
                if is_suite {
                    write_properties(&mut writer, &of_run(run))?;
                }
                if let Some(extra) = extra {
                    write_properties(&mut writer, &extra.properties)?;
                }
            }
            // Only a case that passed is empty, and a report without suites.
            Event::Empty(empty) => match extra_of(&empty, &mut extras) {
                Some(extra) => {
                    writer.write_event(Event::Start(completed(empty, run, Some(extra))))?;
                    write_properties(&mut writer, &extra.properties)?;
                    writer.write_event(Event::End(BytesEnd::new("testcase")))?;
                }
                None => writer.write_event(Event::Empty(completed(empty, run, None)))?,
            },
            other => writer.write_event(other)?,
        }
    }
    let mut written = writer.into_inner();
    written.push(b'\n');
    Ok(written)
}

fn extra_of<'a>(element: &BytesStart<'_>, extras: &mut impl Iterator<Item = &'a Extra>) -> Option<&'a Extra> {
    if element.name().as_ref() == b"testcase" { extras.next() } else { None }
}

fn completed<'a>(mut element: BytesStart<'a>, run: &RunResult, extra: Option<&Extra>) -> BytesStart<'a> {
    match element.name().as_ref() {
        b"testsuites" => {
            let gate = run.gate.as_ref().map(gate::status);
            let all = || run.replays.iter().map(|replay| status(run, replay)).chain(gate);
            let count = |status| all().filter(|found| *found == status).count().to_string();
            let time = run.replays.iter().fold(junit_report::Duration::ZERO, |sum, r| sum + duration(r.duration_ms));
            element.push_attribute(("name", "stella"));
            element.push_attribute(("tests", all().count().to_string().as_str()));
            element.push_attribute(("failures", count(JunitStatus::Failure).as_str()));
            element.push_attribute(("errors", count(JunitStatus::Error).as_str()));
            element.push_attribute(("skipped", "0"));
            element.push_attribute(("time", time.as_seconds_f64().to_string().as_str()));
        }
        b"testsuite" => element.push_attribute(("skipped", "0")),
        _ => {}
    }
    if let Some(extra) = extra {
        element.push_attribute(("line", extra.line.to_string().as_str()));
    }
    element
}

fn write_properties(writer: &mut Writer<Vec<u8>>, properties: &[(String, String)]) -> Result<(), quick_xml::Error> {
    if properties.is_empty() {
        return Ok(());
    }
    writer.write_event(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in properties {
        let property =
            BytesStart::new("property").with_attributes([("name", name.as_str()), ("value", value.as_str())]);
        writer.write_event(Event::Empty(property))?;
    }
    writer.write_event(Event::End(BytesEnd::new("properties")))?;
    Ok(())
}
