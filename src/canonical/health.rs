//! The health gate: whether what a scanner left behind tells of a run that went well.

use crate::canonical::document::below;
use crate::canonical::document::emit;
use crate::canonical::document::parse::{Source, parse};
use crate::canonical::document::value::Value;
use crate::canonical::error::JsonError;
use crate::canonical::limits::Limits;
use crate::canonical::location::{self, Step, excerpt};
use crate::canonical::profile::{Form, Profile, Sign};
use crate::canonical::rule::matcher::{Follower, Place};

/// How many places of one kind are told.
const TOLD: usize = 3;

/// What tells of a run that did not go well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwell {
    /// The scanner ended with a code that does not mean that it ran well.
    ExitCode {
        /// The code.
        code: i32,
        /// Those that do.
        expected: Vec<i32>,
    },
    /// There is nothing but white space in the document.
    Empty,
    /// A place of the document tells of an error.
    Sign {
        /// What it tells.
        means: String,
        /// The first places, as JSON pointers (RFC 6901), each with an excerpt of what the scanner says there.
        places: Vec<(String, String)>,
        /// How many there are.
        count: usize,
    },
}

impl std::fmt::Display for Unwell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ExitCode { code, expected } => write!(f, "exit code {code}, expected {expected:?}"),
            Self::Empty => f.write_str("nothing is in it"),
            Self::Sign { means, places, count } => {
                f.write_str(means)?;
                for (pointer, said) in places {
                    write!(f, "; `{pointer}`")?;
                    if !said.is_empty() {
                        write!(f, " says: {said}")?;
                    }
                }
                let more = count - places.len();
                if more > 0 { write!(f, "; and {more} more") } else { Ok(()) }
            }
        }
    }
}

/// Everything in a document of `profile`'s format that tells of a run that did not go well; nothing where it did.
///
/// # Errors
/// As [`super::canonicalize_with`].
pub fn examine(profile: &Profile, document: &[u8], limits: &Limits) -> Result<Vec<Unwell>, JsonError> {
    if document.iter().all(u8::is_ascii_whitespace) {
        return Ok(vec![Unwell::Empty]);
    }
    let signs = profile.health().signs();
    if profile.form() == Form::Bytes || signs.is_empty() {
        return Ok(Vec::new());
    }
    let document = parse(document, Source::Foreign, limits)?;
    Ok(signs.iter().filter_map(|sign| seen(&document, sign)).collect())
}

fn seen(document: &Value<'_>, sign: &Sign) -> Option<Unwell> {
    let (mut follower, place) = Follower::of(vec![(0, sign.path())]);
    let mut look = Look { sign, places: Vec::new(), count: 0 };
    look.at(document, &mut follower, &place, &mut Vec::new());
    let Look { places, count, .. } = look;
    (count > 0).then(|| Unwell::Sign { means: sign.means().to_owned(), places, count })
}

struct Look<'s> {
    sign: &'s Sign,
    places: Vec<(String, String)>,
    count: usize,
}

impl Look<'_> {
    fn at<'v>(&mut self, value: &'v Value<'_>, follower: &mut Follower<'_>, place: &Place, steps: &mut Vec<Step<'v>>) {
        if place.decision.is_some() && self.holds(value) {
            self.count += 1;
            if self.places.len() < TOLD {
                self.places.push((location::pointer(steps), said(value)));
            }
        }
        if follower.is_done(place) {
            return;
        }
        match value {
            Value::Array(items) => {
                let inner = follower.below(place, None);
                for (index, item) in items.iter().enumerate() {
                    steps.push(Step::Element(index));
                    self.at(item, follower, &inner, steps);
                    steps.pop();
                }
                follower.leave(&inner);
            }
            Value::Object(members) => {
                for member in members {
                    let inner = follower.below(place, Some(&member.name));
                    steps.push(Step::Member(member.name.as_ref().into()));
                    self.at(&member.value, follower, &inner, steps);
                    steps.pop();
                    follower.leave(&inner);
                }
            }
            _ => {}
        }
    }

    fn holds(&self, value: &Value<'_>) -> bool {
        self.sign.condition().all(|(member, wanted)| match below(value, member) {
            Some(Value::String(text)) => wanted.is_match(text),
            Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => {
                wanted.is_match(&String::from_utf8_lossy(&emit::emit(other, &[], 0).bytes))
            }
            _ => false,
        })
    }
}

/// What a scanner says at a place: the text itself, or the first that is under a name for such texts.
fn said(value: &Value<'_>) -> String {
    let text = |value: &Value<'_>| match value {
        Value::String(text) => Some(excerpt(text)),
        _ => None,
    };
    let Value::Object(members) = value else { return text(value).unwrap_or_default() };
    let member = |name: &str| members.iter().find(|member| member.name == name).map(|member| &member.value);
    let nested = |name: &str| match member(name) {
        Some(Value::Object(inner)) => inner.iter().find(|inner| inner.name == "text").and_then(|m| text(&m.value)),
        Some(other) => text(other),
        None => None,
    };
    ["message", "text", "reason", "error", "type"].into_iter().find_map(nested).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::ArtifactFormat;

    fn profile(health: &str) -> Profile {
        Profile::parse(&format!("profile: p\nform: json\nhealth:\n{health}")).unwrap()
    }

    fn told(profile: &Profile, document: &str) -> Vec<String> {
        examine(profile, document.as_bytes(), &Limits::default()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sign_tells_where_all_its_conditions_hold() {
        let rows = [
            ("- {path: /errors/*, means: an error}", r#"{"errors":["no engine"]}"#, true),
            ("- {path: /errors/*, means: an error}", r#"{"errors":[]}"#, false),
            ("- {path: /errors/*, means: an error}", r#"{}"#, false),
            ("- {path: /errors/*, where: {type: Time.*}, means: x}", r#"{"errors":[{"type":"Timeout"}]}"#, true),
            ("- {path: /errors/*, where: {type: Time}, means: x}", r#"{"errors":[{"type":"Timeout"}]}"#, false),
            ("- {path: /errors/*, where: {a/b: x, c: '1'}, means: x}", r#"{"errors":[{"a":{"b":"x"},"c":1}]}"#, true),
            ("- {path: /errors/*, where: {a/b: x, c: '1'}, means: x}", r#"{"errors":[{"a":{"b":"x"}}]}"#, false),
            ("- {path: /ok, where: {'': 'false'}, means: x}", r#"{"ok":false}"#, true),
            ("- {path: /ok, where: {'': 'false'}, means: x}", r#"{"ok":true}"#, false),
            ("- {path: /ok, where: {'': 'false'}, means: x}", r#"{"ok":{"ok":false}}"#, false),
        ];
        for (sign, document, tells) in rows {
            assert_eq!(
                !told(&profile(&format!("  signs:\n  {sign}\n")), document).is_empty(),
                tells,
                "{sign} {document}"
            );
        }
    }

    #[test]
    fn the_places_are_told_with_what_is_said_there_and_the_rest_is_counted() {
        let profile = profile("  signs:\n  - {path: /errors/*, means: results are missing}\n");
        let document = r#"{"errors":[{"message":"gave up on a.js"},7,{"message":{"text":"b"}},{},{}]}"#;
        let expected =
            "results are missing; `/errors/0` says: gave up on a.js; `/errors/1`; `/errors/2` says: b; and 2 more";
        assert_eq!(told(&profile, document), [expected]);
    }

    #[test]
    fn nothing_is_not_health() {
        for format in ArtifactFormat::ALL.iter().copied() {
            for empty in ["", " \n"] {
                let found = examine(Profile::builtin(format), empty.as_bytes(), &Limits::default()).unwrap();
                assert_eq!(found, [Unwell::Empty], "{format}");
            }
        }
        assert!(told(Profile::builtin(ArtifactFormat::Bytes), "{").is_empty());
    }

    #[test]
    fn sarif_tells_of_errors_and_of_what_it_gave_up_on() {
        let sarif = Profile::builtin(ArtifactFormat::Sarif);
        let run = |invocation: &str| format!(r#"{{"runs":[{{"invocations":[{invocation}],"results":[]}}]}}"#);
        let notification = |level: &str, text: &str| {
            run(&format!(
                r#"{{"executionSuccessful":true,"toolExecutionNotifications":[{{"level":"{level}","message":{{"text":"{text}"}}}}]}}"#
            ))
        };
        assert!(told(sarif, &run(r#"{"executionSuccessful":true}"#)).is_empty());
        assert!(told(sarif, &notification("warning", "deprecated option")).is_empty());
        assert!(told(sarif, &notification("note", "timeout is 5 s")).is_empty());
        for unwell in [
            run(r#"{"executionSuccessful":false}"#),
            notification("error", "cannot parse"),
            notification("warning", "Timeout when running rule on a.py"),
            notification("warning", "a.py: timed out"),
        ] {
            assert_eq!(told(sarif, &unwell).len(), 1, "{unwell}");
        }
    }
}
