//! The placeholders of a command: `{input}`, `{rootfs}`, `{feed}`, `{policy}`, `{config}`, `{scanner}`, `{out}`.
//!
//! They are recorded as they are written and filled in with the same fixed paths on every machine.

use crate::job::in_place::runs_in_place;
use crate::job::material::{InputMaterial, ScannerMaterial};
use crate::job::scan_spec::ScanSpec;
use crate::model::text::placeholder::ROOTFS;
use crate::sandbox::sandbox_path::{self, InvalidSandboxPath, SandboxPath};

/// What each placeholder of one scan stands for, as its scanner sees it.
#[derive(Debug, Clone)]
pub struct Placeholders {
    input: String,
    feed: String,
    config: String,
    scanner: String,
}

impl Placeholders {
    /// Those of `job`.
    pub fn of(job: &ScanSpec) -> Self {
        let below = |place: &SandboxPath, material: &InputMaterial| match material {
            InputMaterial::File { name, .. } => format!("{place}/{name}"),
            InputMaterial::Tree(_) | InputMaterial::Image(_) => place.to_string(),
        };
        let input = below(&sandbox_path::INPUT, &job.input);
        let config = job
            .config
            .as_ref()
            .map_or_else(|| sandbox_path::CONFIG.to_string(), |config| below(&sandbox_path::CONFIG, config));
        // One feed is the folder itself; of several each has its own below it.
        let feed = match job.feeds.as_slice() {
            [only] => format!("{}/{}", sandbox_path::FEED.as_str(), only.name),
            _ => sandbox_path::FEED.as_str().to_owned(),
        };
        let scanner = match &job.scanner {
            ScannerMaterial::BuiltIn | ScannerMaterial::Stella { .. } => {
                format!("{}/stella", sandbox_path::SCANNER.as_str())
            }
            ScannerMaterial::Binary { path, .. } if runs_in_place(path, &job.roots) => {
                path.to_string_lossy().into_owned()
            }
            ScannerMaterial::Binary { name, .. } => format!("{}/{name}", sandbox_path::SCANNER.as_str()),
            ScannerMaterial::Tree(_) => sandbox_path::SCANNER.as_str().to_owned(),
            ScannerMaterial::Closure(closure) => closure.scanner.clone(),
        };
        Self { input, feed, config, scanner }
    }

    /// The same where the input lies at `place` and not where it always does.
    pub fn with_input_at(mut self, place: &SandboxPath) -> Self {
        self.input = self.input.replacen(sandbox_path::INPUT.as_str(), place.as_str(), 1);
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

    /// The command with every placeholder filled in.
    pub fn fill(&self, argv: &[String]) -> Vec<String> {
        argv.iter().map(|word| self.fill_word(word)).collect()
    }

    /// One word with every placeholder filled in.
    pub fn fill_word(&self, word: &str) -> String {
        word.replace("{input}", &self.input)
            .replace(ROOTFS, rootfs().as_str())
            .replace("{feed}", &self.feed)
            .replace("{policy}", sandbox_path::POLICY.as_str())
            .replace("{config}", &self.config)
            .replace("{scanner}", &self.scanner)
            .replace("{out}", sandbox_path::OUT.as_str())
    }

    /// Where an unpacked image is mounted, read-only.
    ///
    /// # Errors
    /// When its name is not a path in the sandbox.
    pub fn rootfs_mount(&self) -> Result<SandboxPath, InvalidSandboxPath> {
        SandboxPath::new(rootfs())
    }

    /// `{scanner}`
    pub fn scanner(&self) -> &str {
        &self.scanner
    }

    /// Where the scanner's file or folder is mounted.
    ///
    /// # Errors
    /// When its name is not a path in the sandbox.
    pub fn scanner_mount(&self) -> Result<SandboxPath, InvalidSandboxPath> {
        SandboxPath::new(self.scanner.clone())
    }

    /// The command that runs the built-in scanner as a process.
    pub fn builtin_argv(&self, job: &ScanSpec) -> Vec<String> {
        let mut argv = vec![self.scanner.clone(), "builtin-scan".to_owned()];
        let mut option = |name: &str, value: &str| argv.push(format!("--{name}={value}"));
        option("input", &self.input);
        option("out", sandbox_path::OUT.as_str());
        option("clock", &job.clock.to_string());
        if !job.feeds.is_empty() {
            option("feeds", sandbox_path::FEED.as_str());
        }
        if job.policy.is_some() {
            option("policy", sandbox_path::POLICY.as_str());
        }
        for flag in &job.flags {
            option("flag", flag);
        }
        argv
    }
}

fn rootfs() -> String {
    format!("{}/rootfs", sandbox_path::ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::tree::Tree;
    use crate::job::scan_spec::sample;
    use crate::model::text::placeholder::NAMES;

    #[test]
    fn every_name_is_filled_with_a_path() {
        let placeholders = Placeholders::of(&sample::of_a_file());
        for name in NAMES {
            let filled = placeholders.fill_word(&format!("--at={name}/x"));
            assert!(filled.starts_with("--at=/tmp/stella/") && filled.ends_with("/x"), "{name}: {filled}");
        }
        assert_eq!(placeholders.fill_word("{inputs} {} {other}"), "{inputs} {} {other}");
    }

    #[test]
    fn files_keep_their_names_and_folders_are_the_place_itself() {
        let file = sample::of_a_file();
        assert_eq!(Placeholders::of(&file).input(), "/tmp/stella/input/package-lock.json");
        let tree = InputMaterial::Tree(Tree::of_files(vec![("a".to_owned(), Vec::new())]).unwrap());
        let folder = ScanSpec { input: tree.clone(), config: Some(tree), ..file.clone() };
        let placeholders = Placeholders::of(&folder);
        assert_eq!((placeholders.input(), placeholders.config()), ("/tmp/stella/input", "/tmp/stella/config"));
        let config = Some(InputMaterial::file("rules.yaml", Vec::new()));
        assert_eq!(Placeholders::of(&ScanSpec { config, ..file }).config(), "/tmp/stella/config/rules.yaml");
    }

    #[test]
    fn the_input_alone_is_moved() {
        let placeholders = Placeholders::of(&sample::of_a_file());
        let elsewhere = SandboxPath::new("/tmp/stella/elsewhere").unwrap();
        let words = ["{input}", "{out}"].map(str::to_owned);
        let moved = placeholders.with_input_at(&elsewhere).fill(&words);
        assert_eq!(moved, ["/tmp/stella/elsewhere/package-lock.json", "/tmp/stella/out"]);
    }

    #[test]
    fn a_scanner_is_run_where_it_is_shown_or_from_its_own_place() {
        let scanner = |roots: &[&str]| {
            let roots = roots.iter().map(ToString::to_string).collect();
            Placeholders::of(&ScanSpec { roots, ..sample::of_a_file() }).fill_word("{scanner}")
        };
        assert_eq!(scanner(&[]), "/tmp/stella/scanner/scan");
        assert_eq!(scanner(&["/srv/tools"]), "/srv/tools/scan");
        assert_eq!(scanner(&["/srv/tool"]), "/tmp/stella/scanner/scan");
    }
}
