//! `mincore`: which pages of a mapping are in memory. All of them are said to be, so that nobody learns what of the machine's
//! files was read here before. Whether a page is mapped, which unwinders ask by it, is told as it is.

use crate::sandbox::linux::proc;
use crate::sandbox::linux::tracee::{self, Pid};

const EFAULT: i64 = libc::EFAULT as i64;
const EINVAL: i64 = libc::EINVAL as i64;
const ENOMEM: i64 = libc::ENOMEM as i64;
/// More pages than any program asks about at once: 64 GiB of small ones.
const MOST: u64 = 1 << 24;

/// What the call that asks gets as its result.
pub(super) fn result(pid: Pid, address: u64, length: u64, place: u64) -> i64 {
    let page = rustix::param::page_size() as u64;
    if !address.is_multiple_of(page) {
        return -EINVAL;
    }
    let pages = length.div_ceil(page);
    let Some(end) = pages.checked_mul(page).and_then(|bytes| address.checked_add(bytes)) else { return -ENOMEM };
    if pages == 0 {
        return 0;
    }
    let maps = proc::bytes(format!("/proc/{pid}/maps")).unwrap_or_default();
    if pages > MOST || !is_mapped(&String::from_utf8_lossy(&maps), address, end) {
        return -ENOMEM;
    }
    let told = vec![1; usize::try_from(pages).unwrap_or(0)];
    if tracee::write(pid, place, &told) { 0 } else { -EFAULT }
}

/// Whether every page from `start` to `end` is one; the lines of `maps` are in order.
fn is_mapped(maps: &str, start: u64, end: u64) -> bool {
    let of_line = |line: &str| {
        let (from, to) = line.split_ascii_whitespace().next()?.split_once('-')?;
        Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
    };
    let mut reached = start;
    for (from, to) in maps.lines().filter_map(of_line) {
        if from <= reached && reached < to {
            reached = to;
        }
    }
    reached >= end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_told() {
        let maps = "1000-3000 r--p 0 08:01 12 /x\n3000-4000 rw-p 0 00:00 0\n6000-7000 rw-p 0 00:00 0\n";
        for (range, mapped) in [((0x1000, 0x4000), true), ((0x2000, 0x3000), true), ((0x3000, 0x5000), false)] {
            assert_eq!(is_mapped(maps, range.0, range.1), mapped, "{range:x?}");
        }
        assert!(!is_mapped(maps, 0x4000, 0x7000) && !is_mapped("", 0x1000, 0x2000));
    }
}
