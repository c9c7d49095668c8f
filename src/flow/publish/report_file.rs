//! The result in a folder or an archive of reports that another job has left.
//!
//! Invariants: the whole of it keeps its limits and has only plain names before one byte of it is read; of all its files the result is
//! read alone, into memory, and nothing is unpacked. Absent: what the result says.

use std::cell::RefCell;
use std::path::{Component, Path};

use crate::archive::zip::{self, ZipRefused};
use crate::host::fs::{self, FsError, Kind};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::limits::{MAX_NAME_BYTES, MAX_PATH_BYTES};
use crate::model::report_files::{MAX_BYTES as MAX_TOTAL, MAX_ENTRIES};
use crate::wire::v1::error::MAX_BYTES;

/// The file that is read.
pub const RESULT: &str = "result.json";

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ReportFileError {
    /// The job has left none.
    #[error("there is no `{RESULT}` in the report")]
    NoResult,
    /// The folder cannot be read.
    #[error("the report cannot be read")]
    Folder(#[from] FsError),
    /// The archive cannot be read.
    #[error("the archive of the report is refused")]
    Archive(#[from] ZipRefused),
    /// A name that no report has.
    #[error("the report has an entry with a name that leads elsewhere: `{0}`")]
    Name(String),
    /// A link, a pipe, a device.
    #[error("`{0}` of the report is not a file")]
    NotAFile(String),
    /// Too many of them.
    #[error("the report has more than {MAX_ENTRIES} entries")]
    TooMany,
    /// Too large together.
    #[error("the files of the report have more than {MAX_TOTAL} bytes together")]
    TooLarge,
}

impl Diagnostic for ReportFileError {
    fn kind(&self) -> FailureKind {
        // Whatever is wrong with it: nothing is known then, and that is never nothing found.
        FailureKind::Infrastructure
    }
}

/// The bytes of the result in a folder.
///
/// # Errors
/// [`ReportFileError`].
pub fn in_folder(folder: &Path) -> Result<Vec<u8>, ReportFileError> {
    let items = fs::walk(folder, MAX_ENTRIES).map_err(|error| match error {
        FsError::TooMany { .. } => ReportFileError::TooMany,
        error if error.is_not_found() => ReportFileError::NoResult,
        error => error.into(),
    })?;
    let mut total = 0u64;
    for item in &items {
        let name = item.relative.display().to_string();
        match item.kind {
            Kind::File { size, .. } => total = total.saturating_add(size),
            Kind::Directory => {}
            Kind::Symlink { .. } | Kind::Special => return Err(ReportFileError::NotAFile(name)),
        }
    }
    if total > MAX_TOTAL {
        return Err(ReportFileError::TooLarge);
    }
    if !items.iter().any(|item| item.relative == Path::new(RESULT)) {
        return Err(ReportFileError::NoResult);
    }
    Ok(fs::read_inside(folder, &folder.join(RESULT), MAX_BYTES as u64)?)
}

/// The bytes of the result in a zip archive, as GitHub gives what a job has left.
///
/// # Errors
/// [`ReportFileError`].
pub fn in_archive(bytes: &[u8]) -> Result<Vec<u8>, ReportFileError> {
    // Every name first, and nothing is unpacked for it.
    let (mut entries, mut wrong) = (0u64, None);
    zip::read(
        bytes,
        0,
        |_| false,
        |_, _| Ok::<(), ReportFileError>(()),
        |name| {
            entries += 1;
            if wrong.is_none() && !is_plain(name) {
                wrong = Some(name.to_owned());
            }
        },
    )?;
    if let Some(name) = wrong {
        return Err(ReportFileError::Name(name));
    }
    if entries > MAX_ENTRIES {
        return Err(ReportFileError::TooMany);
    }
    let found = RefCell::new(None);
    let keep = |_: &str, content: &[u8]| {
        *found.borrow_mut() = Some(content.to_vec());
        Ok::<(), ReportFileError>(())
    };
    zip::read(bytes, MAX_BYTES as u64, |name| name == RESULT, keep, |_| {})?;
    found.into_inner().ok_or(ReportFileError::NoResult)
}

/// A path below the folder that it would be unpacked into, wherever that is.
fn is_plain(name: &str) -> bool {
    let path = Path::new(name);
    !name.is_empty()
        && name.len() <= MAX_PATH_BYTES
        && !name.contains(['\\', ':'])
        && !name.contains(char::is_control)
        && path.components().all(|part| matches!(part, Component::Normal(part) if part.len() <= MAX_NAME_BYTES))
        && !name.split('/').any(|part| part == "." || part.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use ::zip::ZipWriter;
    use ::zip::write::SimpleFileOptions;
    use proptest::prelude::*;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn of_an_archive_the_result_is_read_alone() {
        let good =
            archive(&[("SCN-0001/expected/findings.json", b"x"), ("result.json", b"{}"), ("a/result.json", b"[]")]);
        assert_eq!(in_archive(&good).unwrap(), b"{}");
        for none in [archive(&[]), archive(&[("a/result.json", b"{}"), ("Result.json", b"{}")])] {
            assert!(matches!(in_archive(&none), Err(ReportFileError::NoResult)));
        }
        let large = archive(&[("result.json", &vec![b' '; MAX_BYTES + 1])]);
        assert!(large.len() < 1 << 20, "it is a small archive");
        assert!(matches!(in_archive(&large), Err(ReportFileError::Archive(ZipRefused::EntryTooLarge { .. }))));
        assert!(matches!(in_archive(b"PK"), Err(ReportFileError::Archive(_))));
    }

    #[test]
    fn a_name_that_leads_elsewhere_refuses_the_whole() {
        for name in [
            "../result.json",
            "a/../../b",
            "/etc/passwd",
            "C:\\x",
            "C:/x",
            "a\\b",
            "./result.json",
            "a//b",
            "a\nb",
            "a\u{1b}b",
            &"a".repeat(256),
            &"a/".repeat(2100),
        ] {
            let bytes = archive(&[("result.json", b"{}"), (name, b"x")]);
            let refused = in_archive(&bytes);
            // A name with a `/` at its end is a folder.
            assert!(matches!(refused, Err(ReportFileError::Name(_))) || name.ends_with('/'), "{name:?}: {refused:?}");
        }
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("result.json", SimpleFileOptions::default()).unwrap();
        writer.add_symlink("a", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let linked = writer.finish().unwrap().into_inner();
        assert!(matches!(in_archive(&linked), Err(ReportFileError::Archive(ZipRefused::Link { .. }))));
    }

    #[test]
    fn more_entries_than_a_report_has_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("result.json", SimpleFileOptions::default()).unwrap();
        let stored = SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
        for i in 0..=MAX_ENTRIES {
            writer.start_file(i.to_string(), stored).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(in_archive(&bytes), Err(ReportFileError::TooMany)));
    }

    #[cfg(unix)]
    #[test]
    fn of_a_folder_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(matches!(in_folder(&at("nowhere")), Err(ReportFileError::NoResult)));
        assert!(matches!(in_folder(dir.path()), Err(ReportFileError::NoResult)));
        std::fs::create_dir(at("report")).unwrap();
        std::fs::write(at("secret.json"), "{}").unwrap();
        std::os::unix::fs::symlink(at("secret.json"), at("report/result.json")).unwrap();
        assert!(matches!(in_folder(&at("report")), Err(ReportFileError::NotAFile(name)) if name == "result.json"));
        std::fs::remove_file(at("report/result.json")).unwrap();
        std::fs::write(at("report/result.json"), "[]").unwrap();
        assert_eq!(in_folder(&at("report")).unwrap(), b"[]");
        std::os::unix::fs::symlink("..", at("report/up")).unwrap();
        assert!(matches!(in_folder(&at("report")), Err(ReportFileError::NotAFile(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_damaged_archive_is_read_or_refused(at in 0..400usize, with in any::<Vec<u8>>()) {
            let mut bytes = archive(&[("result.json", b"{\"schema\": 1}"), ("a/b", b"x")]);
            let at = at.min(bytes.len());
            let end = (at + with.len()).min(bytes.len());
            bytes.splice(at..end, with);
            let _ = in_archive(&bytes);
        }
    }
}
