//! Sigstore's servers, the real ones, started once for all tests of this process.
//!
//! Where they cannot be had, a test says so and passes, unless `STELLA_TEST_REAL` is set.

mod cosign;
mod faults;
mod first;
pub mod servers;

use std::process::Command;
use std::sync::LazyLock;

use stella::attest::key::public::PublicKey;
use stella::attest::trusted_root::TrustedRoot;
use stella::attest::x509::certified::{self, LogIs};
use stella::model::digest::Digest;

use crate::harness::World;
use servers::Servers;

static SERVERS: LazyLock<Result<Servers, String>> = LazyLock::new(|| Servers::start(&[]));

/// The servers; `None` where they cannot be had, which is then said.
pub fn servers() -> Option<&'static Servers> {
    let why = match &*SERVERS {
        Ok(servers) => return Some(servers),
        Err(why) => why,
    };
    assert!(std::env::var_os("STELLA_TEST_REAL").is_none(), "{why}");
    eprintln!("skipped: {why}");
    None
}

/// Whether `sigstore-verify` accepts a bundle that is by this key and of the file with this digest.
fn is_accepted(servers: &Servers, bundle: &str, key: &str, file: Digest) -> Result<(), String> {
    let root = TrustedRoot::read(servers.root().as_bytes()).unwrap();
    let key = PublicKey::read(key.as_bytes()).unwrap();
    let verified = certified::timestamps(bundle.as_bytes(), file, &root, &key, LogIs::Needed);
    verified.map(drop).map_err(|error| format!("{error:?}"))
}

/// By the clock of the machine, which is that of the servers.
fn today(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env_remove("STELLA_TEST_NOW");
    command
}
