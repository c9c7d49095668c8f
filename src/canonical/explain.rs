//! What a profile does to a document, rule by rule, for people.

use crate::canonical::document::emit::Emitted;
use crate::canonical::document::parse::{self, Source};
use crate::canonical::document::value::Value;
use crate::canonical::document::{self, Roots};
use crate::canonical::error::JsonError;
use crate::canonical::limits::Limits;
use crate::canonical::location::{self, Step};
use crate::canonical::profile::{Form, Profile};
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Rule, Stage};
use crate::model::digest::Digest;

/// How many places of a rule are named.
const NAMED: usize = 3;

/// What a profile does to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// SHA-256 of the canonical bytes.
    pub digest: Digest,
    /// How many canonical bytes there are.
    pub bytes: usize,
    /// What each rule did, in the order of the profile; rules that found nothing included.
    pub rules: Vec<RuleUse>,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// Its place in the profile, from 0.
    pub index: usize,
    /// At how many places it did something. Of a set these are arrays, of `root-map`, `alias` and `relabel` all texts and
    /// members' names that were replaced.
    pub count: u64,
    /// Of a set: how many of the arrays were not in canonical order.
    pub reordered: u64,
    /// The first places, as JSON pointers (RFC 6901) into the document as it was. Of `alias` and `relabel` those that the
    /// rule names, not those that follow; of `root-map` none.
    pub places: Vec<String>,
}

/// What `profile` does to `input`.
///
/// # Errors
/// As [`super::canonicalize_with`].
pub fn explain(profile: &Profile, roots: &Roots, input: &[u8], limits: &Limits) -> Result<Explanation, JsonError> {
    if profile.form() == Form::Bytes {
        parse::check_size(input, limits)?;
        return Ok(Explanation { digest: Digest::of(input), bytes: input.len(), rules: Vec::new() });
    }
    let document = parse::parse(input, Source::Foreign, limits)?;
    let mut places = vec![Vec::new(); profile.rules().len()];
    for stage in [Stage::Write, Stage::ResolveIndex, Stage::OwnLink, Stage::Alias, Stage::Relabel] {
        let (mut follower, place) = Follower::start(profile.rules(), stage);
        name(&document, profile.rules(), &mut follower, &place, &mut Vec::new(), &mut places);
    }
    let Emitted { bytes, done, reordered } = document::apply(profile.rules(), roots, document, input.len());
    let rules = done.into_iter().zip(reordered).zip(places).enumerate();
    let rules = rules.map(|(index, ((count, reordered), places))| RuleUse { index, count, reordered, places });
    Ok(Explanation { digest: Digest::of(&bytes), bytes: bytes.len(), rules: rules.collect() })
}

/// Whether a rule does something to a value that it means.
fn does(rule: &Rule, value: &Value<'_>) -> bool {
    match (rule.action(), value) {
        (Action::Drop | Action::Mask { pattern: None }, _)
        | (Action::ResolveIndex { .. }, Value::Number(_))
        | (Action::Set { .. }, Value::Array(_)) => true,
        (
            Action::Mask { pattern: Some(pattern) } | Action::Alias { pattern, .. } | Action::Relabel { pattern, .. },
            Value::String(text),
        ) => pattern.is_match(text),
        (Action::OwnLink { form, .. }, Value::String(text)) => form.may_be(text),
        _ => false,
    }
}

fn name<'v>(
    value: &'v Value<'_>,
    rules: &[Rule],
    follower: &mut Follower<'_>,
    place: &Place,
    steps: &mut Vec<Step<'v>>,
    places: &mut [Vec<String>],
) {
    if let Some(index) = place.decision
        && places[index].len() < NAMED
        && does(&rules[index], value)
    {
        places[index].push(location::pointer(steps));
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let below = follower.below(place, None);
            for (at, item) in items.iter().enumerate() {
                steps.push(Step::Element(at));
                name(item, rules, follower, &below, steps, places);
                steps.pop();
            }
            follower.leave(&below);
        }
        Value::Object(members) => {
            for member in members {
                let below = follower.below(place, Some(&member.name));
                steps.push(Step::Member(member.name.as_ref().into()));
                name(&member.value, rules, follower, &below, steps, places);
                steps.pop();
                follower.leave(&below);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::canonicalize_with;

    #[test]
    fn every_rule_is_counted_with_its_first_places() {
        let profile = Profile::parse(
            "profile: p\nform: json\nrules:\n\
             - {path: /time, action: drop, reason: x}\n- {path: /*/at, action: mask, pattern: '[0-9]{4}', reason: x}\n\
             - {path: /*/id, action: relabel, pattern: 'r[0-9]', reason: x}\n- {path: /list, action: set, reason: x}\n\
             - {path: /none, action: set, reason: x}",
        )
        .unwrap();
        let input = br#"{"time":1,"list":[2,1],"a":{"at":"in 2026","id":"r1","on":"r2"},"b":{"at":"then","id":"r2"}}"#;
        let explained = explain(&profile, &Roots::default(), input, &Limits::default()).unwrap();
        let rows: Vec<_> =
            explained.rules.iter().map(|rule| (rule.count, rule.reordered, rule.places.join(" "))).collect();
        let expected: [(u64, u64, &str); 5] =
            [(1, 0, "/time"), (1, 0, "/a/at"), (3, 0, "/a/id /b/id"), (1, 1, "/list"), (0, 0, "")];
        assert_eq!(rows, expected.map(|(count, reordered, places)| (count, reordered, places.to_owned())));
        assert_eq!(explained.digest, canonicalize_with(&profile, input, &Limits::default()).unwrap().digest);
    }
}
