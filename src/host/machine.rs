//! Facts of this machine that a manifest records, and the time that its processors spent.

use std::time::Duration;

/// The architecture, as OCI names it (<https://go.dev/doc/install/source#environment>).
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The operating system.
pub fn os() -> &'static str {
    std::env::consts::OS
}

/// The release of the kernel, where there is one to ask.
pub fn kernel() -> Option<String> {
    #[cfg(target_os = "linux")]
    return Some(rustix::system::uname().release().to_string_lossy().into_owned());
    #[cfg(not(target_os = "linux"))]
    return None;
}

/// How many replays can run side by side.
pub fn parallelism() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The time on processors of all children that were waited for, and of theirs; `None` where the machine does not tell.
pub fn children_cpu() -> Option<Duration> {
    // proc_pid_stat(5): cutime and cstime are the fields 16 and 17, in hundredths of a second; the name in parentheses, the
    // second, may hold anything.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis((ticks(13)? + ticks(14)?) * 10))
}
