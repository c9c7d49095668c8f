//! What of a folder is not an input although it lies there: what git ignores, so that a scan sees what a fresh checkout would hold, and
//! what this program has written there itself.
//!
//! Invariants: what is tracked is never left out; whatever is left out is said, with its size. Where git cannot be asked nothing is left
//! out for it, and that is said too. Absent: the insides of submodules and of other repositories, which git does not look into.

use std::path::{Path, PathBuf};

use crate::git::error::GitError;
use crate::git::lfs;
use crate::git::repository::{self, Repository};
use crate::hint;
use crate::host::fs;
use crate::job::material::InputMaterial;
use crate::model::hint::Hint;
use crate::model::limits;
use crate::model::manifest;
use crate::model::parameter::Parameter;

/// Folders that this program writes where it is not told otherwise.
const WRITTEN: [&str; 3] = [".stella", "regress-out", "replay_out"];
/// The manifest that it writes where it is not told otherwise.
const MANIFEST: &str = "MANIFEST.json";
/// Files and folders that are counted to say how large what is left out is.
const COUNTED: u64 = 500_000;
/// Names that are said.
const SHOWN: usize = 4;

/// What is left out of a folder.
#[derive(Debug, Clone, Default)]
pub struct LeftOut {
    /// Absolute paths of files and of whole folders.
    pub paths: Vec<PathBuf>,
    /// The same, for what git ignores, by the path below the folder.
    pub ignored: Vec<String>,
    /// Things to know.
    pub notes: Vec<Hint>,
}

/// One thing that is left out, and how large it is.
struct Sized {
    name: String,
    files: u64,
    bytes: u64,
    /// There is more of it.
    is_cut: bool,
}

impl LeftOut {
    /// Of the folder `input`; with `ignored_too` what git ignores stays in. Nothing of a file.
    pub fn of(input: &Path, ignored_too: bool) -> Self {
        let mut left = Self::default();
        let Ok(root) = input.canonicalize() else { return left };
        if !root.is_dir() {
            return left;
        }
        let repository = match repository::top_of(&root).map(|_| Repository::open(&root)) {
            None => None,
            Some(Ok(repository)) => Some(repository),
            Some(Err(error)) => {
                left.notes.push(not_asked(&error));
                None
            }
        };
        let below = repository.as_ref().and_then(|of| root.strip_prefix(of.top()).ok().map(Path::to_owned));
        let of_git = repository.as_ref().zip(below.as_deref());
        if let Some((repository, below)) = of_git {
            if !ignored_too {
                left.ignored(&root, repository.ignored(below));
            }
            left.submodules(&root, repository.submodules(below));
        }
        let is_tracked = |name: &str| {
            of_git.is_some_and(|(repository, below)| repository.is_tracked(&below.join(name)).unwrap_or(true))
        };
        left.written(&root, is_tracked);
        left
    }

    fn ignored(&mut self, root: &Path, ignored: Result<Vec<PathBuf>, GitError>) {
        let ignored = match ignored {
            Ok(ignored) => ignored,
            Err(error) => return self.notes.push(not_asked(&error)),
        };
        if ignored.iter().any(|path| root.starts_with(path)) {
            // Who names a folder that git ignores as a whole means it.
            self.notes.push("git ignores this input as a whole: nothing of it is left out".into());
            return;
        }
        // What holds nothing else is listed beside what it holds.
        let outer: Vec<&PathBuf> = ignored
            .iter()
            .filter(|path| !ignored.iter().any(|above| *path != above && path.starts_with(above)))
            .collect();
        let mut all: Vec<Sized> = outer.iter().filter_map(|path| size(root, path)).collect();
        if all.is_empty() {
            return;
        }
        all.sort_by(|a, b| (b.bytes, &a.name).cmp(&(a.bytes, &b.name)));
        self.notes.push(ignored_note(&all));
        self.paths.extend(outer.into_iter().cloned());
        self.ignored = all.into_iter().map(|one| one.name).collect();
    }

    fn submodules(&mut self, root: &Path, submodules: Result<Vec<PathBuf>, GitError>) {
        let submodules = match submodules {
            Ok(submodules) => submodules,
            Err(error) => return self.notes.push(not_asked(&error)),
        };
        let is_empty = |path: &PathBuf| fs::list(path).is_ok_and(|items| items.is_empty());
        let empty: Vec<String> =
            submodules.iter().filter(|path| is_empty(path)).map(|path| relative(root, path)).collect();
        if !empty.is_empty() {
            self.notes
                .push(format!("not checked out, so nothing of it is scanned: the submodule {}", shown(&empty)).into());
        }
        let full: Vec<String> =
            submodules.iter().filter(|path| !is_empty(path)).map(|path| relative(root, path)).collect();
        if !full.is_empty() {
            self.notes.push(
                format!(
                    "scanned as it lies there, with all that its own repository ignores: the submodule {}",
                    shown(&full)
                )
                .into(),
            );
        }
    }

    /// What this program wrote there, unless somebody tracks it.
    fn written(&mut self, root: &Path, is_tracked: impl Fn(&str) -> bool) {
        let is_manifest = |path: &Path| {
            path.is_file()
                && fs::read(path, limits::MAX_DOCUMENT_BYTES).is_ok_and(|bytes| manifest::from_json(&bytes).is_ok())
        };
        let folders = WRITTEN.into_iter().filter(|name| root.join(name).is_dir());
        let files = [MANIFEST].into_iter().filter(|name| is_manifest(&root.join(name)));
        let own: Vec<&str> = folders.chain(files).filter(|name| !is_tracked(name)).collect();
        if own.is_empty() {
            return;
        }
        let names: Vec<String> = own.iter().map(ToString::to_string).collect();
        self.notes.push(format!("left out of the input, for stella wrote it: {}", shown(&names)).into());
        self.paths.extend(own.iter().map(|name| root.join(name)));
    }
}

/// What to know of files in which another file is only named.
pub fn pointers(input: &InputMaterial) -> Option<Hint> {
    let InputMaterial::Tree(_) = input else { return None };
    let is_pointer = |bytes: &[u8]| lfs::parse(bytes).is_some();
    let all: Vec<String> =
        input.files().into_iter().filter(|(_, bytes)| is_pointer(bytes)).map(|(path, _)| path.to_owned()).collect();
    (!all.is_empty()).then(|| {
        format!(
            "pointers of Git LFS, in whose place the scanner would see the files after `git lfs pull`: {}",
            shown(&all)
        )
        .into()
    })
}

fn not_asked(error: &GitError) -> Hint {
    format!("git could not be asked what it ignores, so nothing of the input was left out: {error}").into()
}

fn ignored_note(all: &[Sized]) -> Hint {
    let files: u64 = all.iter().map(|one| one.files).sum();
    let bytes: u64 = all.iter().map(|one| one.bytes).sum();
    let at_least = if all.iter().any(|one| one.is_cut) { "at least " } else { "" };
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    hint!(
        "left out of the input, for git ignores it: {} ({}{}, {}); {} takes it in",
        shown(&names),
        at_least,
        if files == 1 { "1 file".to_owned() } else { format!("{files} files") },
        amount(bytes),
        Parameter::IncludeIgnored
    )
}

fn amount(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes >> 20) }
}

fn shown(names: &[String]) -> String {
    let text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{text} and {} more", names.len() - SHOWN) } else { text }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// `None` where it is gone.
fn size(root: &Path, path: &Path) -> Option<Sized> {
    let name = relative(root, path);
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_dir() {
        return Some(Sized { name, files: 1, bytes: metadata.len(), is_cut: false });
    }
    let mut counted = Sized { name: format!("{name}/"), files: 0, bytes: 0, is_cut: false };
    match fs::walk(path, COUNTED) {
        Ok(items) => {
            for item in items {
                if let fs::Kind::File { size, .. } = item.kind {
                    counted.files += 1;
                    counted.bytes += size;
                }
            }
        }
        // Too many, or not to be read: what counts is that it is said.
        Err(_) => counted.is_cut = true,
    }
    Some(counted)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(directory: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.current_dir(directory).args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    }

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
    }

    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        git(dir.path(), &["init", "-q"]);
        write(dir.path(), files);
        dir
    }

    fn names(root: &Path, left: &LeftOut) -> Vec<String> {
        let root = root.canonicalize().unwrap();
        let mut names: Vec<String> = left.paths.iter().map(|path| relative(&root, path)).collect();
        names.sort();
        names
    }

    #[test]
    fn what_git_ignores_is_left_out_and_what_is_tracked_is_not() {
        let dir = repository(&[
            (".gitignore", "node_modules\n*.pyc\n/out/\n"),
            ("node_modules/left/a.js", "aaaa"),
            ("node_modules/kept/b.js", "b"),
            ("src/a.py", ""),
            ("src/a.pyc", "12"),
            ("out/x", ""),
            ("new.txt", ""),
        ]);
        git(dir.path(), &["add", "-f", "node_modules/kept/b.js", ".gitignore", "src/a.py"]);
        let left = LeftOut::of(dir.path(), false);
        assert_eq!(names(dir.path(), &left), ["node_modules/left", "out", "src/a.pyc"]);
        let note = left.notes[0].for_command_line();
        assert_eq!(
            note,
            "left out of the input, for git ignores it: `node_modules/left/`, `src/a.pyc`, `out/` (3 files, 6 bytes); \
             `--include-ignored` takes it in"
        );
        let below = LeftOut::of(&dir.path().join("src"), false);
        assert_eq!(names(&dir.path().join("src"), &below), ["a.pyc"]);
        assert!(LeftOut::of(dir.path(), true).paths.is_empty());
    }

    #[test]
    fn an_input_that_git_ignores_as_a_whole_is_taken_as_it_is() {
        let dir = repository(&[(".gitignore", "target/\n"), ("target/stage/bom.json", "{}"), ("only/target/x", "")]);
        for input in ["target/stage", "target", "only/target", "only"] {
            let left = LeftOut::of(&dir.path().join(input), false);
            assert!(left.paths.is_empty(), "{input}");
            assert!(left.notes[0].for_command_line().contains("as a whole"), "{input}");
        }
    }

    #[test]
    fn what_this_program_wrote_is_not_an_input_unless_it_is_tracked() {
        let dir = repository(&[("replay_out/x", ""), ("regress-out/x", ""), ("MANIFEST.json", "{}"), ("a", "")]);
        git(dir.path(), &["add", "regress-out"]);
        // Somebody's own file of that name.
        assert_eq!(names(dir.path(), &LeftOut::of(dir.path(), false)), ["replay_out"]);
        let plain = tempfile::tempdir().unwrap();
        write(plain.path(), &[("replay_out/x", ""), ("a", "")]);
        assert_eq!(names(plain.path(), &LeftOut::of(plain.path(), false)), ["replay_out"]);
    }

    #[test]
    fn a_submodule_that_is_not_checked_out_is_said() {
        let dir = repository(&[("a", "")]);
        let id = "1111111111111111111111111111111111111111";
        git(dir.path(), &["update-index", "--add", "--cacheinfo", &format!("160000,{id},vendor/lib")]);
        std::fs::create_dir_all(dir.path().join("vendor/lib")).unwrap();
        let left = LeftOut::of(dir.path(), false);
        let said = left.notes[0].for_command_line();
        assert_eq!(said, "not checked out, so nothing of it is scanned: the submodule `vendor/lib`");
    }

    #[test]
    fn a_broken_repository_leaves_nothing_out_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[(".git", "gitdir: /nowhere\n"), (".gitignore", "x\n"), ("x", "")]);
        let left = LeftOut::of(dir.path(), false);
        assert!(left.paths.is_empty());
        assert!(left.notes[0].for_command_line().starts_with("git could not be asked"), "{:?}", left.notes);
    }

    #[test]
    fn pointers_are_said() {
        let id = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 12345\n");
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("big.bin", text.as_str()), ("a", "")]);
        let input = InputMaterial::read(dir.path(), &[]).unwrap();
        let said = pointers(&input).unwrap().for_command_line();
        assert!(said.ends_with("after `git lfs pull`: `big.bin`"), "{said}");
    }
}
