//! `stella manifest sign` and `stella manifest verify`: a manifest with a signature beside it, as cosign has it of any file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::attest::bundle;
use crate::attest::rekor::generation::Generation;
use crate::attest::x509::certified::LogIs;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::certificate::CertificateArgs;
use crate::cli::attest::key::{self, PasswordArgs};
use crate::cli::attest::keyless::{KeylessArgs, Token};
use crate::cli::attest::services::{self, At};
use crate::cli::attest::trust::TrustArgs;
use crate::cli::attest::verify::{self as command, NotVerified};
use crate::cli::attest::written;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::flow::attest::direct::What;
use crate::flow::attest::expected::Expected;
use crate::flow::attest::verify::{self, Signers, Trust};
use crate::host::secret::SecretSource;
use crate::host::{clock, fs};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{VerifySchema, VerifyV1};

/// What is signed, by what, and who hears of it.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The private key: a file, `env://NAME` or `fd://NUMBER`
    #[arg(long, value_name = "SOURCE", required_unless_present_any = ["fulcio_url", "signing_config"], allow_hyphen_values = true)]
    key: Option<SecretSource>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    keyless: KeylessArgs,
    /// The log that is to have the signature, a Rekor: what it has is public for ever
    #[arg(long, value_name = "URL", conflicts_with = "signing_config")]
    rekor_url: Option<String>,
    /// Its API: 1, the first generation, or 2
    #[arg(long, value_name = "VERSION", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=2), requires = "rekor_url")]
    rekor_api_version: u32,
    #[command(flatten)]
    trust: TrustArgs,
    /// Where to write the bundle
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The manifest
    #[arg(value_name = "MANIFEST.json")]
    file: PathBuf,
}

/// What is verified, and whom you trust.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The bundle of its signature
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// A public key that is trusted (repeatable: one of them must have signed)
    #[arg(long, value_name = "FILE", required_unless_present_any = ["certificate_identity", "certificate_identity_regexp"])]
    key: Vec<PathBuf>,
    #[command(flatten)]
    certificate: CertificateArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Look at nothing but who signed
    #[arg(long, conflicts_with_all = ["trusted_root", "certificate_identity", "certificate_identity_regexp"])]
    signature_only: bool,
    /// Take a timestamp by an authority of the trusted root in the place of a log, where no log has the signature
    #[arg(long, conflicts_with = "signature_only")]
    allow_no_log: bool,
    /// The manifest
    #[arg(value_name = "MANIFEST.json")]
    file: PathBuf,
}

impl SignArgs {
    /// The manifest.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl VerifyArgs {
    /// The manifest.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// Signs the bytes of the file.
///
/// # Errors
/// When it is not signed, or the bundle cannot be written.
pub fn sign(bytes: &[u8], args: &SignArgs) -> CliResult {
    let of_key = args.key.iter().filter_map(SecretSource::file);
    written::not_over(&args.bundle, std::iter::once(args.file.as_path()).chain(of_key).chain(args.trust.file()))?;
    let key = args.key.as_ref().map(|source| key::read_private(source, &args.password)).transpose()?;
    let services = args.keyless.services()?;
    let generation = Generation::of_api(args.rekor_api_version).unwrap_or_default();
    let rekor = args.rekor_url.clone().map(|url| (url, generation)).or(services.rekor);
    let at = At { fulcio: services.fulcio, timestamps: services.timestamps, rekor, tiles: None };
    let token = match &at.fulcio {
        None => None,
        Some(_) => match args.keyless.token()? {
            Token::OfAFork => {
                output::talk("nothing is signed: a pull request of a fork gets no identity token");
                return Ok(Exit::Passed.into());
            }
            Token::From(source) => Some((source, args.keyless.audience())),
        },
    };
    let json = services::bundle(What::File(bytes), key.as_ref(), token, &at, &args.trust.root()?)?;
    fs::write_output(&args.bundle, (json + "\n").as_bytes())?;
    output::data(&(untrusted::log_line(&args.bundle.display().to_string()) + "\n"));
    Ok(Exit::Passed.into())
}

/// Verifies the signature of the bytes of the file, and shows whose it is.
///
/// # Errors
/// When it does not verify.
pub fn verify(global: &GlobalArgs, bytes: &[u8], args: &VerifyArgs) -> Result<(), CliError> {
    let identity = args.certificate.identity()?;
    let keys = args.key.iter().map(|path| command::read_key(path)).collect::<Result<Vec<_>, _>>()?;
    let digest = Digest::of(bytes);
    let root = if args.signature_only { None } else { Some(args.trust.root()?) };
    let signers = identity.as_ref().map_or(Signers::Keys(&keys), Signers::Certificate);
    let log_is = if args.allow_no_log { LogIs::NotNeeded } else { LogIs::Needed };
    let trust = Trust { signers, logs: root.as_ref(), log_is };
    let json = fs::read(&args.bundle, bundle::MOST_BYTES)?;
    let verified = verify::verify(&json, trust, &Expected::of(digest), clock::now());
    let verified = verified.map_err(|source| NotVerified { bundle: args.bundle.clone(), source })?;
    let said = command::shown(&args.bundle, verified);
    match global.format {
        Format::Json => output::json(&VerifyV1 { schema: VerifySchema, digest, statements: vec![said] }),
        Format::Text => output::data(&(untrusted::log_line(&command::line(&said)) + "\n")),
    }
    Ok(())
}
