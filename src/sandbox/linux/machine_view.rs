//! What a program can find out about the machine, the same on every one: its name, its kernel, its processors, how
//! much memory it has, how long it has been running.

use std::fmt::Write;

use crate::sandbox::linux::random::{fill, mix};
use crate::sandbox::spec::{Clock, SandboxSpec};

/// A kernel that has everything that the sandbox lets through.
const RELEASE: &str = "6.1.0-stella";
const VERSION: &str = "#1 SMP";
/// Seconds for which the machine seems to have been running.
const UPTIME: u64 = 3_600;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: &str = "x86_64";
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: &str = "aarch64";
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: &str = "unknown";

/// `struct new_utsname`.
pub(super) fn system_name(spec: &SandboxSpec) -> Vec<u8> {
    const FIELD: usize = 65;
    let fields = ["Linux", spec.hostname.as_str(), RELEASE, VERSION, ARCHITECTURE, "(none)"];
    let mut bytes = Vec::with_capacity(FIELD * fields.len());
    for (number, field) in (1..).zip(fields) {
        bytes.extend(field.bytes().take(FIELD - 1));
        bytes.resize(FIELD * number, 0);
    }
    bytes
}

/// `struct sysinfo` of a 64-bit system: memory is the limit of the run, all of it free.
pub(super) fn system_info(spec: &SandboxSpec) -> Vec<u8> {
    let memory = spec.limits.memory_bytes;
    let loads = [0; 3];
    let (shared, buffered, swap, free_swap) = (0, 0, 0, 0);
    let words = [UPTIME].into_iter().chain(loads).chain([memory, memory, shared, buffered, swap, free_swap]);
    let mut bytes: Vec<u8> = words.flat_map(u64::to_ne_bytes).collect();
    // Processes and padding, then high memory, then the unit of all of these.
    bytes.extend(1_u64.to_ne_bytes());
    bytes.extend([0; 16]);
    bytes.extend(1_u64.to_ne_bytes());
    bytes
}

/// The mask of the first `count` processors, in whole words.
pub(super) fn processor_mask(count: u32) -> Vec<u8> {
    let mut mask = vec![0_u8; usize::try_from(count.div_ceil(64) * 8).unwrap_or(8)];
    for processor in 0..usize::try_from(count).unwrap_or(1) {
        if let Some(byte) = mask.get_mut(processor / 8) {
            *byte |= 1 << (processor % 8);
        }
    }
    mask
}

/// Every file of `/proc` that is shown beside those of processes, with what stands in it, for a program that sees so many
/// `processors`. Relative to `/proc`.
///
/// Below `sys` are those that programs and libraries are known to read, with what kernels have by default.
pub(super) fn proc_files(spec: &SandboxSpec, processors: u32) -> Vec<(&'static str, String)> {
    let kibibytes = spec.limits.memory_bytes / 1024;
    let hostname = spec.hostname.as_str();
    let addresses = if spec.aslr { 2 } else { 0 };
    let fixed = [
        ("loadavg", "0.00 0.00 0.00 1/1 1"),
        ("cmdline", "stella"),
        ("filesystems", "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\text4"),
        ("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"),
        ("sys/crypto/fips_enabled", "0"),
        ("sys/fs/file-max", "1048576"),
        ("sys/fs/inotify/max_user_instances", "128"),
        ("sys/fs/inotify/max_user_watches", "65536"),
        ("sys/fs/nr_open", "1048576"),
        ("sys/fs/pipe-max-size", "1048576"),
        ("sys/kernel/cap_last_cap", "40"),
        ("sys/kernel/domainname", "(none)"),
        ("sys/kernel/ngroups_max", "65536"),
        ("sys/kernel/osrelease", RELEASE),
        ("sys/kernel/ostype", "Linux"),
        ("sys/kernel/overflowgid", "65534"),
        ("sys/kernel/overflowuid", "65534"),
        ("sys/kernel/pid_max", "32768"),
        ("sys/kernel/random/entropy_avail", "256"),
        ("sys/kernel/random/poolsize", "256"),
        ("sys/kernel/sem", "32000\t1024000000\t500\t32000"),
        ("sys/kernel/shmall", "18446744073692774399"),
        ("sys/kernel/shmmax", "18446744073692774399"),
        ("sys/kernel/shmmni", "4096"),
        ("sys/kernel/threads-max", "32768"),
        ("sys/kernel/version", VERSION),
        ("sys/net/core/somaxconn", "4096"),
        ("sys/vm/max_map_count", "65530"),
        ("sys/vm/mmap_min_addr", "65536"),
        ("sys/vm/overcommit_memory", "0"),
    ];
    let mut files = vec![
        ("uptime", format!("{UPTIME}.00 {UPTIME}.00\n")),
        ("version", format!("Linux version {RELEASE} (stella) {VERSION}\n")),
        (
            "meminfo",
            format!(
                "MemTotal:       {kibibytes} kB\nMemFree:        {kibibytes} kB\nMemAvailable:   {kibibytes} kB\n\
                 Buffers:               0 kB\nCached:                0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n"
            ),
        ),
        ("cpuinfo", cpuinfo(processors)),
        ("stat", statistics(spec, processors)),
        ("sys/kernel/hostname", format!("{hostname}\n")),
        ("sys/kernel/random/boot_id", uuid(spec.seed, 1)),
        ("sys/kernel/random/uuid", uuid(spec.seed, 2)),
        ("sys/kernel/randomize_va_space", format!("{addresses}\n")),
    ];
    files.extend(fixed.map(|(name, text)| (name, format!("{text}\n"))));
    files
}

/// Files of `/sys` that tell how many processors there are. Relative to `/sys`.
pub(super) fn sys_files(count: u32) -> Vec<(&'static str, String)> {
    let range = if count <= 1 { "0\n".to_owned() } else { format!("0-{}\n", count - 1) };
    let names = ["devices/system/cpu/online", "devices/system/cpu/possible", "devices/system/cpu/present"];
    names.into_iter().map(|name| (name, range.clone())).collect()
}

fn cpuinfo(count: u32) -> String {
    let mut text = String::new();
    for number in 0..count {
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "processor\t: {number}\nvendor_id\t: stella\nmodel name\t: stella\ncpu MHz\t\t: 2000.000\nphysical id\t: 0\n\
             siblings\t: {count}\ncore id\t\t: {number}\ncpu cores\t: {count}\nflags\t\t: fpu\n\n"
        );
    }
    text
}

fn statistics(spec: &SandboxSpec, count: u32) -> String {
    let booted = match spec.clock {
        Clock::Frozen(instant) => instant.as_second().saturating_sub(UPTIME.cast_signed()).max(0),
        Clock::Real => 0,
    };
    let nothing = "0 0 0 0 0 0 0 0 0 0";
    let mut text = format!("cpu  {nothing}\n");
    for number in 0..count {
        let _ = writeln!(text, "cpu{number} {nothing}");
    }
    let _ = writeln!(text, "intr 0\nctxt 0\nbtime {booted}\nprocesses 1\nprocs_running 1\nprocs_blocked 0");
    text
}

/// A UUID of version 4 that follows from the seed.
fn uuid(seed: u64, number: u64) -> String {
    let mut bytes = [0; 16];
    fill(mix(seed, number), 0, &mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}\n", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::sandbox::validated::Argv;

    fn spec() -> SandboxSpec {
        SandboxSpec::new(Argv::new(["true"]).unwrap(), Clock::Frozen(Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn structures_have_the_kernels_sizes() {
        assert_eq!(system_name(&spec()).len(), 390);
        assert_eq!(system_info(&spec()).len(), size_of::<libc::sysinfo>());
        assert_eq!((processor_mask(1), processor_mask(65).len()), (vec![1, 0, 0, 0, 0, 0, 0, 0], 16));
        assert_eq!(processor_mask(5)[0], 0b1_1111);
    }

    #[test]
    fn processors_are_counted_the_same_way_everywhere() {
        let files = proc_files(&spec(), 3);
        let text = |name: &str| files.iter().find(|(file, _)| *file == name).unwrap().1.clone();
        assert_eq!(text("cpuinfo").matches("processor\t:").count(), 3);
        assert_eq!(text("stat").lines().filter(|line| line.starts_with("cpu")).count(), 4);
        assert!(sys_files(3).iter().all(|(_, text)| text == "0-2\n"));
        assert!(sys_files(1).iter().all(|(_, text)| text == "0\n"));
    }

    #[test]
    fn a_boot_has_an_identity_of_the_seed() {
        let ids = |seed| {
            let files = proc_files(&SandboxSpec { seed, ..spec() }, 1);
            files.iter().find(|(name, _)| *name == "sys/kernel/random/boot_id").unwrap().1.clone()
        };
        assert_eq!((ids(1), ids(1).len()), (ids(1), 37));
        assert_ne!(ids(1), ids(2));
        assert_eq!(ids(1).as_bytes()[14], b'4');
    }
}
