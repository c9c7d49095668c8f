//! What mends an error, or what to do next: words, and among them what a user can give or ask for.
//!
//! Such a parameter or operation is a value: each face spells it as it takes it ([`Hint::spelt`]). Reports and documents are
//! read by whoever has the command line at hand, and spell it as that does ([`Hint::for_command_line`]).

use std::borrow::Cow;

use crate::model::parameter::{Given, Operation, Parameter};
use crate::model::text::command_line;
use crate::model::text::redact::Known;

/// What mends an error, or what to do next. Made by [`hint!`](crate::hint) or of plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Vec<Part>);

/// A part of a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Words(Cow<'static, str>),
    /// What to give, or to ask for.
    Spelt(Spelt),
}

/// What each face spells in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelt {
    /// What to ask for; `None` where that does not change.
    pub operation: Option<Operation>,
    /// What to give.
    pub given: Vec<Given>,
    /// What it is done to: the argument without a name.
    pub subject: Option<String>,
}

impl Spelt {
    /// The words that stand for it on the command line: `--memory MIB`, `stella adapter show NAME`.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        if let Some(operation) = self.operation {
            words.push("stella".to_owned());
            words.extend(operation.name().split(' ').map(str::to_owned));
        }
        for Given { parameter, value } in &self.given {
            match value {
                // As a word of its own it would be another option.
                Some(value) if value.starts_with('-') => words.push(format!("--{}={value}", parameter.name())),
                value => {
                    words.push(format!("--{}", parameter.name()));
                    words.extend(value.clone());
                }
            }
        }
        if let Some(subject) = &self.subject {
            words.extend(self.takes_a_command().then(|| "--".to_owned()));
            words.push(subject.clone());
        }
        words
    }

    /// The same in parts, what is asked for and then each thing that is given, for lines that must be short.
    pub fn lines(&self) -> Vec<String> {
        let alone = Self { given: Vec::new(), ..self.clone() };
        let given = self.given.iter().map(|given| Self::from(given.clone()).line());
        [alone.line()].into_iter().filter(|line| !line.is_empty()).chain(given).collect()
    }

    /// Whether the subject is a command of its own.
    fn takes_a_command(&self) -> bool {
        matches!(self.operation, Some(Operation::Sandbox | Operation::Scan))
    }

    /// The same as one line of a shell: what a value holds is not a command in it.
    pub fn line(&self) -> String {
        match &self.subject {
            // Already a line.
            Some(command) if self.takes_a_command() => {
                let before = Self { subject: None, ..self.clone() };
                format!("{} -- {command}", command_line::line(before.words()))
            }
            _ => command_line::line(self.words()),
        }
    }
}

impl Hint {
    /// `template`, with a part in the place of each `{}`; [`hint!`](crate::hint) calls it.
    pub fn new(template: &'static str, parts: impl IntoIterator<Item = Part>) -> Self {
        let mut all = Vec::new();
        let mut parts = parts.into_iter();
        let mut words = template.split("{}");
        all.extend(words.next().map(|first| Part::Words(first.into())));
        for next in words {
            all.extend(parts.next());
            all.push(Part::Words(next.into()));
        }
        debug_assert!(parts.next().is_none(), "a part without a place in `{template}`");
        Self(all)
    }

    /// Its words, with what a face spells in its own way as `spell` has it.
    pub fn spelt(&self, spell: impl Fn(&Spelt) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Words(words) => words.to_string(),
            Part::Spelt(spelt) => spell(spelt),
        };
        self.0.iter().map(part).collect()
    }

    /// Its words, for someone who has the command line at hand.
    pub fn for_command_line(&self) -> String {
        self.spelt(|spelt| format!("`{}`", spelt.line()))
    }

    /// The same without these values.
    #[must_use]
    pub fn without(self, secrets: &Known) -> Self {
        let hide = |text: String| secrets.hide(&text);
        let part = |part| match part {
            Part::Words(words) => Part::Words(hide(words.into_owned()).into()),
            Part::Spelt(Spelt { operation, given, subject }) => Part::Spelt(Spelt {
                operation,
                given: given.into_iter().map(|given| Given { value: given.value.map(hide), ..given }).collect(),
                subject: subject.map(hide),
            }),
        };
        Self(self.0.into_iter().map(part).collect())
    }
}

/// A [`Hint`]: words with `{}` for each of the parts that follow, as in `format!`. A part is text, a parameter (with its value
/// or without), several of them, or an operation.
#[macro_export]
macro_rules! hint {
    ($template:literal $(, $part:expr)* $(,)?) => {
        $crate::model::hint::Hint::new($template, [$($crate::model::hint::Part::from($part)),*])
    };
}

impl From<&'static str> for Hint {
    fn from(words: &'static str) -> Self {
        Self(vec![Part::Words(words.into())])
    }
}

impl From<String> for Hint {
    fn from(words: String) -> Self {
        Self(vec![Part::Words(words.into())])
    }
}

impl From<String> for Part {
    fn from(words: String) -> Self {
        Self::Words(words.into())
    }
}

impl From<&str> for Part {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned().into())
    }
}

impl From<Parameter> for Part {
    fn from(parameter: Parameter) -> Self {
        Given::from(parameter).into()
    }
}

impl From<Given> for Part {
    fn from(given: Given) -> Self {
        [given].into()
    }
}

impl<const N: usize> From<[Given; N]> for Part {
    fn from(given: [Given; N]) -> Self {
        Self::Spelt(Spelt { operation: None, given: given.into(), subject: None })
    }
}

impl From<Vec<Given>> for Part {
    fn from(given: Vec<Given>) -> Self {
        Self::Spelt(Spelt { operation: None, given, subject: None })
    }
}

impl From<Operation> for Part {
    fn from(operation: Operation) -> Self {
        operation.with([], None).into()
    }
}

impl From<Given> for Spelt {
    fn from(given: Given) -> Self {
        Self { operation: None, given: vec![given], subject: None }
    }
}

impl From<Spelt> for Part {
    fn from(spelt: Spelt) -> Self {
        Self::Spelt(spelt)
    }
}

impl Operation {
    /// It with what to give, and what it is done to.
    pub fn with<const N: usize>(self, given: [Given; N], subject: Option<&str>) -> Spelt {
        Spelt { operation: Some(self), given: given.into(), subject: subject.map(str::to_owned) }
    }

    /// It, done to that.
    pub fn of(self, subject: &str) -> Spelt {
        self.with([], Some(subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_face_spells_what_to_give_in_its_own_way() {
        let hint = hint!(
            "`{out}` of {} is small: give {} or ask {}",
            "it",
            Parameter::Memory.to("MIB"),
            Operation::AdapterList
        );
        assert_eq!(hint.for_command_line(), "`{out}` of it is small: give `--memory MIB` or ask `stella adapter list`");
        let fields =
            |spelt: &Spelt| spelt.given.iter().map(|given| given.parameter.name()).collect::<Vec<_>>().join(".");
        assert_eq!(
            hint!("give {}", [Parameter::ScannerConfig.to("x"), Parameter::Feed.into()]).spelt(fields),
            "give scanner-config.feed"
        );
    }

    #[test]
    fn a_command_stands_apart_from_the_options_before_it() {
        let spelt = Operation::Sandbox.with([Parameter::TracePaths.into()], Some("COMMAND"));
        assert_eq!(hint!("{}", spelt).for_command_line(), "`stella sandbox --trace-paths -- COMMAND`");
        assert_eq!(hint!("{}", Operation::AdapterShow.of("grype")).for_command_line(), "`stella adapter show grype`");
    }

    /// The name of a branch is whatever somebody called it, and a hint is pasted into a shell.
    #[test]
    fn a_value_is_no_command_in_what_is_pasted() {
        let hint = hint!("{}", Parameter::Base.to("origin/$(id)"));
        assert_eq!(hint.for_command_line(), "`--base 'origin/$(id)'`");
    }

    #[test]
    fn no_secret_is_left_in_it() {
        let secrets = Known::of(["hunter2"]);
        let hint = hint!("{} and {}", "hunter2", Parameter::Ro.to("/hunter2"));
        assert_eq!(hint.without(&secrets).for_command_line(), "REDACTED and `--ro /REDACTED`");
    }
}
