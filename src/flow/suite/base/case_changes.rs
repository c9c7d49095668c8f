//! What a change of a case does to what gates can see.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::artifacts::level_digest::{self, Digests, Reading};
use crate::artifacts::meaning;
use crate::canonical::Roots;
use crate::flow::suite::base::listing::{self, Files};
use crate::flow::suite::case::{Case, CaseScanner};
use crate::job::artifact::Artifact;
use crate::model::change::approval::{ChangeKey, Changed, Cover};
use crate::model::change::base::{Change, Effect};
use crate::model::comparison::fidelity::Level;
use crate::model::digest::Digest;
use crate::workspace::context::Context;

/// Which changes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeScope {
    /// All.
    All,
    /// Those that an approval can name. Whether a recording was edited by hand is none of them, and takes long to tell.
    Approvable,
}

/// What a change is about: one case or canary.
pub struct About<'a>(pub &'a str);

impl About<'_> {
    /// A change of one part.
    pub fn part(&self, part: &str, effect: Effect, sides: (Option<Digest>, Option<Digest>), detail: String) -> Change {
        let of = Changed::Recording { id: self.0.to_owned(), part: part.to_owned() };
        change(of, effect, sides, detail)
    }

    /// A value that is another one: nobody can say what that does.
    pub fn value(&self, part: &str, effect: Effect, old: &Value, new: &Value) -> Option<Change> {
        (old != new).then(|| self.part(part, effect, (Some(of_value(old)), Some(of_value(new))), from_to(old, new)))
    }

    /// Golden artifacts held against each other.
    pub fn goldens(&self, was: &Goldens, head: &Goldens, level: Level) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, old) in &was.digests {
            let of = Changed::Golden { id: self.0.to_owned(), artifact: name.clone() };
            match head.digests.get(name) {
                Some(new) if new.bytes == old.bytes => {}
                Some(new) => {
                    let detail = "another golden artifact is expected".to_owned();
                    let at = (old.at(level, was.decision), new.at(level, head.decision));
                    // What means the same at the gate's level is another one all the same: then its bytes name it.
                    let (old, new) = if at.0 == at.1 { (old.bytes, new.bytes) } else { at };
                    changes.push(change(of, Effect::Loosening, (Some(old), Some(new)), detail));
                }
                None => {
                    let detail = "the golden artifact is no longer expected".to_owned();
                    let old = old.at(level, was.decision);
                    changes.push(change(of, Effect::Loosening, (Some(old), None), detail));
                }
            }
        }
        for (name, new) in head.digests.iter().filter(|(name, _)| !was.digests.contains_key(*name)) {
            let of = Changed::Golden { id: self.0.to_owned(), artifact: name.clone() };
            let detail = "one more golden artifact is expected".to_owned();
            changes.push(change(of, Effect::Tightening, (None, Some(new.at(level, head.decision))), detail));
        }
        changes
    }

    /// Labels or tags: one that goes or changes loosens, one that comes is a note.
    pub fn labels(&self, was: &BTreeMap<String, String>, head: &BTreeMap<String, String>) -> Option<Change> {
        let kept = was.iter().all(|(name, value)| head.get(name) == Some(value));
        let effect = if kept { Effect::Tightening } else { Effect::Loosening };
        self.value("labels", effect, &json!(was), &json!(head))
    }
}

/// Golden artifacts.
#[derive(Debug, Clone, Default)]
pub struct Goldens {
    /// What stands for each, by its name.
    pub digests: BTreeMap<String, Digests>,
    /// The digest of the decision on all of them.
    pub decision: Option<Digest>,
}

impl Goldens {
    /// The digest that names one of them at a level.
    pub fn at(&self, name: &str, level: Level) -> Option<Digest> {
        self.digests.get(name).map(|digests| digests.at(level, self.decision))
    }

    /// The digests that name all of them at a level.
    pub fn all_at(&self, level: Level) -> BTreeMap<String, Digest> {
        self.digests.iter().map(|(name, digests)| (name.clone(), digests.at(level, self.decision))).collect()
    }
}

fn change(of: Changed, effect: Effect, (old, new): (Option<Digest>, Option<Digest>), detail: String) -> Change {
    let key = ChangeKey { of, old, new };
    Change { key, effect, detail, reverts_to: None, cover: Cover::None }
}

/// The digest of a value of ours: its JSON with sorted keys.
pub fn of_value(value: &Value) -> Digest {
    Digest::of(value.to_string().as_bytes())
}

/// The longest value in words, in characters.
const MAX_WORDS: usize = 200;

/// What it was and what it is, in words.
pub fn from_to(old: &Value, new: &Value) -> String {
    let word = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match text.char_indices().nth(MAX_WORDS) {
            None => text,
            Some((end, _)) => format!("{}…", &text[..end]),
        }
    };
    format!("`{}` was `{}`", word(new), word(old))
}

/// What stands for artifacts under the rules of `context`; for what cannot be read the digest of its bytes. `now` is the instant at which
/// a policy decides.
pub fn goldens(
    artifacts: &[Artifact],
    roots: &Roots,
    (across_builds, now): (bool, Timestamp),
    context: &Context,
) -> Goldens {
    let reading = Reading { config: &context.config, across_builds };
    let digest = |artifact: &Artifact| {
        let unread = Digests { bytes: Digest::of(&artifact.bytes), meaning: None };
        level_digest::of(artifact, roots, reading).unwrap_or(unread)
    };
    // What is never compared is not a golden: what a feed held is another thing every day.
    let compared = artifacts.iter().filter(|artifact| artifact.artifact_type.is_primary());
    let digests = compared.map(|artifact| (artifact.name.clone(), digest(artifact))).collect();
    // It is asked only where it counts: for a decision all findings are read.
    let decision = (context.config.rules.pr_level == Level::Policy)
        .then(|| meaning::decide_on(artifacts, &context.default_policy.policy, now).ok().flatten());
    Goldens { digests, decision: decision.flatten().as_ref().map(level_digest::of_decision) }
}

/// One state of a case.
pub struct CaseSide {
    case: Case,
    inputs: Files,
    goldens: Goldens,
}

impl CaseSide {
    /// A case that was read, with the files of its folder.
    pub fn new(case: Case, files: &Files, context: &Context) -> Self {
        let is_input = |path: &str| path.starts_with("input/") && path != "input/config.json";
        let inputs = files.iter().filter(|(path, _)| is_input(path));
        let inputs = inputs.map(|(path, file)| (path.clone(), file.clone())).collect();
        Self { goldens: case.goldens(context), inputs, case }
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let tag = |tag: &String| {
            let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
            (name.to_owned(), value.to_owned())
        };
        self.case.metadata.tags.iter().map(tag).collect()
    }
}

/// Everything that `head` changes of `was`.
pub fn changes(was_side: &CaseSide, head_side: &CaseSide, context: &Context) -> Vec<Change> {
    let (was, head) = (&was_side.case, &head_side.case);
    let about = About(&was.metadata.id);
    let mut changes = Vec::new();
    let loosens = Effect::Loosening;
    changes.extend(about.value("kind", loosens, &json!(was.metadata.kind), &json!(head.metadata.kind)));
    changes.extend(about.labels(&was_side.labels(), &head_side.labels()));
    let severity = |case: &Case| json!(format!("{:?}", case.metadata.severity).to_lowercase());
    changes.extend(about.value("severity", Effect::Neutral, &severity(was), &severity(head)));
    let scanner = |case: &Case| match case.config.scanner {
        CaseScanner::Subject => json!("subject"),
        CaseScanner::Builtin => json!("builtin"),
    };
    let effect = if head.config.scanner == CaseScanner::Builtin { loosens } else { Effect::Tightening };
    changes.extend(about.value("scanner", effect, &scanner(was), &scanner(head)));
    for (part, old, new) in [
        ("flags", json!(was.config.flags), json!(head.config.flags)),
        ("input name", json!(was.config.input), json!(head.config.input)),
        ("feed name", json!(was.config.feed), json!(head.config.feed)),
        ("policy name", json!(was.config.policy), json!(head.config.policy)),
        ("clock", json!(was.config.clock), json!(head.config.clock)),
        ("seed", json!(was.config.seed.unwrap_or_default()), json!(head.config.seed.unwrap_or_default())),
    ] {
        changes.extend(about.value(part, loosens, &old, &new));
    }
    let (old, new) = (&was_side.inputs, &head_side.inputs);
    if old != new {
        let sides = (Some(listing::digest(old)), Some(listing::digest(new)));
        changes.push(about.part("input", loosens, sides, differing(old, new)));
    }
    let level = context.config.rules.pr_level;
    changes.extend(about.goldens(&was_side.goldens, &head_side.goldens, level));
    changes
}

impl Case {
    /// What stands for what it expects.
    pub fn goldens(&self, context: &Context) -> Goldens {
        let (artifacts, roots) = self.golden(context);
        let across_builds = self.is_across_builds(context.config.subject.as_ref());
        goldens(artifacts, &roots, (across_builds, self.clock()), context)
    }
}

/// Files shown of those that differ.
const SHOWN: usize = 5;

/// Which files differ, in words.
pub fn differing(old: &Files, new: &Files) -> String {
    let mut names: Vec<String> = Vec::new();
    for (path, file) in old {
        match new.get(path) {
            Some(other) if other == file => {}
            Some(_) => names.push(format!("`{path}` is another one")),
            None => names.push(format!("`{path}` is gone")),
        }
    }
    names.extend(new.keys().filter(|path| !old.contains_key(*path)).map(|path| format!("`{path}` is new")));
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}
