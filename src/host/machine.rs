//! Facts of this machine that a manifest records.

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
