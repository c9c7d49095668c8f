//! Which files lie in a checkout otherwise than a commit has them.
//!
//! Git compares, in a repository of ours around the objects and the index of this one: the configuration of this one could name programs
//! that are run on files. Four of its settings, by which git compares without running anything, are taken over. A file that Git LFS has
//! written is the one that its pointer names. Absent: files that git does not track, and what lies in a submodule (its commit is compared).

use std::collections::BTreeSet;
use std::process::Stdio;

use crate::git::error::GitError;
use crate::git::lfs;
use crate::git::object_id::ObjectId;
use crate::git::objects::Kind;
use crate::git::repository::Repository;
use crate::host::fs;

/// Settings that say how files are written on this machine.
const OF_FILES: &str = r"^core\.(filemode|symlinks|autocrlf|eol)$";

impl Repository {
    /// The files of `commit` that lie in the checkout, or are staged, otherwise than it has them; by their paths from the top. A file that git
    /// was told to take for unchanged, or that a sparse checkout leaves out, is one of them.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn changed_since(&self, commit: &ObjectId) -> Result<BTreeSet<String>, GitError> {
        let around = self.around(commit)?;
        let path = |name: &str| self.run(&["rev-parse", "--git-path", name]).map(|path| self.top().join(path));
        let (index, objects) = (path("index")?, path("objects")?);
        // Of the first three nothing may be said, and then git fails.
        let settings = self.run(&["config", "--local", "--get-regexp", OF_FILES]).unwrap_or_default();
        let ask = |arguments: &[&str]| {
            let mut command = self.alone();
            command.current_dir(self.top()).env("GIT_INDEX_FILE", &index).env("GIT_OBJECT_DIRECTORY", &objects);
            for (name, value) in settings.lines().filter_map(|line| line.split_once(' ')) {
                command.arg("-c").arg(format!("{name}={value}"));
            }
            command.arg("--git-dir").arg(&around).arg("--work-tree").arg(self.top()).args(arguments);
            self.finish(command, arguments, Stdio::null())
        };
        let said = ask(&[
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=no",
            "--ignore-submodules=dirty",
            "--no-renames",
        ])?;
        // Files that git was told not to look at: nothing tells what lies there.
        let listed = ask(&["ls-files", "-v", "-z"])?;
        let unseen = listed.split('\0').filter_map(|entry| entry.split_once(' '));
        let unseen = unseen.filter(|(tag, _)| *tag == "S" || tag.starts_with(|tag: char| tag.is_ascii_lowercase()));
        let mut changed: BTreeSet<String> = unseen.map(|(_, path)| path.to_owned()).collect();
        let mut maybe = Vec::new();
        for entry in said.split('\0').filter(|entry| !entry.is_empty()) {
            match of_lfs(entry) {
                Some((id, path)) => maybe.push((id, path)),
                None => {
                    changed.insert(path_of(entry).to_owned());
                }
            }
        }
        changed.extend(self.without_written_by_lfs(maybe)?);
        Ok(changed)
    }

    /// Whether `commit` has a file of that path.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn has(&self, commit: &ObjectId, path: &str) -> Result<bool, GitError> {
        Ok(!self.run(&["ls-tree", "-z", "--name-only", "--full-tree", commit.as_str(), "--", path])?.is_empty())
    }

    /// A folder that is a repository without a configuration, whose commit is `commit`.
    fn around(&self, commit: &ObjectId) -> Result<std::path::PathBuf, GitError> {
        let dir = self.private("around");
        let failed = |source| GitError::Write { path: dir.clone(), source };
        let (version, format) = if commit.byte_length() == 32 { (1, "sha256") } else { (0, "sha1") };
        let mut config = format!("[core]\n\trepositoryformatversion = {version}\n\tbare = false\n");
        if version == 1 {
            config += &format!("[extensions]\n\tobjectformat = {format}\n");
        }
        for folder in ["objects", "refs"] {
            std::fs::create_dir_all(dir.join(folder)).map_err(failed)?;
        }
        std::fs::write(dir.join("config"), config).map_err(failed)?;
        std::fs::write(dir.join("HEAD"), format!("{commit}\n")).map_err(failed)?;
        Ok(dir)
    }

    /// Those whose committed pointer does not name what lies there.
    fn without_written_by_lfs(&self, maybe: Vec<(ObjectId, String)>) -> Result<Vec<String>, GitError> {
        if maybe.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<ObjectId> = maybe.iter().map(|(id, _)| id.clone()).collect();
        let mut pointers = vec![None; ids.len()];
        self.objects()?.each(&ids, "a file of the commit", &mut |object| {
            let mut bytes = Vec::new();
            if object.kind == Kind::Blob
                && object.size <= lfs::MAX_BYTES
                && object.bytes.read_to_end(&mut bytes).is_ok()
            {
                pointers[object.at] = lfs::parse(&bytes);
            }
            Ok(())
        })?;
        let is_written = |pointer: &Option<lfs::Pointer>, path: &str| {
            pointer.is_some_and(|pointer| {
                fs::digest(&self.top().join(path), pointer.size).is_ok_and(|digest| digest == pointer.content)
            })
        };
        let both = maybe.into_iter().zip(&pointers);
        Ok(both.filter(|((_, path), pointer)| !is_written(pointer, path)).map(|((_, path), _)| path).collect())
    }
}

/// The path of an entry, the last of 11 words where a merge left it, else of 9 (git-status(1)); it may hold blanks.
fn path_of(entry: &str) -> &str {
    let words = if entry.starts_with('u') { 11 } else { 9 };
    entry.splitn(words, ' ').last().unwrap_or(entry)
}

/// The committed object and the path of a file that is the same in commit and index, and another one in the checkout:
/// `1 .M <sub> <mode in commit> <in index> <in checkout> <object in commit> <in index> <path>` (git-status(1)).
fn of_lfs(entry: &str) -> Option<(ObjectId, String)> {
    let mut words = entry.splitn(9, ' ');
    let is_one = words.next()? == "1" && words.next()? == ".M" && words.next()? == "N...";
    let modes = [words.next()?, words.next()?, words.next()?];
    let id = ObjectId::parse(words.next()?)?;
    let path = words.nth(1)?;
    (is_one && modes[0] == modes[2]).then(|| (id, path.to_owned()))
}
