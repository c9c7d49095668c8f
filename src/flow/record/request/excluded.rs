//! What is left out of an input must be in it: a mistyped name would leave in what was to be left out.

use std::path::{Path, PathBuf};

use crate::flow::record::request::error::ScanRequestError;
use crate::host::fs;
use crate::job::material;

/// Whether each of `excluded` is a part of the directory `input`.
///
/// # Errors
/// For the first that is not, and where `input` is not a directory of which anything could be left out.
pub fn check(input: &Path, excluded: &[PathBuf]) -> Result<(), ScanRequestError> {
    let Some(first) = excluded.first() else { return Ok(()) };
    // Whoever reads the input says why it cannot be looked at.
    let Ok(there) = std::fs::metadata(input) else { return Ok(()) };
    if !there.is_dir() {
        return Err(ScanRequestError::ExcludedOfFile { excluded: first.clone(), input: input.to_owned() });
    }
    let root = input.canonicalize().unwrap_or_else(|_| input.to_owned());
    for path in excluded {
        if fs::is_missing(path) && path.symlink_metadata().is_err() {
            // Relative to the working directory, as every path is.
            let inside = input.join(path);
            let meant = inside.symlink_metadata().is_ok().then_some(inside);
            return Err(ScanRequestError::ExcludedMissing { excluded: path.clone(), meant });
        }
        if !material::places(path).iter().any(|place| place.starts_with(&root)) {
            return Err(ScanRequestError::ExcludedOutside { excluded: path.clone(), input: input.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_lies_in_the_input() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("input/sub")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("other"), at("input/venv")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("input/broken")).unwrap();
        let check = |input: &str, excluded: &str| check(&at(input), &[at(excluded)]);
        for excluded in ["input/sub", "input/venv", "input/broken", "input/../input/sub", "input"] {
            check("input", excluded).unwrap();
        }
        assert!(matches!(check("input", "nosuch"), Err(ScanRequestError::ExcludedMissing { meant: None, .. })));
        assert!(matches!(check("input", "other"), Err(ScanRequestError::ExcludedOutside { .. })));
        assert!(matches!(check("file", "file"), Err(ScanRequestError::ExcludedOfFile { .. })));
        let relative = super::check(&at("input"), &["sub".into()]);
        assert!(matches!(relative, Err(ScanRequestError::ExcludedMissing { meant: Some(_), .. })));
    }
}
