//! Where a [`SandboxPath`] really is: itself in a private root, or a folder of the machine where there is none.

use std::path::{Path, PathBuf};

use crate::sandbox::sandbox_path::{ROOT, SandboxPath};
use crate::sandbox::spec::Mounts;

/// How the paths of a spec are read.
#[derive(Debug, Clone)]
pub(crate) enum PathMapping {
    /// As they stand: the program has a root of its own.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "needs namespaces"))]
    OwnRoot,
    /// Mounts are where their source is, everything else is below a private folder.
    Machine {
        /// The private folder.
        root: PathBuf,
        /// What the spec mounts.
        mounts: Mounts,
    },
}

impl PathMapping {
    /// The path at which the program finds `path`.
    pub(crate) fn of(&self, path: &SandboxPath) -> String {
        match self {
            Self::OwnRoot => path.as_str().to_owned(),
            Self::Machine { root, mounts } => match mounts.iter().find(|mount| path.is_within(mount.inside())) {
                Some(mount) => {
                    let rest = path.as_str().strip_prefix(mount.inside().as_str()).unwrap_or_default();
                    format!("{}{rest}", text(mount.host()))
                }
                None => format!("{}/{}", text(root), path.relative()),
            },
        }
    }

    /// The value of `TMPDIR`.
    pub(crate) fn temporary(&self) -> String {
        match self {
            Self::OwnRoot => "/tmp".to_owned(),
            Self::Machine { root, .. } => format!("{}/tmp", text(root)),
        }
    }

    /// `argument` with every path below [`ROOT`] in it replaced by where it is.
    ///
    /// A path is taken to end where a mount or a fixed place ends at something that cannot be part of a name, so
    /// that `--feed=/tmp/stella/feed,x` is understood and `/tmp/stella/feeds` is not taken for `/tmp/stella/feed`.
    pub(crate) fn rewrite(&self, argument: &str) -> String {
        let Self::Machine { root, mounts } = self else { return argument.to_owned() };
        let mut rewritten = String::with_capacity(argument.len());
        let mut rest = argument;
        while let Some(at) = rest.find(ROOT) {
            let (before, path) = rest.split_at(at);
            rewritten.push_str(before);
            let begins = !rewritten.ends_with(in_name);
            let ends = |length: usize| !path.get(length..).is_some_and(|rest| rest.starts_with(in_name));
            let mount = mounts.iter().find(|mount| {
                let inside = mount.inside().as_str();
                path.starts_with(inside) && ends(inside.len())
            });
            let (real, length) = match mount {
                Some(mount) if begins => (text(mount.host()), mount.inside().as_str().len()),
                None if begins && ends(ROOT.len()) => (text(root), ROOT.len()),
                _ => (ROOT.to_owned(), ROOT.len()),
            };
            rewritten.push_str(&real);
            rest = path.get(length..).unwrap_or_default();
        }
        rewritten.push_str(rest);
        rewritten
    }
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '_' | '-')
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sandbox::sandbox_path::{HOME, INPUT};
    use crate::sandbox::spec::Mount;

    fn machine() -> PathMapping {
        let mut mounts = Mounts::default();
        mounts.add(Mount::read_only("/data/in", INPUT).unwrap()).unwrap();
        PathMapping::Machine { root: "/private".into(), mounts }
    }

    #[test]
    fn mounts_are_where_their_source_is() {
        assert_eq!(machine().of(&INPUT), "/data/in");
        assert_eq!(machine().of(&INPUT.join("a/b").unwrap()), "/data/in/a/b");
        assert_eq!(machine().of(&HOME), "/private/home");
        assert_eq!(PathMapping::OwnRoot.of(&INPUT), "/tmp/stella/input");
    }

    #[test]
    fn arguments_are_rewritten_by_whole_names() {
        for (argument, expected) in [
            ("/tmp/stella/input", "/data/in"),
            ("/tmp/stella/input/a.json", "/data/in/a.json"),
            ("--in=/tmp/stella/input,/tmp/stella/feed", "--in=/data/in,/private/feed"),
            ("/tmp/stella/inputs", "/private/inputs"),
            ("/tmp/stella/input.json", "/private/input.json"),
            ("/tmp/stella", "/private"),
            ("/tmp/stellar", "/tmp/stellar"),
            ("/var/tmp/stella/input", "/var/tmp/stella/input"),
            ("dir:/tmp/stella/input", "dir:/data/in"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(machine().rewrite(argument), expected, "{argument}");
            assert_eq!(PathMapping::OwnRoot.rewrite(argument), argument);
        }
    }

    proptest! {
        #[test]
        fn text_without_such_a_path_stays(argument in "[^/]*") {
            prop_assert_eq!(machine().rewrite(&argument), argument);
        }

        #[test]
        fn any_text_can_be_rewritten(argument in "(/tmp/stella|/input|/|.){0,12}") {
            machine().rewrite(&argument);
        }
    }
}
