//! The variables that a spec gives to the program: an allow-list, without those that other fields of the spec decide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::InvalidSetting;

/// Variables that other fields decide, and which.
const FIXED: [(&str, &str); 7] = [
    ("TZ", "the time zone of the spec decides it"),
    ("LC_ALL", "the locale of the spec decides it"),
    ("LANG", "the locale of the spec decides it"),
    ("HOME", "it is a private folder"),
    ("PATH", "it is fixed: the folders of the spec, the system's, then the scanner's"),
    ("TMPDIR", "it is a private folder"),
    ("SOURCE_DATE_EPOCH", "the clock of the spec decides it"),
];

/// The allow-list: variables that the program gets beside the fixed ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Adds a variable, or changes its value.
    ///
    /// # Errors
    /// When it is no variable, or one that another field of the spec decides.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), InvalidSetting> {
        let (name, value) = (name.into(), value.into());
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(InvalidSetting::Variable(name));
        }
        if let Some((_, instead)) = FIXED.into_iter().find(|(fixed, _)| *fixed == name) {
            return Err(InvalidSetting::FixedVariable { name, instead });
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// Removes a variable; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.0.remove(name).is_some()
    }

    /// Every variable, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl TryFrom<BTreeMap<String, String>> for Environment {
    type Error = InvalidSetting;

    fn try_from(variables: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.set(name, value)?;
        }
        Ok(environment)
    }
}

impl From<Environment> for BTreeMap<String, String> {
    fn from(environment: Environment) -> Self {
        environment.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_field_decides_is_refused() {
        let mut environment = Environment::default();
        for (name, _) in FIXED {
            assert!(matches!(environment.set(name, "x"), Err(InvalidSetting::FixedVariable { .. })), "{name}");
        }
        for bad in ["", "A=B", "A\0"] {
            assert!(matches!(environment.set(bad, "x"), Err(InvalidSetting::Variable(_))), "{bad:?}");
        }
        assert!(environment.set("A", "\0").is_err());
        assert_eq!(environment, Environment::default());
        assert!(serde_json::from_str::<Environment>(r#"{"PATH":"/evil"}"#).is_err());
    }
}
