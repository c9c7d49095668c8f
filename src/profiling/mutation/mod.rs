//! A profile on trial: what it must see is changed in a document, what it must not see as well.
//!
//! *Kill rate*: of the changes that matter, how many give another canonical form. *False-alarm rate*: of those that do
//! not, how many do. A good profile has 100 % and 0 % on every document.
//!
//! Changes that matter are found by the names of members, whatever the profile says: a rule that drops versions is
//! caught. What does not matter is what the profile declares: its sets in another order, its volatile places with
//! another value; and other spellings of the same JSON.
//!
//! A comparison of meanings is tried in the same way ([`meaning`]), by what each member of its format is.
//!
//! Invariant: the same profile and document give the same trial.

use serde_json::Value;

use crate::canonical::canonicalize_rooted;
use crate::canonical::profile::{Form, Profile};
use crate::canonical::{JsonError, Limits, Roots};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::digest::Digest;

mod equivalent_mutants;
pub mod meaning;
mod mutants;
mod traverse;
mod variant;

pub(super) use mutants::meaning;
use variant::Variant;

/// The largest document, in bytes: it is read anew for every change.
const MAX_BYTES: usize = 8 << 20;
/// How many wrong places of one kind are named.
const NAMED: usize = 20;

/// What came of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trial {
    /// Changes that matter; *wrong* are those that were not seen.
    pub changes: Vec<Tried>,
    /// Changes that do not; *wrong* are those that were seen.
    pub cosmetics: Vec<Tried>,
}

/// One kind of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The kind.
    pub kind: &'static str,
    /// How many were tried.
    pub tried: usize,
    /// How many had the wrong effect.
    pub wrong: usize,
    /// Where: JSON pointers (RFC 6901), the first twenty.
    pub places: Vec<String>,
}

/// Why there is no trial.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The document has no canonical form.
    #[error("the document has no canonical form")]
    Document(#[source] JsonError),
    /// It is too large to be changed hundreds of times.
    #[error("a document of {size} bytes is over the limit of {limit} bytes for a trial")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It is too deep to be changed.
    #[error("the document is nested too deeply to be changed")]
    TooDeep(#[source] serde_json::Error),
    /// There is nothing to change in bytes.
    #[error("a profile of form `bytes` hides nothing: there is nothing to try")]
    Bytes,
}

impl Diagnostic for TrialError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

/// Tries `profile` on a document of a scan whose input lay at `roots`.
///
/// # Errors
/// When the document cannot be read, or the profile is for bytes.
pub fn run(profile: &Profile, roots: &Roots, document: &[u8], limits: &Limits) -> Result<Trial, TrialError> {
    if profile.form() == Form::Bytes {
        return Err(TrialError::Bytes);
    }
    if document.len() > MAX_BYTES {
        return Err(TrialError::TooLarge { size: document.len(), limit: MAX_BYTES });
    }
    // Read strictly first: what follows takes the last of two members with one name.
    let before = canonicalize_rooted(profile, roots, document, limits).map_err(TrialError::Document)?.digest;
    let tree: Value = serde_json::from_slice(document).map_err(TrialError::TooDeep)?;
    let digest = |variant: &Variant| -> Option<Digest> {
        let roots = variant.roots.as_ref().unwrap_or(roots);
        canonicalize_rooted(profile, roots, variant.text.as_bytes(), limits).ok().map(|canonical| canonical.digest)
    };
    let mut trial = Trial::default();
    mutants::each(profile, &tree, &mut |variant| {
        let seen = digest(&variant) != Some(before);
        tally(&mut trial.changes, &variant, !seen);
    });
    equivalent_mutants::each(profile, roots, &tree, &mut |variant| {
        let seen = digest(&variant) != Some(before);
        tally(&mut trial.cosmetics, &variant, seen);
    });
    Ok(trial)
}

fn tally(kinds: &mut Vec<Tried>, variant: &Variant, is_wrong: bool) {
    let at = kinds.iter().position(|kind| kind.kind == variant.kind).unwrap_or_else(|| {
        kinds.push(Tried { kind: variant.kind, tried: 0, wrong: 0, places: Vec::new() });
        kinds.len() - 1
    });
    let Some(kind) = kinds.get_mut(at) else { return };
    kind.tried += 1;
    if is_wrong {
        kind.wrong += 1;
        if kind.places.len() < NAMED {
            kind.places.push(variant.place.clone());
        }
    }
}

impl Trial {
    /// How many changes that matter were tried, and how many of them were seen.
    pub fn kills(&self) -> (usize, usize) {
        let (tried, wrong) = sums(&self.changes);
        (tried, tried - wrong)
    }

    /// How many changes that do not matter were tried, and how many of them were seen.
    pub fn false_alarms(&self) -> (usize, usize) {
        sums(&self.cosmetics)
    }

    /// Adds another trial to this one.
    pub fn add(&mut self, other: Self) {
        for (all, more) in [(&mut self.changes, other.changes), (&mut self.cosmetics, other.cosmetics)] {
            for tried in more {
                match all.iter_mut().find(|known| known.kind == tried.kind) {
                    Some(known) => {
                        known.tried += tried.tried;
                        known.wrong += tried.wrong;
                        known.places.extend(tried.places);
                        known.places.truncate(NAMED);
                    }
                    None => all.push(tried),
                }
            }
        }
    }

    /// Whether everything was seen that must be, and nothing else.
    pub fn is_clean(&self) -> bool {
        sums(&self.changes).1 == 0 && sums(&self.cosmetics).1 == 0
    }
}

fn sums(kinds: &[Tried]) -> (usize, usize) {
    kinds.iter().fold((0, 0), |(tried, wrong), kind| (tried + kind.tried, wrong + kind.wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"time":"2026-01-01","list":[
        {"id":"r1","name":"a","version":"1","licenses":["MIT"],"hashes":[{"content":"00"}],"on":["r2"]},
        {"id":"r2","name":"b","version":"2","severity":"high","fixed":true,"state":"affected"}]}"#;
    const RULES: &str = "- {path: /time, action: drop, reason: x}\n- {path: /list, action: set, reason: x}\n\
                         - {path: /list/*/id, action: relabel, pattern: 'r[0-9]', reason: x}\n";

    fn trial(rules: &str) -> Trial {
        let profile = Profile::parse(&format!("profile: p\nform: json\nrules:\n{rules}")).unwrap();
        run(&profile, &Roots::default(), DOCUMENT.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn a_good_profile_sees_all_that_matters_and_nothing_else() {
        let trial = trial(RULES);
        assert!(trial.is_clean(), "{trial:#?}");
        let kinds: Vec<&str> = trial.changes.iter().map(|kind| kind.kind).collect();
        for kind in
            ["version", "severity", "fix", "status", "licence", "hash", "identity", "removed", "exchanged", "reference"]
        {
            assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
        }
        let kinds: Vec<&str> = trial.cosmetics.iter().map(|kind| kind.kind).collect();
        assert_eq!(kinds, ["spelling", "order of a set", "volatile value", "random ids"]);
    }

    #[test]
    fn what_a_rule_hides_is_named() {
        let hides = trial(&format!("{RULES}- {{path: /list/*/version, action: mask, reason: x}}\n"));
        assert_eq!(hides.kills().0 - hides.kills().1, 3);
        let wrong: Vec<_> = hides.changes.iter().filter(|kind| kind.wrong > 0).collect();
        assert_eq!(
            (wrong[0].kind, wrong[0].places.as_slice()),
            ("version", &["/list/0/version", "/list/1/version"].map(str::to_owned)[..])
        );
        assert_eq!(wrong[1].kind, "exchanged");
    }

    #[test]
    fn a_trial_repeats() {
        assert_eq!(trial(RULES), trial(RULES));
    }
}
