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

/// The name of the user that this process runs as, where the machine's list of users has it.
#[cfg(target_os = "linux")]
pub fn user() -> Option<String> {
    user_of(rustix::process::geteuid().as_raw(), &std::fs::read_to_string("/etc/passwd").ok()?)
}

/// Other systems keep it elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn user() -> Option<String> {
    None
}

/// passwd(5): name, password, number, and more, with `:` between them.
#[cfg(target_os = "linux")]
fn user_of(number: u32, list: &str) -> Option<String> {
    let name = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, own) = (fields.next()?, fields.next()?, fields.next()?);
        (own.parse() == Ok(number) && !name.is_empty()).then(|| name.to_owned())
    };
    list.lines().find_map(name)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\nodd\n:x:7:7::/:/\nalice:x:1000:1000:,,,:/home/alice:/bin/sh\n";
        assert_eq!(
            [0, 1000, 7, 5].map(|number| user_of(number, list)),
            [Some("root".into()), Some("alice".into()), None, None]
        );
    }
}
