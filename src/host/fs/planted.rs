//! What a checkout may hold in the place where a user has something written.
//!
//! Whoever is judged has written the checkout, and a build may have changed it. A link, a pipe or a second name of a file there would
//! make this process write, with the rights of whoever runs it, where its user never said.
//!
//! Invariants: a path is followed word by word, as the system does, and nothing is opened; what lies outside of every checkout is the
//! user's (`/dev/stdout`, a pipe, the file of a runner). Absent: a guard against whoever runs beside this process as the same user.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::host::fs::error::{FsError, Planted};

/// What lies in the folder of a checkout, the surest first.
const MARKS: [&str; 2] = [".git", ".stella.yaml"];

/// As many links as Linux follows.
const MAX_LINKS: usize = 40;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// A new file takes its place.
    Anew,
    /// Something is added to it.
    InPlace,
}

/// Refuses a path below a checkout that leads elsewhere than it says; what is missing will be made.
///
/// # Errors
/// [`FsError::Planted`].
pub fn check(path: &Path, writing: Writing) -> Result<(), FsError> {
    let Ok(absolute) = std::path::absolute(path) else { return Ok(()) };
    match find(&absolute, writing) {
        None => Ok(()),
        Some(planted) => Err(FsError::Planted { path: path.to_owned(), planted }),
    }
}

/// The first link on the way to `path` that lies in a checkout and leads out of it, and where to.
pub fn leads_out(path: &Path) -> Option<(PathBuf, PathBuf)> {
    match find(&std::path::absolute(path).ok()?, Writing::Anew) {
        Some(Planted::Leads { link, to }) => Some((link, to)),
        _ => None,
    }
}

/// The checkout that a folder lies in.
fn checkout_of(folder: &Path) -> Option<PathBuf> {
    let with = |mark: &str| folder.ancestors().find(|above| above.join(mark).symlink_metadata().is_ok());
    MARKS.into_iter().find_map(with).map(Path::to_owned)
}

enum Step {
    Up,
    Root,
    Down(OsString),
}

fn steps(path: &Path) -> impl DoubleEndedIterator<Item = Step> {
    path.components().filter_map(|part| match part {
        Component::RootDir => Some(Step::Root),
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Down(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    })
}

fn find(path: &Path, writing: Writing) -> Option<Planted> {
    let mut rest: VecDeque<Step> = steps(path).collect();
    // Only where a drive has a name does it not begin with the root.
    let mut at: PathBuf = path.components().take_while(|part| matches!(part, Component::Prefix(_))).collect();
    // The first link that lies in a checkout, and that checkout.
    let mut first: Option<(PathBuf, PathBuf)> = None;
    let mut links = 0;
    while let Some(step) = rest.pop_front() {
        let name = match step {
            Step::Root => {
                at.push(std::path::MAIN_SEPARATOR_STR);
                continue;
            }
            Step::Up => {
                at.pop();
                continue;
            }
            Step::Down(name) => name,
        };
        let below = at.join(&name);
        let is_link = below.symlink_metadata().is_ok_and(|there| there.is_symlink());
        let target = if is_link { fs::read_link(&below).ok() } else { None };
        let Some(target) = target else {
            at = below;
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            // It will not be opened either.
            return None;
        }
        if first.is_none() {
            first = checkout_of(&at).map(|checkout| (below, checkout));
        }
        for step in steps(&target).rev() {
            rest.push_front(step);
        }
    }
    if let Some((link, checkout)) = first.clone()
        && (!at.starts_with(&checkout) || at.starts_with(checkout.join(MARKS[0])))
    {
        return Some(Planted::Leads { link, to: at });
    }
    let there = at.symlink_metadata().ok().filter(|there| !there.is_dir())?;
    checkout_of(at.parent()?)?;
    if !there.is_file() {
        return Some(Planted::NotPlain);
    }
    // What a link of the last part leads to is written in place.
    let is_last = first.is_some() && path.symlink_metadata().is_ok_and(|last| last.is_symlink());
    let in_place = writing == Writing::InPlace || is_last;
    (in_place && has_other_names(&there)).then_some(Planted::Linked)
}

#[cfg(unix)]
fn has_other_names(file: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(file) > 1
}

/// Other systems do not say it without opening the file.
#[cfg(not(unix))]
fn has_other_names(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Scene(tempfile::TempDir);

    impl Scene {
        /// A checkout beside a folder that is the user's.
        fn new() -> Self {
            let scene = Self(tempfile::tempdir().unwrap());
            for folder in ["work/.git/hooks", "work/reports", "home/.git"] {
                fs::create_dir_all(scene.path(folder)).unwrap();
            }
            fs::write(scene.path("home/file"), "mine").unwrap();
            scene
        }

        fn path(&self, below: &str) -> PathBuf {
            self.0.path().canonicalize().unwrap().join(below)
        }

        fn link(&self, to: &str, at: &str) {
            symlink(to, self.path(at)).unwrap();
        }

        fn asked(&self, path: &str, writing: Writing) -> Option<Planted> {
            match check(&self.path(path), writing) {
                Ok(()) => None,
                Err(FsError::Planted { planted, .. }) => Some(planted),
                Err(other) => panic!("{other}"),
            }
        }

        fn leads(&self, path: &str, link: &str, to: &str) {
            let expected = Planted::Leads { link: self.path(link), to: self.path(to) };
            assert_eq!(self.asked(path, Writing::Anew), Some(expected), "{path}");
        }

        fn passes(&self, path: &str) {
            assert_eq!(self.asked(path, Writing::Anew), None, "{path}");
        }
    }

    #[test]
    fn a_link_that_leaves_the_checkout_is_seen_wherever_it_stands() {
        let scene = Scene::new();
        let home = scene.path("home");
        scene.link(home.to_str().unwrap(), "work/absolute");
        scene.link("../home", "work/relative");
        scene.link("../home/new", "work/dangling");
        scene.link("relative", "work/chain");
        scene.link("chain/deep/../file", "work/reports/far");
        scene.link(".git/hooks", "work/hooks");
        scene.leads("work/absolute/summary.md", "work/absolute", "home/summary.md");
        scene.leads("work/relative/a/b.md", "work/relative", "home/a/b.md");
        scene.leads("work/dangling", "work/dangling", "home/new");
        scene.leads("work/chain/file", "work/chain", "home/file");
        scene.leads("work/reports/../relative/file", "work/relative", "home/file");
        // A repository below the link is not what the link lies in.
        scene.leads("work/relative", "work/relative", "home");
        scene.leads("work/hooks/post-checkout", "work/hooks", "work/.git/hooks/post-checkout");
    }

    #[test]
    fn what_stays_in_the_checkout_or_is_the_users_own_passes() {
        let scene = Scene::new();
        scene.link("reports", "work/inside");
        scene.link("home/file", "outside");
        scene.link("missing", "work/missing-link");
        for path in
            ["work/summary.md", "work/new/deep/summary.md", "work/inside/summary.md", "work/missing-link", "outside"]
        {
            scene.passes(path);
        }
        for device in ["/dev/stdout", "/dev/stderr", "/dev/null", "/dev/fd/1"] {
            assert!(check(Path::new(device), Writing::Anew).is_ok(), "{device}");
        }
    }

    #[test]
    fn a_pipe_of_the_checkout_would_block_and_one_of_the_user_is_written_to() {
        let scene = Scene::new();
        for pipe in ["work/pipe", "pipe"] {
            let made = std::process::Command::new("mkfifo").arg(scene.path(pipe)).status().unwrap();
            assert!(made.success());
        }
        assert_eq!(scene.asked("work/pipe", Writing::Anew), Some(Planted::NotPlain));
        scene.passes("pipe");
    }

    #[test]
    fn a_second_name_counts_where_the_file_is_not_replaced() {
        let scene = Scene::new();
        fs::hard_link(scene.path("home/file"), scene.path("work/hard")).unwrap();
        scene.link("hard", "work/soft");
        assert_eq!(scene.asked("work/hard", Writing::Anew), None);
        assert_eq!(scene.asked("work/hard", Writing::InPlace), Some(Planted::Linked));
        assert_eq!(scene.asked("work/soft", Writing::Anew), Some(Planted::Linked));
        fs::hard_link(scene.path("home/file"), scene.path("twice")).unwrap();
        assert_eq!(scene.asked("twice", Writing::InPlace), None);
    }
}
