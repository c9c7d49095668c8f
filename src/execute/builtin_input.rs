//! What the built-in scanner reads when it is a process of its own: the folders that the sandbox laid out.

use std::path::Path;
use std::sync::Arc;

use crate::bundle::{feed, policy};
use crate::host::fs::{self, Kind};
use crate::job::material::{FeedMaterial, InputMaterial, MaterialError, pairs};
use crate::job::osv_feed;
use crate::policy::Policy;
use crate::scanner::feed::Feed;
use crate::workspace::open_inputs::TreeError;

/// The inputs of one scan.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub struct Files {
    pub input: InputMaterial,
    pub feeds: Vec<FeedMaterial>,
    pub policy: Policy,
}

/// Reads the folders.
///
/// # Errors
/// When a folder or a file in it cannot be read, or is more than a tree may hold.
pub fn read(input: &Path, feeds: Option<&Path>, rules: Option<&Path>) -> Result<Files, TreeError> {
    let input = InputMaterial::read(input, &[])?;
    let mut read = Vec::new();
    if let Some(root) = feeds {
        let listed = fs::list(root).map_err(|source| MaterialError::Read { what: "feed", source })?;
        for item in listed.into_iter().filter(|item| matches!(item.kind, Kind::Directory)) {
            let path = root.join(&item.relative);
            let bundle = feed::open(&path).map_err(|source| MaterialError::Bundle { what: "feed", path, source })?;
            let advisories = osv_feed::read(pairs(bundle.records()))
                .map(|records| Arc::new(Feed::new(records.advisories).beside(records.unread)))
                .map_err(Arc::new);
            let name = item.relative.to_string_lossy().into_owned();
            read.push(FeedMaterial { name, bundle: Arc::new(bundle), archive: None, advisories });
        }
    }
    let failed = |path: &Path, source| TreeError::Policy { path: path.to_owned(), source };
    let policy = match rules {
        None => Policy::builtin_default().map_err(|source| failed(Path::new("default"), source))?,
        Some(path) => {
            let bundle = policy::open(path).map_err(|source| MaterialError::Bundle {
                what: "policy",
                path: path.to_owned(),
                source,
            })?;
            let files: Vec<_> =
                pairs(bundle.records()).map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
            Policy::load(&files).map_err(|source| failed(path, source))?
        }
    };
    Ok(Files { input, feeds: read, policy })
}
