use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::*;
use crate::model::outcome::Outcome;
use crate::report::fixture;

/// One element with its attributes, and the text directly in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn new(start: &BytesStart<'_>) -> Self {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().to_owned();
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value =
                quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).unwrap()).unwrap().into_owned();
            (text(attribute.key.as_ref()), value)
        });
        Self { name: text(start.name().as_ref()), attributes: attributes.collect(), text: String::new() }
    }

    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("`{}` lacks `{name}`", self.name))
    }
}

/// Every element in document order; fails on anything that is not well-formed XML 1.0.
fn elements(xml: &[u8]) -> Vec<Element> {
    let text = std::str::from_utf8(xml).unwrap();
    assert_eq!(legal::text(text), text, "a character that XML 1.0 forbids");
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    reader.config_mut().check_comments = true;
    let (mut all, mut open) = (Vec::<Element>::new(), Vec::<usize>::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(start) => {
                open.push(all.len());
                all.push(Element::new(&start));
            }
            Event::Empty(empty) => all.push(Element::new(&empty)),
            Event::End(_) => drop(open.pop().unwrap()),
            Event::CData(data) => all[*open.last().unwrap()].text += &data.decode().unwrap(),
            Event::Text(data) => assert!(data.decode().unwrap().trim().is_empty(), "text outside CDATA"),
            Event::Decl(_) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(open.is_empty(), "an element is left open");
    all
}

fn named<'a>(all: &'a [Element], name: &str) -> Vec<&'a Element> {
    all.iter().filter(|element| element.name == name).collect()
}

/// Fails where `xml` is not a report of `run` that every reader of `docs/testing.md` reads as it is meant. Their rules are taken
/// from their sources, one block each.
pub(crate) fn check_inert(xml: &[u8], run: &RunResult) {
    let all = elements(xml);
    let known = ["testsuites", "testsuite", "testcase", "properties", "property", "failure", "error"];
    assert!(all.iter().all(|element| known.contains(&element.name.as_str())), "an element that is not ours");
    let (suites, cases) = (named(&all, "testsuite"), named(&all, "testcase"));
    assert_eq!(cases.len(), run.replays.len() + usize::from(run.gate.is_some()));

    // GitLab (`Hash.from_xml`): a `type` of ActiveSupport's list is acted upon or refuses the whole file; of two cases with one name and
    // class the second is dropped; of an element with text only the text is seen.
    for element in &all {
        for (_, value) in element.attributes.iter().filter(|(name, _)| name == "type") {
            assert!(value.starts_with("replay.") || value.starts_with("gate."), "{value}");
        }
    }
    let names: std::collections::BTreeSet<_> =
        cases.iter().map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
    assert_eq!(names.len(), cases.len(), "a case is dropped");
    // Jenkins: a case without a name is refused; the class is a path with dots.
    assert!(cases.iter().all(|case| !case.attribute("name").is_empty()));
    assert!(cases.iter().all(|case| case.attribute("classname").chars().all(|c| c.is_ascii_lowercase() || c == '.')));
    // dorny/test-reporter: a suite without a name crashes it, nested suites are not read, times are numbers.
    for suite in &suites {
        assert!(!suite.attribute("name").trim().is_empty() && suite.attribute("time").parse::<f64>().is_ok());
    }
    // EnricoMi: counts are added up as they stand, also `skipped`.
    for count in ["tests", "failures", "errors", "skipped"] {
        let number = |element: &Element| element.attribute(count).parse::<usize>().unwrap();
        let sum: usize = suites.iter().map(|suite| number(suite)).sum();
        assert_eq!(number(named(&all, "testsuites")[0]), sum, "{count}");
    }
    assert_eq!(named(&all, "testsuites")[0].attribute("failures"), named(&all, "failure").len().to_string());
    assert_eq!(named(&all, "testsuites")[0].attribute("errors"), named(&all, "error").len().to_string());
    // mikepenz: without a file and a line it searches the whole workspace; Buildkite and CircleCI want file and class.
    for case in &cases {
        assert!(case.attributes.iter().any(|(name, _)| name == "file"));
        assert!(case.attribute("line").parse::<u32>().unwrap() > 0 && case.attribute("time").parse::<f64>().is_ok());
    }
    for told in named(&all, "failure").into_iter().chain(named(&all, "error")) {
        assert!(told.text.starts_with(told.attribute("message")), "{told:?}");
        assert!(told.text.lines().all(|line| !line.contains("##")), "{told:?}");
    }
}

#[test]
fn a_difference_that_is_approved_is_not_red() {
    use crate::model::gate_result::{About, Gate, GateResult, Numbers, Reason, ReasonCode, Strictness, Weight};
    let mut run = fixture::run();
    run.replays.retain(|replay| replay.id == "SCN-0001");
    let about = About::Replay("SCN-0001".into());
    let reason = Reason {
        code: ReasonCode::ApprovedDifference,
        weight: Weight::Note,
        about,
        numbers: Numbers::None,
        obstacle: None,
    };
    run.gate = Some(GateResult::new(Gate::Pr, Strictness::default(), vec![], vec![reason]));
    let all = elements(&render(&run).unwrap());
    assert_eq!(named(&all, "failure").len(), 0);
    let allowed = named(&all, "property").into_iter().find(|p| p.attribute("name") == "stella.allowed").unwrap();
    assert_eq!(allowed.attribute("value"), "approved-difference");
}

#[test]
fn the_report_of_the_rich_run() {
    insta::assert_snapshot!(String::from_utf8(render(&fixture::run()).unwrap()).unwrap());
}

#[test]
fn counts_add_up_at_every_level() {
    let all = elements(&render(&fixture::run()).unwrap());
    let root = named(&all, "testsuites")[0];
    for count in ["tests", "failures", "errors", "skipped"] {
        let number = |element: &Element| element.attribute(count).parse::<usize>().unwrap();
        let sum: usize = named(&all, "testsuite").into_iter().map(number).sum();
        assert_eq!(number(root), sum, "{count}");
    }
    assert_eq!(root.attribute("failures"), named(&all, "failure").len().to_string());
    assert_eq!(root.attribute("errors"), named(&all, "error").len().to_string());
}

#[test]
fn a_gate_is_a_case_of_its_own() {
    let run = fixture::judged();
    let all = elements(&render(&run).unwrap());
    assert_eq!(named(&all, "testcase").len(), run.replays.len() + 1);
    assert_eq!(named(&all, "testsuites")[0].attribute("tests"), (run.replays.len() + 1).to_string());
    let gate = named(&all, "testcase").pop().unwrap();
    assert_eq!((gate.attribute("name"), gate.attribute("classname")), ("gate release", "stella.gate"));
    let told = all.iter().rfind(|element| element.name == "failure" || element.name == "error").unwrap();
    assert_eq!(told.attribute("type"), "gate.insufficient");
    assert!(told.text.contains("too-few-canaries: "), "{}", told.text);
    let codes: Vec<_> =
        named(&all, "property").into_iter().filter(|p| p.attribute("name") == "stella.reason").collect();
    assert!(codes.iter().any(|code| code.attribute("value") == "pinned-not-matching"));
}

#[test]
fn an_empty_run_is_a_report_without_suites() {
    let run = fixture::run();
    let empty = RunResult::new(run.stella_version, run.started_at, run.finished_at, vec![], vec![]);
    let all = elements(&render(&empty).unwrap());
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].attribute("tests"), "0");
}

#[test]
fn replays_that_are_shown_alike_stay_two_cases() {
    let mut run = fixture::run();
    for (replay, (id, title)) in run.replays.iter_mut().zip([("a: b", ""), ("a", "b")]) {
        (replay.id, replay.title) = (id.into(), title.into());
    }
    let all = elements(&render(&run).unwrap());
    let names: Vec<_> = named(&all, "testcase").into_iter().map(|case| case.attribute("name")).collect();
    assert_eq!(names[..2], ["a: b", "a: b (2)"]);
}

#[test]
fn extreme_times_are_written() {
    let mut run = fixture::run();
    (run.started_at, run.finished_at) = (Timestamp::MIN, Timestamp::MAX);
    run.replays.iter_mut().for_each(|replay| replay.duration_ms = u64::MAX);
    let all = elements(&render(&run).unwrap());
    assert_eq!(named(&all, "testsuite")[0].attribute("timestamp"), "1970-01-01T00:00:00Z");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_gate_forges_and_breaks_nothing(run in fixture::hostile_and_judged()) {
        let all = elements(&render(&run).unwrap());
        prop_assert_eq!(named(&all, "testcase").len(), run.replays.len() + 1);
        prop_assert_eq!(named(&all, "testsuites")[0].attribute("errors"), named(&all, "error").len().to_string());
    }

    #[test]
    fn no_text_forges_or_breaks_anything(run in fixture::hostile()) {
        let all = elements(&render(&run).unwrap());
        prop_assert_eq!(named(&all, "testcase").len(), run.replays.len());
        prop_assert!(named(&all, "skipped").is_empty());
        let known = ["testsuites", "testsuite", "testcase", "properties", "property", "failure", "error"];
        prop_assert!(all.iter().all(|element| known.contains(&element.name.as_str())));

        let names: std::collections::BTreeSet<_> =
            named(&all, "testcase").into_iter().map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
        prop_assert_eq!(names.len(), run.replays.len(), "names are unique");
        for case in named(&all, "testcase") {
            prop_assert!(case.attribute("line").parse::<u32>().unwrap() > 0);
            prop_assert!(case.attributes.iter().any(|(name, _)| name == "file"));
            prop_assert!(case.attribute("time").parse::<f64>().is_ok());
        }
        let not_passed = run.replays.iter().filter(|replay| !matches!(replay.outcome, Outcome::Match { .. })).count();
        let told: Vec<&Element> = all.iter().filter(|element| ["failure", "error"].contains(&element.name.as_str())).collect();
        prop_assert_eq!(told.len(), not_passed);
        for element in told {
            prop_assert!(element.attribute("type").starts_with("replay."));
            prop_assert!(element.text.starts_with(element.attribute("message")), "{:?}", element);
            prop_assert!(element.text.contains("\nreproduce: "));
        }
    }
}
