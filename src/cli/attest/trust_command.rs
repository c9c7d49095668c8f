//! `stella trust`: make a trusted root of its parts, take a newer one over.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::attest::key::private;
use crate::attest::key::public::PublicKey;
use crate::attest::rekor::generation::Generation;
use crate::attest::trusted_root::create::{self, AuthorityPart, LogPart, Parts, Valid};
use crate::attest::trusted_root::parts;
use crate::attest::trusted_root::{self, TrustedRoot};
use crate::attest::x509::certified;
use crate::cli::args::GlobalArgs;
use crate::cli::attest::key::Unreadable;
use crate::cli::attest::trust::{TrustArgs, named};
use crate::cli::attest::written;
use crate::cli::error::{CliError, CliResult};
use crate::cli::terminal::output;
use crate::host::{clock, fs};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::exit::Exit;
use crate::report::untrusted;

/// Make and renew the file that names whom you trust
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Make a trusted root of the keys of logs and the chains of authorities
    ///
    /// For an instance of your own. PARTS are NAME=VALUE with commas between: url=URL, and key=FILE (a public key) or chain=FILE (certificates, the one
    /// that signs first); where wanted start=TIME and end=TIME, and for a log api=2, the second generation, whose name is the host of its URL.
    Create(CreateArgs),
    /// Take a newer trusted root over, when it is one
    ///
    /// Who gave it to you is not verified here: take it from where you trust it, such as the TUF repository of its instance. Says how old it is,
    /// and which parts come, go and end at another time. One that lacks all that is there, or takes back that something has ended, is refused.
    Update(UpdateArgs),
}

/// The parts.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// A log of signatures (repeatable): url=URL,key=FILE[,api=2]
    #[arg(long, value_name = "PARTS")]
    rekor: Vec<Spec>,
    /// An authority that gives certificates out (repeatable): url=URL,chain=FILE
    #[arg(long, value_name = "PARTS")]
    fulcio: Vec<Spec>,
    /// A log of certificates (repeatable): url=URL,key=FILE
    #[arg(long, value_name = "PARTS")]
    ct_log: Vec<Spec>,
    /// An authority of timestamps (repeatable): url=URL,chain=FILE
    #[arg(long, value_name = "PARTS")]
    timestamp_authority: Vec<Spec>,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What is newer.
#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The newer one
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// `url=https://log.example,key=log.pub`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    url: String,
    key: Option<PathBuf>,
    chain: Option<PathBuf>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    api: Option<u32>,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut spec = Self { url: String::new(), key: None, chain: None, start: None, end: None, api: None };
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
            let time = || {
                value
                    .parse::<Timestamp>()
                    .map(Some)
                    .map_err(|_| format!("`{value}` is not a time such as 2026-01-31T12:00:00Z"))
            };
            match name {
                "url" if spec.url.is_empty() => value.clone_into(&mut spec.url),
                "key" if spec.key.is_none() => spec.key = Some(value.into()),
                "chain" if spec.chain.is_none() => spec.chain = Some(value.into()),
                "start" if spec.start.is_none() => spec.start = time()?,
                "end" if spec.end.is_none() => spec.end = time()?,
                "api" if spec.api.is_none() => match value {
                    "1" => spec.api = Some(1),
                    "2" => spec.api = Some(2),
                    _ => return Err(format!("`{value}` is not an API that is known: expected 1 or 2")),
                },
                _ => return Err(format!("`{name}` is not a part that is known, or stands twice")),
            }
        }
        if spec.url.is_empty() { Err("`url=` is missing".to_owned()) } else { Ok(spec) }
    }
}

/// The parts do not fit.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("of `{url}` {what} is wanted, and nothing else")]
    Part { url: String, what: &'static str },
    #[error("nothing is named that would be trusted")]
    Nothing,
    #[error("it does not come after the trusted root that is there: {0}")]
    NoSuccessor(String),
}

impl Diagnostic for Unfit {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NoSuccessor(_) => FailureKind::Verification,
            Self::Part { .. } | Self::Nothing => FailureKind::Usage,
        }
    }
}

pub fn run(_: &GlobalArgs, command: TrustCommand) -> CliResult {
    match command {
        TrustCommand::Create(args) => create(&args),
        TrustCommand::Update(args) => update(&args),
    }
}

fn valid(spec: &Spec) -> Valid {
    // Where nobody says since when, it is from the beginning: what is signed was signed at some time before today.
    Valid { start: spec.start.unwrap_or(Timestamp::UNIX_EPOCH), end: spec.end }
}

fn log(spec: &Spec, may_be_second: bool) -> Result<LogPart, CliError> {
    let (Some(path), None, true) = (&spec.key, &spec.chain, may_be_second || spec.api.is_none()) else {
        return Err(Unfit::Part { url: spec.url.clone(), what: "`key=`" }.into());
    };
    let text = fs::read(path, private::MOST_BYTES)?;
    let key = PublicKey::read(&text);
    let key = key.map_err(|source| Unreadable { place: path.display().to_string(), source })?;
    let generation = Generation::of_api(spec.api.unwrap_or(1)).unwrap_or_default();
    Ok(LogPart { url: spec.url.clone(), key, generation, valid: valid(spec) })
}

fn authority(spec: &Spec) -> Result<AuthorityPart, CliError> {
    let (None, Some(path), None) = (&spec.key, &spec.chain, spec.api) else {
        return Err(Unfit::Part { url: spec.url.clone(), what: "`chain=`" }.into());
    };
    let text = fs::read(path, trusted_root::MOST_BYTES)?;
    let chain = create::chain(&text).map_err(|source| Unreadable { place: path.display().to_string(), source })?;
    Ok(AuthorityPart { url: spec.url.clone(), chain, valid: valid(spec) })
}

fn create(args: &CreateArgs) -> CliResult {
    let parts = Parts {
        logs: args.rekor.iter().map(|spec| log(spec, true)).collect::<Result<_, _>>()?,
        authorities: args.fulcio.iter().map(authority).collect::<Result<_, _>>()?,
        ct_logs: args.ct_log.iter().map(|spec| log(spec, false)).collect::<Result<_, _>>()?,
        timestamps: args.timestamp_authority.iter().map(authority).collect::<Result<_, _>>()?,
    };
    if parts.logs.is_empty() && parts.authorities.is_empty() && parts.timestamps.is_empty() {
        return Err(Unfit::Nothing.into());
    }
    let specs = args.rekor.iter().chain(&args.fulcio).chain(&args.ct_log).chain(&args.timestamp_authority);
    written::not_over(&args.out, specs.flat_map(|spec| spec.key.iter().chain(&spec.chain)).map(PathBuf::as_path))?;
    let text = format!("{:#}\n", parts.to_json());
    // As whoever verifies by it will read it.
    let root = TrustedRoot::read(text.as_bytes())?;
    certified::check(&root)?;
    fs::write_output(&args.out, text.as_bytes())?;
    shown(&root, None, &args.out);
    Ok(Exit::Passed.into())
}

fn update(args: &UpdateArgs) -> CliResult {
    let (old, new) = (args.trust.root()?, named(&args.file)?);
    certified::check(&new)?;
    let (was, is) = (parts::of(&old), parts::of(&new));
    if let Some(why) = parts::is_no_successor(&was, &is) {
        return Err(Unfit::NoSuccessor(why).into());
    }
    fs::write_output(&args.out, new.text().as_bytes())?;
    shown(&new, Some(&old), &args.out);
    Ok(Exit::Passed.into())
}

/// What is in it, how old it is, and what is other in it.
fn shown(root: &TrustedRoot, old: Option<&TrustedRoot>, path: &Path) {
    let mut text = format!("{}\n", untrusted::log_line(&path.display().to_string()));
    let mut line = |words: String| text += &(untrusted::log_line(&words) + "\n");
    for log in root.logs() {
        let until = log.end.map(|end| format!(" until {end}")).unwrap_or_default();
        let since = log.start.filter(|start| *start > Timestamp::UNIX_EPOCH);
        line(format!(
            "log      {}{}{until}",
            log.base_url,
            since.map(|start| format!(" since {start}")).unwrap_or_default()
        ));
    }
    for words in old.map(|old| parts::changes(&parts::of(old), &parts::of(root))).unwrap_or_default() {
        line(words);
    }
    let newest = root.logs().iter().filter_map(|log| log.start).max().filter(|start| *start > Timestamp::UNIX_EPOCH);
    if let Some(newest) = newest {
        let days = clock::now().duration_since(newest).as_hours() / 24;
        line(format!("its newest log is valid since {newest}, {days} days ago"));
    }
    output::data(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_they_are_written() {
        let spec: Spec = "url=https://l.example,key=k.pub,api=2,start=2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!((spec.url.as_str(), spec.api), ("https://l.example", Some(2)));
        for no in ["", "url", "key=k", "url=u,url=v", "url=u,x=y", "url=u,api=3", "url=u,start=now"] {
            assert!(no.parse::<Spec>().is_err(), "{no}");
        }
    }
}
