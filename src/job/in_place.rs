//! Programs that run from where they are on the machine.

use std::path::Path;

use crate::sandbox::sandbox_path;

/// Whether a program stands where every sandbox shows it anyway: it then runs from its own path, for many scripts find
/// the rest of themselves by it.
pub fn runs_in_place(path: &Path, roots: &[String]) -> bool {
    sandbox_path::SYSTEM_ROOTS.into_iter().chain(roots.iter().map(String::as_str)).any(|root| path.starts_with(root))
}
