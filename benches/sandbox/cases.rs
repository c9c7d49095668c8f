//! What is timed: a program that does nothing, and real scanners on little and on much.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../tests/it/real/zip.rs"]
#[expect(clippy::unwrap_used, reason = "of a test, and of lengths that are known")]
mod zip;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// A command that is timed. `{input}` and `{feed}` in it are what it reads.
pub struct Case {
    pub name: &'static str,
    pub argv: Vec<String>,
    pub environment: Vec<(&'static str, &'static str)>,
    /// What it reads: the sandbox shows it at its own place, the others where it is.
    pub input: Option<PathBuf>,
    pub feed: Option<PathBuf>,
    /// Where its program lives, where that is no folder of the system.
    pub root: Option<PathBuf>,
    pub rounds: usize,
    pub exit_codes: &'static [i32],
}

/// A scanner, as cases have it in common.
struct Scanner {
    part: &'static str,
    program: &'static str,
    exit_codes: &'static [i32],
}

const BANDIT: Scanner = Scanner { part: "bandit", program: "bin/bandit", exit_codes: &[0, 1] };
const ZIZMOR: Scanner = Scanner { part: "zizmor", program: "bin/zizmor", exit_codes: &[0, 11, 12, 13, 14] };
const OSV_SCANNER: Scanner = Scanner { part: "osv-scanner", program: "bin/osv-scanner", exit_codes: &[0, 1] };

/// How many workflows and packages make a scan long.
const WORKFLOWS: usize = 60;
const PACKAGES: usize = 3_000;

/// Every case that can be had here; what they read is written below `folder`.
pub fn cases(folder: &Path) -> Fallible<Vec<Case>> {
    let mut cases = vec![Case {
        name: "true",
        argv: vec!["/bin/true".to_owned()],
        environment: Vec::new(),
        input: None,
        feed: None,
        root: None,
        rounds: 200,
        exit_codes: &[0],
    }];
    if let Some(bandit) = BANDIT.installed() {
        let packages = packages_of(&bandit).ok_or("no packages beside bandit")?;
        let scan = ["-q", "-r", "-f", "json", "{input}"];
        cases.push(BANDIT.case("bandit, little", &bandit, &scan, packages.join("bandit/core"), 21));
        cases.push(BANDIT.case("bandit, much", &bandit, &scan, packages.join("pip/_internal"), 9));
    }
    if let Some(zizmor) = ZIZMOR.installed() {
        let one = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scanners/workflows");
        let scan = ["--offline", "--format", "json", "{input}"];
        let many = workflows(&one, folder)?;
        cases.push(ZIZMOR.case("zizmor, little", &zizmor, &scan, one, 21));
        cases.push(ZIZMOR.case("zizmor, much", &zizmor, &scan, many, 15));
    }
    if let Some(osv_scanner) = OSV_SCANNER.installed() {
        let scan = ["scan", "source", "--offline", "--format", "json", "--recursive", "{input}"];
        let (lockfile, feed) = (lockfile(folder)?, feed(folder)?);
        cases.push(OSV_SCANNER.case("osv-scanner, --help", &osv_scanner, &["--help"], lockfile.clone(), 21));
        let case = OSV_SCANNER.case("osv-scanner, much", &osv_scanner, &scan, lockfile, 9);
        let environment = vec![("OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY", "{feed}")];
        cases.push(Case { feed: Some(feed), environment, ..case });
    }
    Ok(cases)
}

impl Scanner {
    /// The folder that `make real-parts` has put it into.
    fn installed(&self) -> Option<PathBuf> {
        let parts = std::env::var_os("STELLA_REAL_PARTS")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/stella/real-parts")));
        let entries = parts.and_then(|parts| parts.read_dir().ok()).into_iter().flatten().flatten();
        let prefix = format!("{}-", self.part);
        let mut folders = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let folder = folders.find_map(|entry| entry.path().join(self.program).exists().then(|| entry.path()));
        if folder.is_none() {
            println!("{}: skipped (not installed: `make real-parts`)", self.part);
        }
        folder
    }

    fn case(&self, name: &'static str, folder: &Path, arguments: &[&str], input: PathBuf, rounds: usize) -> Case {
        let program = folder.join(self.program).display().to_string();
        Case {
            name,
            argv: [program].into_iter().chain(arguments.iter().map(|word| (*word).to_owned())).collect(),
            environment: Vec::new(),
            input: Some(input),
            feed: None,
            root: Some(folder.to_owned()),
            rounds,
            exit_codes: self.exit_codes,
        }
    }
}

/// The packages of a Python environment.
fn packages_of(environment: &Path) -> Option<PathBuf> {
    let mut versions = environment.join("lib").read_dir().ok()?.flatten();
    versions.find_map(|entry| Some(entry.path().join("site-packages")).filter(|packages| packages.is_dir()))
}

/// The one workflow of the tests, many times.
fn workflows(one: &Path, folder: &Path) -> Fallible<PathBuf> {
    let text = fs::read(one.join(".github/workflows/ci.yml"))?;
    let all = folder.join("workflows");
    let below = all.join(".github/workflows");
    fs::create_dir_all(&below)?;
    for number in 0..WORKFLOWS {
        fs::write(below.join(format!("ci-{number}.yml")), &text)?;
    }
    Ok(all)
}

/// A lockfile of many packages.
fn lockfile(folder: &Path) -> Fallible<PathBuf> {
    let all = folder.join("lockfiles");
    fs::create_dir_all(&all)?;
    let packages = (0..PACKAGES).map(|number| {
        format!(r#""node_modules/package-{number}":{{"version":"{}.{}.0"}}"#, 1 + number % 7, number % 11)
    });
    let packages: Vec<_> = packages.chain([r#""node_modules/qs":{"version":"6.5.1"}"#.to_owned()]).collect();
    let root = r#""":{"name":"shop","version":"1.0.0"}"#;
    let text = format!(
        r#"{{"name":"shop","version":"1.0.0","lockfileVersion":3,"packages":{{{root},{}}}}}"#,
        packages.join(",")
    );
    fs::write(all.join("package-lock.json"), text)?;
    Ok(all)
}

/// The offline database of the tests.
fn feed(folder: &Path) -> Fallible<PathBuf> {
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scanners/osv/npm"), folder.join("osv"));
    let mut records = Vec::new();
    for entry in from.read_dir()? {
        let entry = entry?;
        records.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    records.sort();
    let place = to.join("osv-scalibr/npm");
    fs::create_dir_all(&place)?;
    fs::write(place.join("all.zip"), zip::archive(&records))?;
    Ok(to)
}
