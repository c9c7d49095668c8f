//! Where the scanner's programs are looked up.

use std::path::Path;

use crate::sandbox::spec::SandboxSpec;

/// The folders of the machine in which the scanner's programs are looked up.
pub fn search(spec: &SandboxSpec) -> impl Iterator<Item = &Path> {
    let system = ["/usr/local/bin", "/usr/bin", "/bin"].into_iter();
    spec.path.iter().map(|folder| folder.as_str()).chain(system).map(Path::new)
}
