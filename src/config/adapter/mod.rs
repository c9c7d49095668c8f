//! Adapters: how real scanners are run so that their scans replay, as data.
//!
//! An adapter is a YAML file. It says which program is run with which arguments and variables, where feed and
//! configuration go, what comes out under which format and profile, and which exit codes mean that it ran well.
//!
//! Invariants: an [`Adapter`] that exists can make a command of every selection it accepts; it holds no path of a machine
//! and no secret. Absent: installing a scanner, and fetching its feed.

mod raw;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use crate::hint;
use crate::model::artifact_spec::{ArtifactSpec, ArtifactSpecError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::parameter::{Operation, Parameter};
use crate::model::text::placeholder;
use crate::sandbox::spec::Environment;
use crate::sandbox::validated::InvalidSetting;

pub use raw::{InputKind, RawAdapter, Runtime};

use raw::{RawNeed, RawOutput};

/// The word of a command that stands for everything that a selection adds.
const OPTIONS: &str = "{options}";

/// How one scanner is run.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// What the scanner is.
    pub summary: String,
    /// The release that it was run with; `None` where it was not run.
    pub verified: Option<String>,
    /// The name of its program.
    pub program: String,
    /// What the program needs of the machine.
    pub runtime: Runtime,
    /// Arguments that make it print its version; empty where there are none.
    pub version_arguments: Vec<String>,
    /// What it can scan.
    pub input: InputKind,
    /// The feed that it reads.
    pub feed: Option<Need>,
    /// The configuration that it reads.
    pub config: Option<Need>,
    /// What it can write.
    pub outputs: BTreeMap<String, Output>,
    /// What it writes where nothing is asked for: one of `outputs`.
    pub default_output: String,
    /// Exit codes that mean that it ran well; never empty.
    pub exit_codes: Vec<i32>,
    /// What to know of it.
    pub notes: Vec<String>,
    /// The file's text.
    pub text: String,
    several_outputs: bool,
    command: Vec<String>,
    env: BTreeMap<String, String>,
}

/// Something that a scanner reads beside its input.
#[derive(Debug, Clone)]
pub struct Need {
    /// In words.
    pub what: String,
    /// Whether nothing can be scanned without it.
    pub required: bool,
    arguments: Vec<String>,
}

/// Something that a scanner can write.
#[derive(Debug, Clone)]
pub struct Output {
    /// What comes out.
    pub artifact: ArtifactSpec,
    arguments: Vec<String>,
}

/// Why a text is not an adapter.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// It is not YAML, or a key of it is not what an adapter has there.
    #[error("adapter is not valid at `{at}`")]
    Yaml {
        /// The key.
        at: String,
        /// What is wrong.
        source: serde_yaml::Error,
    },
    /// A key whose value cannot be used.
    #[error("`{key}` {what}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// An output that is not an artifact.
    #[error("`outputs.{output}.artifact`")]
    Artifact {
        /// The output.
        output: String,
        /// What is wrong.
        source: ArtifactSpecError,
    },
    /// A variable that cannot be set.
    #[error("`env`")]
    Variable(#[from] InvalidSetting),
}

/// What a user asks an adapter for.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Outputs by name; the default one where there is none.
    pub outputs: &'a [String],
    /// Whether a feed is given.
    pub feed: bool,
    /// Whether a configuration is given.
    pub config: bool,
    /// Further flags.
    pub flags: &'a [String],
}

/// A selection that an adapter cannot serve.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SelectionError {
    #[error("`{adapter}` has no output `{output}`: it has {known}")]
    NoOutput { adapter: String, output: String, known: String },
    #[error("`{adapter}` writes one output in one run")]
    OneOutput { adapter: String },
    #[error("`{adapter}` needs {what}")]
    Missing { adapter: String, what: String, parameter: Parameter },
    #[error("`{adapter}` takes no {what}")]
    Unused { adapter: String, what: &'static str },
}

impl Diagnostic for SelectionError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoOutput { .. } | Self::OneOutput { .. } => hint!("choose with {}", Parameter::Output),
            Self::Missing { adapter, parameter, .. } => hint!(
                "give it with {}; {} says what it reads",
                parameter.to("PATH"),
                Operation::AdapterShow.of(adapter)
            ),
            Self::Unused { adapter, .. } => hint!("{} says what it reads", Operation::AdapterShow.of(adapter)),
        })
    }
}

/// A command that an adapter made, with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of a job")]
pub struct Command {
    pub argv: Vec<String>,
    pub set_env: BTreeMap<String, String>,
    pub artifacts: Vec<ArtifactSpec>,
    pub exit_codes: Vec<i32>,
}

impl Adapter {
    /// Reads an adapter.
    ///
    /// # Errors
    /// Unknown keys, places that do not exist, outputs that are not artifacts: see [`AdapterError`].
    pub fn parse(text: &str) -> Result<Self, AdapterError> {
        let yaml = serde_yaml::Deserializer::from_str(text);
        let raw: RawAdapter = serde_path_to_error::deserialize(yaml)
            .map_err(|error| AdapterError::Yaml { at: error.path().to_string(), source: error.into_inner() })?;
        Self::valid(raw, text)
    }

    /// Those that come with stella, sorted by name.
    pub fn builtin() -> &'static [Self] {
        &BUILTIN
    }

    fn valid(raw: RawAdapter, text: &str) -> Result<Self, AdapterError> {
        let refuse = |key: &str, what: &str| Err(AdapterError::Value { key: key.to_owned(), what: what.to_owned() });
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if raw.version > 1 {
            return refuse("version", "is newer than this program: it reads 1");
        }
        if raw.adapter.is_empty() || !raw.adapter.chars().all(plain) || raw.adapter == "builtin" {
            return refuse("adapter", "must be a name of lowercase letters, digits and `-`, and not `builtin`");
        }
        if raw.program.is_empty() || raw.program.contains('/') {
            return refuse("program", "must be a name that is looked up on PATH");
        }
        if raw.command.first().is_none_or(|word| word != "{scanner}") {
            return refuse("command", "must begin with `{scanner}`");
        }
        if raw.command.iter().filter(|word| *word == OPTIONS).count() != 1 {
            return refuse("command", "must hold the word `{options}` once");
        }
        if raw.exit_codes.is_empty() {
            return refuse("exit_codes", "must name the codes that mean that the scanner ran well");
        }
        if !raw.outputs.contains_key(&raw.default_output) {
            return refuse("default_output", "must be one of `outputs`");
        }
        let words = raw.command.iter().filter(|word| *word != OPTIONS).chain(raw.env.values());
        let words = words.chain(raw.version_arguments.iter());
        let words = words.chain(raw.outputs.values().flat_map(|output| &output.arguments));
        let needs = [&raw.feed, &raw.config].into_iter().flatten();
        for word in words.chain(needs.flat_map(|need| &need.arguments)) {
            if let Some(place) = unknown_place(word) {
                let known = placeholder::NAMES.join(", ");
                let what = format!("is not a place: known are {known}, and the word {OPTIONS} in `command`");
                return refuse(&format!("{{{place}}}"), &what);
            }
        }
        let mut variables = Environment::default();
        for (name, value) in &raw.env {
            variables.set(name, value)?;
        }
        Ok(Self {
            outputs: outputs(raw.outputs, raw.several_outputs)?,
            name: raw.adapter,
            summary: raw.summary,
            verified: raw.verified,
            program: raw.program,
            runtime: raw.runtime,
            version_arguments: raw.version_arguments,
            input: raw.input,
            feed: raw.feed.map(Need::from),
            config: raw.config.map(Need::from),
            default_output: raw.default_output,
            exit_codes: raw.exit_codes,
            notes: raw.notes,
            text: text.to_owned(),
            several_outputs: raw.several_outputs,
            command: raw.command,
            env: raw.env,
        })
    }

    /// The command for what a user asks for.
    ///
    /// # Errors
    /// When the selection names what the adapter does not have, or lacks what it needs.
    pub fn command(&self, selection: &Selection<'_>) -> Result<Command, SelectionError> {
        let adapter = || self.name.clone();
        let default = std::slice::from_ref(&self.default_output);
        let names = if selection.outputs.is_empty() { default } else { selection.outputs };
        if names.len() > 1 && !self.several_outputs {
            return Err(SelectionError::OneOutput { adapter: adapter() });
        }
        let mut options = Vec::new();
        let mut artifacts: Vec<ArtifactSpec> = Vec::new();
        for name in names {
            let output = self.outputs.get(name).ok_or_else(|| SelectionError::NoOutput {
                adapter: adapter(),
                output: name.clone(),
                known: self.outputs.keys().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", "),
            })?;
            if !artifacts.contains(&output.artifact) {
                options.extend_from_slice(&output.arguments);
                artifacts.push(output.artifact.clone());
            }
        }
        for (need, given, what, parameter) in [
            (&self.feed, selection.feed, "feed", Parameter::Feed),
            (&self.config, selection.config, "configuration", Parameter::ScannerConfig),
        ] {
            match need {
                None if given => return Err(SelectionError::Unused { adapter: adapter(), what }),
                Some(need) if need.required && !given => {
                    return Err(SelectionError::Missing { adapter: adapter(), what: need.what.clone(), parameter });
                }
                Some(need) if given => options.extend_from_slice(&need.arguments),
                _ => {}
            }
        }
        options.extend_from_slice(selection.flags);
        let argv =
            self.command.iter().flat_map(|word| if word == OPTIONS { options.clone() } else { vec![word.clone()] });
        // Without a feed a variable that points to it would point to nothing.
        let env = self.env.iter().filter(|(_, value)| {
            (selection.feed || !value.contains("{feed}")) && (selection.config || !value.contains("{config}"))
        });
        Ok(Command {
            argv: argv.collect(),
            set_env: env.map(|(name, value)| (name.clone(), value.clone())).collect(),
            artifacts,
            exit_codes: self.exit_codes.clone(),
        })
    }
}

impl From<RawNeed> for Need {
    fn from(raw: RawNeed) -> Self {
        Self { what: raw.what, required: raw.required, arguments: raw.arguments }
    }
}

fn outputs(raw: BTreeMap<String, RawOutput>, several: bool) -> Result<BTreeMap<String, Output>, AdapterError> {
    let mut files = BTreeSet::new();
    let mut outputs = BTreeMap::new();
    for (name, RawOutput { arguments, artifact }) in raw {
        let failed = |source| AdapterError::Artifact { output: name.clone(), source };
        let artifact: ArtifactSpec = artifact.parse().map_err(failed)?;
        if !files.insert(artifact.file_name()) && several {
            let what = format!("has the file name `{}` of another output", artifact.file_name());
            return Err(AdapterError::Value { key: format!("outputs.{name}.artifact"), what });
        }
        outputs.insert(name, Output { artifact, arguments });
    }
    Ok(outputs)
}

/// A name in braces in `word` that is not a place.
fn unknown_place(word: &str) -> Option<&str> {
    let names = word.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(name, _)| name);
    let mut looks_like_one = names.filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()));
    looks_like_one.find(|name| !placeholder::NAMES.contains(&format!("{{{name}}}").as_str()))
}

/// Whether `input` is what `kind` asks for.
pub fn takes(kind: InputKind, input: &Path) -> bool {
    match kind {
        InputKind::Any => true,
        InputKind::Directory => input.is_dir(),
        InputKind::File => !input.is_dir(),
    }
}

/// Registers the embedded files; `every_file_is_registered` finds one that is forgotten.
macro_rules! builtin {
    ($($file:literal),* $(,)?) => {
        // The text is part of the program, and a test reads each.
        static BUILTIN: LazyLock<Vec<Adapter>> = LazyLock::new(|| {
            vec![$(Adapter::parse(include_str!(concat!("../adapters/", $file))).expect($file)),*]
        });
        #[cfg(test)]
        const FILES: &[&str] = &[$($file),*];
    };
}

builtin![
    "bandit.yaml",
    "cdxgen.yaml",
    "checkov.yaml",
    "cyclonedx-py.yaml",
    "detect-secrets.yaml",
    "grype.yaml",
    "npm-sbom.yaml",
    "osv-scanner.yaml",
    "retire.yaml",
    "semgrep.yaml",
    "syft.yaml",
    "trivy.yaml",
    "zizmor.yaml",
];

#[cfg(test)]
mod tests;
