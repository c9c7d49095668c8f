//! How GitHub's REST API is asked from a workflow: what the variables of a step tell.

use std::ffi::OsString;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// The API outside of GitHub Enterprise.
const PUBLIC_API: &str = "https://api.github.com";

/// What a step knows of the API.
#[derive(Clone)]
pub struct Access {
    /// `owner/name`
    pub repository: String,
    api: String,
    token: String,
}

/// A variable that is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set")]
pub struct Unset(pub &'static str);

impl Diagnostic for Unset {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("GitHub Actions sets it; a token is given with `env: {GITHUB_TOKEN: ${{ github.token }}}`".into())
    }
}

impl Access {
    /// Reads what is told.
    ///
    /// # Errors
    /// Where a variable is missing.
    pub fn told(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Unset> {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
        let needed = |name: &'static str| text(name).ok_or(Unset(name));
        let (repository, token) = (needed("GITHUB_REPOSITORY")?, needed("GITHUB_TOKEN")?);
        Ok(Self { repository, token, api: text("GITHUB_API_URL").unwrap_or_else(|| PUBLIC_API.to_owned()) })
    }

    /// The address of a path below the API's root.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.api.trim_end_matches('/'))
    }

    /// What every request says of itself.
    pub fn headers(&self) -> [(&'static str, String); 3] {
        [
            ("accept", "application/vnd.github+json".to_owned()),
            ("authorization", format!("Bearer {}", self.token)),
            ("x-github-api-version", "2022-11-28".to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_an_own_server_is_asked() {
        let told = |set: &[(&str, &str)]| {
            Access::told(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
        };
        assert_eq!(told(&[("GITHUB_TOKEN", "t")]).err(), Some(Unset("GITHUB_REPOSITORY")));
        assert_eq!(told(&[("GITHUB_REPOSITORY", "a/b"), ("GITHUB_TOKEN", "")]).err(), Some(Unset("GITHUB_TOKEN")));
        let both = [("GITHUB_REPOSITORY", "a/b"), ("GITHUB_TOKEN", "t")];
        assert_eq!(told(&both).ok().map(|access| access.url("x")).as_deref(), Some("https://api.github.com/x"));
        let own = [both[0], both[1], ("GITHUB_API_URL", "https://git.example/api/v3/")];
        assert_eq!(told(&own).ok().map(|access| access.url("x")).as_deref(), Some("https://git.example/api/v3/x"));
    }
}
