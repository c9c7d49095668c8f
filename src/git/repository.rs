//! A repository, and the few questions that are asked of it.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::git::error::GitError;
use crate::git::object_id::ObjectId;
use crate::git::objects::Objects;
use crate::host::ending;
use crate::host::scratch::Scratch;

/// What git itself is told. It stands before what the repository says, and none of it comes from there: a configuration of the
/// repository can name programs.
const SETTINGS: [&str; 11] = [
    "safe.bareRepository=explicit",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.attributesFile=/dev/null",
    "core.sshCommand=false",
    "core.askPass=false",
    "credential.helper=",
    "protocol.allow=never",
    "gc.auto=0",
];

/// Its own global configuration: whoever may read the files of a checkout may read its objects, whoever owns them.
const GLOBAL: &str = "[safe]\n\tdirectory = *\n";

/// A repository with a checkout.
#[derive(Debug)]
pub struct Repository {
    program: PathBuf,
    /// The root of the checkout: the folder in which `.git` lies.
    top: PathBuf,
    home: Scratch,
}

/// The folder above `directory`, or itself, in which `.git` lies. Git would also take a folder for a repository that only looks like
/// one, and such a folder can be committed.
pub fn top_of(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// Whether a folder above `directory`, or itself, is a repository without a checkout.
fn is_bare(directory: &Path) -> bool {
    let is_one =
        |above: &Path| above.join("HEAD").is_file() && above.join("objects").is_dir() && above.join("refs").is_dir();
    directory.ancestors().any(is_one)
}

impl Repository {
    /// The repository that the folder is in; the program is looked up once, outside of the checkout.
    ///
    /// # Errors
    /// [`GitError::NoGit`], [`GitError::NotARepository`], [`GitError::Bare`].
    pub fn open(directory: &Path) -> Result<Self, GitError> {
        let given = directory;
        let canonical = |path: &Path| {
            path.canonicalize()
                .map_err(|error| GitError::NotARepository { directory: given.to_owned(), said: error.to_string() })
        };
        let directory = canonical(directory)?;
        let Some(top) = top_of(&directory) else {
            let directory = given.to_owned();
            return Err(match is_bare(given) || is_bare(&canonical(given)?) {
                true => GitError::Bare { directory },
                false => GitError::NotARepository { directory, said: "no folder above it has a `.git`".to_owned() },
            });
        };
        let program = program(&top).ok_or(GitError::NoGit)?;
        let home = Scratch::new().map_err(GitError::Scratch)?;
        std::fs::write(home.path().join("config"), GLOBAL).map_err(GitError::Scratch)?;
        let repository = Self { program, top, home };
        let not = |error| match error {
            GitError::Failed { said, .. } => GitError::NotARepository { directory: given.to_owned(), said },
            error => error,
        };
        repository.run(&["rev-parse", "--git-dir"]).map_err(not)?;
        Ok(repository)
    }

    /// The root of the checkout.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that a revision names.
    ///
    /// # Errors
    /// [`GitError::NoCommit`]; [`GitError::Ambiguous`] where git would choose between several.
    pub fn commit(&self, revision: &str) -> Result<ObjectId, GitError> {
        let none = || GitError::NoCommit(revision.to_owned());
        if revision.is_empty() || revision.starts_with('-') {
            return Err(none());
        }
        self.only_one(revision)?;
        let wanted = format!("{revision}^{{commit}}");
        let said = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
        // Some releases print the marker back.
        let said = said.map_err(|error| if matches!(error, GitError::Failed { .. }) { none() } else { error })?;
        said.lines().last().and_then(ObjectId::parse).ok_or_else(none)
    }

    /// The commit that a reference leads to, by its whole name and no other; `None` where it is not there.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn reference(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        match self.run(&["show-ref", "--verify", "--hash", name]) {
            // A tag may have a text of its own, and be of something else than a commit.
            Ok(id) => match ObjectId::parse(&id).map(|id| self.commit(id.as_str())) {
                None | Some(Err(GitError::NoCommit(_))) => Ok(None),
                Some(commit) => commit.map(Some),
            },
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The reference that another one stands for, such as `refs/remotes/origin/HEAD`; `None` where there is none, or it stands for itself.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn stands_for(&self, name: &str) -> Result<Option<String>, GitError> {
        match self.run(&["symbolic-ref", "--quiet", name]) {
            Ok(said) => Ok(Some(said).filter(|said| !said.is_empty())),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Refuses a name that could mean several commits: git takes a tag before a branch, and a branch before one that was fetched, and
    /// whoever may push a tag would choose the base.
    fn only_one(&self, revision: &str) -> Result<(), GitError> {
        let name = revision.split(['^', '~', '@', ':']).next().unwrap_or(revision);
        if ObjectId::parse(name).is_some() || matches!(name, "" | "HEAD") {
            return Ok(());
        }
        let places = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map(|above| format!("{above}{name}"));
        let mut found: Vec<(String, ObjectId)> = Vec::new();
        for place in places.into_iter().chain([format!("refs/remotes/{name}/HEAD")]) {
            if place.starts_with("refs/")
                && let Some(id) = self.reference(&place)?
            {
                found.push((place, id));
            }
        }
        let is_hex = (4..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex && !found.is_empty() {
            // The beginning of an object's name, too?
            let said = self.run(&["rev-parse", &format!("--disambiguate={name}")])?;
            found.extend(said.lines().filter_map(ObjectId::parse).map(|id| (id.to_string(), id)));
        }
        if found.iter().all(|(_, id)| Some(id) == found.first().map(|(_, id)| id)) {
            return Ok(());
        }
        let all = found.into_iter().map(|(place, _)| place).collect();
        Err(GitError::Ambiguous { revision: revision.to_owned(), all })
    }

    /// Whether history was cut off when it was fetched.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.run(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// Whether objects may be left out that only a remote has.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn is_partial(&self) -> Result<bool, GitError> {
        match self.run(&["config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$"]) {
            Ok(said) => Ok(!said.is_empty()),
            // There is no such setting.
            Err(GitError::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The last commit that both come from; `None` where there is none in this clone.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn merge_base(&self, one: &ObjectId, other: &ObjectId) -> Result<Option<ObjectId>, GitError> {
        match self.run(&["merge-base", one.as_str(), other.as_str()]) {
            Ok(said) => Ok(said.lines().next().and_then(ObjectId::parse)),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every last commit that both come from: several, where each was merged into the other.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn merge_bases(&self, one: &ObjectId, other: &ObjectId) -> Result<Vec<ObjectId>, GitError> {
        match self.run(&["merge-base", "--all", one.as_str(), other.as_str()]) {
            Ok(said) => Ok(said.lines().filter_map(ObjectId::parse).collect()),
            Err(GitError::Failed { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// At most `limit` commits that came before `commit` and changed `path`, the latest first.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn changed_before(&self, commit: &ObjectId, path: &str, limit: usize) -> Result<Vec<ObjectId>, GitError> {
        let limit = format!("--max-count={limit}");
        let path = format!(":(top,literal){path}");
        let said = self.run(&["rev-list", &limit, "--full-history", commit.as_str(), "--", &path])?;
        Ok(said.lines().filter_map(ObjectId::parse).collect())
    }

    /// At most `limit` commits of the history of `commit` at which one of `paths` is another one than at every parent, or is new; the
    /// latest first.
    ///
    /// Whatever two paths hold together at some commit they hold together at one of these: at the first of them, where no parent has both.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn touching<'a>(
        &self,
        commit: &ObjectId,
        paths: impl IntoIterator<Item = &'a String>,
        limit: usize,
    ) -> Result<Vec<ObjectId>, GitError> {
        let limit = format!("--max-count={limit}");
        let paths: Vec<String> = paths.into_iter().map(|path| format!(":(top,literal){path}")).collect();
        let mut arguments = vec!["rev-list", &limit, "--topo-order", "--full-history", commit.as_str(), "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let said = self.run(&arguments)?;
        Ok(said.lines().filter_map(ObjectId::parse).collect())
    }

    /// The commits of the history of `to` that come after `from`, `to` among them.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn between(&self, from: &ObjectId, to: &ObjectId) -> Result<HashSet<ObjectId>, GitError> {
        let said = self.run(&["rev-list", "--ancestry-path", &format!("{from}..{to}")])?;
        Ok(said.lines().filter_map(ObjectId::parse).collect())
    }

    /// The commits of the history of `commit` before which this clone has nothing.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn first_ones(&self, commit: &ObjectId) -> Result<Vec<ObjectId>, GitError> {
        let said = self.run(&["rev-list", "--max-parents=0", commit.as_str()])?;
        Ok(said.lines().filter_map(ObjectId::parse).collect())
    }

    /// Every path of a commit whose last part is one of `names`, but for those in submodules.
    ///
    /// # Errors
    /// When git cannot be asked, or an object is not there.
    pub fn paths_called(&self, commit: &ObjectId, names: &[&str]) -> Result<BTreeSet<String>, GitError> {
        let said = self.run(&["ls-tree", "-r", "-z", "--full-tree", commit.as_str()])?;
        // `<mode> <kind> <id>\t<path>`; a link is not a file.
        let files = said.split('\0').filter_map(|entry| entry.split_once('\t'));
        let files = files.filter(|(of, _)| of.starts_with("100"));
        let called = files.filter(|(_, path)| path.rsplit('/').next().is_some_and(|name| names.contains(&name)));
        Ok(called.map(|(_, path)| path.to_owned()).collect())
    }

    /// The first file at or below one of `paths` that git knows and that was left out when its commit was checked out.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn not_checked_out(&self, paths: &[String]) -> Result<Option<String>, GitError> {
        let paths: Vec<String> = paths.iter().map(|path| format!(":(top,literal){path}")).collect();
        let mut arguments = vec!["ls-files", "-t", "-z", "--"];
        arguments.extend(paths.iter().map(String::as_str));
        let said = self.run(&arguments)?;
        // `S <path>`: what a sparse checkout skips.
        Ok(said.split('\0').find_map(|entry| entry.strip_prefix("S ")).map(str::to_owned))
    }

    /// A process that hands out objects.
    ///
    /// # Errors
    /// [`GitError::Run`].
    pub fn objects(&self) -> Result<Objects, GitError> {
        Objects::start(self.command(&["cat-file", "--batch"]), &self.program)
    }

    /// Where Git LFS keeps the files that pointers stand for.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn lfs_folder(&self) -> Result<PathBuf, GitError> {
        let common = self.run(&["rev-parse", "--git-common-dir"])?;
        Ok(self.top.join(common).join("lfs/objects"))
    }

    /// What makes the second of two folders in `directory` of the first, as `git apply` takes it; empty where they are the same. The
    /// repository's own settings have no part in it.
    ///
    /// # Errors
    /// When git cannot compare them.
    pub fn difference(&self, directory: &Path, sides: [&str; 2]) -> Result<Vec<u8>, GitError> {
        let failed = |source| GitError::Run { program: self.program.clone(), source };
        let mut command = self.alone();
        // Not of a repository above it, whatever lies there.
        command.current_dir(directory).env("GIT_CEILING_DIRECTORIES", directory.parent().unwrap_or(directory));
        command.args(["diff", "--no-index", "--binary", "--full-index", "--no-color", "--no-renames", "--no-ext-diff"]);
        command.args(["--no-textconv", "--no-prefix", "--"]).args(sides);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (child, _hold) = ending::hold_child(|| command.spawn()).map_err(failed)?;
        let output = child.wait_with_output().map_err(failed)?;
        match output.status.code() {
            Some(0 | 1) if output.stderr.is_empty() => Ok(output.stdout),
            _ => {
                let said =
                    String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("it said nothing").to_owned();
                Err(GitError::Failed { command: "diff --no-index".to_owned(), said })
            }
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.alone();
        command.current_dir(&self.top);
        // What is asked is this repository and this checkout, whatever its own configuration says of them.
        command.arg("--git-dir").arg(self.top.join(".git")).arg("--work-tree").arg(&self.top);
        command.args(arguments);
        command
    }

    /// Git with an environment and settings of ours, and no repository.
    pub(super) fn alone(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        let variables: [(&str, &OsStr); 13] = [
            ("HOME", self.home.path().as_os_str()),
            ("XDG_CONFIG_HOME", self.home.path().as_os_str()),
            ("GIT_CONFIG_NOSYSTEM", "1".as_ref()),
            ("GIT_ATTR_NOSYSTEM", "1".as_ref()),
            ("GIT_OPTIONAL_LOCKS", "0".as_ref()),
            ("GIT_TERMINAL_PROMPT", "0".as_ref()),
            ("GIT_NO_LAZY_FETCH", "1".as_ref()),
            ("GIT_NO_REPLACE_OBJECTS", "1".as_ref()),
            ("GIT_GRAFT_FILE", "/dev/null".as_ref()),
            ("GIT_PAGER", "cat".as_ref()),
            ("GIT_EDITOR", "false".as_ref()),
            ("GIT_ADVICE", "0".as_ref()),
            ("LC_ALL", "C".as_ref()),
        ];
        command.envs(variables).env("GIT_CONFIG_GLOBAL", self.home.path().join("config"));
        command.args(["--no-replace-objects", "--no-pager"]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
    }

    /// A path for a file of ours, which goes with this value.
    pub(super) fn private(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Result<String, GitError> {
        self.finish(self.command(arguments), arguments, Stdio::null())
    }

    /// The same, with an index of ours in the place of the checkout's.
    pub(super) fn run_with_index(&self, index: &Path, arguments: &[&str], stdin: Stdio) -> Result<String, GitError> {
        let mut command = self.command(arguments);
        command.env("GIT_INDEX_FILE", index);
        self.finish(command, arguments, stdin)
    }

    pub(super) fn finish(&self, mut command: Command, arguments: &[&str], stdin: Stdio) -> Result<String, GitError> {
        let failed = |source| GitError::Run { program: self.program.clone(), source };
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (child, _hold) = ending::hold_child(|| command.spawn()).map_err(failed)?;
        let output = child.wait_with_output().map_err(failed)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let said = text(&output.stderr);
        let said = said.lines().next().unwrap_or("it said nothing").to_owned();
        Err(GitError::Failed { command: arguments.join(" "), said })
    }
}

/// `git` on PATH, in no relative folder and in none of `checkout`: a pull request must not choose the program.
fn program(checkout: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let programs = folders.map(|folder| folder.join(format!("git{}", std::env::consts::EXE_SUFFIX)));
    programs.filter_map(|program| program.canonicalize().ok().map(|real| (program, real))).find_map(
        |(program, real)| {
            let inside = program.starts_with(checkout) || real.starts_with(checkout);
            (!inside && real.is_file()).then_some(program)
        },
    )
}
