//! `stella canonicalize`: the one form of a document, or its digest.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::artifacts::canonicalize::{self, FileError};
use crate::artifacts::detect_profile;
use crate::artifacts::document_file::InFile;
use crate::canonical::{JsonError, Profile};
use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::config::Config;
use crate::host::fs;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::limits::MAX_DOCUMENT_BYTES;
use crate::workspace::profiles;

/// Write the canonical bytes of a document, or their SHA-256
///
/// JSON comes out as RFC 8785 has it: members sorted, no white space, one spelling of each number and string. A profile
/// leaves out what is volatile in a format and puts its sets in order; without --profile it is chosen by content, and
/// named on standard error. Exits with 2 when a document is refused, with its file, byte offset and JSON pointer.
#[derive(Debug, Args)]
pub struct CanonicalizeArgs {
    /// Name of a built-in profile, a profile's file, or `none` for RFC 8785 alone [default: by content]
    #[arg(long, value_name = "NAME|FILE|none")]
    profile: Option<String>,
    /// Print `DIGEST  FILE` for each file instead of the bytes
    #[arg(long)]
    hash: bool,
    /// The documents; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Why there is nothing canonical to show.
#[derive(Debug, thiserror::Error)]
enum CanonicalizeError {
    #[error("canonical bytes of several files cannot be told apart")]
    Several,
    #[error("`{}` has no canonical form", .file.display())]
    Refused { file: PathBuf, source: JsonError },
    #[error("cannot read standard input")]
    Stdin(#[source] io::Error),
    #[error("standard input is over the limit of {MAX_DOCUMENT_BYTES} bytes")]
    StdinTooLarge,
}

impl Diagnostic for CanonicalizeError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        matches!(self, Self::Several).then(|| "give one file, or `--hash`".into())
    }
}

pub fn run(global: &GlobalArgs, args: &CanonicalizeArgs) -> CliResult {
    if !args.hash && args.files.len() > 1 {
        return Err(CanonicalizeError::Several.into());
    }
    let config = setup::config(global)?;
    let wanted = args.profile.as_deref().map(|wanted| profiles::find_or_none(wanted, &config)).transpose()?;
    for file in &args.files {
        if args.hash && file != STDIN {
            hash_file(file, wanted.as_ref(), &config)?;
        } else {
            let document = read(file)?;
            let profile = wanted
                .as_ref()
                .unwrap_or_else(|| named(file, detect_profile::recognised(&file_name(file), &document, &config)));
            show(args.hash, file, profile, &document).map_err(|error| refused(file, error))?;
        }
    }
    Ok(Exit::Passed.into())
}

/// What a file is called that is standard input.
const STDIN: &str = "-";

fn hash_file(file: &Path, wanted: Option<&Profile>, config: &Config) -> Result<(), CliError> {
    let mut opened = InFile::open(file)?;
    let profile = match wanted {
        Some(profile) => profile,
        None => named(file, detect_profile::recognised_in_file(&file_name(file), &mut opened, config)?),
    };
    let digest = canonicalize::digest_of_file(profile, &mut opened).map_err(|error| match error {
        FileError::Fs(error) => CliError::from(error),
        FileError::Json(error) => refused(file, error),
    })?;
    show_digest(digest, file);
    Ok(())
}

/// The name by which a file may be known.
fn file_name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Says which profile was chosen.
fn named<'c>(file: &Path, profile: &'c Profile) -> &'c Profile {
    output::talk(&format!("{}: profile `{}`", file.display(), profile.name()));
    profile
}

fn refused(file: &Path, source: JsonError) -> CliError {
    CanonicalizeError::Refused { file: file.to_owned(), source }.into()
}

fn show(hash: bool, file: &Path, profile: &Profile, document: &[u8]) -> Result<(), JsonError> {
    if hash {
        show_digest(canonicalize::digest(profile, document)?, file);
    } else {
        output::bytes(&canonicalize::bytes(profile, document)?);
    }
    Ok(())
}

fn show_digest(digest: Digest, file: &Path) {
    output::data_line(&format!("{digest}  {}", file.display()));
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    if file != STDIN {
        return Ok(fs::read(file, MAX_DOCUMENT_BYTES)?);
    }
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock().take(MAX_DOCUMENT_BYTES + 1);
    input.read_to_end(&mut bytes).map_err(CanonicalizeError::Stdin)?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(CanonicalizeError::StdinTooLarge.into());
    }
    Ok(bytes)
}
