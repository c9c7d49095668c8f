//! The pipeline that `stella init --ci` writes.
//!
//! Invariants: what runs anything of a change has no write permission and no secret, checks out with the whole history and keeps no
//! credentials, and runs for every change; who holds a token runs nothing of it. `tests/it/real/workflows.rs` holds it against schemas and lints, and runs it.

use std::path::{Path, PathBuf};

use crate::config;

/// A CI system for which there is a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// A workflow of GitHub Actions.
    Github,
    /// The same, with a second job that comments on pull requests.
    GithubComment,
    /// A job of GitLab.
    Gitlab,
}

const GITHUB: &str = include_str!("github.yml");
const GITHUB_COMMENT: &str = include_str!("github-comment.yml");
const GITLAB: &str = include_str!("gitlab.yml");

impl Recipe {
    /// The files, from the root of the repository. `config_path` is the configuration's path from there, where it is not the usual one.
    pub fn files(self, config_path: Option<&Path>) -> Vec<(PathBuf, String)> {
        let elsewhere = config_path.map(|path| path.display().to_string().replace('\\', "/"));
        let versioned = |text: &str| text.replace("{version}", env!("CARGO_PKG_VERSION"));
        match self {
            Self::Github | Self::GithubComment => {
                let with = elsewhere.map(|path| format!("        with: {{config: {}}}\n", quoted(&path, "''")));
                let with = with.unwrap_or_default();
                let workflow = match self {
                    Self::GithubComment => {
                        let step = "        id: stella\n";
                        versioned(GITHUB_COMMENT).replace(step, &format!("{step}{with}"))
                    }
                    _ => versioned(GITHUB) + &with,
                };
                vec![(PathBuf::from(".github/workflows/stella.yml"), workflow)]
            }
            Self::Gitlab => {
                let path = elsewhere.as_deref().unwrap_or(config::FILE_NAME);
                let job = versioned(GITLAB).replace("{config}", &quoted(path, "'\\''"));
                let include = "include:\n  - local: .gitlab/stella.yml\n";
                vec![(PathBuf::from(".gitlab/stella.yml"), job), (PathBuf::from(".gitlab-ci.yml"), include.to_owned())]
            }
        }
    }
}

/// A path between quotes, with `escaped` for each quote in it; as it is where it needs none.
fn quoted(path: &str, escaped: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', escaped)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workflow_has_fourteen_lines() {
        let files = Recipe::Github.files(None);
        assert_eq!(files[0].1.lines().count(), 14);
        let files = Recipe::GithubComment.files(None);
        assert_eq!(files[0].1.lines().count(), 36);
    }

    #[test]
    fn a_configuration_elsewhere_is_named() {
        let of = |recipe: Recipe, path: &str| recipe.files(Some(Path::new(path)))[0].1.clone();
        let last = |text: String| text.lines().last().unwrap().trim().to_owned();
        assert_eq!(last(of(Recipe::Github, "a/.stella.yaml")), "with: {config: a/.stella.yaml}");
        assert_eq!(last(of(Recipe::Github, "a b/it's")), "with: {config: 'a b/it''s'}");
        let two = of(Recipe::GithubComment, "a b/it's");
        assert!(two.contains("        id: stella\n        with: {config: 'a b/it''s'}\n      - uses"), "{two}");
        assert!(of(Recipe::Gitlab, "a/.stella.yaml").contains("stella ci --config a/.stella.yaml --gate pr"));
        assert!(Recipe::Gitlab.files(None)[0].1.contains("stella ci --config .stella.yaml --gate pr"));
    }
}
