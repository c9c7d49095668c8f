//! What is expected of a statement, and whether one that is signed is it.
//!
//! Invariant: what asks for a predicate asks for its type, too: another predicate may have fields of the same names. Absent: who signed it.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::attest::dsse::IN_TOTO;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;
use crate::model::gate_result::{Gate, GateVerdict};
use crate::model::rate::Share;
use crate::model::text::distinct::Distinct;
use crate::model::text::objects;
use crate::wire::attestation::{replay_fidelity, svr, test_result};

/// The types of a statement: version 1, and the one before, which cosign still writes. They differ in nothing that is read here.
const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

/// The most subjects of a statement, as other verifiers have it.
const MOST_SUBJECTS: usize = 1024;

/// What is expected of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// It is of this file.
    pub digest: Digest,
    /// It has this predicate; `None` for any.
    pub predicate_type: Option<String>,
    /// It reaches each of these.
    pub fidelity: Vec<RequiredFidelity>,
    /// A gate lets it pass.
    pub verdict: Option<RequiredVerdict>,
    /// What it says ended no longer ago than this.
    pub max_age: Option<SignedDuration>,
}

impl Expected {
    /// That it is of this file, and nothing else.
    pub fn of(digest: Digest) -> Self {
        Self { digest, predicate_type: None, fidelity: Vec::new(), verdict: None, max_age: None }
    }
}

/// The file that a statement is of, the first of them; `None` for what is not a statement.
pub fn first_subject(payload: &[u8]) -> Option<Digest> {
    let statement: Read = serde_json::from_slice(payload).ok()?;
    format!("sha256:{}", statement.subject.first()?.digest.sha256.as_deref()?).parse().ok()
}

/// `regression.bf>=0.98`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredFidelity {
    question: &'static str,
    level: &'static str,
    least: Share,
    text: String,
}

impl FromStr for RequiredFidelity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (name, least) = text.split_once(">=")?;
            let (question, level) = name.split_once('.')?;
            Some(Self {
                question: ["regression", "fidelity"].into_iter().find(|known| *known == question)?,
                level: ["bf", "sf", "pf"].into_iter().find(|known| *known == level)?,
                least: share(least)?,
                text: text.to_owned(),
            })
        };
        read().ok_or_else(|| "expected QUESTION.LEVEL>=SHARE, such as regression.bf>=0.98".to_owned())
    }
}

/// A share as people write it, and in no other of the ways in which a number can be written.
fn share(text: &str) -> Option<Share> {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    Share::from_number(is_plain.then(|| text.parse().ok())??)
}

/// `release.passed`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredVerdict {
    gate: &'static str,
    is_green: bool,
}

impl FromStr for RequiredVerdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (gate, verdict) = text.split_once('.')?;
            let gate = [Gate::Pr, Gate::Release].into_iter().map(Gate::code).find(|known| *known == gate)?;
            let is_green = [("passed", false), ("green", true)].into_iter().find(|(known, _)| *known == verdict)?.1;
            Some(Self { gate, is_green })
        };
        read().ok_or_else(|| "expected GATE.VERDICT, such as release.passed or pr.green".to_owned())
    }
}

impl fmt::Display for RequiredVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.gate, if self.is_green { "green" } else { "passed" })
    }
}

impl RequiredVerdict {
    /// Whether a predicate says so; `None` of one that has no verdict.
    fn is_said(&self, predicate_type: &str, predicate: &Value) -> Option<bool> {
        let says = |field: &str, words: [&str; 2]| {
            let said = predicate[field].as_str();
            said == Some(words[0]) || (!self.is_green && said == Some(words[1]))
        };
        match predicate_type {
            replay_fidelity::TYPE => Some(
                predicate["gate"] == self.gate
                    && says("verdict", [GateVerdict::Green, GateVerdict::Warn].map(GateVerdict::code)),
            ),
            test_result::TYPE => {
                let gate = predicate["configuration"][0]["name"].as_str().and_then(|name| name.strip_prefix("gate:"));
                Some(gate == Some(self.gate) && says("result", ["PASSED", "WARNED"]))
            }
            svr::TYPE => {
                let word = if self.is_green { "GREEN" } else { "PASSED" };
                let wanted = svr::property(self.gate, word);
                Some(predicate["properties"].as_array().is_some_and(|all| all.iter().any(|one| *one == wanted)))
            }
            _ => None,
        }
    }
}

/// The verdict in a predicate that has one, as it stands there: that it is signed says nothing of how it came out.
pub fn verdict(predicate_type: &str, predicate: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match predicate_type {
        replay_fidelity::TYPE => {
            Some(format!("{} at the gate {}", text(&predicate["verdict"])?, text(&predicate["gate"])?))
        }
        test_result::TYPE => text(&predicate["result"]),
        svr::TYPE => {
            Some(predicate["properties"].as_array()?.iter().filter_map(text).collect::<Vec<_>>().join(" and "))
        }
        _ => None,
    }
}

/// What a statement says of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What kind of predicate it has.
    pub predicate_type: String,
    /// The name that it gives to the file: a remark.
    pub name: String,
    /// What it says.
    pub predicate: Value,
}

/// Why what is signed is not what was expected.
#[derive(Debug, thiserror::Error)]
pub enum UnexpectedError {
    /// It is the signature of a file, and says nothing of it.
    #[error("the file itself is signed, and nothing is said of it: {0} is wanted")]
    NoStatement(&'static str),
    /// It is signed, and is not a statement.
    #[error("what is signed is of the type `{0}`, and not an in-toto statement")]
    PayloadType(String),
    /// It says that it is a statement, and is not.
    #[error("what is signed is not an in-toto statement")]
    NotAStatement(#[source] serde_json::Error),
    /// A version of statements that is not known.
    #[error("what is signed is of the statement type `{0}`, which is not known")]
    StatementType(String),
    /// It is of too many files.
    #[error("the statement is of {0} files, more than {MOST_SUBJECTS}")]
    TooManySubjects(usize),
    /// It is of other files.
    #[error("the statement is not of {digest}: it is of {}", list(.named))]
    OtherFile {
        /// What was expected.
        digest: Digest,
        /// What it is of.
        named: Vec<String>,
    },
    /// It has another predicate.
    #[error("the statement has the predicate `{found}`, and `{wanted}` is wanted")]
    OtherPredicate {
        /// What it has.
        found: String,
        /// What was expected.
        wanted: String,
    },
    /// What a demand asks for is not in it.
    #[error("the predicate does not say `{0}`")]
    Unsaid(&'static str),
    /// What it says is about another file than the one that is asked about.
    #[error("what is required was found of the candidate, which is another file than {0}")]
    NotTheCandidate(Digest),
    /// It does not reach what is required.
    #[error("`{required}` is required, and {agreed} of {applicable} agree")]
    BelowRequired {
        /// What is required.
        required: String,
        /// So many agree.
        agreed: u64,
        /// Of so many.
        applicable: u64,
    },
    /// No gate says what is required.
    #[error("`{required}` is required, and the statement says {said}")]
    OtherVerdict {
        /// What is required.
        required: RequiredVerdict,
        /// What it says.
        said: String,
    },
    /// It is too old, or of the future.
    #[error("what it says ended at {0}, which is not within the age that is allowed")]
    Age(Timestamp),
}

impl UnexpectedError {
    /// Whether it is good, of another file or of another kind.
    pub fn is_of_another(&self) -> bool {
        matches!(self, Self::OtherFile { .. } | Self::OtherPredicate { .. })
    }
}

impl Diagnostic for UnexpectedError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoStatement(_)
            | Self::PayloadType(_)
            | Self::NotAStatement(_)
            | Self::StatementType(_)
            | Self::TooManySubjects(_)
            | Self::OtherFile { .. }
            | Self::OtherPredicate { .. }
            | Self::Unsaid(_)
            | Self::NotTheCandidate(_)
            | Self::BelowRequired { .. }
            | Self::OtherVerdict { .. }
            | Self::Age(_) => FailureKind::Verification,
        }
    }
}

fn list(named: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = named.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if named.len() > SHOWN {
        text.push_str(&format!(" and {} more", named.len() - SHOWN));
    }
    if text.is_empty() { "no file".to_owned() } else { text }
}

/// A statement as a stranger wrote it. Other fields are ignored, as the specification asks.
#[derive(Deserialize)]
struct Read {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<ReadSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Distinct,
}

impl Read {
    fn predicate(&self) -> &Value {
        &self.predicate.0
    }

    /// Whether the file of that digest is the candidate that ran, and not one that is released beside it.
    fn is_candidate(&self, digest: Digest) -> bool {
        let is_it = |said: Option<&str>| said == Some(digest.hex().as_str());
        if self.predicate_type == replay_fidelity::TYPE {
            return is_it(self.predicate()["candidate"]["digest"]["sha256"].as_str());
        }
        // Of what is released beside it the candidate is another subject.
        self.subject.iter().all(|subject| is_it(subject.digest.sha256.as_deref()))
    }
}

#[derive(Deserialize)]
struct ReadSubject {
    #[serde(default)]
    name: String,
    digest: ReadDigest,
}

#[derive(Deserialize)]
struct ReadDigest {
    #[serde(default)]
    sha256: Option<String>,
}

/// Whether a payload of that type is a statement, and what was expected: what it says.
///
/// # Errors
/// [`UnexpectedError`].
pub fn check(payload_type: &str, payload: &[u8], expected: &Expected, now: Timestamp) -> Result<Said, UnexpectedError> {
    if payload_type != IN_TOTO {
        return Err(UnexpectedError::PayloadType(payload_type.to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(payload);
    let statement: Read =
        objects::deserialize(&mut deserializer).map_err(|error| UnexpectedError::NotAStatement(error.into_inner()))?;
    deserializer.end().map_err(UnexpectedError::NotAStatement)?;
    if !STATEMENTS.contains(&statement.statement_type.as_str()) {
        return Err(UnexpectedError::StatementType(statement.statement_type));
    }
    // Of what.
    if statement.subject.len() > MOST_SUBJECTS {
        return Err(UnexpectedError::TooManySubjects(statement.subject.len()));
    }
    let is_it = |subject: &&ReadSubject| subject.digest.sha256.as_deref() == Some(expected.digest.hex().as_str());
    let Some(subject) = statement.subject.iter().find(is_it) else {
        let named = statement.subject.iter().filter_map(|subject| subject.digest.sha256.clone()).collect();
        return Err(UnexpectedError::OtherFile { digest: expected.digest, named });
    };
    // What is said of it.
    let name = subject.name.clone();
    demanded(&statement, expected, now)?;
    let Read { predicate_type, predicate, .. } = statement;
    Ok(Said { predicate_type, name, predicate: predicate.0 })
}

/// Whether the signature of a file, of which nothing is said, is all that is expected.
///
/// # Errors
/// [`UnexpectedError::NoStatement`].
pub fn check_nothing(expected: &Expected) -> Result<(), UnexpectedError> {
    match expected {
        Expected { predicate_type: Some(_), .. } => Err(UnexpectedError::NoStatement("a predicate of a type")),
        Expected { fidelity, .. } if !fidelity.is_empty() => Err(UnexpectedError::NoStatement("fidelity")),
        Expected { verdict: Some(_), .. } => Err(UnexpectedError::NoStatement("a verdict")),
        Expected { max_age: Some(_), .. } => Err(UnexpectedError::NoStatement("an age")),
        _ => Ok(()),
    }
}

fn demanded(statement: &Read, expected: &Expected, now: Timestamp) -> Result<(), UnexpectedError> {
    let asks_for_fidelity = !expected.fidelity.is_empty() || expected.max_age.is_some();
    let ours = asks_for_fidelity.then_some(replay_fidelity::TYPE);
    for wanted in expected.predicate_type.as_deref().into_iter().chain(ours) {
        if statement.predicate_type != wanted {
            let found = statement.predicate_type.clone();
            return Err(UnexpectedError::OtherPredicate { found, wanted: wanted.to_owned() });
        }
    }
    // The same is said beside the candidate of files that are released with it: what was replayed is the candidate alone.
    let asks_for_candidate = !expected.fidelity.is_empty() || expected.verdict.is_some();
    if asks_for_candidate && !statement.is_candidate(expected.digest) {
        return Err(UnexpectedError::NotTheCandidate(expected.digest));
    }
    if let Some(required) = &expected.verdict
        && required.is_said(&statement.predicate_type, statement.predicate()) != Some(true)
    {
        let said = verdict(&statement.predicate_type, statement.predicate());
        let said = said.unwrap_or_else(|| format!("nothing of it (`{}`)", statement.predicate_type));
        return Err(UnexpectedError::OtherVerdict { required: required.clone(), said });
    }
    for required in &expected.fidelity {
        let counts = &statement.predicate()[required.question][required.level];
        let agreed = counts["agreed"].as_u64().ok_or(UnexpectedError::Unsaid("agreed"))?;
        let applicable = counts["applicable"].as_u64().ok_or(UnexpectedError::Unsaid("applicable"))?;
        if agreed > applicable || !required.least.is_reached((agreed, applicable)) {
            return Err(UnexpectedError::BelowRequired { required: required.text.clone(), agreed, applicable });
        }
    }
    if let Some(most) = expected.max_age {
        let ended = statement.predicate()["finishedAt"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let ended = ended.ok_or(UnexpectedError::Unsaid("finishedAt"))?;
        let age = now.duration_since(ended);
        if age > most || age < SignedDuration::ZERO {
            return Err(UnexpectedError::Age(ended));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-31T00:00:00Z".parse().unwrap()
    }

    fn statement() -> Value {
        json!({
            "_type": STATEMENTS[0],
            "subject": [{ "name": "a", "digest": { "sha256": Digest::of(b"a").hex(), "sha512": "00" } },
                        { "digest": { "sha256": Digest::of(b"b").hex() } }],
            "predicateType": replay_fidelity::TYPE,
            "predicate": {
                "finishedAt": "2026-01-01T00:00:00Z",
                "gate": "release",
                "verdict": "green",
                "candidate": { "kind": "scanner", "name": "a", "digest": { "sha256": Digest::of(b"a").hex() } },
                "regression": { "bf": { "agreed": 98, "applicable": 100 }, "sf": { "agreed": 0, "applicable": 0 } },
            },
            "extra": [],
        })
    }

    fn expected() -> Expected {
        Expected { digest: Digest::of(b"a"), predicate_type: None, fidelity: Vec::new(), verdict: None, max_age: None }
    }

    fn checked(payload_type: &str, text: &str, expected: &Expected) -> Result<Said, UnexpectedError> {
        check(payload_type, text.as_bytes(), expected, now())
    }

    fn said(text: &str, expected: &Expected) -> String {
        checked(IN_TOTO, text, expected).unwrap_err().to_string()
    }

    #[test]
    fn what_is_expected_is_verified() {
        let text = statement().to_string();
        let verified = checked(IN_TOTO, &text, &expected()).unwrap();
        assert_eq!((verified.name.as_str(), verified.predicate_type.as_str()), ("a", replay_fidelity::TYPE));
        let all = Expected {
            digest: Digest::of(b"a"),
            predicate_type: Some(replay_fidelity::TYPE.to_owned()),
            fidelity: vec!["regression.bf>=0.98".parse().unwrap()],
            verdict: Some("release.green".parse().unwrap()),
            max_age: Some(SignedDuration::from_hours(30 * 24)),
        };
        assert!(checked(IN_TOTO, &text, &all).is_ok());
        // Of what is released beside it nothing was replayed.
        let beside = Expected { digest: Digest::of(b"b"), ..all };
        assert!(said(&text, &beside).starts_with("what is required was found of the candidate"));
        assert!(checked(IN_TOTO, &text, &Expected { fidelity: Vec::new(), verdict: None, ..beside }).is_ok());
        // As cosign writes it.
        assert!(checked(IN_TOTO, &text.replace("Statement/v1", "Statement/v0.1"), &expected()).is_ok());
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        let text = statement().to_string();
        let other = Expected { digest: Digest::of(b"c"), ..expected() };
        assert!(said(&text, &other).starts_with(&format!("the statement is not of {}: it is of ", Digest::of(b"c"))));
        let no_subject = json!({ "_type": STATEMENTS[0], "subject": [], "predicateType": "x" }).to_string();
        assert!(said(&no_subject, &expected()).ends_with("it is of no file"));
        let error = checked("application/json", &text, &expected()).unwrap_err();
        assert_eq!(error.to_string(), "what is signed is of the type `application/json`, and not an in-toto statement");
        assert!(
            said(&text.replace("Statement/v1", "Statement/v2"), &expected())
                .contains("Statement/v2`, which is not known")
        );
        for broken in ["", "[]", "{}", &text[1..], &format!("{text} x"), &text.replacen('{', "{\"_type\":\"x\",", 1)] {
            assert_eq!(said(broken, &expected()), "what is signed is not an in-toto statement", "{broken}");
        }
        let typed = Expected { predicate_type: Some("x".to_owned()), ..expected() };
        assert!(said(&text, &typed).contains("and `x` is wanted"));
        // A predicate of another type may have fields of the same names.
        let required = Expected { fidelity: vec!["regression.bf>=0.5".parse().unwrap()], ..expected() };
        let foreign = text.replace(replay_fidelity::TYPE, "https://example.org/x");
        assert!(said(&foreign, &required).contains("`https://example.org/x`"));
        let many = json!({ "_type": STATEMENTS[0], "predicateType": "x",
                           "subject": vec![json!({ "digest": { "sha256": Digest::of(b"a").hex() } }); 1025] });
        assert_eq!(said(&many.to_string(), &expected()), "the statement is of 1025 files, more than 1024");
    }

    #[test]
    fn what_is_required_is_asked_of_the_counts() {
        let text = statement().to_string();
        let require =
            |what: &str, text: &str| said(text, &Expected { fidelity: vec![what.parse().unwrap()], ..expected() });
        assert_eq!(
            require("regression.bf>=0.980001", &text),
            "`regression.bf>=0.980001` is required, and 98 of 100 agree"
        );
        // Nothing of nothing reaches nothing.
        assert_eq!(require("regression.sf>=0", &text), "`regression.sf>=0` is required, and 0 of 0 agree");
        assert_eq!(require("fidelity.bf>=0.5", &text), "the predicate does not say `agreed`");
        let lie = text.replace("\"agreed\":98", "\"agreed\":101");
        assert_eq!(require("regression.bf>=0.5", &lie), "`regression.bf>=0.5` is required, and 101 of 100 agree");
        let not_a_count = text.replace("\"agreed\":98", "\"agreed\":98.0");
        assert_eq!(require("regression.bf>=0.5", &not_a_count), "the predicate does not say `agreed`");
        for wrong in [
            "",
            "bf>=1",
            "regression.xf>=1",
            "regression.bf>1",
            "regression.bf>=1.1",
            "regression.bf>=NaN",
            "regression.bf>=+0.5",
            "regression.bf>=1e-1",
            "regression.bf>=",
        ] {
            assert!(wrong.parse::<RequiredFidelity>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_verdict_is_asked_of_its_gate_and_of_the_candidate() {
        let of = |kind: &str, predicate: Value, subjects: &[&[u8]]| {
            let subjects: Vec<Value> =
                subjects.iter().map(|bytes| json!({ "digest": { "sha256": Digest::of(bytes).hex() } })).collect();
            json!({ "_type": STATEMENTS[0], "subject": subjects, "predicateType": kind, "predicate": predicate })
                .to_string()
        };
        let require = |what: &str, text: &str| {
            checked(IN_TOTO, text, &Expected { verdict: Some(what.parse().unwrap()), ..expected() })
        };
        let candidate = json!({ "digest": { "sha256": Digest::of(b"a").hex() } });
        let fidelity = |verdict: &str| json!({ "gate": "release", "verdict": verdict, "candidate": candidate });
        let result = |result: &str| json!({ "result": result, "configuration": [{ "name": "gate:release" }] });
        let passed = |words: &[&str]| json!({ "properties": words.iter().map(|word| svr::property("release", word)).collect::<Vec<_>>() });
        let said = |kind: &str, all: [Value; 4]| {
            all.map(|predicate| {
                let text = of(kind, predicate, &[b"a"]);
                // Another gate has said nothing.
                assert!(require("pr.passed", &text).is_err(), "{text}");
                (require("release.passed", &text).is_ok(), require("release.green", &text).is_ok())
            })
        };
        let expected = [(true, true), (true, false), (false, false), (false, false)];
        assert_eq!(said(replay_fidelity::TYPE, ["green", "warn", "insufficient", "fail"].map(fidelity)), expected);
        assert_eq!(said(test_result::TYPE, ["PASSED", "WARNED", "FAILED", "passed"].map(result)), expected);
        assert_eq!(said(svr::TYPE, [&["PASSED", "GREEN"][..], &["PASSED"], &[], &["FAILED"]].map(passed)), expected);
        // Of what is released beside the candidate.
        for (kind, predicate) in [(test_result::TYPE, result("PASSED")), (svr::TYPE, passed(&["PASSED"]))] {
            let error = require("release.passed", &of(kind, predicate, &[b"a", b"b"])).unwrap_err();
            assert!(matches!(error, UnexpectedError::NotTheCandidate(_)), "{error}");
        }
        let foreign = require("release.passed", &of("https://example.org/x", result("PASSED"), &[b"a"])).unwrap_err();
        assert!(foreign.to_string().contains("says nothing of it (`https://example.org/x`)"), "{foreign}");
        for wrong in ["", "passed", "release", "nightly.passed", "release.fail", "release.green "] {
            assert!(wrong.parse::<RequiredVerdict>().is_err(), "{wrong}");
        }
    }

    /// Named regression: of two members of one name the last was read, and other readers take the first.
    #[test]
    fn what_is_said_twice_is_not_read() {
        let text = statement().to_string();
        for (once, twice) in [
            ("\"agreed\":98", "\"agreed\":0,\"agreed\":98"),
            ("\"verdict\":\"green\"", "\"verdict\":\"fail\",\"verdict\":\"green\""),
            ("\"regression\":", "\"regression\":{},\"regression\":"),
        ] {
            assert!(text.contains(once));
            assert_eq!(said(&text.replace(once, twice), &expected()), "what is signed is not an in-toto statement");
        }
    }

    #[test]
    fn what_is_too_old_or_of_the_future_is_refused() {
        let text = statement().to_string();
        let aged = |hours, text: &str| {
            checked(IN_TOTO, text, &Expected { max_age: Some(SignedDuration::from_hours(hours)), ..expected() })
        };
        assert!(aged(30 * 24, &text).is_ok());
        assert!(matches!(aged(30 * 24 - 1, &text), Err(UnexpectedError::Age(_))));
        assert!(matches!(aged(30 * 24, &text.replace("2026-01-01", "2026-02-01")), Err(UnexpectedError::Age(_))));
        assert!(matches!(
            aged(30 * 24, &text.replace("2026-01-01", "soon")),
            Err(UnexpectedError::Unsaid("finishedAt"))
        ));
    }

    #[test]
    fn a_file_of_which_nothing_is_said_is_what_it_is() {
        assert!(check_nothing(&expected()).is_ok());
        for asks in [
            Expected { predicate_type: Some("x".to_owned()), ..expected() },
            Expected { fidelity: vec!["regression.bf>=0".parse().unwrap()], ..expected() },
            Expected { verdict: Some("pr.passed".parse().unwrap()), ..expected() },
            Expected { max_age: Some(SignedDuration::from_hours(1)), ..expected() },
        ] {
            assert!(matches!(check_nothing(&asks), Err(UnexpectedError::NoStatement(_))));
        }
    }
}
