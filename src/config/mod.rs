//! Configuration: `.stella.yaml` as written becomes a [`Config`] that holds only what is valid.
//!
//! Invariants: a path of a [`Config`] lies in the repository or was given as absolute; nothing downstream
//! sees the raw form.

pub mod adapter;
pub mod approvals;
mod error;
mod gates;
mod parse;
mod raw;
pub mod rule_changes;
mod subject;
mod valid;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::canonical::profile::Profile;
use crate::config::adapter::Adapter;
use crate::host::fs::{self, FsError};
use crate::model::artifact::{ArtifactFormat, ProfileName};
use crate::model::artifact_spec::ArtifactSpec;
use crate::model::change::approval::ApprovalRules;
use crate::model::limits;
use crate::score::rules::Rules;

use parse::parse;
use valid::Valid;

pub use error::{ConfigError, UnknownAdapter, UnknownProfile};
pub use raw::RawConfig;
pub use subject::{ScannerSubject, Subject, SubjectPlace, TreeSubject};

/// The file's name in the root of a repository.
pub const FILE_NAME: &str = ".stella.yaml";

/// What a repository asks for.
#[derive(Debug, Clone)]
pub struct Config {
    /// The root of the repository: the folder of the file, or the working directory.
    pub root: PathBuf,
    /// The file, where there is one.
    pub file: Option<PathBuf>,
    /// What the checkout builds.
    pub subject: Option<Subject>,
    /// How it is built, as it is written.
    pub subject_place: Option<SubjectPlace>,
    /// Folders that hold regression cases.
    pub cases: Vec<PathBuf>,
    /// Folders that hold canaries.
    pub canaries: Vec<PathBuf>,
    /// Read-only blobs committed with the repository.
    pub fixture_store: PathBuf,
    /// The local store, where the file names one.
    pub store: Option<PathBuf>,
    /// Whether every replay is noted in the local store.
    pub history: bool,
    /// What gates judge by.
    pub rules: Rules,
    /// Profiles of its own by name; the name of a built-in one takes its place.
    pub profiles: BTreeMap<ProfileName, Profile>,
    /// Adapters of its own by name; the name of a built-in one takes its place.
    pub adapters: BTreeMap<String, Adapter>,
    /// Who may approve a change, and from when an approval counts.
    pub approvals: ApprovalRules,
}

/// Names that people give to the file by mistake. Without a dot they may be of something else, where the right one is there.
const MISNAMED: [(&str, bool); 5] = [
    (".stella.yml", false),
    (".stella.json", false),
    (".stella.toml", false),
    ("stella.yaml", true),
    ("stella.yml", true),
];

/// The names under which a configuration would not be read, although its user means it.
pub fn misnamed(has_right_one: bool) -> impl Iterator<Item = &'static str> {
    let near = MISNAMED.iter().filter(move |(_, may_be_other)| !(has_right_one && *may_be_other));
    near.map(|(name, _)| *name)
}

impl Config {
    /// Reads `file`, or `.stella.yaml` in `directory`, or takes the defaults where there is none.
    ///
    /// # Errors
    /// When a file cannot be read, or says what is not valid.
    pub fn load(directory: &Path, file: Option<&Path>) -> Result<Self, ConfigError> {
        let default = directory.join(FILE_NAME);
        let file = match file {
            Some(file) => file,
            None => {
                let is_there = default.exists();
                // Beside it a user would wonder why nothing of it holds.
                let mut near = misnamed(is_there).map(|name| directory.join(name));
                if let Some(found) = near.find(|path| path.is_file()) {
                    return Err(ConfigError::Misnamed(found));
                }
                if !is_there {
                    return Self::for_directory(directory);
                }
                &default
            }
        };
        let bytes = fs::read(file, limits::MAX_CONFIG_BYTES).map_err(ConfigError::Read)?;
        let root = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        Self::new(&root, Some(file), parse(file, &bytes)?, &on_disk(&root))
    }

    /// A file in a folder above `directory`, of the same checkout, by the way that leads there: `../.stella.yaml`. It is not read: a
    /// command is of the folder that it runs in.
    pub fn above(directory: &Path) -> Option<PathBuf> {
        let real = directory.canonicalize().ok()?;
        let mut way = PathBuf::new();
        for folder in real.ancestors() {
            if !way.as_os_str().is_empty() && folder.join(FILE_NAME).is_file() {
                return Some(way.join(FILE_NAME));
            }
            if folder.join(".git").exists() {
                return None;
            }
            way.push("..");
        }
        None
    }

    /// The defaults for a repository without a file.
    ///
    /// # Errors
    /// Only by a mistake of this program: the defaults are valid.
    pub fn for_directory(root: &Path) -> Result<Self, ConfigError> {
        Self::new(root, None, RawConfig::default(), &on_disk(root))
    }

    /// A configuration that does not lie on disk: that of another commit. `bytes` are those of its file, where it has one, and
    /// `files` gives those that it names. With a `place` the subject is built as that says, and all else stays.
    ///
    /// # Errors
    /// When a file that it names cannot be had, or says what is not valid.
    pub fn of_commit(
        root: &Path,
        (file, bytes): (&Path, Option<&[u8]>),
        place: Option<&SubjectPlace>,
        files: &dyn Fn(&str) -> Result<Vec<u8>, FsError>,
    ) -> Result<Self, ConfigError> {
        let mut raw = bytes.map(|bytes| parse(file, bytes)).transpose()?.unwrap_or_default();
        if let Some((subject, place)) = raw.subject.as_mut().zip(place) {
            subject.built_at(place);
        }
        Self::new(root, bytes.map(|_| file), raw, files)
    }

    fn new(
        root: &Path,
        file: Option<&Path>,
        raw: RawConfig,
        files: &dyn Fn(&str) -> Result<Vec<u8>, FsError>,
    ) -> Result<Self, ConfigError> {
        let valid = Valid { root, file: file.unwrap_or(Path::new(FILE_NAME)), files };
        if raw.version > 1 {
            return Err(valid.error("version", format!("{} is newer than this program: it reads 1", raw.version)));
        }
        let roots = |given: Option<Vec<String>>, default: &[&str]| -> Vec<PathBuf> {
            let given = given.unwrap_or_else(|| default.iter().map(|s| (*s).to_owned()).collect());
            given.iter().map(|path| root.join(path)).collect()
        };
        let config = Self {
            root: root.to_owned(),
            file: file.map(Path::to_owned),
            subject_place: raw.subject.as_ref().map(raw::RawSubject::place),
            subject: raw.subject.map(|subject| valid.subject(subject)).transpose()?,
            cases: roots(raw.cases, &["regressions", "tests/scanner/regressions"]),
            canaries: roots(raw.canaries, &["fixtures/canaries"]),
            fixture_store: root.join(raw.fixture_store.as_deref().unwrap_or("fixtures/store")),
            store: raw.store.map(|path| root.join(path)),
            history: raw.history,
            rules: gates::rules(raw.thresholds, raw.gates, raw.buckets)
                .map_err(|(field, what)| valid.error(field, what))?,
            profiles: valid.profiles(raw.profiles)?,
            adapters: valid.adapters(raw.adapters)?,
            approvals: valid.approvals(raw.approvals)?,
        };
        if let Some(Subject::Scanner(scanner)) = &config.subject {
            config
                .check_profiles(&scanner.artifacts)
                .map_err(|unknown| valid.error("subject.artifacts", unknown.to_string()))?;
        }
        Ok(config)
    }

    /// Whether every profile that `artifacts` name is there.
    ///
    /// # Errors
    /// Names the profile that is not there.
    pub fn check_profiles(&self, artifacts: &[ArtifactSpec]) -> Result<(), UnknownProfile> {
        let mut named = artifacts.iter().filter_map(|artifact| artifact.profile.as_ref());
        let Some(unknown) = named.find(|name| self.named_profile(name).is_none()) else { return Ok(()) };
        let tools = Profile::tools().iter().map(|tool| tool.name().to_owned());
        let known = tools.chain(self.profiles.keys().map(ProfileName::to_string)).collect();
        Err(UnknownProfile { name: unknown.clone(), known })
    }

    /// The profile of an artifact: the one that it names, else that of its format; the repository's own before the
    /// built-in one. A name that is known nowhere, as in a manifest from elsewhere, is as none.
    pub fn profile(&self, format: ArtifactFormat, name: Option<&ProfileName>) -> &Profile {
        name.and_then(|name| self.named_profile(name))
            .or_else(|| self.profiles.get(&ProfileName::from(format)))
            .unwrap_or_else(|| Profile::builtin(format))
    }

    /// The adapter of that name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn adapter(&self, name: &str) -> Result<&Adapter, UnknownAdapter> {
        let known = self.adapters.get(name).or_else(|| Adapter::builtin().iter().find(|adapter| adapter.name == name));
        known.ok_or_else(|| UnknownAdapter(name.to_owned()))
    }

    /// Every adapter, sorted by name.
    pub fn all_adapters(&self) -> Vec<&Adapter> {
        let builtin = Adapter::builtin().iter().map(|adapter| (adapter.name.as_str(), adapter));
        let own = self.adapters.iter().map(|(name, adapter)| (name.as_str(), adapter));
        builtin.chain(own).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// The profile of that name, where there is one.
    pub fn named_profile(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.get(name).or_else(|| Profile::named(name))
    }
}

fn on_disk(root: &Path) -> impl Fn(&str) -> Result<Vec<u8>, FsError> {
    let root = root.to_owned();
    move |path| fs::read(&root.join(path), limits::MAX_CONFIG_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rate::Share;
    use crate::model::text::damaged::damaged;
    use crate::score::rules::By;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let raw = parse(Path::new(FILE_NAME), text.as_bytes())?;
        Config::new(Path::new("/repo"), Some(Path::new(FILE_NAME)), raw, &on_disk(Path::new("/repo")))
    }

    #[test]
    fn nothing_written_means_the_defaults() {
        for text in ["", "\n", "# only a comment\n", "version: 1\n"] {
            let config = load(text).unwrap();
            assert_eq!(config.cases, ["/repo/regressions", "/repo/tests/scanner/regressions"].map(PathBuf::from));
            assert_eq!(config.canaries, [PathBuf::from("/repo/fixtures/canaries")]);
            assert!(config.subject.is_none());
        }
    }

    #[test]
    fn a_scanner_is_read_whole() {
        let config = load(
            "subject:\n  kind: scanner\n  build: make\n  path: bin/scan\n  argv: ['{scanner}', '{input}']\n  \
             artifacts: ['findings=-:sarif']\n  expect_exit: [0, 1]\n",
        )
        .unwrap();
        let Some(Subject::Scanner(scanner)) = config.subject else { panic!("not a scanner") };
        assert_eq!(scanner.engine, None, "the name of a file is what a pull request may change");
        assert_eq!(scanner.path, Path::new("/repo/bin/scan"));
        assert_eq!(scanner.artifacts[0].format, Some(ArtifactFormat::Sarif));
    }

    #[test]
    fn errors_say_where() {
        let cases = [
            ("casses: []\n", ".stella.yaml:1:1: not a valid configuration"),
            ("version: 1\ncases:\n  - a\n  - [b]\n", ".stella.yaml:4:5: not a valid configuration"),
            ("version: 2\n", ".stella.yaml: `version`: 2 is newer than this program: it reads 1"),
            ("subject: {kind: feed}\n", ".stella.yaml: `subject.path`: missing: what the build leaves behind"),
            (
                "subject: {kind: feed, path: x, argv: []}\n",
                ".stella.yaml: `subject.argv`: only a subject of kind `scanner` has it",
            ),
            (
                "subject: {kind: scanner, path: x, argv: [x]}\n",
                ".stella.yaml: `subject.argv`: the first word must be `{scanner}`",
            ),
            (
                "subject: {kind: scanner, path: x, argv: ['{scanner}'], artifacts: ['sbom=a/x', 'vex=b/x']}\n",
                ".stella.yaml: `subject.artifacts`: two of them have the file name `x`",
            ),
            (
                "subject: {kind: scanner, path: x, argv: ['{scanner}'], artifacts: ['sbom=x:json/nope']}\n",
                ".stella.yaml: `subject.artifacts`: no profile is called `nope`: known are those of the formats, `bandit`, \
                 `checkov`, `detect-secrets`, `eslint`, `gitleaks`, `npm-audit`, `retire`, `ruff`, `semgrep`, `zizmor`",
            ),
            ("profiles: {No: x}\n", ".stella.yaml: `profiles`"),
            (
                "approvals: {in_head: reviewed}\n",
                ".stella.yaml: `approvals.approvers`: missing: `in_head: reviewed` counts the reviews of those who are named here",
            ),
            (
                "approvals: {approvers: [a, 'b c']}\n",
                ".stella.yaml: `approvals.approvers`: `b c` is not a name of a user",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(load(text).unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn rules_are_the_defaults_with_what_is_written_in_their_place() {
        assert_eq!(load("").unwrap().rules, Rules::default());
        let written = "thresholds: {bucket: 0.975, min_canaries: 12, window_days: 90}\ngates: {nightly: {strict: true}, \
                       release: {fail_on: warn}}\nbuckets: {by: [scanner], regulated: {label: class, project: app}}\n";
        let rules = load(written).unwrap().rules;
        let mut expected = Rules { min_canaries: 12, window_days: 90, ..Rules::default() };
        expected.bucket = Share::from_number(0.975).unwrap();
        expected.strictness.nightly.strict = true;
        expected.strictness.release.fail_on_warn = true;
        expected.by = By::These(["scanner".to_owned()].into());
        (expected.regulated_label.label, expected.regulated_label.project) = ("class".into(), "app".into());
        assert_eq!(rules, expected);
    }

    #[test]
    fn brackets_are_counted_before_they_are_parsed() {
        let error = |text: &str| load(text).unwrap_err().to_string();
        assert_eq!(error(&"{a: ".repeat(100_000)), ".stella.yaml: nested deeper than 64 brackets");
        assert_eq!(error(&"[".repeat(65)), ".stella.yaml: nested deeper than 64 brackets");
        let argv = vec!["'{input}'"; 200].join(", ");
        load(&format!("subject: {{kind: scanner, path: x, argv: ['{{scanner}}', {argv}], artifacts: ['vex=-']}}"))
            .unwrap();
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, damaged in damaged(include_bytes!("../../.stella.yaml"))) {
            let _ = parse(Path::new(FILE_NAME), &bytes);
            let _ = parse(Path::new(FILE_NAME), &damaged);
        }
    }
}
