//! The pages from which the kernel's lent code reads the time (`[vvar]`): a new program parts with them before its first
//! instruction, so that it cannot read them by itself.
//!
//! ```text
//! exec ─▶ the program is led to a few instructions in the lent code: unmap, then read the clock
//!      ─▶ that call is asked about ─▶ the tracer sees how the unmapping went, and leads it back to its beginning
//! ```

use std::fs;

use crate::sandbox::linux::arch::LAYOUT;
use crate::sandbox::linux::tracee::{self, Pid, Registers};
use crate::sandbox::linux::vdso::Patch;

/// What is known of the pages in this run.
#[derive(Debug)]
pub(super) struct Eviction {
    code: Option<Patch>,
    works: Works,
}

/// Whether programs can part with the pages: known when the first one has tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Works {
    Untried,
    Yes,
    /// The kernel has sealed them, or there is no room for the code.
    Never,
}

/// What becomes of a new program.
pub(super) enum Led {
    /// Nothing is to be done, or can be.
    No,
    /// It goes to the unmapping; this is where it is to go on.
    From(Box<Registers>),
    /// It could not be led there, and is not to run.
    Failed,
}

impl Eviction {
    pub(super) fn new(code: Option<Patch>) -> Self {
        Self { works: if code.is_some() { Works::Untried } else { Works::Never }, code }
    }

    /// Whether programs keep the pages.
    pub(super) fn is_impossible(&self) -> bool {
        self.works == Works::Never
    }

    /// Leads a new program, whose lent code is at `base`, to the unmapping.
    pub(super) fn lead(&self, pid: Pid, base: u64) -> Led {
        let Some(code) = self.code.as_ref().filter(|_| self.works != Works::Never) else { return Led::No };
        let Some((start, length)) = pages(pid) else { return Led::No };
        let lead = || {
            let at = base.checked_add(code.offset)?;
            let written = (at..)
                .step_by(8)
                .zip(&code.code)
                .all(|(place, word)| usize::try_from(place).is_ok_and(|place| tracee::poke(pid, place, *word)));
            let before = tracee::registers(pid).filter(|_| written)?;
            let mut led = before;
            led.set_argument(1, length);
            led.set_word(LAYOUT.unmapped, start);
            led.set_word(LAYOUT.instruction, at);
            tracee::set_registers(pid, &led).then_some(before)
        };
        lead().map_or(Led::Failed, |before| Led::From(Box::new(before)))
    }

    /// The call behind the unmapping: leads the program back to where it was.
    pub(super) fn lead_back(&mut self, pid: Pid, before: &Registers) {
        let unmapped = tracee::registers(pid).is_some_and(|now| now.word(LAYOUT.kept) == 0);
        match (unmapped, self.works) {
            (true, _) => self.works = Works::Yes,
            // No program of this run has had a say yet: it is the kernel.
            (false, Works::Untried) => self.works = Works::Never,
            (false, Works::Never) => {}
            (false, Works::Yes) => return tracee::fail(pid),
        }
        let mut back = *before;
        // What `execve` was still to put there.
        back.set_word(LAYOUT.result, 0);
        tracee::answer_at(pid, &back);
    }
}

/// Where the pages of `pid` begin, and how many bytes they are; the kernel maps all of them side by side.
fn pages(pid: Pid) -> Option<(u64, u64)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    span(&maps)
}

fn span(maps: &str) -> Option<(u64, u64)> {
    let of_line = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let name = rest.split_whitespace().nth(4)?;
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        name.starts_with("[vvar").then(|| Some((number(start)?, number(end)?))).flatten()
    };
    let all: Vec<_> = maps.lines().filter_map(of_line).collect();
    let start = all.iter().map(|(start, _)| *start).min()?;
    let end = all.iter().map(|(_, end)| *end).max()?;
    end.checked_sub(start).map(|length| (start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_found_by_their_names() {
        let maps = "7ffff7fbd000-7ffff7fc1000 r--p 00000000 00:00 0                          [vvar]\n\
                    7ffff7fc1000-7ffff7fc3000 r--p 00000000 00:00 0                          [vvar_vclock]\n\
                    7ffff7fc3000-7ffff7fc5000 r-xp 00000000 00:00 0                          [vdso]\n";
        assert_eq!(span(maps), Some((0x7fff_f7fb_d000, 0x6000)));
        assert_eq!(span("7ffff7fc3000-7ffff7fc5000 r-xp 00000000 00:00 0 [vdso]\n"), None);
        assert_eq!(span("x"), None);
    }
}
