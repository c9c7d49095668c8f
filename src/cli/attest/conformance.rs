//! `stella sigstore-conformance`: the client protocol of Sigstore's own conformance tests
//! (<https://github.com/sigstore/sigstore-conformance>). Hidden: a token stands on its command line, as the protocol has it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::attest::signing_config::SigningConfig;
use crate::attest::x509::certified::LogIs;
use crate::cli::attest::certificate::CertificateArgs;
use crate::cli::attest::keyless::{self, NoIdentity};
use crate::cli::attest::services::{self, At};
use crate::cli::attest::trust::TrustArgs;
use crate::cli::attest::verify::read_key;
use crate::cli::attest::written;
use crate::cli::error::CliResult;
use crate::flow::attest::direct::What;
use crate::flow::attest::expected::Expected;
use crate::flow::attest::keyless::TokenSource;
use crate::flow::attest::verify::{self, Signers, Trust};
use crate::host::{clock, fs};
use crate::model::digest::Digest;
use crate::model::exit::Exit;

/// The most bytes of a file that is signed, or a bundle that is read.
const MOST_BYTES: u64 = 64 << 20;

/// The client protocol of sigstore-conformance
#[derive(Debug, Subcommand)]
pub enum ConformanceCommand {
    /// Sign a file, or a statement
    SignBundle(SignArgs),
    /// Verify a bundle
    VerifyBundle(VerifyArgs),
}

/// What is signed.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Against the staging instance
    #[arg(long)]
    staging: bool,
    /// The file is an in-toto statement
    #[arg(long)]
    in_toto: bool,
    /// The identity token
    #[arg(long, value_name = "TOKEN")]
    identity_token: String,
    /// Where the bundle is written
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The services, as a signing_config.json names them
    #[arg(long, value_name = "FILE", conflicts_with = "staging")]
    signing_config: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What is verified.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Against the staging instance
    #[arg(long)]
    staging: bool,
    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The public key that must have signed
    #[arg(long, value_name = "FILE", required_unless_present_any = ["certificate_identity", "certificate_identity_regexp"])]
    key: Option<PathBuf>,
    #[command(flatten)]
    certificate: CertificateArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// The file, or its digest
    #[arg(value_name = "FILE|sha256:HEX")]
    file: String,
}

pub fn run(command: ConformanceCommand) -> CliResult {
    match command {
        ConformanceCommand::SignBundle(args) => sign(args),
        ConformanceCommand::VerifyBundle(args) => verify_bundle(&args),
    }
}

fn sign(args: SignArgs) -> CliResult {
    let config = match &args.signing_config {
        Some(path) => keyless::read_config(path)?,
        None if args.staging => {
            SigningConfig::staging().map_err(|error| NoIdentity::Config("staging".into(), error))?
        }
        None => SigningConfig::public_good().map_err(|error| NoIdentity::Config("public-good".into(), error))?,
    };
    let root = args.trust.root_of(args.staging)?;
    written::not_over(&args.bundle, std::iter::once(args.file.as_path()).chain(args.trust.file()))?;
    let bytes = fs::read(&args.file, MOST_BYTES)?;
    let what = if args.in_toto { What::Statement(&bytes) } else { What::File(&bytes) };
    let token = TokenSource::Given(Zeroizing::new(args.identity_token));
    let at = At { fulcio: config.fulcio, timestamps: config.timestamps, rekor: config.rekor, tiles: None };
    let json = services::bundle(what, None, Some((token, "sigstore")), &at, &root)?;
    fs::write_output(&args.bundle, (json + "\n").as_bytes())?;
    Ok(Exit::Passed.into())
}

fn verify_bundle(args: &VerifyArgs) -> CliResult {
    let identity = args.certificate.identity()?;
    let keys = args.key.iter().map(|path| read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let digest = match args.file.parse::<Digest>() {
        Ok(digest) => digest,
        Err(_) => fs::digest(Path::new(&args.file), u64::MAX)?,
    };
    let root = args.trust.root_of(args.staging)?;
    let bundle = fs::read(&args.bundle, MOST_BYTES)?;
    let signers = identity.as_ref().map_or(Signers::Keys(&keys), Signers::Certificate);
    let trust = Trust { signers, logs: Some(&root), log_is: LogIs::Needed };
    verify::verify(&bundle, trust, &Expected::of(digest), clock::now())?;
    Ok(Exit::Passed.into())
}
