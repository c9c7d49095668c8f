//! `stella key`: make a pair of keys, show a public one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use zeroize::Zeroizing;

use crate::attest::key::private::{self, Form, PrivateKey};
use crate::attest::key::public::PublicKey;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::host::fs::{self, FsError};
use crate::host::secret::{SecretError, SecretSource};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::exit::Exit;
use crate::report::untrusted;
use crate::wire::v1::commands::{KeySchema, KeyV1};

/// The variable that is looked at for a password where none is named: cosign's.
const PASSWORD_VARIABLE: &str = "COSIGN_PASSWORD";

/// The most bytes of a password.
const MOST_PASSWORD: u64 = 4096;

/// Make and show the keys that attestations are signed with
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a pair of keys
    ///
    /// Writes PREFIX.key, which only you may read, and PREFIX.pub. Nothing is written over. A key of ecdsa-p256 signs for
    /// both generations of Sigstore's logs and for cosign; one of ed25519 for the first generation alone.
    Generate(GenerateArgs),
    /// Show the public half of a private key
    Public(PublicArgs),
}

/// In which form a private key is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encryption {
    /// PKCS#8 with PBKDF2 and AES-256, as OpenSSL reads it
    Pkcs8,
    /// cosign's own form
    Cosign,
}

/// What to make.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// How the names of the two files begin
    #[arg(long, value_name = "PREFIX", default_value = "stella")]
    out: PathBuf,
    /// The signature scheme
    #[arg(long, value_name = "NAME", default_value = private::DEFAULT_SCHEME, value_parser = PossibleValuesParser::new(private::schemes()))]
    algorithm: String,
    #[command(flatten)]
    password: PasswordArgs,
    /// How the private key is encrypted
    #[arg(long, value_enum, value_name = "FORM", default_value = "pkcs8")]
    encryption: Encryption,
    /// Leave the private key as it is, for a machine on which nobody can enter a password
    #[arg(long, conflicts_with_all = ["password", "encryption"])]
    unencrypted: bool,
}

/// Which key to show.
#[derive(Debug, Args)]
pub struct PublicArgs {
    /// The private key: a file, `env://NAME` or `fd://NUMBER`
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    key: SecretSource,
    #[command(flatten)]
    password: PasswordArgs,
    /// Where to write the public key [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordArgs {
    /// The password of the private key: a file, `env://NAME` or `fd://NUMBER` [default: env://COSIGN_PASSWORD, if it is set]
    #[arg(long, value_name = "SOURCE")]
    password: Option<SecretSource>,
}

impl PasswordArgs {
    /// Where it was said to be.
    pub fn source(&self) -> Option<&SecretSource> {
        self.password.as_ref()
    }

    /// The password, where one is named or is in the usual variable.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
        let source = self.password.clone().or_else(|| SecretSource::of_variable(PASSWORD_VARIABLE));
        source.map(|source| source.read_password(MOST_PASSWORD)).transpose()
    }
}

/// Nothing says how the new key is kept.
#[derive(Debug, thiserror::Error)]
enum Unsaid {
    #[error("a new key wants a password")]
    NoPassword,
    #[error("the password of a new key is empty")]
    EmptyPassword,
    #[error("`{}` is a folder, and the names of the two files begin with it", .0.display())]
    NoName(PathBuf),
}

impl Diagnostic for Unsaid {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

pub fn run(global: &GlobalArgs, command: KeyCommand) -> CliResult {
    match command {
        KeyCommand::Generate(args) => generate(global, &args),
        KeyCommand::Public(args) => public(global, &args),
    }
}

/// Reads a private key, and names the place where that fails.
///
/// # Errors
/// What [`SecretSource::read`] and [`PrivateKey::read`] say.
pub fn read_private(source: &SecretSource, password: &PasswordArgs) -> Result<PrivateKey, CliError> {
    let text = source.read(private::MOST_BYTES)?;
    let password = password.read()?;
    Ok(PrivateKey::read(&text, password.as_ref().map(|bytes| &bytes[..]))
        .map_err(|source_error| Unreadable { place: source.to_string(), source: source_error })?)
}

/// A key cannot be read, and where it is.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the key of `{place}`")]
pub struct Unreadable {
    /// Where it is.
    pub place: String,
    /// What is wrong with it.
    pub source: crate::attest::key::error::KeyError,
}

impl Diagnostic for Unreadable {
    fn kind(&self) -> FailureKind {
        self.source.kind()
    }

    fn hint(&self) -> Option<crate::model::diagnostic::Hint> {
        self.source.hint()
    }
}

fn generate(global: &GlobalArgs, args: &GenerateArgs) -> CliResult {
    // Behind a slash they would be `.key` and `.pub`, which nobody sees.
    let ends_with = |name: &OsStr| args.out.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes());
    if !args.out.file_name().is_some_and(ends_with) {
        return Err(Unsaid::NoName(args.out.clone()).into());
    }
    let password = if args.unencrypted { None } else { args.password.read()? };
    let form = match (&password, args.encryption) {
        _ if args.unencrypted => Form::Plain,
        (None, _) => {
            return Err(CliError::from(Unsaid::NoPassword)
                .hint("give `--password env://NAME`, or `--unencrypted` to keep it without one"));
        }
        (Some(password), _) if password.is_empty() => {
            return Err(CliError::from(Unsaid::EmptyPassword).hint("give `--unencrypted` to keep it without one"));
        }
        (Some(password), Encryption::Pkcs8) => Form::Encrypted(password),
        (Some(password), Encryption::Cosign) => Form::Cosign(password),
    };
    let [private_file, public_file] = ["key", "pub"].map(|extension| with_extension(&args.out, extension));
    // Before the work: a pair of which one half is of another key is worse than none.
    for path in [&private_file, &public_file] {
        // A link is there, whatever it leads to.
        if !fs::is_missing(path) || path.is_symlink() {
            return Err(FsError::Exists { path: path.clone() }.into());
        }
    }
    let key = PrivateKey::generate(&args.algorithm)?;
    fs::write_new_secret(&private_file, key.to_pem(form)?.as_bytes())?;
    fs::write_output(&public_file, key.public().to_pem()?.as_bytes())?;
    show(global, key.public(), Some(&private_file), Some(&public_file))
}

/// `PREFIX` with an extension behind what is there, which may hold a dot.
fn with_extension(prefix: &Path, extension: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn public(global: &GlobalArgs, args: &PublicArgs) -> CliResult {
    let key = read_private(&args.key, &args.password)?;
    if let Some(path) = &args.out {
        fs::write_output(path, key.public().to_pem()?.as_bytes())?;
    }
    show(global, key.public(), None, args.out.as_deref())
}

fn show(global: &GlobalArgs, key: &PublicKey, private_file: Option<&Path>, public_file: Option<&Path>) -> CliResult {
    let shown = |path: &Path| path.display().to_string();
    match global.format {
        Format::Json => output::json(&KeyV1 {
            schema: KeySchema,
            algorithm: key.scheme().to_owned(),
            public_key: key.to_pem()?,
            digest: key.digest(),
            private_key_file: private_file.map(shown),
            public_key_file: public_file.map(shown),
        }),
        Format::Text if public_file.is_none() => output::data(&key.to_pem()?),
        Format::Text => {
            let named = |label: &str, path: Option<&Path>| {
                path.map(|path| format!("{label:<9}{}\n", untrusted::log_line(&shown(path)))).unwrap_or_default()
            };
            output::data(&format!(
                "{}{}{:<9}{}\n{:<9}{}\n",
                named("private", private_file),
                named("public", public_file),
                "kind",
                key.scheme(),
                "digest",
                key.digest()
            ));
        }
    }
    Ok(Exit::Passed.into())
}
