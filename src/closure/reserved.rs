//! Places that are never part of a closure: those that every sandbox has for itself, and files that are written for each run.

use crate::sandbox::sandbox_path::{ROOT, SCANNER};

/// Folders.
const FOLDERS: [&str; 7] = ["/proc", "/sys", "/dev", ROOT, "/run/stella", "/var/tmp", "/run/user"];

/// Files of `/etc` that say who and where a machine is.
const FILES: [&str; 8] = [
    "/etc/passwd",
    "/etc/group",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/machine-id",
    "/etc/shadow",
];

/// Whether a path, from the root on and without `.` and `..`, is one of them or lies in one.
pub(crate) fn is_reserved(path: &[u8]) -> bool {
    // The scanner is shown there where it lies in no folder that a sandbox shows.
    let is_scanner = is_in(path, SCANNER.as_str()) || is_above(path, SCANNER.as_str());
    !is_scanner && FOLDERS.iter().chain(&FILES).any(|place| is_in(path, place))
}

/// Whether `path` is `place` or lies below it.
pub(crate) fn is_in(path: &[u8], place: &str) -> bool {
    path.strip_prefix(place.as_bytes()).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

/// Whether `place` lies below `path`.
fn is_above(path: &[u8], place: &str) -> bool {
    place.as_bytes().strip_prefix(path).is_some_and(|rest| rest.first() == Some(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_run_has_for_itself_is_reserved() {
        for path in ["/proc", "/proc/1", "/dev/null", "/tmp/stella/input/a", "/etc/passwd", "/var/tmp/x"] {
            assert!(is_reserved(path.as_bytes()), "{path}");
        }
        for path in [
            "/",
            "/tmp",
            "/tmp/stella",
            "/tmp/stella/scanner",
            "/tmp/stella/scanner/x",
            "/etc/passwd2",
            "/processes",
            "/usr",
        ] {
            assert!(!is_reserved(path.as_bytes()), "{path}");
        }
    }
}
