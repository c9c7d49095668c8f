//! The pages from which the kernel's lent code reads the time (`[vvar]`): a new program parts with them before its first
//! instruction, so that it cannot read them by itself.
//!
//! ```text
//! exec ─▶ the program is led to a few instructions in the lent code: unmap, then read the clock
//!      ─▶ that call is asked about ─▶ the tracer sees whether the pages are gone, and leads it back to its beginning
//! ```
//!
//! Invariants: where the pages are, and whether they are gone, the kernel says (`/proc/PID/maps`). The memory of a new
//! program another process of the run may change, and the result of a call that it is led to a filter of the run may
//! make up: neither is believed.

use crate::sandbox::linux::arch::LAYOUT;
use crate::sandbox::linux::proc;
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

    /// Leads a new program, with `lent` in its memory, to the unmapping.
    pub(super) fn lead(&self, pid: Pid, lent: Lent) -> Led {
        let Some(code) = self.code.as_ref().filter(|_| self.works != Works::Never) else { return Led::No };
        let Some((start, length)) = lent.pages else { return Led::No };
        let lead = || {
            let at = lent.code?.checked_add(code.offset)?;
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

    /// Behind the unmapping: leads the program back to where it was, if it has parted with the pages.
    pub(super) fn lead_back(&mut self, pid: Pid, before: &Registers) {
        let unmapped = Lent::of(pid).is_some_and(|lent| lent.pages.is_none());
        match (unmapped, self.works) {
            (true, _) => self.works = Works::Yes,
            // No program of this run has had a say yet: it is the kernel.
            (false, Works::Untried) => self.works = Works::Never,
            (false, Works::Never) => {}
            // A filter of the program's own has kept the call from running.
            (false, Works::Yes) => return tracee::fail(pid),
        }
        let mut back = *before;
        // What `execve` was still to put there.
        back.set_word(LAYOUT.result, 0);
        tracee::answer_at(pid, &back);
    }
}

/// What the kernel lends a program, and where it lies in its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Lent {
    /// The beginning of the code.
    pub(super) code: Option<u64>,
    /// The beginning of the pages from which the code reads, and how many bytes they are; the kernel maps all of them side
    /// by side.
    pages: Option<(u64, u64)>,
}

impl Lent {
    /// As the kernel says; `None` where it does not.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        let maps = proc::bytes(format!("/proc/{pid}/maps")).ok()?;
        Self::parse(&String::from_utf8_lossy(&maps))
    }

    /// `None` where this is the memory of no program.
    fn parse(maps: &str) -> Option<Self> {
        let of_line = |line: &'_ str| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some((number(start)?, number(end)?, rest.split_whitespace().nth(4).unwrap_or_default().to_owned()))
        };
        let all: Vec<_> = maps.lines().map(of_line).collect::<Option<_>>()?;
        if all.is_empty() {
            return None;
        }
        // A file's name begins with `/`, and nothing else can be given a name of this form.
        let code = all.iter().find(|(_, _, name)| name == "[vdso]").map(|(start, ..)| *start);
        let pages = || all.iter().filter(|(_, _, name)| name.starts_with("[vvar"));
        let (start, end) = (pages().map(|page| page.0).min(), pages().map(|page| page.1).max());
        let length = start.zip(end).and_then(|(start, end)| end.checked_sub(start));
        Some(Self { code, pages: start.zip(length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_found_by_their_names() {
        let code = "7ffff7fc3000-7ffff7fc5000 r-xp 00000000 00:00 0                          [vdso]\n";
        let maps = "400000-401000 r--p 00000000 08:01 12                                     /tmp/[vvar]\n\
                    500000-501000 rw-p 00000000 00:00 0 \n\
                    7ffff7fbd000-7ffff7fc1000 r--p 00000000 00:00 0                          [vvar]\n\
                    7ffff7fc1000-7ffff7fc3000 r--p 00000000 00:00 0                          [vvar_vclock]\n";
        let at = Some(0x7fff_f7fc_3000);
        let both = Lent { code: at, pages: Some((0x7fff_f7fb_d000, 0x6000)) };
        assert_eq!(Lent::parse(&(maps.to_owned() + code)), Some(both));
        assert_eq!(Lent::parse(code), Some(Lent { code: at, pages: None }));
        // What cannot be read does not say that there is nothing.
        assert_eq!((Lent::parse("x"), Lent::parse("")), (None, None));
    }
}
