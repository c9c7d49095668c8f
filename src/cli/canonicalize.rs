//! `stella canonicalize`: the one form of a document, or its digest.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::canonical::{JsonError, Profile};
use crate::cli::args::GlobalArgs;
use crate::cli::error::{CliError, CliResult};
use crate::cli::{output, setup};
use crate::flow::canonicalize::{self, ProfileChoiceError};
use crate::host::fs;
use crate::host::limits::MAX_DOCUMENT_BYTES;
use crate::model::exit::Exit;

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

/// A document without a canonical form.
#[derive(Debug, thiserror::Error)]
#[error("`{}` has no canonical form", .file.display())]
struct Refused {
    file: PathBuf,
    source: JsonError,
}

pub fn run(global: &GlobalArgs, args: &CanonicalizeArgs) -> CliResult {
    if !args.hash && args.files.len() > 1 {
        return Err(
            CliError::usage("canonical bytes of several files cannot be told apart").hint("give one file, or `--hash`")
        );
    }
    let config = setup::config(global)?;
    let wanted = args.profile.as_deref().map(|wanted| canonicalize::profile(wanted, &config)).transpose();
    let wanted = wanted.map_err(|error| match error {
        ProfileChoiceError::Unknown(..) => CliError::usage(error).hint("docs/profiles.md lists the built-in profiles"),
        ProfileChoiceError::Invalid { .. } => CliError::usage(error),
    })?;
    for file in &args.files {
        let document = read(file)?;
        let profile = match &wanted {
            Some(profile) => profile,
            None => {
                let profile = canonicalize::recognised(&document, &config);
                output::talk(&format!("{}: profile `{}`", file.display(), profile.name()));
                profile
            }
        };
        show(args.hash, file, profile, &document)
            .map_err(|source| CliError::usage(Refused { file: file.clone(), source }))?;
    }
    Ok(Exit::Passed.into())
}

fn show(hash: bool, file: &Path, profile: &Profile, document: &[u8]) -> Result<(), JsonError> {
    if hash {
        let digest = canonicalize::digest(profile, document)?;
        output::data(&format!("{digest}  {}\n", file.display()));
    } else {
        output::bytes(&canonicalize::bytes(profile, document)?);
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    if file != Path::new("-") {
        return fs::read(file, MAX_DOCUMENT_BYTES).map_err(CliError::usage);
    }
    let mut bytes = Vec::new();
    let mut input = std::io::stdin().lock().take(MAX_DOCUMENT_BYTES + 1);
    input.read_to_end(&mut bytes).map_err(|error| CliError::usage(format!("cannot read standard input: {error}")))?;
    if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(CliError::usage(format!("standard input is over the limit of {MAX_DOCUMENT_BYTES} bytes")));
    }
    Ok(bytes)
}
