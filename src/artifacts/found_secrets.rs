//! The secrets that a replay found: none of them may be shown.
//!
//! Absent: where a report has them, which [`crate::format`] knows.

use std::collections::BTreeSet;

use crate::format::reported_secrets;
use crate::job::artifact::Artifact;
use crate::model::text::redact::Known;

/// Values that are remembered of one replay; of a scan with more nothing is shown value by value.
const MOST: usize = 20_000;

/// Bytes times values that are searched for one copy of an artifact: some seconds.
const MOST_WORK: usize = 1 << 32;

/// The secrets that were found.
#[derive(Debug, Default)]
pub struct FoundSecrets {
    values: BTreeSet<String>,
    /// More than can be looked for.
    too_many: bool,
}

impl FoundSecrets {
    /// What these artifacts report.
    pub fn of<'a>(artifacts: impl IntoIterator<Item = &'a Artifact>) -> Self {
        let mut found = Self::default();
        for artifact in artifacts {
            let bytes = artifact.document();
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            reported_secrets(text, &mut |secret| found.add(secret));
        }
        found
    }

    fn add(&mut self, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        if self.values.len() < MOST {
            self.values.insert(value.to_owned());
        } else if !self.values.contains(value) {
            self.too_many = true;
        }
    }

    /// How many there are, as far as they were counted.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values, to be taken out of whatever is shown; `None` where there are more than can be looked for.
    pub fn known(&self) -> Option<Known> {
        (!self.too_many).then(|| Known::of(self.values.iter().map(String::as_str)))
    }

    /// `artifact` without them; `None` where that cannot be had: it is not a text, or there are too many.
    pub fn without(&self, artifact: &Artifact) -> Option<Artifact> {
        let is_too_much = self.too_many || self.len().saturating_mul(artifact.bytes.len()) > MOST_WORK;
        let text = std::str::from_utf8(&artifact.bytes).ok().filter(|_| !is_too_much)?;
        Some(Artifact { bytes: self.known()?.hide(text).into_bytes().into(), ..artifact.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{ArtifactFormat, ArtifactType};

    fn artifact(text: &str) -> Artifact {
        Artifact {
            artifact_type: ArtifactType::Findings,
            name: "leaks.json".to_owned(),
            format: ArtifactFormat::Bytes,
            profile: None,
            bytes: text.as_bytes().into(),
        }
    }

    #[test]
    fn a_copy_is_without_them_or_is_none() {
        let text = r#"[{"RuleID":"aws","Match":"k: \"hunter2hunter2\"","Secret":"hunter2hunter2"}]"#;
        let of = artifact(text);
        let secrets = FoundSecrets::of([&of]);
        let copy = secrets.without(&of).unwrap();
        let shown = std::str::from_utf8(&copy.bytes).unwrap();
        assert!(!shown.contains("hunter2") && shown.contains("\"RuleID\":\"aws\""), "{shown}");
        let many: Vec<String> =
            (0..MOST + 1).map(|i| format!(r#"{{"RuleID":"r","Match":"m","Secret":"secret-{i}"}}"#)).collect();
        let many = artifact(&format!("[{}]", many.join(",")));
        let secrets = FoundSecrets::of([&many]);
        assert!(secrets.too_many && secrets.known().is_none() && secrets.without(&of).is_none());
    }
}
