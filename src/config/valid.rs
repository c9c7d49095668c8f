//! What a configuration says, checked value by value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::canonical::profile::Profile;
use crate::config::adapter::Adapter;
use crate::config::error::ConfigError;
use crate::config::parse::is_too_deep;
use crate::config::raw::RawApprovals;
use crate::host::fs::FsError;
use crate::model::artifact::ProfileName;
use crate::model::change::approval::{ApprovalRules, InHead};

/// Where a configuration lies, for its paths and its errors.
pub(super) struct Valid<'a> {
    pub(super) root: &'a Path,
    pub(super) file: &'a Path,
    /// The bytes of a file that this one names, by its path as it is written.
    pub(super) files: &'a dyn Fn(&str) -> Result<Vec<u8>, FsError>,
}

impl Valid<'_> {
    pub(super) fn error(&self, field: &'static str, what: impl Into<String>) -> ConfigError {
        ConfigError::Value { file: self.file.to_owned(), field, what: what.into() }
    }

    /// The text of a YAML file that this one names.
    fn text(&self, path: &str) -> Result<(PathBuf, String), ConfigError> {
        let file = self.root.join(path);
        let bytes = (self.files)(path).map_err(ConfigError::Read)?;
        if is_too_deep(&bytes) {
            return Err(ConfigError::TooDeep { file });
        }
        Ok((file, String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn adapters(&self, raw: Vec<String>) -> Result<BTreeMap<String, Adapter>, ConfigError> {
        let mut adapters = BTreeMap::new();
        for path in raw {
            let (file, text) = self.text(&path)?;
            let adapter = Adapter::parse(&text).map_err(|source| ConfigError::Adapter { file, source })?;
            if let Some(twice) = adapters.insert(adapter.name.clone(), adapter) {
                return Err(self.error("adapters", format!("two of them are called `{}`", twice.name)));
            }
        }
        Ok(adapters)
    }

    pub(super) fn profiles(
        &self,
        raw: BTreeMap<String, String>,
    ) -> Result<BTreeMap<ProfileName, Profile>, ConfigError> {
        let read = |(name, path): (String, String)| {
            let name: ProfileName =
                name.parse().map_err(|source| ConfigError::ProfileName { file: self.file.to_owned(), source })?;
            let (file, text) = self.text(&path)?;
            let profile = Profile::parse(&text).map_err(|source| ConfigError::Profile { file, source })?;
            // A misspelt format would be a new name that nothing uses.
            if Profile::named(&name).is_none() && profile.name() != name.as_str() {
                let (called, name) = (profile.name(), name.as_str());
                return Err(self.error(
                    "profiles",
                    format!("`{name}` is not a built-in profile, and the file calls itself `{called}`: use one name"),
                ));
            }
            Ok((name, profile))
        };
        raw.into_iter().map(read).collect()
    }
}

/// The longest name of a user at a provider.
const MAX_USER_NAME: usize = 255;

impl Valid<'_> {
    pub(super) fn approvals(&self, raw: RawApprovals) -> Result<ApprovalRules, ConfigError> {
        let field = "approvals.approvers";
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = |name: &&String| !name.is_empty() && name.len() <= MAX_USER_NAME && name.chars().all(plain);
        if let Some(wrong) = raw.approvers.iter().find(|name| !is_name(name)) {
            return Err(self.error(field, format!("`{wrong}` is not a name of a user")));
        }
        let in_head = raw.in_head.into();
        if in_head == InHead::Reviewed && raw.approvers.is_empty() {
            let what = "missing: `in_head: reviewed` counts the reviews of those who are named here";
            return Err(self.error(field, what));
        }
        let approvers = raw.approvers.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(ApprovalRules { in_head, approvers })
    }
}
