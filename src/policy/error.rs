//! Why a policy cannot be loaded, or does not decide.

use std::fmt;
use std::time::Duration;

/// A place in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Name of the file, as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Name of the rule; empty outside of every rule.
    pub rule: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.rule.is_empty() { Ok(()) } else { write!(f, " in rule `{}`", self.rule) }
    }
}

/// What the Rego engine says, in its own words (several lines, with the place in the source).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub(super) String);

impl EngineError {
    /// Takes over any error of the engine.
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string().trim().trim_start_matches("--> ").to_owned())
    }
}

/// Why a policy cannot be loaded, or does not decide.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No `.rego` file among the files.
    #[error("the policy has no `.rego` file")]
    NoRules,
    /// Too many files, too many bytes, too large an input or too many reasons.
    #[error("{what}: {given} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// Its size.
        given: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// Two files with the same name.
    #[error("`{file}` is given twice")]
    Duplicate {
        /// Its name.
        file: String,
    },
    /// A data file in a format that is not read.
    #[error("`{file}` is not read: write the policy's data as `data.json`")]
    DataFormat {
        /// Its name.
        file: String,
    },
    /// A rule file that is not UTF-8.
    #[error("`{file}` is not UTF-8")]
    Encoding {
        /// Its name.
        file: String,
        /// Where.
        source: std::str::Utf8Error,
    },
    /// A rule file that is not Rego.
    #[error("`{file}` is not valid Rego (v1)")]
    Rego {
        /// Its name.
        file: String,
        /// What the engine says.
        source: EngineError,
    },
    /// Rules that are nested too deep.
    #[error("{site} nests brackets more than {limit} deep")]
    Nesting {
        /// Where.
        site: Site,
        /// The deepest nesting that is accepted.
        limit: usize,
    },
    /// A data file that is not JSON.
    #[error("`{file}` is not valid JSON")]
    Json {
        /// Its name.
        file: String,
        /// Where.
        source: serde_json::Error,
    },
    /// A data file whose root is not an object, or that contradicts another data file.
    #[error("data of `{file}` cannot be joined with the rest")]
    Data {
        /// Its name.
        file: String,
        /// What the engine says.
        source: EngineError,
    },
    /// The rules cannot be compiled together.
    #[error("the policy's rules cannot be compiled")]
    Compile {
        /// What the engine says.
        source: EngineError,
    },
    /// No rule `deny` in package `stella.policy`.
    #[error("the policy has no rule `deny` in package `stella.policy`: write `deny contains \"<code>\" if {{ … }}`")]
    NoEntryPoint,
    /// A function whose answer depends on something else than its arguments.
    #[error("{site} uses `{function}`: {why}")]
    Impure {
        /// Where.
        site: Site,
        /// The function.
        function: String,
        /// What is wrong with it, and what to do instead.
        why: &'static str,
    },
    /// A function that is neither a rule of the policy nor offered to policies.
    #[error("{site} calls `{function}`, which is neither a function of the policy nor one that policies may use")]
    UnknownFunction {
        /// Where.
        site: Site,
        /// The function.
        function: String,
    },
    /// A rule that needs itself.
    #[error("{site} refers to itself, directly or through other rules: Rego has no recursion")]
    Recursion {
        /// Where the first rule of the circle begins.
        site: Site,
    },
    /// Rules that refer to each other in too long a chain.
    #[error("{site} begins a chain of more than {limit} rules that refer to each other")]
    Chain {
        /// Where the first rule of the chain begins.
        site: Site,
        /// The longest chain that is accepted.
        limit: usize,
    },
    /// The evaluation took too long.
    #[error("the policy did not decide within {limit:?}")]
    TimeLimit {
        /// The limit.
        limit: Duration,
    },
    /// The evaluation failed.
    #[error("the policy could not be evaluated")]
    Evaluate {
        /// What the engine says.
        source: EngineError,
    },
    /// The engine itself failed; the message went to standard error.
    #[error("the Rego engine crashed while it evaluated the policy")]
    Crashed,
    /// An entry point that does not give a set of strings.
    #[error(
        "`{rule}` gives {given}: expected a set of reason codes, as `{rule} contains \"<code>\" if {{ … }}` makes one"
    )]
    Shape {
        /// The entry point.
        rule: &'static str,
        /// What it gives instead.
        given: &'static str,
    },
    /// A text that is not a reason code.
    #[error(
        "`{rule}` gives {code:?}, which is not a reason code: expected 1 to 200 printable ASCII characters without spaces"
    )]
    Code {
        /// The entry point.
        rule: &'static str,
        /// The text, cut.
        code: String,
    },
}
