//! A scan that can be executed, with all that it depends on in hand.
//!
//! To replay is to execute a spec made from a manifest; to swap an input is to change one field of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::canonical::JsonError;
use crate::job::dimensions::{ExecutionEnvironment, Invocation, feeds_digest};
use crate::job::machine_settings::Settings;
use crate::job::material::{FeedMaterial, InputMaterial, PolicyMaterial, ScannerMaterial};
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::dimension::Dimensions;
use crate::model::manifest::NetworkMode;
use crate::model::text::placeholder;

/// A scan that can be executed.
#[derive(Debug, Clone)]
pub struct ScanSpec {
    /// What is scanned.
    pub input: InputMaterial,
    /// The program that scans.
    pub scanner: ScannerMaterial,
    /// The command, with placeholders (`{input}`, …); empty for the built-in scanner.
    pub argv: Vec<String>,
    /// Its configuration, a file or a directory as an input is, seen as `{config}`.
    pub config: Option<InputMaterial>,
    /// Flags of the built-in scanner.
    pub flags: Vec<String>,
    /// Variables that are passed, with their values.
    pub env: BTreeMap<String, String>,
    /// Variables that belong to the command, with placeholders in their values; recorded as they are.
    pub set_env: BTreeMap<String, String>,
    /// Names of the variables that the recording passed; empty where there is none.
    pub recorded_env: Option<Vec<String>>,
    /// Exit codes that mean that it ran well; empty means any.
    pub expected_exit_codes: Vec<i32>,
    /// What it writes; empty for the built-in scanner, whose artifacts are fixed.
    pub artifacts: Vec<ArtifactSpec>,
    /// The feeds, in order.
    pub feeds: Vec<FeedMaterial>,
    /// The policy, where one was given; the default policy decides otherwise.
    pub policy: Option<PolicyMaterial>,
    /// The instant at which the scanner's clock stands, or begins.
    pub clock: Timestamp,
    /// Its time zone.
    pub tz: String,
    /// Its locale.
    pub locale: String,
    /// Seed of all randomness.
    pub seed: u64,
    /// What else of a machine is chosen.
    pub settings: Settings,
    /// Folders of the machine that it sees at their own path, beside the system's.
    pub roots: Vec<String>,
    /// Whether it may reach the network.
    pub network: NetworkMode,
}

impl ScanSpec {
    /// What a profile and an adapter know the scanner by: the name of its program.
    pub fn program_name(&self) -> Option<&str> {
        match &self.scanner {
            ScannerMaterial::BuiltIn | ScannerMaterial::Stella { .. } => None,
            ScannerMaterial::Binary { name, .. } => Some(name),
            ScannerMaterial::Tree(_) => self.argv.first().map(|word| last_of(word)),
            // The program itself, or one in the folder that is the scanner.
            ScannerMaterial::Closure(closure) => match self.argv.first().map(String::as_str) {
                Some(placeholder::SCANNER) => Some(last_of(&closure.scanner)),
                word => word.map(last_of),
            },
        }
    }

    /// The digests of all its inputs, executed in `surroundings`.
    ///
    /// # Errors
    /// When an input has no canonical form.
    pub fn dimensions(&self, environment: &ExecutionEnvironment) -> Result<Dimensions, JsonError> {
        let invocation = Invocation {
            argv: self.argv.clone(),
            flags: self.flags.clone(),
            env_names: self.env.keys().cloned().collect(),
            set_env: self.set_env.clone(),
            config: self.config.as_ref().map(InputMaterial::identity),
        };
        let feeds = self.feeds.iter().map(|feed| (feed.name.clone(), feed.identity())).collect();
        Ok(Dimensions {
            input: Some(self.input.identity()),
            scanner: Some(self.scanner.identity()),
            config: Some(invocation.digest()?),
            feed: feeds_digest(&feeds)?,
            policy: self.policy.as_ref().map(|policy| policy.identity()),
            environment: Some(environment.digest()?),
        })
    }
}

fn last_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// A scan of one file by a foreign scanner, for tests that change a field of it.
    pub(crate) fn of_a_file() -> ScanSpec {
        ScanSpec {
            input: InputMaterial::file("package-lock.json", b"{}".to_vec()),
            scanner: ScannerMaterial::Binary {
                path: "/srv/tools/scan".into(),
                name: "scan".to_owned(),
                digest: crate::model::digest::Digest::of(b"scan"),
            },
            argv: ["{scanner}", "{input}"].map(str::to_owned).to_vec(),
            config: None,
            flags: Vec::new(),
            env: BTreeMap::new(),
            set_env: BTreeMap::new(),
            recorded_env: None,
            expected_exit_codes: Vec::new(),
            artifacts: vec!["findings=out.json".parse().unwrap()],
            feeds: Vec::new(),
            policy: None,
            clock: Timestamp::UNIX_EPOCH,
            tz: "UTC".to_owned(),
            locale: "C.UTF-8".to_owned(),
            seed: 7,
            settings: Settings::default(),
            roots: Vec::new(),
            network: NetworkMode::Disabled,
        }
    }
}
