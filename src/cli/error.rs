//! An error on its way to the user: its words, its causes, what a run showed, and what mends it.

use std::error::Error;
use std::fmt;

use crate::cli::exit;
use crate::model::diagnostic::Diagnostic;
use crate::model::exit::Exit;
use crate::model::text::redact::Known;
use crate::report::text::Style;
use crate::report::untrusted;

/// An error on its way to the user.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    error: Box<dyn Error + Send + Sync>,
    shown: Vec<(&'static str, String)>,
    hints: Vec<String>,
    secrets: Known,
}

/// What a command returns.
pub type CliResult = Result<ExitCode, CliError>;

/// The number with which the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self(exit.code())
    }
}

impl ExitCode {
    /// That of a command that stella stands in front of; one that fits into no byte is 255.
    pub fn of_wrapped(code: i32) -> Self {
        Self(u8::try_from(code).unwrap_or(u8::MAX))
    }
}

impl CliError {
    /// Adds a line that says how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what a run that went wrong showed, in labelled lines.
    #[must_use]
    pub fn showing(mut self, lines: Vec<(&'static str, String)>) -> Self {
        self.shown = lines;
        self
    }

    /// Shows none of these values.
    #[must_use]
    pub fn without(mut self, secrets: Known) -> Self {
        self.secrets = secrets;
        self
    }

    /// Its words, with hints and causes in lines that fit. What a run showed stays as it is.
    pub fn fit(&self, style: Style) -> String {
        let is_ours = |line: &str| ["error: ", "  caused by: ", "hint: "].iter().any(|label| line.starts_with(label));
        let text = self.to_string();
        let fit = |line: &str| if is_ours(line) { style.fit(line.to_owned()) } else { line.to_owned() };
        text.split_inclusive('\n').map(fit).collect()
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

/// An error that knows its kind ends a command by `?`. There is no other way to make one.
impl<E: Diagnostic + Send + Sync + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        let hints = error.hint().map(|hint| hint.for_command_line()).into_iter().collect();
        Self { exit: exit::of(error.kind()), error: error.into(), shown: Vec::new(), hints, secrets: Known::default() }
    }
}

impl fmt::Display for CliError {
    /// `error: what`, one indented line per cause, then the hints. Whatever the type of an error, it may quote foreign text:
    /// each is one harmless line of bounded length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", untrusted::message(&self.secrets.hide(&self.error.to_string())))?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            writeln!(f, "  caused by: {}", untrusted::message(&self.secrets.hide(&error.to_string())))?;
            cause = error.source();
        }
        for (label, text) in &self.shown {
            // A bar keeps foreign text from the start of a line.
            let label = if label.is_empty() { "|" } else { label };
            writeln!(f, "  {label:<8}{}", untrusted::visible(text))?;
        }
        for hint in &self.hints {
            writeln!(f, "hint: {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnostic::{FailureKind, Hint};

    #[derive(Debug, thiserror::Error)]
    #[error("doing {0}")]
    struct Doing(String, #[source] std::io::Error);

    impl Diagnostic for Doing {
        fn kind(&self) -> FailureKind {
            FailureKind::Usage
        }
    }

    #[test]
    fn an_error_of_any_type_prints_foreign_text_harmlessly() {
        let foreign = "a\u{1b}[31m\r\n::error::x";
        let error = Doing(foreign.to_owned(), std::io::Error::other(foreign.repeat(10_000)));
        let text = CliError::from(error).showing(vec![("said", foreign.to_owned())]).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!(lines[0], "error: doing a\\x1b[31m\\r\\n::error::x");
        assert!(lines[1].starts_with("  caused by: a") && lines[1].ends_with("more characters)"), "{text}");
        assert!(!text.contains(['\r', '\u{1b}']) && text.len() < 5000, "{}", text.len());
    }

    #[derive(Debug, thiserror::Error)]
    #[error("`{0:?}` happened")]
    struct Failed(FailureKind, Option<&'static str>);

    impl Diagnostic for Failed {
        fn kind(&self) -> FailureKind {
            self.0
        }

        fn hint(&self) -> Option<Hint> {
            self.1.map(Hint::from)
        }
    }

    #[test]
    fn every_kind_has_the_code_of_the_contract_and_a_hint_is_shown_once() {
        for (kind, code) in [
            (FailureKind::Usage, 2),
            (FailureKind::Inconclusive, 3),
            (FailureKind::Infrastructure, 4),
            (FailureKind::Verification, 5),
        ] {
            assert_eq!(CliError::from(Failed(kind, None)).exit().code(), code);
            let told = CliError::from(Failed(kind, Some("mend it"))).to_string();
            assert_eq!(told, format!("error: `{kind:?}` happened\nhint: mend it\n"));
        }
    }
}
