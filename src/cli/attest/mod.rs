//! `stella attest`: sign what was found of the files that were replayed. [`key`] makes the keys, [`submit`] sends what was signed to a log,
//! [`verify`] checks it.

mod certificate;
pub mod conformance;
pub mod file;
pub mod key;
mod keyless;
mod services;
pub mod submit;
mod trust;
pub mod trust_command;
pub mod verify;
mod written;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::attest::dsse::IN_TOTO;
use crate::attest::rekor::request::Request;
use crate::cli::args::{Format, GlobalArgs};
use crate::cli::attest::key::PasswordArgs;
use crate::cli::attest::keyless::{KeylessArgs, Token};
use crate::cli::attest::trust::TrustArgs;
use crate::cli::attest::written::Unattested;
use crate::cli::error::{CliError, CliResult};
use crate::cli::history::ReadArgs;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::config::Config;
use crate::flow::attest::checksums::{self, NamedFile};
use crate::flow::attest::keyless::{Authority, Keyless};
use crate::flow::attest::network;
use crate::flow::attest::queue::Queue;
use crate::flow::attest::sign::{self, SignError, Signed, Signing, Timestamping};
use crate::flow::attest::stamp::Stamping;
use crate::flow::attest::statements::{self, Checkout, ReadyStatement, Statements};
use crate::flow::suite::head::{head, is_as_committed, is_in_repository};
use crate::host::secret::SecretSource;
use crate::host::{clock, fs};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::gate_result::{Gate, Strictness};
use crate::model::limits;
use crate::report::untrusted;
use crate::score::gate::request::GateRequest;
use crate::wire::attestation::statement::ResourceDescriptor;
use crate::wire::v1::commands::{AttestSchema, AttestV1, AttestationV1};
use crate::wire::v1::error::MAX_BYTES;

/// Sign what a gate says of a run, about the very files that were replayed
///
/// The result is judged again by the configuration of this checkout; what it says of a gate is not believed. One of the files must be the
/// candidate that ran, or nothing is signed (3). A verdict that fails is signed as one that passes is, and ends with 0. Nothing is sent
/// into a log: that is `stella submit`.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The result of a run, as `stella ci --result` writes it
    #[arg(long, value_name = "FILE")]
    result: PathBuf,
    /// The gate that the run is judged by
    #[arg(long, value_enum, value_name = "GATE", default_value = "release")]
    gate: RunGate,
    #[command(flatten)]
    history: ReadArgs,
    /// Judge a window by the lower end of its interval, and block where there is too little evidence
    #[arg(long)]
    strict: bool,
    /// Files by name and digest, as sha256sum writes them, in the place of the files themselves
    #[arg(long, value_name = "SHA256SUMS", conflicts_with = "files")]
    checksums: Option<PathBuf>,
    /// Show what would be signed, and sign nothing
    #[arg(long, conflicts_with_all = ["key", "password", "out_dir", "queue", "fulcio_url", "identity_token", "oidc_client_id", "timestamp_url", "signing_config"])]
    dry_run: bool,
    /// The private key: a file, `env://NAME` or `fd://NUMBER`
    #[arg(long, value_name = "SOURCE", required_unless_present_any = ["dry_run", "fulcio_url", "signing_config"], allow_hyphen_values = true)]
    key: Option<SecretSource>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    keyless: KeylessArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Where to write NAME.PREDICATE.dsse.json, one for each file and predicate
    #[arg(long, value_name = "DIR", required_unless_present_any = ["dry_run", "queue"], conflicts_with_all = ["queue", "fulcio_url", "timestamp_url", "signing_config"])]
    out_dir: Option<PathBuf>,
    /// Where to leave NAME.PREDICATE.rekor.json in its place: what `stella submit` sends to a log
    #[arg(long, value_name = "DIR")]
    queue: Option<PathBuf>,
    /// The files
    #[arg(value_name = "FILES", required_unless_present = "checksums")]
    files: Vec<PathBuf>,
}

/// A gate that judges a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunGate {
    /// That of a pull request
    Pr,
    /// That of a release
    Release,
}

impl From<RunGate> for Gate {
    fn from(gate: RunGate) -> Self {
        match gate {
            RunGate::Pr => Self::Pr,
            RunGate::Release => Self::Release,
        }
    }
}

impl AttestArgs {
    /// Files that are read.
    fn inputs(&self) -> Vec<&Path> {
        let secrets = [self.key.as_ref(), self.password.source()].into_iter().flatten();
        let secrets = secrets.filter_map(|source| match source {
            SecretSource::File(path) => Some(path.as_path()),
            SecretSource::Variable(_) | SecretSource::Descriptor(_) | SecretSource::Itself => None,
        });
        let files = self.files.iter().map(PathBuf::as_path);
        [self.result.as_path()].into_iter().chain(self.checksums.as_deref()).chain(secrets).chain(files).collect()
    }
}

pub fn run(global: &GlobalArgs, args: &AttestArgs) -> CliResult {
    let files = named_files(args)?;
    let config = setup::config(global)?;
    let gate = Gate::from(args.gate);
    let commit = head(&config.root)?;
    let policy = ResourceDescriptor::new(format!("gate:{}", gate.code()), rules_digest(&config)?);
    let has_committed_rules = !is_in_repository(&config.root) || is_as_committed(&config.root, config.file.as_deref());
    let checkout = Checkout { commit, has_committed_rules, policy };
    let history = args.history.read(global, &config)?;
    let configured = config.rules.strictness.of(gate);
    let strictness = Strictness { strict: args.strict || configured.strict, ..configured };
    let request = GateRequest { gate, rules: config.rules, strictness, history };
    let result = fs::read(&args.result, MAX_BYTES as u64)?;
    let said = statements::prepare(&result, &request, &checkout, &files, clock::now())?;
    if args.dry_run {
        show(global, &said, Became::DryRun);
        return Ok(Exit::Passed.into());
    }
    match sign_all(&said, args)? {
        Some((key, written)) => show(global, &said, Became::Signed(key, &written)),
        None => show(global, &said, Became::OfAFork),
    }
    Ok(Exit::Passed.into())
}

/// What is judged by: the bytes of the configuration, or of nothing, where there is none.
fn rules_digest(config: &Config) -> Result<Digest, CliError> {
    match &config.file {
        Some(file) => Ok(Digest::of(&fs::read(file, limits::MAX_CONFIG_BYTES)?)),
        None => Ok(Digest::of(b"")),
    }
}

/// The files by name and digest, none of them twice.
fn named_files(args: &AttestArgs) -> Result<Vec<NamedFile>, CliError> {
    if let Some(path) = &args.checksums {
        return Ok(checksums::read(&fs::read(path, checksums::MOST_BYTES)?)?);
    }
    let mut named: Vec<NamedFile> = Vec::new();
    for path in &args.files {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !checksums::is_plain(&name) {
            return Err(Unattested::Name(name).into());
        }
        if named.iter().any(|other| checksums::folded(&other.name) == checksums::folded(&name)) {
            return Err(Unattested::Twice(name).into());
        }
        named.push(NamedFile { name, digest: digest(path)? });
    }
    Ok(named)
}

/// The digest of a file, which is read as a stream.
fn digest(path: &Path) -> Result<Digest, CliError> {
    Ok(fs::digest(path, u64::MAX)?)
}

/// What was written, and the digest of the key that signed, where none of certificates did.
type Written = (Option<Digest>, Vec<PathBuf>);

/// How it is signed: by the key that is named, or by certificates; `None` where a pull request of a fork has no identity.
fn sign_all(said: &Statements, args: &AttestArgs) -> Result<Option<Written>, CliError> {
    let services = args.keyless.services()?;
    let keyless = match &services.fulcio {
        None => None,
        Some(fulcio) => match args.keyless.token()? {
            Token::OfAFork => return Ok(None),
            Token::From(source) => Some((fulcio, source)),
        },
    };
    let web = services.timestamps.as_ref().map(|_| network::over_http()).transpose()?;
    let root = services.timestamps.as_ref().map(|_| args.trust.root()).transpose()?;
    let shown = match (&web, &services.timestamps, &root) {
        (Some(web), Some(url), Some(root)) => Some(Timestamping { stamping: Stamping { web: &**web, url }, root }),
        _ => None,
    };
    let key = args.key.as_ref().map(|source| key::read_private(source, &args.password)).transpose()?;
    let mut signing = match (&key, keyless, &web) {
        (Some(key), ..) => Signing::Key(key),
        (None, Some((fulcio, source)), Some(web)) => {
            let authority = Authority { web: &**web, fulcio, audience: args.keyless.audience() };
            Signing::Keyless(Box::new(Keyless::new(authority, source, clock::now())?))
        }
        // clap asks for a key or an authority, and with an authority for timestamps.
        (None, ..) => return Err(SignError::NoTimestamp.into()),
    };
    let written = sign(&said.all, &mut signing, shown, args)?;
    Ok(Some((key.map(|key| key.public().digest()), written)))
}

/// Signs each statement and writes it, when it was verified and the file is still the same.
fn sign(
    all: &[ReadyStatement],
    signing: &mut Signing<'_>,
    shown: Option<Timestamping<'_>>,
    args: &AttestArgs,
) -> Result<Vec<PathBuf>, CliError> {
    // All of them before the first: nothing is written over that something was read from, and no half of what belongs together.
    let place = |name: &str| match (&args.queue, &args.out_dir) {
        (Some(dir), _) => Some(Queue::in_folder(dir).path(name)),
        (None, Some(dir)) => Some(dir.join(format!("{name}.dsse.json"))),
        (None, None) => None,
    };
    let name = |statement: &ReadyStatement| format!("{}.{}", statement.artifact.name, statement.predicate);
    let inputs = args.inputs();
    for path in all.iter().filter_map(|statement| place(&name(statement))) {
        if let Some(input) = inputs.iter().find(|input| fs::is_same(input, &path)) {
            return Err(Unattested::OwnInput(input.to_path_buf()).into());
        }
        if path.is_dir() {
            return Err(Unattested::Folder(path).into());
        }
    }
    let mut signed = Vec::new();
    for statement in all {
        signed.push((name(statement), sign::sign(IN_TOTO, &statement.bytes, signing, shown, clock::now)?));
    }
    for path in &args.files {
        let said =
            all.iter().find(|said| path.file_name().is_some_and(|name| name.to_string_lossy() == said.artifact.name));
        if said.map(|said| said.artifact.digest) != Some(digest(path)?) {
            return Err(Unattested::Changed(path.clone()).into());
        }
    }
    let mut written = Vec::new();
    if let Some(dir) = &args.queue {
        let queue = Queue::in_folder(dir);
        let request = |(name, signed): (String, Signed)| -> Result<_, CliError> {
            let request = Request::of(&signed.envelope, &signed.json, signed.by.maker())?;
            queue.has(&name, &request)?;
            Ok((name, request, signed.timestamp))
        };
        for (name, request, timestamp) in signed.into_iter().map(request).collect::<Result<Vec<_>, _>>()? {
            // First: a request without it would be sent without it.
            if let Some(timestamp) = timestamp {
                queue.keep_timestamp(&name, &timestamp)?;
            }
            written.push(queue.keep(&name, &request)?);
        }
        return Ok(written);
    }
    for (name, signed) in signed {
        if let Some(path) = place(&name) {
            fs::write_output(&path, (signed.json + "\n").as_bytes())?;
            written.push(path);
        }
    }
    Ok(written)
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
enum Became<'s> {
    DryRun,
    OfAFork,
    Signed(Option<Digest>, &'s [PathBuf]),
}

fn show(global: &GlobalArgs, said: &Statements, became: Became<'_>) {
    let (key, files) = match became {
        Became::Signed(key, files) => (key, files),
        Became::DryRun | Became::OfAFork => (None, &[][..]),
    };
    let is_skipped = matches!(became, Became::OfAFork);
    match global.format {
        Format::Json => {
            let attestations = said.all.iter().enumerate().map(|(at, statement)| AttestationV1 {
                artifact: statement.artifact.name.clone(),
                digest: statement.artifact.digest,
                predicate_type: statement.predicate_type.to_owned(),
                file: files.get(at).map(|path| path.display().to_string()),
                statement: serde_json::from_slice(&statement.bytes).unwrap_or_default(),
            });
            output::json(&AttestV1 {
                schema: AttestSchema,
                gate: said.gate.gate().code().to_owned(),
                verdict: said.gate.verdict().code().to_owned(),
                key,
                skipped: is_skipped.then(|| "fork".to_owned()),
                attestations: attestations.collect(),
            });
        }
        Format::Text => {
            output::talk(&format!("gate {}: {}", said.gate.gate().code(), said.gate.verdict().code()));
            if is_skipped {
                output::talk("nothing is attested: a pull request of a fork gets no identity token");
            }
            if matches!(became, Became::DryRun) {
                for statement in &said.all {
                    let value: serde_json::Value = serde_json::from_slice(&statement.bytes).unwrap_or_default();
                    output::document(&format!("{value:#}\n"));
                }
            }
            let line = |path: &PathBuf| format!("{}\n", untrusted::log_line(&path.display().to_string()));
            output::data(&files.iter().map(line).collect::<String>());
        }
    }
}
