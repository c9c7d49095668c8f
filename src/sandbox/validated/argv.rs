//! A command: a program and its arguments.

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::error::InvalidSetting;

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Argv(Vec<String>);

impl Argv {
    /// Checks `argv`: the first is the program, a path or a name that is looked up in `PATH`.
    ///
    /// # Errors
    /// When there is no program, or a NUL byte somewhere.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, InvalidSetting> {
        let argv: Vec<String> = argv.into_iter().map(Into::into).collect();
        let named = argv.first().is_some_and(|program| !program.is_empty());
        if named && argv.iter().all(|arg| !arg.contains('\0')) { Ok(Self(argv)) } else { Err(InvalidSetting::Argv) }
    }

    /// A command that does nothing.
    pub(crate) fn nothing() -> Self {
        Self(vec!["true".into()])
    }

    /// The program.
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Its arguments, without the program.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().skip(1).map(String::as_str)
    }
}

impl TryFrom<Vec<String>> for Argv {
    type Error = InvalidSetting;

    fn try_from(argv: Vec<String>) -> Result<Self, Self::Error> {
        Self::new(argv)
    }
}

impl From<Argv> for Vec<String> {
    fn from(argv: Argv) -> Self {
        argv.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_a_program() {
        assert!(Argv::new(Vec::<String>::new()).is_err());
        assert!(Argv::new([""]).is_err());
        assert!(Argv::new(["a", "b\0c"]).is_err());
        let argv = Argv::new(["a", "", "c"]).unwrap();
        assert_eq!((argv.program(), argv.arguments().collect::<Vec<_>>()), ("a", vec!["", "c"]));
    }
}
