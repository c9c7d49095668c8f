//! The helper program: where it is, and what it does when it is started.
//!
//! A process of its own because the one that enters namespaces must be small and single-threaded.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::sandbox::error::{HELPER_OVERRIDE, HelperMissing};

/// The helper's file name.
const NAME: &str = "stella-sandbox";

/// The helper beside the running program, else the one that `STELLA_SANDBOX_HELPER` names.
///
/// # Errors
/// When there is neither.
pub fn helper_path() -> Result<PathBuf, HelperMissing> {
    let name = format!("{NAME}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().map(|stella| stella.with_file_name(&name)).unwrap_or_else(|_| name.into());
    find(beside, env::var_os(HELPER_OVERRIDE).map(PathBuf::from))
}

fn find(beside: PathBuf, named: Option<PathBuf>) -> Result<PathBuf, HelperMissing> {
    if beside.is_file() {
        return Ok(beside);
    }
    match named {
        Some(named) if named.is_file() => Ok(named),
        _ => Err(HelperMissing { beside }),
    }
}

/// The whole of the helper program.
#[cfg(target_os = "linux")]
pub fn main() -> ExitCode {
    crate::sandbox::linux::main()
}

/// The whole of the helper program: nothing, as only Linux isolates.
#[cfg(not(target_os = "linux"))]
pub fn main() -> ExitCode {
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_helper_beside_wins_over_the_named_one() {
        let dir = tempfile::tempdir().unwrap();
        let (beside, named) = (dir.path().join("a"), dir.path().join("b"));
        assert_eq!(find(beside.clone(), None), Err(HelperMissing { beside: beside.clone() }));
        assert!(find(beside.clone(), Some(named.clone())).is_err());
        fs::write(&named, "").unwrap();
        assert_eq!(find(beside.clone(), Some(named.clone())), Ok(named.clone()));
        fs::write(&beside, "").unwrap();
        assert_eq!(find(beside.clone(), Some(named)), Ok(beside));
    }
}
