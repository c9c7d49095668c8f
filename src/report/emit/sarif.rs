//! SARIF 2.1.0: what flipped, for code scanning. It is written here and uploaded by whoever wants it.
//!
//! One run, also when it is empty: a category that stops being uploaded keeps its last alerts. A result without a place is none:
//! code scanning refuses it. `primaryLocationLineHash` names a flip whatever moved around it.

use serde_json::{Value, json};

use crate::report::emit::emitter::{Emitter, Media};
use crate::report::flip::{Flip, Rule};
use crate::report::problem::{Heed, Place, Problem, problems};
use crate::report::publication::Publication;
use crate::report::untrusted;

/// Code scanning keeps the first 5,000 results of a run.
const MOST: usize = 5000;

/// Characters of a message; more is shown nowhere.
const MAX_MESSAGE: usize = 1000;

pub(super) const EMITTER: Emitter = Emitter {
    name: "sarif",
    about: "what flipped as SARIF, for code scanning",
    file: "stella.sarif",
    media: Media::Json,
    limit: 64_000_000,
    in_folder: true,
    emit: |report| {
        let mut bytes = serde_json::to_vec_pretty(&document(report))?;
        bytes.push(b'\n');
        Ok(bytes)
    },
};

fn document(report: &Publication<'_>) -> Value {
    let all = problems(report.run);
    let flips = all.iter().flat_map(|problem| problem.flips.iter().map(move |flip| (problem, flip)));
    let placed = flips.filter_map(|(problem, flip)| Some((problem, flip, problem.place.as_ref()?)));
    let results: Vec<Value> = placed.take(MOST).map(|(problem, flip, place)| result(problem, flip, place)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stella",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": Rule::ALL.iter().map(|rule| json!({
                    "id": rule.code(),
                    "shortDescription": { "text": rule.about() },
                    "fullDescription": { "text": rule.about() },
                    "help": { "text": "The report of the run has both values, the cause, and the command to see it again." },
                    "defaultConfiguration": { "level": "error" },
                })).collect::<Vec<_>>(),
            } },
            // The part before the last slash is the category.
            "automationDetails": { "id": format!("stella/{}/", report.key.as_str()) },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(problem: &Problem, flip: &Flip, place: &Place) -> Value {
    let level = match problem.heed {
        Heed::Error => "error",
        Heed::Warning => "warning",
        Heed::Notice => "note",
    };
    let values = flip.values.iter().take(5).map(|of| {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(absent)".to_owned());
        format!("{}: {} → {}", of.field, side(&of.before), side(&of.after))
    });
    let lines = std::iter::once(format!("{}: {}", problem.name, flip.line())).chain(values);
    let lines = lines.chain(problem.details.iter().cloned());
    let text: Vec<String> = lines.map(|line| message(&line)).collect();
    json!({
        "ruleId": flip.rule.code(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == flip.rule),
        "level": level,
        "message": { "text": cut(&text.join("\n")) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line },
        } }],
        "partialFingerprints": { "primaryLocationLineHash": format!("{}:1", &flip.fingerprint.hex()[..16]) },
    })
}

/// A line of a message: `[text](address)` is a link in it and `{0}` a placeholder (§3.11.5, §3.11.6).
fn message(line: &str) -> String {
    untrusted::unmentioned(&untrusted::visible(line)).replace("](", "] (").replace('{', "{{").replace('}', "}}")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        None => text.to_owned(),
        // Braces stay in pairs.
        Some((end, _)) => format!("{}…", text[..end].trim_end_matches(['{', '}'])),
    }
}

/// A path as a relative reference (RFC 3986 §4.2): a colon in it would make its beginning a scheme.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_results_of_the_rich_run() {
        let run = fixture::run();
        let document = document(&Publication::of(&run, run.finished_at));
        insta::assert_json_snapshot!(document["runs"][0]["results"]);
        assert_eq!(document["runs"][0]["automationDetails"]["id"], "stella/stella/");
    }

    #[test]
    fn a_run_of_which_nothing_flipped_is_still_a_run() {
        let mut run = fixture::run();
        run.replays.retain(crate::report::phrases::is_match);
        let document = document(&Publication::of(&run, run.finished_at));
        assert_eq!(document["runs"].as_array().map(Vec::len), Some(1));
        assert_eq!(document["runs"][0]["results"], json!([]));
    }

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("a b/c:d%é"), "a%20b/c%3Ad%25%C3%A9");
    }

    #[test]
    fn a_message_has_neither_links_nor_placeholders() {
        assert_eq!(message("[a](https://x) {0} @org/team a@b"), "[a] (https://x) {{0}} @ org/team a@b");
    }
}
