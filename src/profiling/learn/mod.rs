//! A profile from examples: what differs between runs of one scan of one input, and which of it is noise.
//!
//! ```text
//! documents, each with what was changed around its run
//!    └─▶ canonical under the profile so far ─▶ compare with the first ─▶ one rule for each place that is noise ─┐
//!          ▲                                                                                                     │
//!          └─────────────────────────────────── again, until nothing new is found ◀──────────────────────────────┘
//! ```
//!
//! A place is noise by what stands there: times, random ids, paths of the run, orders. Whatever a reader would act upon
//! (a version, a severity, a finding that is there or not) never is, however often it differs: it is reported. So is
//! every difference that this module does not understand.
//!
//! Invariants: a rule is proposed only with the runs that gave rise to it; the result does not depend on the order of
//! the documents after the first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::canonicalize_rooted;
use crate::canonical::profile::{Profile, ProfileError};
use crate::canonical::rule::{Action, Rule};
use crate::canonical::{JsonError, Limits};

mod compare;
mod evidence;
mod noise;

use compare::{Difference, What};
pub use evidence::{Observation, Variation, VariationCounts};

/// How often rules are proposed and tried before what is left is given up.
const ROUNDS: usize = 12;

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedProfile {
    /// The profile: the one that it began with, and what was learnt.
    pub profile: Profile,
    /// Path of each new rule → in which runs that place differed.
    pub new: BTreeMap<String, VariationCounts>,
    /// Places that differ and are not noise, or are not understood, with why they are left.
    pub not_noise: BTreeMap<String, (String, VariationCounts)>,
    /// How many of the documents are the same as the first, by the profile.
    pub same: usize,
    /// How many there are beside the first.
    pub of: usize,
}

/// Why nothing can be learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A document has no canonical form.
    #[error("the document of a run has no canonical form ({variation})")]
    Document {
        /// Which run.
        variation: Variation,
        /// What is wrong.
        source: JsonError,
    },
    /// A document is too deep to be compared.
    #[error("the document of a run is nested too deeply to be compared")]
    TooDeep(#[source] serde_json::Error),
    /// What was learnt is not a profile.
    #[error("what was learnt is not a profile")]
    Profile(#[from] ProfileError),
    /// Fewer than two runs.
    #[error("nothing can be learnt from fewer than two runs")]
    TooFew,
}

/// What `observations` differ in beyond what `base` hides already. The first is what all others are held against.
///
/// # Errors
/// When there are fewer than two, or one has no canonical form.
pub fn learn(base: &Profile, observations: &[Observation], limits: &Limits) -> Result<LearnedProfile, LearnError> {
    if observations.len() < 2 {
        return Err(LearnError::TooFew);
    }
    let mut profile = base.clone();
    let mut learnt = LearnedProfile {
        profile: base.clone(),
        new: BTreeMap::new(),
        not_noise: BTreeMap::new(),
        same: 0,
        of: observations.len() - 1,
    };
    let mut all: Vec<Rule> = base.rules().to_vec();
    if let Some((rule, evidence)) = roots(base, observations) {
        learnt.new.insert(rule.path().to_string(), evidence);
        all.push(rule);
        profile = base.with_rules(all.clone())?;
    }
    for _ in 0..ROUNDS {
        let (found, same) = differences(&profile, observations, limits)?;
        learnt.same = same;
        // What a rule of the round before made the same is told no more.
        learnt.not_noise.clear();
        let mut grown = false;
        for ((path, _), PlaceDifferences { differences, runs }) in found {
            let evidence = VariationCounts::of(&runs, observations);
            match noise::judge_all(&path, &differences, &evidence) {
                Ok((action, what)) => {
                    let code = action.code();
                    let same_place = |rule: &Rule| rule.path().as_str() == path && rule.action().code() == code;
                    let text = format!("{what}; {evidence}");
                    let rule = path.parse().ok().and_then(|pattern| Rule::new(pattern, action, &text));
                    match rule.filter(|_| !all.iter().any(same_place)) {
                        Some(rule) => {
                            all.push(rule);
                            learnt.new.insert(path, evidence);
                            grown = true;
                        }
                        None => {
                            let why = format!("{what}, but a rule for it does not make it the same");
                            learnt.not_noise.entry(path).or_insert((why, evidence));
                        }
                    }
                }
                Err(why) => {
                    learnt.not_noise.entry(path).or_insert((why, evidence));
                }
            }
        }
        if !grown {
            break;
        }
        profile = base.with_rules(all.clone())?;
    }
    learnt.same = differences(&profile, observations, limits)?.1;
    learnt.profile = profile;
    Ok(learnt)
}

/// A rule for the path of the input, where documents hold it and `base` has none.
fn roots(base: &Profile, observations: &[Observation]) -> Option<(Rule, VariationCounts)> {
    if base.rules().iter().any(|rule| matches!(rule.action(), Action::RootMap)) {
        return None;
    }
    let first = observations.first()?;
    let holding = |(_, observation): &(usize, &Observation)| {
        observation.roots != first.roots && observation.roots.stand_in(&observation.document)
    };
    let runs: BTreeSet<usize> = observations.iter().enumerate().filter(holding).map(|(index, _)| index).collect();
    if runs.is_empty() {
        return None;
    }
    let evidence = VariationCounts::of(&runs, observations);
    let reason = format!("the path of the input; {evidence}");
    Rule::new("".parse().ok()?, Action::RootMap, &reason).map(|rule| (rule, evidence))
}

/// What was seen at one place.
#[derive(Default)]
struct PlaceDifferences {
    differences: BTreeSet<What>,
    /// The documents that differ there.
    runs: BTreeSet<usize>,
}

/// By path; an order and a change of what is ordered are two things.
type Found = BTreeMap<(String, bool), PlaceDifferences>;

/// Every place in which a document differs from the first, with the documents that do; and how many are the same.
fn differences(profile: &Profile, observations: &[Observation], limits: &Limits) -> Result<(Found, usize), LearnError> {
    let read = |observation: &Observation| {
        let canonical = canonicalize_rooted(profile, &observation.roots, &observation.document, limits);
        canonical
            .map(|canonical| canonical.bytes)
            .map_err(|source| LearnError::Document { variation: observation.variation, source })
    };
    let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).map_err(LearnError::TooDeep);
    let mut found: Found = BTreeMap::new();
    let mut same = 0;
    let Some((first, others)) = observations.split_first() else { return Ok((found, 0)) };
    let first_bytes = read(first)?;
    let first = parsed(&first_bytes)?;
    for (index, other) in others.iter().enumerate() {
        let bytes = read(other)?;
        if bytes == first_bytes {
            same += 1;
            continue;
        }
        for Difference { path, what } in compare::differences(&first, &parsed(&bytes)?) {
            let seen = found.entry((path, what == What::Order)).or_default();
            seen.differences.insert(what);
            seen.runs.insert(index + 1);
        }
    }
    Ok((found, same))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Roots;

    fn observations(documents: &[(Variation, &str)]) -> Vec<Observation> {
        let one = |(variation, document): &(Variation, &str)| {
            let root = if *variation == Variation::Elsewhere { "/mnt/other" } else { "/tmp/in" };
            Observation {
                variation: *variation,
                document: document.as_bytes().to_vec(),
                roots: Roots::new([root]).unwrap(),
            }
        };
        documents.iter().map(one).collect()
    }

    fn of(documents: &[(Variation, &str)]) -> LearnedProfile {
        let base = Profile::parse("profile: learnt\nform: json\n").unwrap();
        learn(&base, &observations(documents), &Limits::default()).unwrap()
    }

    fn rules(learnt: &LearnedProfile) -> Vec<String> {
        let rules = learnt.profile.rules().iter();
        rules.map(|rule| format!("{} {}: {}", rule.action().code(), rule.path(), rule.reason())).collect()
    }

    use Variation::{Again, Elsewhere, Later, Order, Together};

    #[test]
    fn times_durations_and_random_ids() {
        let id = |n: u8| format!("{n}{n}{n}{n}{n}{n}{n}{n}-aaaa-4aaa-8aaa-aaaaaaaaaaaa");
        let run = |at: &str, took: f64, one: u8, two: u8| {
            let (one, two) = (id(one), id(two));
            format!(
                r#"{{"generated_at":"{at}","took_ms":{took},"uuid":"{one}","items":[{{"bom-ref":"{two}","name":"a"}}],"uses":[{{"ref":"{two}"}}]}}"#
            )
        };
        let learnt = of(&[
            (Again, &run("2026-01-01T00:00:00Z", 1.5, 1, 2)),
            (Again, &run("2026-01-01T00:00:01Z", 1.5, 3, 4)),
            (Again, &run("2026-01-01T00:00:02Z", 2.5, 5, 6)),
        ]);
        let expected = [
            "drop /generated_at: a time; differed: the same again (2 of 2 runs)",
            "relabel /items/*/bom-ref: a random id that other places refer to; differed: the same again (2 of 2 runs)",
            "drop /took_ms: a measurement of the run; differed: the same again (1 of 2 runs)",
            "drop /uuid: a random id; differed: the same again (2 of 2 runs)",
        ];
        assert_eq!(rules(&learnt), expected);
        assert_eq!((learnt.same, learnt.not_noise.len()), (2, 0), "{learnt:#?}");
    }

    #[test]
    fn a_date_in_words_is_seen_only_a_day_later() {
        let learnt = of(&[
            (Again, r#"{"text":"made on Friday, November 20, 2026 by x"}"#),
            (Again, r#"{"text":"made on Friday, November 20, 2026 by x"}"#),
            (Later, r#"{"text":"made on Saturday, November 21, 2026 by x"}"#),
        ]);
        assert_eq!(rules(&learnt), ["mask /text: a date within a text; differed: a day later"]);
        assert_eq!(learnt.same, 2);
    }

    #[test]
    fn a_random_id_within_a_text_and_the_name_of_a_folder() {
        let run = |n: u8, name: &str| {
            format!(r#"{{"ns":"https://example.org/{n}e671687-395b-41f5-a30f-a58921a69b79","project":"{name}"}}"#)
        };
        let learnt = of(&[(Again, &run(1, "in")), (Again, &run(2, "in")), (Elsewhere, &run(3, "other"))]);
        assert_eq!(
            rules(&learnt),
            ["mask /ns: a random id within a text; differed: the same again, in another folder"]
        );
        assert!(learnt.not_noise["/project"].0.starts_with("it follows how the folder"), "{learnt:#?}");
    }

    #[test]
    fn paths_and_orders() {
        let learnt = of(&[
            (Again, r#"{"files":[{"path":"/tmp/in/a","t":1},{"path":"/tmp/in/b","t":2}],"names":["x","y"]}"#),
            (Elsewhere, r#"{"files":[{"path":"/mnt/other/a","t":1},{"path":"/mnt/other/b","t":2}],"names":["x","y"]}"#),
            (Order, r#"{"files":[{"path":"/tmp/in/b","t":2},{"path":"/tmp/in/a","t":1}],"names":["y","x"]}"#),
        ]);
        let expected = [
            "root-map : the path of the input; differed: in another folder",
            "set /files: the same elements in another order; differed: with folders in another order",
            "set /names: the same elements in another order; differed: with folders in another order",
        ];
        assert_eq!(rules(&learnt), expected);
        assert_eq!(learnt.same, 2);
    }

    /// Elements in another order, each with something volatile: only their names tell which is which.
    #[test]
    fn elements_are_matched_by_what_names_them() {
        let learnt = of(&[
            (Again, r#"[{"name":"a","at":"2026-01-01T00:00:00Z"},{"name":"b","at":"2026-01-01T00:00:01Z"}]"#),
            (Again, r#"[{"name":"b","at":"2026-01-01T00:00:02Z"},{"name":"a","at":"2026-01-01T00:00:03Z"}]"#),
        ]);
        let found: Vec<&str> = learnt.new.keys().map(String::as_str).collect();
        assert_eq!((found, learnt.same, learnt.not_noise.len()), (vec!["", "/*/at"], 1, 0), "{learnt:#?}");
    }

    #[test]
    fn what_a_reader_would_act_upon_is_never_noise() {
        let learnt = of(&[
            (Again, r#"{"results":[{"id":"A","severity":"high"},{"id":"B","version":"1"}],"note":"x"}"#),
            (Again, r#"{"results":[{"id":"A","severity":"low"},{"id":"B","version":"2"}],"note":"y"}"#),
            (Together, r#"{"results":[{"id":"A","severity":"high"}],"note":"x"}"#),
        ]);
        assert_eq!(rules(&learnt), Vec::<String>::new());
        let told: Vec<String> =
            learnt.not_noise.iter().map(|(path, (why, evidence))| format!("{path}: {why}; {evidence}")).collect();
        let expected = [
            "/note: it is not understood; differed: the same again",
            "/results: 2 elements, then 1; differed: with several at once",
            "/results/*/severity: a severity; differed: the same again",
            "/results/*/version: a version; differed: the same again",
        ];
        assert_eq!(told, expected);
        assert_eq!(learnt.same, 0);
    }

    /// One property holds a time, another a licence: to drop both would hide the second.
    #[test]
    fn one_of_many_places_hides_no_other() {
        let run = |at: &str, other: &str| {
            format!(r#"{{"properties":[{{"name":"built","value":"{at}"}},{{"name":"channel","value":"{other}"}}]}}"#)
        };
        let (one, two) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z");
        let learnt = of(&[(Again, &run(one, "stable")), (Again, &run(two, "stable"))]);
        assert_eq!(rules(&learnt), ["mask /properties/*/value: a time; differed: the same again"]);
        let digest = |text: &str| {
            canonicalize_rooted(&learnt.profile, &Roots::default(), text.as_bytes(), &Limits::default()).unwrap().digest
        };
        assert_eq!(digest(&run(one, "stable")), digest(&run(two, "stable")));
        assert_ne!(digest(&run(one, "stable")), digest(&run(one, "beta")));
        // Where the other moves as well, the place is left.
        let learnt = of(&[(Again, &run(one, "stable")), (Again, &run(two, "beta"))]);
        assert_eq!((rules(&learnt).len(), learnt.not_noise.len()), (0, 1), "{learnt:#?}");
    }

    #[test]
    fn what_is_the_same_needs_no_rule() {
        let learnt = of(&[(Again, "{}"), (Again, "{ }"), (Later, "{}")]);
        assert_eq!((rules(&learnt).len(), learnt.same, learnt.of), (0, 2, 2));
        let base = Profile::parse("profile: p\nform: json\n").unwrap();
        assert!(matches!(learn(&base, &observations(&[(Again, "{}")]), &Limits::default()), Err(LearnError::TooFew)));
        let refused = learn(&base, &observations(&[(Again, "{}"), (Later, "{")]), &Limits::default());
        assert!(refused.unwrap_err().to_string().contains("(a day later)"));
    }
}
