//! The places of a command: `{input}`, `{rootfs}`, `{feed}`, `{policy}`, `{config}`, `{scanner}`, `{out}`.
//!
//! They are recorded as they are written and filled in with the same fixed paths on every machine.

use crate::job::in_place::runs_in_place;
use crate::job::material::{InputMaterial, ScannerMaterial};
use crate::job::scan_spec::Job;
use crate::model::text::placeholder::ROOTFS;
use crate::sandbox::guest::{self, GuestPath, InvalidGuestPath};

/// Where everything of one job is, as its scanner sees it.
#[derive(Debug, Clone)]
pub struct Places {
    input: String,
    feed: String,
    config: String,
    scanner: String,
}

impl Places {
    /// The places of `job`.
    pub fn of(job: &Job) -> Self {
        let below = |place: &GuestPath, material: &InputMaterial| match material {
            InputMaterial::File { name, .. } => format!("{place}/{name}"),
            InputMaterial::Tree(_) | InputMaterial::Image(_) => place.to_string(),
        };
        let input = below(&guest::INPUT, &job.input);
        let config =
            job.config.as_ref().map_or_else(|| guest::CONFIG.to_string(), |config| below(&guest::CONFIG, config));
        // One feed is the folder itself; of several each has its own below it.
        let feed = match job.feeds.as_slice() {
            [only] => format!("{}/{}", guest::FEED.as_str(), only.name),
            _ => guest::FEED.as_str().to_owned(),
        };
        let scanner = match &job.scanner {
            ScannerMaterial::BuiltIn | ScannerMaterial::Stella { .. } => format!("{}/stella", guest::SCANNER.as_str()),
            ScannerMaterial::Binary { path, .. } if runs_in_place(path, &job.roots) => {
                path.to_string_lossy().into_owned()
            }
            ScannerMaterial::Binary { name, .. } => format!("{}/{name}", guest::SCANNER.as_str()),
            ScannerMaterial::Tree(_) => guest::SCANNER.as_str().to_owned(),
        };
        Self { input, feed, config, scanner }
    }

    /// The same where the input lies at `place` and not where it always does.
    pub fn with_input_at(mut self, place: &GuestPath) -> Self {
        self.input = self.input.replacen(guest::INPUT.as_str(), place.as_str(), 1);
        self
    }

    /// `input.path` of the manifest.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// `scanner.config_path` of the manifest, where there is a configuration.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// The command with every place filled in.
    pub fn fill(&self, argv: &[String]) -> Vec<String> {
        argv.iter().map(|word| self.fill_word(word)).collect()
    }

    /// One word with every place filled in.
    pub fn fill_word(&self, word: &str) -> String {
        word.replace("{input}", &self.input)
            .replace(ROOTFS, rootfs().as_str())
            .replace("{feed}", &self.feed)
            .replace("{policy}", guest::POLICY.as_str())
            .replace("{config}", &self.config)
            .replace("{scanner}", &self.scanner)
            .replace("{out}", guest::OUT.as_str())
    }

    /// Where an unpacked image is mounted, read-only.
    pub fn rootfs_mount(&self) -> Result<GuestPath, InvalidGuestPath> {
        GuestPath::new(rootfs())
    }

    /// Where the scanner's file or folder is mounted.
    pub fn scanner_mount(&self) -> Result<GuestPath, InvalidGuestPath> {
        GuestPath::new(self.scanner.clone())
    }

    /// The command that runs the built-in scanner as a process.
    pub fn builtin_argv(&self, job: &Job) -> Vec<String> {
        let mut argv = vec![self.scanner.clone(), "builtin-scan".to_owned()];
        let mut option = |name: &str, value: &str| argv.push(format!("--{name}={value}"));
        option("input", &self.input);
        option("out", guest::OUT.as_str());
        option("clock", &job.clock.to_string());
        if !job.feeds.is_empty() {
            option("feeds", guest::FEED.as_str());
        }
        if job.policy.is_some() {
            option("policy", guest::POLICY.as_str());
        }
        for flag in &job.flags {
            option("flag", flag);
        }
        argv
    }
}

fn rootfs() -> String {
    format!("{}/rootfs", guest::ROOT)
}
