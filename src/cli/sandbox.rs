//! `stella sandbox`: run one command as a replay would.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::cli::args::{GlobalArgs, IsolationArgs, WantedIsolation};
use crate::cli::error::{CliError, CliResult, ExitCode};
use crate::cli::image::NotAnImage;
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::host::clock;
use crate::host::fs;
use crate::job::known_locale::{is_known_locale, is_known_zone};
use crate::job::machine_settings::{MAX_MEMORY_LIMIT, MAX_TIME_LIMIT};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::result::Isolation;
use crate::report::untrusted;
use crate::sandbox::helper;
use crate::sandbox::level;
use crate::sandbox::run::{self, Ending, Reason};
use crate::sandbox::spec::{Clock, DirectoryOrder, FileTimes, HostRoot, Network, Paths, SandboxSpec, SystemRoots};
use crate::sandbox::validated::{Argv, CpuCount, Hostname, Locale, TimeZone, Umask, User};
use crate::workspace::image;

/// Run one command as a replay would
///
/// For debugging: the command sees what a replayed scanner sees, and `--ledger` writes down
/// what it reached for. Its output is passed on when it has ended, and stella ends with its
/// exit code: 128 and the number of the signal where one ended it, 4 where stella itself could
/// not run it.
///
///   stella sandbox -- date
///   stella sandbox --clock 2026-01-01T00:00:00Z --cpus 1 --ro ~/venv -- ~/venv/bin/bandit --version
///   stella sandbox --ledger ledger.jsonl --trace-paths -- my-scanner .
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct SandboxArgs {
    /// The instant at which the clock is frozen, or `real` [default: now]
    #[arg(long, value_name = "RFC3339")]
    clock: Option<String>,
    /// Nanoseconds by which the frozen clock moves at each reading, for programs that wait for it to move
    #[arg(long, value_name = "NANOSECONDS", default_value_t = 0)]
    clock_step: u64,
    /// Where all randomness comes from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many processors the command sees [default: the machine's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(CpuCount::MOST)))]
    cpus: Option<u32>,
    /// In which order directories are listed
    #[arg(long, value_enum, value_name = "ORDER", default_value = "sorted")]
    order: Order,
    /// Time zone
    #[arg(long, value_name = "NAME", default_value = "UTC")]
    tz: String,
    /// Locale
    #[arg(long, value_name = "NAME", default_value = "C.UTF-8")]
    locale: String,
    /// Host name
    #[arg(long, value_name = "NAME", default_value = "stella")]
    hostname: String,
    /// User and group number that the command believes to have
    #[arg(long, value_name = "UID[:GID]", default_value = "1000:1000")]
    user: String,
    /// Permission bits that new files do not get, in octal
    #[arg(long, value_name = "BITS", default_value = "022")]
    umask: String,
    /// Give programs other addresses in every run
    #[arg(long)]
    aslr: bool,
    /// Let the command reach the network
    #[arg(long)]
    network: bool,
    /// An environment variable that the command may see (repeatable)
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// A folder of the machine that the command sees at its own path (repeatable)
    #[arg(long, value_name = "PATH")]
    ro: Vec<PathBuf>,
    /// A folder of the machine that the command may change, at its own path (repeatable)
    #[arg(long, value_name = "PATH")]
    rw: Vec<PathBuf>,
    /// An image whose files the command sees in place of the machine's: an OCI layout, or HOST/NAME@sha256:…
    #[arg(long, value_name = "IMAGE")]
    rootfs: Option<PathBuf>,
    /// Show no file as newer than the frozen clock; each look at a file then costs two stops
    #[arg(long)]
    clamp_file_times: bool,
    /// Write down every look-up of a path that is not there; each open then costs two stops
    #[arg(long)]
    trace_paths: bool,
    /// Seconds after which the command is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TIME_LIMIT)))]
    timeout: u32,
    /// Mebibytes of memory that the command may use
    #[arg(long, value_name = "MIB", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_MEMORY_LIMIT)))]
    memory: u32,
    /// Processes and threads that the command may have at a time
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PROCESSES)))]
    processes: u32,
    /// Where to write what was seen, as lines of JSON
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Fail unless this level is reached
    #[arg(long, value_enum, value_name = "LEVEL")]
    require_isolation: Option<WantedIsolation>,
    /// Use no stronger level than this
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "full")]
    at_most: WantedIsolation,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The most processes that Linux can number.
const MAX_PROCESSES: u32 = 1 << 22;

/// In which order directories are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// By the bytes of the names
    Sorted,
    /// Shuffled by the seed
    Seeded,
    /// As the file system has it
    Machine,
}

/// An argument that cannot be used, or a command that was ended.
#[derive(Debug, thiserror::Error)]
enum SandboxArgsError {
    #[error("`{given}` is not an instant")]
    Instant { given: String, source: jiff::Error },
    #[error("`{0}` is not an octal number")]
    Umask(String),
    #[error("`{0}` is not the number of a user or group")]
    User(String),
    #[error("`{0}` is not a time zone of this machine")]
    Zone(String),
    #[error("`{0}` is not a locale that a C library knows")]
    Locale(String),
    #[error("cannot show `{}` in the sandbox", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the command {how} and was ended")]
    Ended { how: String, clock_reads: u64 },
    #[error("`{}` is not executable", .0.display())]
    NotExecutable(PathBuf),
    #[error("`{}` is a folder, and not a program", .0.display())]
    FolderAsProgram(PathBuf),
}

impl Diagnostic for SandboxArgsError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Ended { .. } | Self::NotExecutable(_) | Self::FolderAsProgram(_) => FailureKind::Infrastructure,
            Self::Instant { .. }
            | Self::Umask(_)
            | Self::User(_)
            | Self::Zone(_)
            | Self::Locale(_)
            | Self::Folder { .. } => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Instant { .. } => Some("such as `2026-01-31T12:00:00Z`, or `real`".into()),
            // Nobody waits with one look at the clock.
            Self::Ended { clock_reads: 2.., .. } => Some(
                "it waited, and read a clock that stands still: if it waits for that to move, add `--clock real`, or \
                 `--clock-step 1000000` for a millisecond at each reading"
                    .into(),
            ),
            Self::NotExecutable(program) => {
                Some(format!("make it executable: `chmod +x {}`", program.display()).into())
            }
            _ => None,
        }
    }
}

pub fn run(global: &GlobalArgs, args: &SandboxArgs) -> CliResult {
    let mut spec = spec(args)?;
    if let Some(image) = &args.rootfs {
        spec.system = SystemRoots::Image(rootfs(global, image)?);
    }
    let helper = helper::helper_path()?;
    if let Some(wanted) = args.require_isolation {
        let reached = run::probe(&spec, &helper)?;
        level::require(&reached, wanted.into())?;
    }
    let finished = run::run_at_most(&spec, &helper, args.at_most.into())?;
    if let Some(wanted) = args.require_isolation {
        level::require(&finished.reached(), wanted.into())?;
    }
    // Bytes of the command, neither read nor changed.
    output::bytes(&finished.stdout);
    output::bytes_of_stderr(&finished.stderr);
    if let Some(file) = &args.ledger {
        let lines = finished.ledger.to_lines(finished.level, &finished.lost);
        // The file may be a terminal.
        fs::write_output(file, untrusted::json(&String::from_utf8_lossy(&lines)).as_bytes())?;
    }
    if finished.level != Isolation::Full {
        output::talk(&format!("isolation `{}`, which lacks: {}", finished.level.code(), finished.lost.join("; ")));
    }
    for denied in finished.ledger.denied() {
        output::talk(&format!("denied: {denied}"));
    }
    match finished.ending {
        Ending::Code(code) => Ok(ExitCode::of_wrapped(code)),
        Ending::Signal(signal) => {
            output::talk(&format!("the command was killed by signal {signal}"));
            Ok(ExitCode::of_wrapped(128 + signal))
        }
        Ending::Killed(reason) => {
            let stands = matches!(spec.clock, Clock::Frozen(_)) && spec.clock_step.is_zero();
            let clock_reads = if reason == Reason::TimedOut && stands { finished.ledger.clock_reads() } else { 0 };
            Err(SandboxArgsError::Ended { how: reason.in_words_of(&spec.limits), clock_reads }.into())
        }
    }
}

/// The command. A program that is named from the working directory is found by its place on the machine, since the sandbox
/// has a working directory of its own.
fn command(args: &SandboxArgs) -> Result<Vec<String>, CliError> {
    let mut command = args.command.clone();
    if let Some(program) = command.first_mut()
        && program.contains('/')
        && Path::new(program.as_str()).is_relative()
    {
        let place = fs::absolute(Path::new(program.as_str()))?;
        if args.rootfs.is_none() {
            startable(Path::new(program.as_str()), &place)?;
        }
        *program = place.to_str().map(str::to_owned).unwrap_or_else(|| program.clone());
    }
    Ok(command)
}

/// Refuses what is there and is not a program; the kernel's word for it is the same as for what is not there.
fn startable(program: &Path, place: &Path) -> Result<(), SandboxArgsError> {
    match std::fs::metadata(place) {
        Ok(there) if there.is_dir() => Err(SandboxArgsError::FolderAsProgram(program.to_owned())),
        Ok(there) if !fs::is_executable(&there) => Err(SandboxArgsError::NotExecutable(program.to_owned())),
        _ => Ok(()),
    }
}

fn spec(args: &SandboxArgs) -> Result<SandboxSpec, CliError> {
    let clock = match args.clock.as_deref() {
        None => Clock::Frozen(clock::now()),
        Some("real") => Clock::Real,
        Some(given) => {
            let instant = given.parse::<Timestamp>();
            Clock::Frozen(instant.map_err(|source| SandboxArgsError::Instant { given: given.to_owned(), source })?)
        }
    };
    let mut spec = SandboxSpec::new(Argv::new(command(args)?)?, clock);
    spec.clock_step = Duration::from_nanos(args.clock_step);
    spec.seed = args.seed;
    spec.cpu_count = args.cpus.map(CpuCount::try_from).transpose()?;
    spec.directory_order = match args.order {
        Order::Sorted => DirectoryOrder::Sorted,
        Order::Seeded => DirectoryOrder::Seeded,
        Order::Machine => DirectoryOrder::Machine,
    };
    spec.tz = TimeZone::new(args.tz.as_str())?;
    spec.locale = Locale::new(args.locale.as_str())?;
    // A C library takes an unknown one for UTC or `C`, without a word.
    if !is_known_zone(&args.tz) {
        return Err(SandboxArgsError::Zone(args.tz.clone()).into());
    }
    if !is_known_locale(&args.locale) {
        return Err(SandboxArgsError::Locale(args.locale.clone()).into());
    }
    spec.hostname = Hostname::new(args.hostname.as_str())?;
    spec.user = user(&args.user)?;
    let umask = u16::from_str_radix(&args.umask, 8);
    spec.umask = Umask::new(umask.map_err(|_| SandboxArgsError::Umask(args.umask.clone()))?)?;
    spec.aslr = args.aslr;
    spec.network = if args.network { Network::Allowed } else { Network::Denied };
    for (name, value) in setup::variables(&args.env)? {
        spec.env.set(name, value)?;
    }
    spec.roots = args.ro.iter().map(|path| root(path)).collect::<Result<_, _>>()?;
    spec.writable_roots = args.rw.iter().map(|path| root(path)).collect::<Result<_, _>>()?;
    spec.file_times = if args.clamp_file_times { FileTimes::Clamped } else { FileTimes::Machine };
    spec.paths = if args.trace_paths { Paths::Every } else { Paths::Rare };
    spec.limits.wall = Duration::from_secs(args.timeout.into());
    spec.limits.memory_bytes = u64::from(args.memory) << 20;
    spec.limits.processes = args.processes;
    Ok(spec)
}

/// The folder of an unpacked image.
fn rootfs(global: &GlobalArgs, image: &Path) -> Result<PathBuf, CliError> {
    let context = setup::context(global, &IsolationArgs::default())?;
    let material = image::material(image, None, &context)?;
    let material = material.ok_or_else(|| NotAnImage(image.to_owned()))?;
    let unpacked = material.rootfs();
    output::talk(&format!("image {}, unpacked: content {}", material.image().digest(), unpacked.content));
    Ok(unpacked.path.clone())
}

fn root(path: &Path) -> Result<HostRoot, CliError> {
    let real = path.canonicalize().map_err(|source| SandboxArgsError::Folder { path: path.to_owned(), source })?;
    Ok(HostRoot::try_from(real.to_string_lossy().into_owned())?)
}

fn user(text: &str) -> Result<User, CliError> {
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    let number = |text: &str| text.parse().map_err(|_| SandboxArgsError::User(text.to_owned()));
    Ok(User::new(number(uid)?, number(gid)?)?)
}
