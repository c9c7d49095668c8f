//! What the program inherits from the process that starts it: limits, umask, processors, and no power.

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getpriority_process, getrlimit, setpriority_process, setrlimit, umask};
use rustix::thread::{
    CapabilitySet, CapabilitySets, CpuSet, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_current_timer_slack, set_no_new_privs,
};

use crate::sandbox::linux::stopped::{During, Stopped};
use crate::sandbox::linux::{machine_view, sys};
use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::spec::{Limits, Mount, SandboxSpec};

/// Limits that are the same everywhere, as programs size themselves by them.
const STACK: u64 = 8 << 20;
const OPEN_FILES: (u64, u64) = (1024, 65_536);
/// The least that kernels have had as their own.
const LOCKED: u64 = 64 << 10;
const MESSAGES: u64 = 819_200;
/// Timers and signals that wait; the kernel's own follows the memory of the machine.
const SIGNALS_PENDING: u64 = 4096;

/// Applies all that needs no namespace; returns what has no effect here.
pub(super) fn apply(spec: &SandboxSpec) -> Result<Vec<String>, Stopped> {
    let mut lost = Vec::new();
    umask(Mode::from_raw_mode(spec.umask.bits().into()));
    limit(&spec.limits).or_fail("set limits")?;
    lost.extend(schedule());
    lost.extend(denied_code());
    set_no_new_privs(true).or_fail("give up new privileges")?;
    if let Err(why) = sys::leave_session_keyring()
        && why != Errno::NOSYS
    {
        lost.push(format!("keys: the session keyring is the caller's ({why})"));
    }
    if !spec.aslr && sys::fix_addresses().is_err() {
        lost.push("address randomisation: cannot be switched off here".to_owned());
    }
    let zone = Path::new("/usr/share/zoneinfo").join(spec.tz.as_str());
    // A zone with a digit may be a rule, which needs no file.
    if spec.tz.as_str() != "UTC" && !zone.exists() && !spec.tz.as_str().contains(|c: char| c.is_ascii_digit()) {
        lost.push(format!("time zone: `{}` is not installed, UTC is seen", spec.tz.as_str()));
    }
    if !is_installed(spec.locale.as_str()) {
        lost.push(format!("locale: `{}` is not installed, `C` is seen", spec.locale.as_str()));
    }
    Ok(lost)
}

/// Takes back what the caller has said of its own memory, which would outlive the start of a program. To be called where `/proc` shows this
/// process.
pub(super) fn usual_treatment() {
    /// Private and shared memory that is not a file's, headers, and private huge pages: what the kernel begins with.
    const CORE_FILES: &str = "0x33";
    sys::reset_treatment();
    // Where the file cannot be written, the kernel has none, or nobody could have.
    fs::write("/proc/self/coredump_filter", CORE_FILES).ok();
}

/// What the caller has said of its own memory and nobody can take back.
fn denied_code() -> Option<String> {
    sys::denies_writing_code().then(|| {
        "memory: whoever starts stella lets no program write code and run it (`MemoryDenyWriteExecute`): those that do, as Java \
         and Node, fail"
            .to_owned()
    })
}

/// Lets this process and all that it starts write nowhere but where `spec` says, for good; returns what could not be had.
pub(super) fn writing(spec: &SandboxSpec, places: &PathMapping) -> Vec<String> {
    let refused = |why: &dyn std::fmt::Display| {
        let files = format!("host files: writable where stella may write; mounts are not read-only ({why})");
        vec![files, SIGNALS.to_owned(), PROCESSES.to_owned()]
    };
    let PathMapping::Machine { root, .. } = places else { return Vec::new() };
    match restrict_writing(root, spec) {
        Ok(RulesetStatus::NotEnforced) => refused(&"the kernel has no Landlock"),
        Ok(_) => protected(),
        Err(why) => refused(&why),
    }
}

/// Where the kernel cannot keep signals within the run. What `kill` names is looked at in any case.
const SIGNALS: &str = "host processes: a hostile program can send them signals where stella may";

/// Where the kernel does not keep files of `/proc` from being written either.
const PROCESSES: &str = "host processes: a hostile program can change the memory of those of the same user that the kernel \
                         lets it trace (not of stella), and through them reach files, networks and the clock";

/// What even a kernel that keeps files from being written lets be done with them.
fn protected() -> Vec<String> {
    let mut lost = vec![
        "host files: their modes, owners, times and extended attributes can be changed where stella may".to_owned(),
    ];
    let strict = || Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    // Since Linux 6.12.
    if strict().scope(Scope::Signal).is_err() {
        lost.push(SIGNALS.to_owned());
    }
    // Since Linux 6.2.
    if strict().handle_access(AccessFs::Truncate).is_err() {
        lost.push("host files: can be cut short where stella may write".to_owned());
    }
    lost
}

fn restrict_writing(root: &Path, spec: &SandboxSpec) -> Result<RulesetStatus, RulesetError> {
    let writable = spec.mounts.iter().filter(|mount| mount.is_writable()).map(Mount::host);
    let writable = writable.chain(spec.writable_roots.iter().map(|root| Path::new(root.as_str())));
    let places = [root, Path::new("/dev/null"), Path::new("/dev/full")].into_iter().chain(writable);
    restrict_writing_to(places)
}

fn restrict_writing_to<'a>(places: impl Iterator<Item = &'a Path>) -> Result<RulesetStatus, RulesetError> {
    let write = AccessFs::from_write(ABI::V5);
    // A kernel that has no scopes leaves them out.
    let ruleset = Ruleset::default().handle_access(write)?.scope(Scope::Signal | Scope::AbstractUnixSocket)?;
    let mut ruleset = ruleset.create()?;
    for place in places {
        if let Ok(place) = PathFd::new(place) {
            ruleset = ruleset.add_rule(PathBeneath::new(place, write))?;
        }
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

/// A rule by which whoever keeps to it can send no signal to who does not: to the first process, which is the same user
/// and, without namespaces, has a number like every other. `None` where the kernel has none (before Linux 6.12).
pub(super) fn signalling() -> Option<RulesetCreated> {
    let create = || {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let ruleset = ruleset.scope(Scope::Signal)?.handle_access(AccessFs::Refer)?.create()?;
        move_anywhere(ruleset)
    };
    create().ok()
}

/// Lets this process and all that it starts send signals by `ruleset`, for good.
pub(super) fn signal_only_by(ruleset: &RulesetCreated) -> rustix::io::Result<()> {
    let ruleset = ruleset.try_clone().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    match ruleset.restrict_self().map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Ok(()),
        _ => Err(Errno::OPNOTSUPP),
    }
}

/// Lets this process make files below `root` alone, as far as the kernel can see to it, with no power but that of the user.
pub(super) fn make_only_below(root: &Path) -> rustix::io::Result<()> {
    give_up_powers()?;
    set_no_new_privs(true)?;
    // Where it cannot, the program itself may write anywhere, which is said.
    restrict_writing_to([root].into_iter()).ok();
    Ok(())
}

/// Files of `/proc` that tell of no process, besides those that are covered.
const HARMLESS: [&str; 2] = ["filesystems", "sys"];

/// Lets files be read everywhere but in a `/proc` that shows the machine's processes; whoever calls [`read_only_by`] keeps
/// to it. Files alone: whether `/` may be listed cannot be told from whether `/proc` may.
pub(super) fn reading(spec: &SandboxSpec) -> rustix::io::Result<RulesetCreated> {
    let top = fs::read_dir("/").map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    let top = top.flatten().map(|entry| entry.path()).filter(|path| path != Path::new("/proc") && !path.is_symlink());
    let covered = machine_view::proc_files(spec, 1).into_iter().map(|(name, _)| name);
    let harmless = HARMLESS.into_iter().chain(covered).map(|name| Path::new("/proc").join(name));
    allow_reading(top.chain(harmless)).map_err(|_| Errno::OPNOTSUPP)
}

fn allow_reading(places: impl Iterator<Item = PathBuf>) -> Result<RulesetCreated, RulesetError> {
    let (read, moving) = (AccessFs::ReadFile, AccessFs::Refer);
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    let mut ruleset = move_anywhere(ruleset.handle_access(read | moving)?.create()?)?;
    for place in places {
        if let Ok(place) = PathFd::new(place) {
            ruleset = ruleset.add_rule(PathBeneath::new(place, read))?;
        }
    }
    Ok(ruleset)
}

/// With a rule that lets files be moved between folders: without one no kernel lets a restricted process do so.
fn move_anywhere(ruleset: RulesetCreated) -> Result<RulesetCreated, RulesetError> {
    match PathFd::new("/") {
        Ok(root) => ruleset.add_rule(PathBeneath::new(root, AccessFs::Refer)),
        Err(_) => Ok(ruleset),
    }
}

/// Lets this process and all that it starts read by `ruleset` and what `/proc` says of this process, for good.
pub(super) fn read_only_by(ruleset: &RulesetCreated) -> rustix::io::Result<()> {
    let ruleset = ruleset.try_clone().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    let restricted = match PathFd::new("/proc/self") {
        Ok(own) => ruleset.add_rule(PathBeneath::new(own, AccessFs::ReadFile)).and_then(RulesetCreated::restrict_self),
        Err(_) => ruleset.restrict_self(),
    };
    match restricted.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Ok(()),
        _ => Err(Errno::OPNOTSUPP),
    }
}

/// Gives up every capability for good, also those that the program could get by executing a file.
pub(super) fn give_up_powers() -> rustix::io::Result<()> {
    for number in 0..64 {
        let Some(capability) = CapabilitySet::from_bits(1 << number) else { break };
        if remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
}

fn limit(limits: &Limits) -> rustix::io::Result<()> {
    // Not the address space: Go, V8 and the JVM reserve much more of it than they use.
    at_most(Resource::Data, limits.memory_bytes, limits.memory_bytes)?;
    at_most(Resource::Fsize, limits.file_bytes, limits.file_bytes)?;
    at_most(Resource::Nproc, limits.processes.into(), limits.processes.into())?;
    // Not 0: a machine's handler of core files is called then too, and only by this number the kernel knows that it is not
    // to be (`core(5)`, `fs/coredump.c`). No file is written for so little.
    at_most(Resource::Core, 1, 1)?;
    at_most(Resource::Stack, STACK, STACK)?;
    at_most(Resource::Memlock, LOCKED, LOCKED)?;
    at_most(Resource::Msgqueue, MESSAGES, MESSAGES)?;
    at_most(Resource::Sigpending, SIGNALS_PENDING, SIGNALS_PENDING)?;
    at_most(Resource::Nofile, OPEN_FILES.0, OPEN_FILES.1)?;
    at_most(Resource::Nice, 0, 0)?;
    at_most(Resource::Rtprio, 0, 0)
}

/// What a program is told of how it is scheduled: the same everywhere, as far as that can be had.
fn schedule() -> Option<String> {
    // Nanoseconds by which the kernel may put off a timer: its own default.
    const SLACK: Option<NonZeroU64> = NonZeroU64::new(50_000);
    set_current_timer_slack(SLACK).ok();
    let caller = usual_priority();
    (caller != 0).then(|| format!("priority: the caller's ({caller}), which the program can ask"))
}

/// Takes the usual priority, if that may be taken; returns the one that this process has.
///
/// To lower the number takes a privilege: whoever starts stella with `nice` and without it stays there.
pub(super) fn usual_priority() -> i32 {
    let caller = getpriority_process(None).unwrap_or_default();
    if caller == 0 || setpriority_process(None, 0).is_ok() { 0 } else { caller }
}

/// Lowers a limit; one that is lower already cannot be raised and stays.
fn at_most(resource: Resource, soft: u64, hard: u64) -> rustix::io::Result<()> {
    let ceiling = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let maximum = hard.min(ceiling);
    setrlimit(resource, Rlimit { current: Some(soft.min(maximum)), maximum: Some(maximum) })
}

/// The first of `ours`, as many as the spec wants; with what is to be said where there are fewer.
pub(super) fn processors(spec: &SandboxSpec, ours: &CpuSet) -> (CpuSet, Option<String>) {
    let Some(wanted) = spec.cpu_count else { return (*ours, None) };
    let mut chosen = CpuSet::new();
    let usable = (0..CpuSet::MAX_CPU).filter(|processor| ours.is_set(*processor));
    usable.take(usize::try_from(wanted.get()).unwrap_or(usize::MAX)).for_each(|processor| chosen.set(processor));
    let got = chosen.count();
    let wanted = wanted.get();
    let fewer = (got != wanted).then(|| format!("parallelism: {got} instead of {wanted} processors run at a time"));
    (chosen, fewer)
}

/// Whether a C library can load the locale: those that are built in need no file.
fn is_installed(locale: &str) -> bool {
    if ["C", "POSIX", "C.UTF-8"].contains(&locale) {
        return true;
    }
    // glibc writes `UTF-8` as `utf8` in the names of folders.
    let folder = locale.replace("UTF-8", "utf8");
    let root = Path::new("/usr/lib/locale");
    [root.join(locale), root.join(folder), root.join("locale-archive")].iter().any(|path| path.exists())
}
