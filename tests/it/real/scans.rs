//! What each real scanner scans, and what it must find there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::zip;

/// One scan of a real scanner.
#[derive(Clone, Copy)]
pub struct Scan {
    /// The adapter.
    pub adapter: &'static str,
    /// The program, as `tests/real/parts` names it.
    pub part: &'static str,
    /// What is asked for, as for `--output`.
    pub output: &'static str,
    /// What is scanned, below [`write`]'s folder.
    pub input: &'static str,
    /// The feed, below it.
    pub feed: Option<&'static str>,
    /// The configuration, below it.
    pub config: Option<&'static str>,
    /// Words that its artifacts must hold.
    pub finds: &'static [&'static str],
    /// A file below the input, a text in it, and one that is scanned differently.
    pub change: (&'static str, &'static str, &'static str),
}

const PYTHON: (&str, &str, &str) = ("app/main.py", "md5", "sha3_256");
const LOCK: (&str, &str, &str) = ("package-lock.json", "\"version\": \"6.5.1\"", "\"version\": \"6.5.2\"");

/// Every scan.
pub const SCANS: [Scan; 12] = [
    Scan { output: "json", finds: &["B602", "B301", "B324", "app/main.py"], ..bandit() },
    Scan { output: "sarif", finds: &["B602", "B301", "B324", "app/main.py"], ..bandit() },
    Scan {
        adapter: "semgrep",
        part: "semgrep",
        output: "json,sarif",
        input: "python",
        feed: None,
        config: Some("rules/python.yaml"),
        finds: &["shell-true", "MD5 is broken", "app/main.py"],
        change: PYTHON,
    },
    Scan { output: "json", finds: &["template-injection", "artipacked"], ..zizmor() },
    Scan { output: "sarif", finds: &["template-injection", "artipacked"], ..zizmor() },
    Scan {
        adapter: "detect-secrets",
        part: "detect-secrets",
        output: "json",
        input: "secrets",
        feed: None,
        config: None,
        finds: &["AWS Access Key", "deploy.env"],
        change: ("deploy.env", "AKIA", "none"),
    },
    Scan { output: "json", ..osv_scanner() },
    Scan { output: "sarif", ..osv_scanner() },
    Scan {
        adapter: "syft",
        part: "syft",
        output: "cyclonedx,spdx,json",
        input: "lockfiles",
        feed: None,
        config: None,
        finds: &["pkg:npm/qs@6.5.1", "pkg:pypi/requests@2.19.1"],
        change: LOCK,
    },
    Scan {
        adapter: "cyclonedx-py",
        part: "cyclonedx-py",
        output: "cyclonedx",
        input: "python/requirements.txt",
        feed: None,
        config: None,
        finds: &["pkg:pypi/requests@2.19.1", "pkg:pypi/flask@0.12.2"],
        change: ("", "2.19.1", "2.20.0"),
    },
    Scan { output: "cyclonedx", ..npm() },
    Scan { output: "spdx", ..npm() },
];

const fn bandit() -> Scan {
    Scan {
        adapter: "bandit",
        part: "bandit",
        output: "",
        input: "python",
        feed: None,
        config: None,
        finds: &[],
        change: PYTHON,
    }
}

const fn zizmor() -> Scan {
    let change = (".github/workflows/ci.yml", "title }}", "number }}");
    Scan { adapter: "zizmor", part: "zizmor", input: "workflows", change, ..bandit() }
}

const fn osv_scanner() -> Scan {
    Scan {
        adapter: "osv-scanner",
        part: "osv-scanner",
        input: "lockfiles",
        feed: Some("osv"),
        finds: &["STELLA-2026-0001", "STELLA-2026-0002", "6.5.1"],
        change: ("package-lock.json", "\"version\": \"6.5.1\"", "\"version\": \"6.5.3\""),
        ..bandit()
    }
}

const fn npm() -> Scan {
    let finds: &[&str] = &["pkg:npm/qs@6.5.1", "pkg:npm/express@4.16.0"];
    Scan { adapter: "npm-sbom", part: "npm", input: "lockfiles", finds, change: LOCK, ..bandit() }
}

impl Scan {
    /// The arguments of `stella scan`, for inputs that lie in `folder`.
    pub fn arguments(&self, program: &Path, folder: &Path) -> Vec<String> {
        let path = |below: &str| folder.join(below).display().to_string();
        let mut words = vec!["scan".to_owned()];
        let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
        option("--scanner", format!("{}={}", self.adapter, program.display()));
        option("--output", self.output.to_owned());
        option("--input", path(self.input));
        self.feed.iter().for_each(|feed| option("--feed", path(feed)));
        self.config.iter().for_each(|config| option("--scanner-config", path(config)));
        words
    }

    /// Changes the input below `folder` so that another result is right.
    pub fn change(&self, folder: &Path) -> io::Result<()> {
        let (file, from, to) = self.change;
        let input = folder.join(self.input);
        let file = if file.is_empty() { input } else { input.join(file) };
        let text = fs::read_to_string(&file)?;
        assert!(text.contains(from), "`{from}` is not in {}", file.display());
        fs::write(file, text.replace(from, to))
    }
}

/// Writes every input below `folder`.
pub fn write(folder: &Path) -> io::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scanners");
    for name in ["python", "workflows", "lockfiles", "rules"] {
        copy(&data.join(name), &folder.join(name))?;
    }
    // Put together here, so that nobody who looks for keys finds one in the repository.
    let key = format!("{}{}", "AKIA", "IOSFODNN7EXAMPLE");
    fs::create_dir_all(folder.join("secrets"))?;
    fs::write(folder.join("secrets/deploy.env"), format!("REGION=eu\nKEY={key}\n"))?;
    for ecosystem in ["npm", "PyPI"] {
        let mut records = Vec::new();
        for path in sorted(&data.join("osv").join(ecosystem))? {
            records.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), fs::read(&path)?));
        }
        let place = folder.join("osv/osv-scalibr").join(ecosystem);
        fs::create_dir_all(&place)?;
        fs::write(place.join("all.zip"), zip::archive(&records))?;
    }
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for path in sorted(from)? {
        copy(&path, &to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}
