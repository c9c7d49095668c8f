//! Every emitter against hostile names and contents, in every place where a text of a result can stand.
//!
//! The texts are data. For each emitter there is a check, that of its language and its own, by which its output is seen to be inert and
//! well-formed; an emitter without one fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::model::result::RunResult;
use crate::report::emit::emitter::Media;
use crate::report::origin::{Commit, Key, Link};
use crate::report::publication::Publication;
use crate::report::standing::Standing;
use crate::report::text::{Show, Style, TextReport};
use crate::report::{fixture, html, markdown};

const LINK: &str = "https://ci.example/run/1";

/// What tries to break out of whatever holds it, each with where it comes from.
const TEXTS: [&str; 84] = [
    // XML and JUnit
    "]]>",
    "]]><testcase name=\"forged\" classname=\"x\"/><![CDATA[",
    "</testsuite><testsuite name=\"x\">",
    "</failure></testcase>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;",
    "<?xml version=\"1.0\"?>",
    "&lt;script&gt;",
    "&#x0;",
    "&#60;",
    "\" type=\"symbol",
    "' onload='x",
    "a\0b",
    "\u{1}\u{8}\u{b}\u{c}\u{e}\u{1f}",
    "\u{fffe}\u{ffff}\u{1fffe}",
    "[[ATTACHMENT|/etc/passwd]]",
    "[[PROPERTY|a=b]]",
    // HTML
    "<script>alert(1)</script>",
    "</script><script>",
    "</style><script>x</script>",
    "</title><img src=x onerror=alert(1)>",
    "<img src=https://evil.example/x>",
    "<svg onload=alert(1)>",
    "\"><iframe src=javascript:alert(1)>",
    "<!-- -->",
    "<!--",
    "-->",
    "--!>",
    "javascript:alert(1)",
    "</code></pre><h1>x",
    "<a href=\"https://evil.example\">x</a>",
    "<details open>",
    "</details></summary>",
    "{{ 7*7 }}",
    "{% include \"x\" %}",
    "${x} `x`",
    // Markdown and forges
    "@org/team",
    "@user please approve",
    "(@user)",
    "#1",
    "GH-1",
    "owner/repo#1",
    "fixes #1",
    "![x](https://evil.example/x.png)",
    "[x](https://evil.example)",
    "https://evil.example/",
    "www.evil.example",
    "`",
    "``",
    "```",
    "````\n```\n",
    "~~~",
    "a | b",
    "\\|",
    "| a |\n|---|\n| b |",
    "\n# heading",
    "\n\n---\n\n",
    "- [x] done",
    "> quoted",
    "    indented",
    "**bold** _it_ ~~del~~",
    "$x$ $`y`$",
    ":white_check_mark:",
    "<!-- stella:comment:stella -->",
    "<!-- stella:standing:1 - 0  -->",
    // Commands of CI systems
    "::error::x",
    "  ::error file=a,line=1::x",
    "\n::set-output name=x::y",
    "::stop-commands::x",
    "::add-mask::a",
    "x ##[error]y",
    "##[group]x",
    "##vso[task.complete result=Succeeded;]",
    "x ##vso[task.setvariable variable=a]b",
    "%0A::error::x",
    "%AZP0A##vso[x]",
    "\r::error::x",
    "a,title=b::c",
    "a];b=c;]",
    // Terminals and eyes
    "\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}x\u{1b}]8;;\u{7}",
    "\u{9b}31m",
    "user\u{202e}txt.exe",
    "\u{2066}a\u{2069}\u{200b}\u{feff}",
    "\u{2028}\u{2029}\u{85}",
    "\u{1f600}\u{e0001}é漢",
];

/// The runs that each text is put into.
fn runs(text: &str) -> [RunResult; 3] {
    let run = || fixture::of_texts(vec![text.to_owned()]);
    [run(), fixture::as_release(run()), fixture::as_pull_request(run())]
}

fn published(run: &RunResult) -> Publication<'_> {
    let mut report = Publication::of(run, run.finished_at);
    report.key = Key::try_from("linux").unwrap();
    report.commit = Commit::try_from("c0ffee0123456789").ok();
    report.link = Link::try_from(LINK).ok();
    report.before = Some(Standing::default());
    report
}

/// Fails where something in the output of `emitter` acts or is not well-formed.
fn check(emitter: &Emitter, output: &[u8], run: &RunResult) {
    assert!(!output.is_empty() || emitter.media == Media::Commands, "{} writes nothing", emitter.name);
    assert!(output.len() <= emitter.limit);
    let text = std::str::from_utf8(output).unwrap();
    let hidden = |c: char| {
        c != '\n'
            && (c.is_control()
                || matches!(u32::from(c), 0x200B..=0x200F | 0x2028..=0x202E | 0x2066..=0x2069 | 0xFEFF | 0xFFFE | 0xFFFF))
    };
    assert!(!text.contains(hidden), "{}: a hidden character", emitter.name);
    match emitter.name {
        "html" => html::inert::check(text, &[LINK]),
        "junit" => super::super::junit::check_inert(output, run),
        "markdown" => markdown::inert::check(text),
        "job-summary" | "buildkite" => markdown::inert::check(&without_origin(text)),
        "comment" => comment(text),
        "sarif" => sarif(text),
        "code-quality" => code_quality(text),
        "github-annotations" => github(text),
        "github-outputs" => github_outputs(text),
        "azure" => azure(text),
        "badge" => svg(text),
        "badge-json" => badge(text),
        other => panic!("nobody says how the output of `{other}` is seen to be inert"),
    }
}

/// The page without the line of ours that has an address.
fn without_origin(text: &str) -> String {
    let origin = format!("\ncommit `c0ffee012345` · [the whole report]({LINK})\n");
    assert!(text.contains(&origin), "{text}");
    text.replace(&origin, "")
}

fn comment(text: &str) {
    let rest = text.strip_prefix("<!-- stella:comment:linux -->\n").expect("the marker");
    let page = without_origin(rest);
    let (page, hidden) = page.trim_end().rsplit_once('\n').expect("what stands in the way");
    assert!(Standing::read(hidden).is_some_and(|standing| standing.hidden() == hidden));
    // One text of each kind is ours, and what is read back is what was meant.
    assert_eq!(Standing::read(text), Standing::read(hidden));
    markdown::inert::check(page);
}

fn sarif(text: &str) {
    let document: Value = serde_json::from_str(text).unwrap();
    assert!(schema().is_valid(&document), "{:?}", schema().validate(&document).err());
    assert_eq!(document["runs"].as_array().unwrap().len(), 1);
    assert_eq!(document["runs"][0]["automationDetails"]["id"], "stella/linux/");
    for result in document["runs"][0]["results"].as_array().unwrap() {
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(uri.chars().all(fits) && !uri.starts_with('/') && !uri.split('/').any(|part| part == ".."), "{uri}");
        assert!(location["region"]["startLine"].as_u64().unwrap() > 0);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.contains("]("), "a link: {message}");
        let alone = message.replace("{{", "").replace("}}", "");
        assert!(!alone.contains(['{', '}']), "a placeholder: {message}");
        inert_line(message);
    }
}

/// The schema of SARIF, as its makers publish it.
fn schema() -> &'static jsonschema::Validator {
    static SCHEMA: std::sync::LazyLock<jsonschema::Validator> = std::sync::LazyLock::new(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema/sarif-2.1.0.json.zst");
        let text = String::from_utf8(zstd::decode_all(&fs::read(file).unwrap()[..]).unwrap()).unwrap();
        let schema: Value = serde_json::from_str(&text.replace("{2}]?$", "{2}?$")).unwrap();
        jsonschema::options().build(&schema).unwrap()
    });
    &SCHEMA
}

fn inert_line(text: &str) {
    assert!(!text.contains("##"), "a logging command: {text}");
    let chars: Vec<char> = text.chars().collect();
    for three in chars.windows(3).filter(|three| three[1] == '@') {
        assert!(three[0].is_alphanumeric() || !three[2].is_alphanumeric(), "a mention: {text}");
    }
}

fn code_quality(text: &str) {
    let document: Value = serde_json::from_str(text).unwrap();
    let mut prints = BTreeSet::new();
    for entry in document.as_array().unwrap() {
        assert!(prints.insert(entry["fingerprint"].as_str().unwrap().to_owned()), "a fingerprint that stands twice");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().unwrap()));
        let path = entry["location"]["path"].as_str().unwrap();
        assert!(!path.starts_with(['/', '.']) || !path.split('/').any(|part| part == ".." || part == "."), "{path}");
        assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() > 0);
        inert_line(entry["description"].as_str().unwrap());
    }
}

/// As the runner reads a line (actions/runner, `ActionCommand.cs`): a command of version 2 at its begin, or of version 1 anywhere.
fn github(text: &str) {
    let mut counts = [0; 3];
    for line in text.lines() {
        assert!(!line.contains("##"), "a logging command: {line}");
        let rest = line.strip_prefix("::").expect("a command");
        let (head, message) = rest.split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        let at = ["error", "warning", "notice"].iter().position(|known| *known == command).expect("a command of ours");
        counts[at] += 1;
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "title"].contains(&name) && !value.is_empty(), "{line}");
            assert!(!decoded(value).contains(['\n', '\r']), "{line}");
        }
        let message = decoded(message);
        assert!(message.encode_utf16().count() <= 4096, "{} long", message.len());
        // Read again as a line of a log, no line of the message is a command.
        for line in message.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
            inert_line(line);
        }
        assert!(line.chars().all(|c| u32::from(c) <= 0xFFFF));
    }
    assert!(counts.iter().all(|count| *count <= 10), "{counts:?}");
}

/// As the runner reads the file: a line is a name and a value, and `<<` begins a value of several lines.
fn github_outputs(text: &str) {
    let mut names = BTreeSet::new();
    for line in text.lines() {
        let (name, value) = line.split_once('=').expect("a name and a value");
        assert!(name.chars().all(|c| c.is_ascii_lowercase()) && names.insert(name), "{line}");
        assert!(!value.is_empty() && value.chars().all(|c| c.is_ascii_digit()), "{line}");
    }
    assert_eq!(names.len(), 7, "{text}");
}

fn decoded(text: &str) -> String {
    let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
    text.replace("%25", "%")
}

fn azure(text: &str) {
    for line in text.lines() {
        let rest = line.strip_prefix("##vso[task.logissue ").expect("a command of ours");
        assert!(!rest.contains("##"), "a second command: {line}");
        let (properties, _) = rest.split_once(']').unwrap();
        for property in properties.split_terminator(';') {
            let (name, value) = property.split_once('=').unwrap();
            assert!(["type", "sourcepath", "linenumber", "code"].contains(&name), "{line}");
            assert!(name != "type" || ["error", "warning"].contains(&value), "{line}");
        }
    }
}

fn svg(text: &str) {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element) => {
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                assert!(["svg", "title", "clipPath", "rect", "g", "text"].contains(&name.as_str()), "{name}");
            }
            _ => {}
        }
    }
}

fn badge(text: &str) {
    let document: Value = serde_json::from_str(text).unwrap();
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(
        keys.iter().all(|key| ["schemaVersion", "label", "message", "color", "labelColor"].contains(key)),
        "{keys:?}"
    );
}

/// What a terminal or a log is shown.
fn log(run: &RunResult) {
    use crate::model::event::{Event, Subscriber};
    let mut report = TextReport::new(String::new(), Style::plain(), Show::All);
    for replay in &run.replays {
        report.on_event(&Event::Started { id: replay.id.clone() });
        report.on_event(&Event::Finished(Box::new(replay.clone())));
    }
    report.on_event(&Event::RunFinished(Box::new(run.clone())));
    for line in report.into_sink().unwrap().lines() {
        assert!(!line.contains("##") && !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
}

#[test]
fn every_text_is_inert_in_every_form() {
    for text in TEXTS {
        for run in runs(text) {
            let report = published(&run);
            for emitter in EMITTERS {
                check(
                    emitter,
                    &emitter.write(&report).unwrap_or_else(|e| panic!("{}: {e}: {text:?}", emitter.name)),
                    &run,
                );
            }
            log(&run);
        }
    }
}

#[test]
fn texts_together_are_inert_too() {
    let run = fixture::of_texts(TEXTS.map(str::to_owned).to_vec());
    for run in [run.clone(), fixture::as_release(run.clone()), fixture::as_pull_request(run)] {
        for emitter in EMITTERS {
            check(emitter, &emitter.write(&published(&run)).unwrap(), &run);
        }
    }
}

/// A name of a megabyte, of one character each and of all of them.
#[test]
fn a_name_of_a_megabyte_is_cut_in_every_form() {
    for piece in ["a", "]]><@`\u{202e}::x\n##["] {
        let long = piece.repeat((1 << 20) / piece.len());
        let run = fixture::as_pull_request(fixture::of_texts(vec![long]));
        for emitter in EMITTERS {
            check(emitter, &emitter.write(&published(&run)).unwrap(), &run);
        }
    }
}

#[test]
fn a_thousand_failing_cases_stay_under_every_limit() {
    let mut run = fixture::many(250);
    assert_eq!(run.replays.iter().filter(|replay| !crate::report::phrases::is_match(replay)).count(), 1000);
    for judged in [run.clone(), fixture::as_pull_request(run.clone()), fixture::as_release(run.clone())] {
        for emitter in EMITTERS {
            check(emitter, &emitter.write(&published(&judged)).unwrap(), &judged);
        }
    }
    // The limits are those of the readers, whatever the emitters say of themselves.
    run.replays.iter_mut().for_each(|replay| replay.title = "@org/team ".repeat(50));
    let written = |name: &str| named(name).unwrap().write(&published(&run)).unwrap().len();
    assert!(written("comment") <= 65_000 && written("job-summary") < 1_000_000 && written("junit") <= 30_000_000);
    assert!(written("github-annotations") < 60_000 && written("buildkite") < 1 << 20);
}

/// What tests of the program and of browsers read: every text in some place of one result.
#[test]
fn the_hostile_result_is_fresh() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/report/hostile-v1.json");
    let run = fixture::of_texts(TEXTS.map(str::to_owned).to_vec());
    let written = crate::wire::v1::result::write(&run).unwrap();
    if std::env::var_os("STELLA_BLESS").is_some() {
        fs::write(&file, &written).unwrap();
    }
    assert_eq!(fs::read_to_string(file).unwrap(), written, "make bless");
    // Nothing on the way through the file makes it any less hostile, or another run.
    assert_eq!(crate::wire::v1::read_result::read(written.as_bytes()).unwrap(), run);
    assert!(
        TEXTS.iter().filter(|text| written.contains(serde_json::to_string(text).unwrap().trim_matches('"'))).count()
            > 60
    );
}

/// One file, one emitter, one entry in the list, one check.
#[test]
fn no_emitter_is_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/emit");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["mod", "hostile", "emitter"].contains(&name.as_str()))
        .collect();
    // The picture of a badge is the badge.
    let file = |emitter: &Emitter| match emitter.name {
        "badge" => "badge_svg".to_owned(),
        name => name.replace('-', "_"),
    };
    let listed: BTreeSet<String> = EMITTERS.iter().map(|emitter| file(emitter)).collect();
    assert_eq!(files, listed);
    let names: BTreeSet<&str> = EMITTERS.iter().map(|emitter| emitter.file).collect();
    assert_eq!(names.len(), EMITTERS.len(), "two emitters write the same file");
    assert!(TEXTS.iter().collect::<BTreeSet<_>>().len() >= 60);
}

/// The checks see what they are there to see.
#[test]
fn an_output_that_acts_is_seen() {
    let run = fixture::run();
    for (name, bad) in [
        ("html", "<!doctype html>\n<html><script>x</script></html>"),
        ("junit", "<testsuites><testsuite name=\"x\"><testcase/></testsuite></testsuites>"),
        ("markdown", "@org/team"),
        ("job-summary", "fine"),
        ("buildkite", "fine"),
        ("comment", "<!-- stella:comment:linux -->\nfine"),
        ("sarif", "{\"version\":\"2.1.0\"}"),
        ("code-quality", "[{\"fingerprint\":\"a\",\"severity\":\"bad\"}]"),
        ("github-annotations", "::error title=x::a\n::set-env name=x::y"),
        ("github-outputs", "replays=1\nreport-dir=/tmp"),
        ("azure", "##vso[task.logissue type=error;]a ##vso[x]"),
        ("badge", "<svg><script/></svg>"),
        ("badge-json", "{\"logoSvg\":\"x\"}"),
    ] {
        let emitter = named(name).unwrap();
        let found = std::panic::catch_unwind(|| check(emitter, bad.as_bytes(), &run));
        assert!(found.is_err(), "{name}: {bad}");
    }
}
