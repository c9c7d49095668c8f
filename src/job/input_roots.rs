//! Where the input of a scan lay: what a profile's `root-map` takes for the same place on both sides.

use crate::canonical::Roots;
use crate::job::material::InputMaterial;
use crate::job::placeholder::Placeholders;
use crate::job::scan_spec::ScanSpec;
use crate::model::manifest::{InputType, ScanManifest};

/// Where the input of `job` lies when it is executed in a sandbox.
pub fn of_job(job: &ScanSpec) -> Roots {
    of_input(Placeholders::of(job).input(), matches!(job.input, InputMaterial::Tree(_)))
}

/// Where the input of a recording lay. A manifest may say anything: what is not an absolute path is not a root.
pub fn of_manifest(manifest: &ScanManifest) -> Roots {
    let is_tree = manifest.input.input_type == InputType::Directory;
    manifest.input.path.as_deref().map(|path| of_input(path, is_tree)).unwrap_or_default()
}

/// The folder at `path`, or the folder of the file there.
pub fn of_input(path: &str, is_folder: bool) -> Roots {
    let folder = if is_folder { path } else { path.rsplit_once('/').map_or("", |(folder, _)| folder) };
    Roots::new([folder]).unwrap_or_default()
}
