//! Profiles: which parts of a format are volatile and which of its arrays are sets, as data.
//!
//! A profile is a YAML file:
//!
//! ```yaml
//! profile: cyclonedx        # its name
//! form: json                # or bytes: hashed as they are, without rules
//! numbers: as-is            # ECMAScript's shortest form; there is no other
//! health:                   # how a run is told that did not go well: see Health
//!   exit-codes: {retire: [0, 13]}
//! rules:
//!   - path: /serialNumber   # see Pattern
//!     action: drop          # see Action
//!     reason: a random UUID per document
//!   - path: /**/components
//!     action: set
//!     key: [purl, version]
//!     reason: the specification gives the order no meaning
//! ```
//!
//! Invariants: every rule has a reason; at each place of a document the first rule of a step of the pipeline that
//! means it decides; the digest covers everything that makes the canonical form and tells of health, and neither comments nor
//! layout. What names the tool (`identity`) has no part in that form, so it has none in the digest.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::canonical::error::JsonError;
use crate::canonical::jcs;
use crate::canonical::limits::Limits;
use crate::canonical::rule::{self, Pattern, Rule};
use crate::model::digest::Digest;

mod builtin;
mod health;
pub(in crate::canonical) mod identity;
mod tools;

pub use health::{Health, Sign};
pub use identity::Identity;

/// A read profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    content: Content,
    digest: Digest,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    profile: String,
    form: Form,
    #[serde(default)]
    numbers: Numbers,
    #[serde(default, skip_serializing_if = "Health::is_empty")]
    health: Health,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default, skip_serializing_if = "Identity::is_empty")]
    identity: Identity,
}

/// What a document is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// JSON, to which the rules are applied.
    Json,
    /// Bytes, taken as they are.
    Bytes,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Numbers {
    /// No rounding: RFC 8785 §3.2.2.3.
    #[default]
    AsIs,
}

/// Why a text is not a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It is not YAML, or a part of it is not what a profile has there. Cause or place tell the line.
    #[error("profile is not valid{place}")]
    Invalid {
        /// The field in question, such as `` at `rules[2].reason` ``; empty where it is the whole text.
        place: String,
        /// What is wrong.
        source: serde_yaml::Error,
    },
    /// The name is empty.
    #[error("profile has no name: write one at `profile`")]
    NoName,
    /// The tool's identity is declared without a reason.
    #[error(
        "profile `{profile}` says where the tool names itself, and not why that is not what it found: give `identity` a `reason`"
    )]
    IdentityWithoutReason {
        /// The profile.
        profile: String,
    },
    /// Two rules have the same path.
    #[error("profile `{profile}` has two rules for `{path}`: only the first could ever decide")]
    PathTwice {
        /// The profile.
        profile: String,
        /// The path.
        path: Pattern,
    },
    /// Rules for bytes.
    #[error("profile `{profile}` of form `bytes` has rules or signs: they need form `json`")]
    RulesForBytes {
        /// The profile.
        profile: String,
    },
    /// Too long, or too many rules.
    #[error("profile is over the limit of {limit} {what}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many may be.
        limit: usize,
    },
    /// The rules have no canonical form.
    #[error("profile `{profile}` cannot be digested")]
    Digest {
        /// The profile.
        profile: String,
        /// What is wrong.
        source: JsonError,
    },
}

/// Names `field`, and its line where the cause does not: the reader has none for the fields at the top.
fn place(text: &str, field: &str, cause: &serde_yaml::Error) -> String {
    if field == "." {
        return String::new();
    }
    match text.lines().position(|line| line.starts_with(field)) {
        Some(index) if cause.location().is_none_or(|at| at.index() == 0) => {
            format!(" at `{field}` on line {}", index + 1)
        }
        _ => format!(" at `{field}`"),
    }
}

impl Profile {
    /// The longest profile, in bytes.
    const MAX_BYTES: usize = 1 << 20;
    /// The most rules of a profile: each costs a little at every member of a document.
    const MAX_RULES: usize = 1_000;

    /// Reads a profile from YAML.
    ///
    /// # Errors
    /// Unknown fields, actions or number rules, rules without a reason, unusable patterns: see [`ProfileError`].
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ProfileError::TooLarge { what: "bytes", limit: Self::MAX_BYTES });
        }
        let yaml = serde_yaml::Deserializer::from_str(text);
        let content: Content = serde_path_to_error::deserialize(yaml).map_err(|error| {
            let place = place(text, &error.path().to_string(), error.inner());
            ProfileError::Invalid { place, source: error.into_inner() }
        })?;
        content.check()?;
        let digest = content.digest()?;
        Ok(Self { content, digest })
    }

    /// Its name; built-in ones are named after their format or their tool.
    pub fn name(&self) -> &str {
        &self.content.profile
    }

    /// What a document is read as.
    pub fn form(&self) -> Form {
        self.content.form
    }

    /// How a run is told that did not go well.
    pub fn health(&self) -> &Health {
        &self.content.health
    }

    /// Where the tool names itself.
    pub fn identity(&self) -> &Identity {
        &self.content.identity
    }

    /// Its rules; the first that means a place decides there.
    pub fn rules(&self) -> &[Rule] {
        &self.content.rules
    }

    /// Whether a document can be given its form while it is written: no rule needs all of it first.
    pub fn is_one_pass(&self) -> bool {
        rule::are_one_pass(&self.content.rules)
    }

    /// The same with other rules.
    ///
    /// # Errors
    /// Too many rules, or two for one place.
    pub(crate) fn with_rules(&self, rules: Vec<Rule>) -> Result<Self, ProfileError> {
        let content = Content { rules, ..self.content.clone() };
        content.check()?;
        let digest = content.digest()?;
        Ok(Self { content, digest })
    }

    /// As a file that [`Self::parse`] reads.
    ///
    /// # Errors
    /// None that is known: texts and lists always have a form in YAML.
    pub fn to_yaml(&self) -> Result<String, ProfileError> {
        serde_yaml::to_string(&self.content).map_err(|source| ProfileError::Invalid { place: String::new(), source })
    }

    /// The same without the rule at `index`.
    #[cfg(test)]
    pub(super) fn without(&self, index: usize) -> Self {
        let mut profile = self.clone();
        profile.content.rules.remove(index);
        profile
    }

    /// Its identity: SHA-256 of the canonical JSON of what it says.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Content {
    fn check(&self) -> Result<(), ProfileError> {
        let profile = || self.profile.clone();
        if self.profile.trim().is_empty() {
            return Err(ProfileError::NoName);
        }
        if self.identity.lacks_reason() {
            return Err(ProfileError::IdentityWithoutReason { profile: profile() });
        }
        if self.form == Form::Bytes
            && !(self.rules.is_empty() && self.health.signs().is_empty() && self.identity.is_empty())
        {
            return Err(ProfileError::RulesForBytes { profile: profile() });
        }
        if self.rules.len() + self.health.signs().len() > Profile::MAX_RULES {
            return Err(ProfileError::TooLarge { what: "rules", limit: Profile::MAX_RULES });
        }
        let mut paths = BTreeSet::new();
        match self.rules.iter().find(|rule| !paths.insert((rule.action().stage(), rule.path().as_str()))) {
            Some(rule) => Err(ProfileError::PathTwice { profile: profile(), path: rule.path().clone() }),
            None => Ok(()),
        }
    }

    fn digest(&self) -> Result<Digest, ProfileError> {
        // Texts and lists only: what `to_vec` is given here always has a JSON form.
        let form = Self { identity: Identity::default(), ..self.clone() };
        let json = serde_json::to_vec(&form).unwrap_or_default();
        let canonical = jcs::canonicalize(&json, &Limits::default())
            .map_err(|source| ProfileError::Digest { profile: self.profile.clone(), source })?;
        Ok(Digest::of(&canonical))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::*;

    use super::*;
    use crate::model::artifact::ArtifactFormat;

    const SMALL: &str = "profile: p\nform: json\nrules:\n- {path: /a, action: drop, reason: volatile}\n";

    #[test]
    fn a_written_profile_is_read_back() {
        for format in ArtifactFormat::ALL.iter().copied() {
            let profile = Profile::builtin(format);
            assert_eq!(Profile::parse(&profile.to_yaml().unwrap()).unwrap(), *profile, "{format}");
        }
    }

    #[test]
    fn the_digest_is_of_what_is_said() {
        let digest = |text: &str| Profile::parse(text).unwrap().digest();
        let same = "# a comment\nform: \"json\"\nprofile: p\nnumbers: as-is\nrules:\n  - reason: volatile\n    \
                    action: drop\n    path: '/a'\n";
        assert_eq!(digest(SMALL), digest(same));
        for (from, to) in [("profile: p", "profile: q"), ("/a", "/b"), ("drop", "mask"), ("volatile", "random")] {
            assert_ne!(digest(SMALL), digest(&SMALL.replace(from, to)), "{from}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        // (text to replace, by what, the error, its cause)
        let rows = [
            ("profile: p", "profil: p", "profile is not valid at `profil`", "unknown field `profil`"),
            ("form: json", "form: xml", "at `form`", "unknown variant `xml`"),
            ("rules:", "numbers: rounded\nrules:", "at `numbers`", "unknown variant `rounded`, expected `as-is`"),
            ("reason: volatile", "reason: ' '", "at `rules[0]`", "rule for `/a` has no reason"),
            (", reason: volatile", "", "at `rules[0]`", "missing field `reason`"),
            ("/a", "a", "at `rules[0].path`", "pattern `a` must begin with `/`"),
            ("action: drop", "action: strip", "at `rules[0].action`", "unknown variant `strip`"),
            ("action: drop", "action: relabel", "at `rules[0]`", "needs a pattern"),
            ("action: drop", "action: alias", "at `rules[0]`", "needs a pattern"),
            (
                "action: drop",
                "action: drop, pattern: x",
                "at `rules[0]`",
                "only `mask`, `alias` and `relabel` take one",
            ),
            ("action: drop", "action: mask, pattern: '('", "at `rules[0]`", "not a usable regular expression"),
            ("action: drop", "action: resolve-index", "at `rules[0]`", "needs `into`"),
            ("action: drop", "action: drop, by: [x]", "at `rules[0]`", "only `action: resolve-index` takes them"),
            ("action: drop", "action: resolve-index, into: [/x/*], by: [y]", "at `rules[0]`", "does not decide"),
            ("action: drop", "action: drop, key: [x]", "at `rules[0]`", "only `action: set` takes one"),
            ("action: drop", "action: set, key: [x, x]", "at `rules[0]`", "has `x` in its key twice"),
            ("path: /a", "path: ''", "at `rules[0]`", "rule for the whole document"),
            ("path: /a", "path: /a, path: /a", "at `rules[0]", "duplicate field `path`"),
        ];
        for (from, to, error, cause) in rows {
            let refused = Profile::parse(&SMALL.replace(from, to)).unwrap_err();
            assert!(refused.to_string().contains(error), "{to}: {refused}");
            let source = refused.source().unwrap().to_string();
            assert!(source.contains(cause), "{to}: {source}");
            assert!(source.contains(" at line ") || refused.to_string().contains(" on line "), "{to}: {refused}");
        }
        let rule = SMALL.lines().last().unwrap();
        let rows = [
            (SMALL.replace("profile: p", "profile: ''"), "profile has no name"),
            (format!("{SMALL}{rule}\n"), "two rules for `/a`"),
            (SMALL.replace("json", "bytes"), "form `bytes` has rules or signs"),
            (String::new(), "profile is not valid"),
            (format!("{SMALL}---\n{SMALL}"), "profile is not valid"),
            (format!("#{}", " ".repeat(Profile::MAX_BYTES)), "over the limit of 1048576 bytes"),
        ];
        for (text, error) in rows {
            let refused = Profile::parse(&text).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
        let many: String = (0..=Profile::MAX_RULES).map(|i| rule.replace("/a", &format!("/a{i}")) + "\n").collect();
        let refused = Profile::parse(&SMALL.replace(&format!("{rule}\n"), &many)).unwrap_err().to_string();
        assert!(refused.contains("1000 rules"), "{refused}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(at in 0..SMALL.len(), junk in "[\\PC\n]{0,12}") {
            let _ = Profile::parse(&format!("{}{junk}{}", &SMALL[..at], &SMALL[at..]));
            let _ = Profile::parse(&junk);
        }
    }
}
