//! Writes a case: beside its place, and there as a whole or not at all.

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::flow::suite::case::files::{CaseConfig, CaseMetadata, METADATA};
use crate::host::fs::{self, FsError, StagedDir};

/// A case that is being written.
#[derive(Debug)]
pub struct CaseWriter {
    staged: StagedDir,
    directory: PathBuf,
    written: Vec<PathBuf>,
}

/// Why a case cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteCaseError {
    /// A file cannot be written.
    #[error("cannot write the case")]
    Files(#[from] FsError),
    /// A name that leads out of the case.
    #[error("`{}` leads out of the case", .0.display())]
    Outside(PathBuf),
}

impl CaseWriter {
    /// Begins a case whose folder is to be `directory`.
    ///
    /// # Errors
    /// When nothing can be written beside it.
    pub fn beside(directory: &Path) -> Result<Self, WriteCaseError> {
        Ok(Self { staged: StagedDir::beside(directory)?, directory: directory.to_owned(), written: Vec::new() })
    }

    /// Where its files lie meanwhile.
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Adds a file of `input/`, by its path there: something to scan, or a file of the feed or the policy.
    ///
    /// # Errors
    /// See [`WriteCaseError`].
    pub fn input(&mut self, relative: &Path, bytes: &[u8]) -> Result<(), WriteCaseError> {
        self.add("input", relative, bytes)
    }

    /// Adds an artifact that is expected, by its file name.
    ///
    /// # Errors
    /// See [`WriteCaseError`].
    pub fn expected(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteCaseError> {
        self.add("expected", Path::new(name), bytes)
    }

    /// Adds how it is scanned; a case without says nothing about it.
    ///
    /// # Errors
    /// See [`WriteCaseError`].
    pub fn config(&mut self, config: &CaseConfig) -> Result<(), WriteCaseError> {
        self.add("input", Path::new("config.json"), &pretty(config))
    }

    /// Adds its story, in Markdown.
    ///
    /// # Errors
    /// See [`WriteCaseError`].
    pub fn story(&mut self, text: &str) -> Result<(), WriteCaseError> {
        self.add("", Path::new("case.md"), text.as_bytes())
    }

    /// Moves it to its place under its name and says which files it has.
    ///
    /// # Errors
    /// Also when something stands there already.
    pub fn publish(mut self, metadata: &CaseMetadata) -> Result<Vec<PathBuf>, WriteCaseError> {
        self.add("", Path::new(METADATA), &pretty(metadata))?;
        self.staged.publish(&self.directory)?;
        Ok(self.written)
    }

    fn add(&mut self, folder: &str, relative: &Path, bytes: &[u8]) -> Result<(), WriteCaseError> {
        let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || relative.as_os_str().is_empty() {
            return Err(WriteCaseError::Outside(relative.to_owned()));
        }
        let relative = Path::new(folder).join(relative);
        let file = self.staged.path().join(&relative);
        if let Some(parent) = file.parent() {
            fs::ensure_dir(parent)?;
        }
        fs::write_atomic(&file, bytes)?;
        self.written.push(self.directory.join(relative));
        Ok(())
    }
}

/// As a person would write it: indented, names in order.
fn pretty(value: &impl Serialize) -> Vec<u8> {
    // These types have texts and numbers alone, which JSON always has room for.
    let value = serde_json::to_value(value).unwrap_or_default();
    format!("{value:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::flow::suite::case::{Case, CaseScanner, CaseSeverity};
    use crate::workspace::context::Context;

    fn metadata() -> CaseMetadata {
        CaseMetadata {
            id: "SCN-0001".into(),
            title: "a".into(),
            kind: "vulnerability-missed".into(),
            source: "internal".into(),
            severity: CaseSeverity::High,
            tags: vec!["language:java".into()],
            agreed_by: None,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("regressions/SCN-0001-x");
        let mut case = CaseWriter::beside(&place).unwrap();
        case.input(Path::new("requirements.txt"), b"a==1\n").unwrap();
        case.input(Path::new("feed/X-1.json"), b"{}").unwrap();
        let how = CaseConfig { scanner: CaseScanner::Builtin, seed: Some(7), ..CaseConfig::default() };
        case.config(&how).unwrap();
        case.expected("list.txt", b"a\n").unwrap();
        case.story("# What failed\n").unwrap();
        assert!(!place.exists(), "nothing of it is there before it is whole");
        let written = case.publish(&metadata()).unwrap();
        assert_eq!(written.len(), 6);
        assert!(written.iter().all(|file| file.starts_with(&place) && file.is_file()));
        let config = Config::for_directory(dir.path()).unwrap();
        let context = Context::open(config, &dir.path().join("store"), None, Vec::new()).unwrap();
        let read = Case::read(&place, &context).unwrap();
        assert_eq!(read.metadata, metadata());
        assert_eq!(read.config, how);
        assert_eq!(read.expected.len(), 1);
    }

    #[test]
    fn nothing_leads_out_of_a_case_and_nothing_is_left_of_half_of_one() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("case");
        let mut case = CaseWriter::beside(&place).unwrap();
        for bad in ["", "..", "../x", "/etc/passwd", "a/../../x"] {
            let refused = case.input(Path::new(bad), b"");
            assert!(matches!(refused, Err(WriteCaseError::Outside(_))), "{bad}: {refused:?}");
        }
        case.expected("x", b"").unwrap();
        drop(case);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
