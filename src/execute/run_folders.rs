//! The folders of one sandboxed run on this machine, and the spec that shows them to the program at fixed paths.
//!
//! Invariants: modes and times of what is laid out are the same on every machine; an artifact that lies in the input is never
//! taken for one of this run.

use crate::closure::unpacked::Unpacked;
use crate::execute::builtin::{self};
use crate::execute::collect_artifacts::{self, Collected, Stamp};
use crate::execute::failure::{Failure, Trouble};
use crate::host::scratch::Scratch;
use crate::job::in_place;
use crate::job::material::{ClosureMaterial, InputMaterial, ScannerMaterial};
use crate::job::placeholder::Placeholders;
use crate::job::scan_spec::ScanSpec;
use crate::model::manifest::NetworkMode;
use crate::sandbox::run::Finished;
use crate::sandbox::sandbox_path;
use crate::sandbox::sandbox_path::{InvalidSandboxPath, SandboxPath};
use crate::sandbox::spec::{
    Clock, DirectoryOrder, HostRoot, InvalidHostRoot, InvalidMount, Mount, Network, Paths, SandboxSpec, SystemRoots,
};
use crate::sandbox::validated::{Argv, InvalidSetting, Locale, TimeZone};
use std::fs::{FileTimes, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
/// What can be changed around a run that a job says nothing about. The default is what every run has.
#[derive(Debug, Clone)]
pub struct RunOverrides {
    /// Where the scanner finds its input.
    pub input: SandboxPath,
    /// In which order folders are listed.
    pub order: DirectoryOrder,
    /// When every file and folder of the input was last changed; what it is when it is written, where `None`.
    pub mtimes: Option<SystemTime>,
}

impl Default for RunOverrides {
    fn default() -> Self {
        Self { input: sandbox_path::INPUT, order: DirectoryOrder::Sorted, mtimes: None }
    }
}

/// A job that cannot be described as a sandboxed run.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpecError {
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error(transparent)]
    Mount(#[from] InvalidMount),
    #[error(transparent)]
    Path(#[from] InvalidSandboxPath),
    #[error(transparent)]
    Root(#[from] InvalidHostRoot),
}

/// Writes a file or a directory below `directory`, which is made.
fn lay_out(material: &InputMaterial, directory: &Path) -> Result<(), io::Error> {
    match material {
        InputMaterial::File { name, bytes, .. } => {
            std::fs::create_dir(directory)?;
            std::fs::write(directory.join(name), bytes)
        }
        InputMaterial::Tree(tree) => tree.restore(directory).map_err(io::Error::other),
        InputMaterial::Image(image) => image.write_layout(directory).map_err(io::Error::other),
    }
}

/// The folders of one run on this machine; gone with the value.
pub(super) struct RunFolders {
    root: Scratch,
    placeholders: Placeholders,
    input_directory: PathBuf,
    scanner: Option<PathBuf>,
    /// The artifacts that lie in the input.
    earlier: Vec<(String, Stamp)>,
}

impl RunFolders {
    pub(super) fn new(job: &ScanSpec, overrides: &RunOverrides) -> Result<Self, io::Error> {
        let root = Scratch::new()?;
        let input_directory = root.path().join("input");
        match &job.input {
            // It reads what lists packages, and nothing else of an image.
            InputMaterial::Image(image) if job.scanner.is_builtin() => {
                image.write_files(&input_directory).map_err(io::Error::other)?;
            }
            input => lay_out(input, &input_directory)?,
        }
        if let Some(config) = &job.config {
            lay_out(config, &root.path().join("config"))?;
        }
        for feed in &job.feeds {
            let to = root.path().join("feed").join(&feed.name);
            std::fs::create_dir_all(root.path().join("feed"))?;
            feed.bundle.restore_records(&to).map_err(io::Error::other)?;
        }
        if let Some(policy) = &job.policy {
            policy.bundle.restore_records(&root.path().join("policy")).map_err(io::Error::other)?;
        }
        std::fs::create_dir(root.path().join("out"))?;
        let scanner = match &job.scanner {
            ScannerMaterial::BuiltIn => Some(std::env::current_exe()?),
            ScannerMaterial::Stella { path, .. } => Some(path.clone()),
            ScannerMaterial::Binary { path, .. } if in_place::runs_in_place(path, &job.roots) => None,
            ScannerMaterial::Binary { path, .. } => Some(path.clone()),
            ScannerMaterial::Tree(tree) => {
                let to = root.path().join("scanner");
                tree.restore(&to).map_err(io::Error::other)?;
                Some(to)
            }
            ScannerMaterial::Closure(_) => None,
        };
        // Whatever the umask of the caller is, and whatever modes a checkout has.
        for folder in ["out", "feed", "policy", "config"] {
            same_modes(&root.path().join(folder))?;
        }
        if matches!(job.input, InputMaterial::File { .. }) {
            same_modes(&input_directory)?;
        }
        // What is made here, unlike what an archive holds, has the machine's time until then.
        for made in std::fs::read_dir(root.path())? {
            set_times(&made?.path(), job.clock.into())?;
        }
        if let InputMaterial::File { name, .. } = &job.input {
            set_times(&input_directory.join(name), job.clock.into())?;
        }
        if let Some(at) = overrides.mtimes {
            touch(&input_directory, at)?;
        }
        // An artifact that lies in the input is of an earlier run: it must not pass for one of this.
        let earlier = collect_artifacts::stamps(&job.artifacts, &input_directory);
        Ok(Self {
            earlier,
            placeholders: Placeholders::of(job).with_input_at(&overrides.input),
            root,
            input_directory,
            scanner,
        })
    }

    /// The scanner's program on this machine, where it is known.
    pub(super) fn program(&self, job: &ScanSpec) -> Option<PathBuf> {
        match (&job.scanner, &self.scanner) {
            (ScannerMaterial::BuiltIn | ScannerMaterial::Stella { .. } | ScannerMaterial::Closure(_), _) => None,
            (ScannerMaterial::Binary { path, .. }, _) => Some(path.clone()),
            (ScannerMaterial::Tree(_), folder) => {
                let below = job.argv.first()?.strip_prefix("{scanner}/")?;
                Some(folder.as_ref()?.join(below))
            }
        }
    }

    /// The spec of the run: everything at its fixed place.
    pub(super) fn spec(&self, job: &ScanSpec, overrides: &RunOverrides) -> Result<SandboxSpec, SpecError> {
        let argv = if job.scanner.is_builtin() {
            self.placeholders.builtin_argv(job)
        } else {
            self.placeholders.fill(&job.argv)
        };
        let frozen = Clock::Frozen(job.clock);
        let mut spec = SandboxSpec::new(Argv::new(argv)?, frozen);
        // The scanner may write beside its input, as it does where it is used: this is a copy that is thrown away.
        spec.mounts.add(Mount::writable(&self.input_directory, overrides.input.clone())?)?;
        if let InputMaterial::Image(image) = &job.input {
            spec.mounts.add(Mount::read_only(&image.rootfs().path, self.placeholders.rootfs_mount()?)?)?;
        }
        for (folder, place) in
            [("feed", sandbox_path::FEED), ("policy", sandbox_path::POLICY), ("config", sandbox_path::CONFIG)]
        {
            let path = self.root.path().join(folder);
            if path.exists() {
                spec.mounts.add(Mount::read_only(path, place)?)?;
            }
        }
        spec.mounts.add(Mount::writable(self.root.path().join("out"), sandbox_path::OUT)?)?;
        if let Some(scanner) = &self.scanner {
            spec.mounts.add(Mount::read_only(scanner, self.placeholders.scanner_mount()?)?)?;
        }
        if let ScannerMaterial::Closure(ClosureMaterial { unpacked, .. }) = &job.scanner {
            let Unpacked { root, without_content } = unpacked.clone();
            // A scanner that lay in no folder of the system's.
            let shown = root.join(sandbox_path::SCANNER.as_str().trim_start_matches('/'));
            if shown.exists() {
                spec.mounts.add(Mount::read_only(shown, sandbox_path::SCANNER)?)?;
            }
            spec.system = SystemRoots::Closure { root, without_content };
        }
        for root in &job.roots {
            spec.roots.push(HostRoot::try_from(root.clone())?);
        }
        spec.working_directory = overrides.input.clone();
        spec.directory_order = overrides.order;
        spec.tz = TimeZone::new(job.tz.clone())?;
        spec.locale = Locale::new(job.locale.clone())?;
        spec.seed = job.seed;
        if !job.scanner.is_builtin() {
            spec.paths = Paths::Telling;
        }
        job.settings.apply(&mut spec)?;
        spec.network = match job.network {
            NetworkMode::Enabled => Network::Allowed,
            NetworkMode::Disabled => Network::Denied,
        };
        for (name, value) in &job.set_env {
            spec.env.set(name, self.placeholders.fill_word(value))?;
        }
        for (name, value) in &job.env {
            spec.env.set(name, value)?;
        }
        Ok(spec)
    }

    pub(super) fn collect(&self, job: &ScanSpec, finished: &Finished, may_be_empty: bool) -> Collected {
        if job.scanner.is_builtin() {
            return builtin::read_artifacts(&self.root.path().join("out")).map_err(|error| {
                (Trouble::Missing, Failure::infra("cannot read the built-in scanner's artifacts", &error))
            });
        }
        if let Some(path) = collect_artifacts::untouched(&self.earlier, &job.artifacts, &self.input_directory) {
            let what = format!("artifact `{path}` was not written: it is the one that lies in the input");
            return Err((Trouble::Missing, Failure::unwell(what)));
        }
        let out = self.root.path().join("out");
        let (stdout, input) = (&finished.stdout, &self.input_directory);
        let artifacts = collect_artifacts::collect(&job.artifacts, stdout, input, &out, may_be_empty)?;
        collect_artifacts::with_decision(job, artifacts).map_err(|failure| (Trouble::Malformed, failure))
    }
}

/// Gives every file and folder at and below `path` another time of change; links keep theirs.
fn touch(path: &Path, at: SystemTime) -> io::Result<()> {
    let kind = std::fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in std::fs::read_dir(path)? {
            touch(&entry?.path(), at)?;
        }
    }
    if kind.is_dir() || kind.is_file() { set_times(path, at) } else { Ok(()) }
}

/// Gives every folder at and below `path` the mode 755 and every file 644, or 755 where its owner may execute it; links
/// keep theirs, and a `path` that is not there has none.
fn same_modes(path: &Path) -> io::Result<()> {
    let Ok(there) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let runs = there.permissions().mode() & 0o100 != 0;
    if there.is_dir() {
        std::fs::set_permissions(path, Permissions::from_mode(0o755))?;
        for entry in std::fs::read_dir(path)? {
            same_modes(&entry?.path())?;
        }
    } else if there.is_file() {
        std::fs::set_permissions(path, Permissions::from_mode(if runs { 0o755 } else { 0o644 }))?;
    }
    Ok(())
}

/// The times that can be set: of the last change of what is in it, and of the last access.
fn set_times(path: &Path, at: SystemTime) -> io::Result<()> {
    std::fs::File::open(path)?.set_times(FileTimes::new().set_accessed(at).set_modified(at))
}
