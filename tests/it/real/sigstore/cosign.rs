//! What cosign says of our bundles. It is given the key, the trusted root and what it is to look for; nothing is left out.

use std::process::Command;

use crate::harness::World;
use crate::real::program;

/// cosign, in a world.
pub struct Cosign<'w> {
    world: &'w World,
    program: std::path::PathBuf,
}

impl<'w> Cosign<'w> {
    /// It, where it is installed. The world must have the trusted root.
    pub fn of(world: &'w World) -> Option<Self> {
        Some(Self { world, program: program("cosign")? })
    }

    /// Whether it accepts a bundle of a statement, of a file with this digest and by this key; else what it says.
    pub fn accepts(&self, bundle: &str, key: &str, kind: &str, digest: &str) -> Result<(), String> {
        self.verifies(bundle, &["--key", key], kind, digest)
    }

    /// The same of whoever is named by these words.
    pub fn verifies(&self, bundle: &str, by: &[&str], kind: &str, digest: &str) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command.args(["verify-blob-attestation", "--bundle", bundle, "--trusted-root", "trusted_root.json"]);
        command.args(by).args(["--type", kind, "--digest", digest, "--digestAlg", "sha256"]);
        command.current_dir(self.world.work("")).env_clear().env("HOME", self.world.path("home"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Both, so that one alone which changes its meaning is noticed.
        assert_eq!(output.status.success(), said.contains("Verified OK"), "{said}");
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}
