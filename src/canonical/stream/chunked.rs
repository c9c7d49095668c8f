//! A document that is read in windows and never held as a whole.
//!
//! ```text
//! source ─▶ window: names in the root │ what was not read yet │ what follows ─▶ walk ─▶ reordered ─▶ blocks ─▶ sink
//!              ▲                                                               │
//!              └────────────── what was read is dropped, up to a safe place ───┘
//! ```
//!
//! Invariants: time is linear, since a window that led to no other safe place is followed by one many times as long;
//! memory is a window, the names in the root, the output that cannot be sent yet, and what is noted for each element of a set.
//! What one pass is not enough for, and what is wrong, is left to those who read the whole document, as *unsuited*.

use crate::canonical::limits::Limits;
use crate::canonical::stream::early_output::MOST_MEMBERS;
use crate::canonical::stream::fault::{Stop, Unsuited};
use crate::canonical::stream::member::Member;
use crate::canonical::stream::walker::{SHALLOW, Walker};

/// The most bytes of names in the root: they are moved for each window.
const MOST_NAMES: usize = 64 << 10;
/// How many times as long as what waits a window is. What waits is read again, so the more the less often.
const GROWTH: usize = 8;
/// Where more than this waits, the rest of the document is read at once: it is most likely one large object.
const MOST_WAITING: usize = 1 << 20;
/// What is wrong farther than this from the end of a window is not a value that goes on behind it, unless it is a longer
/// number: that is left to those who read the whole document, too.
const LONGEST_NUMBER: usize = 4 << 10;

/// Where the bytes of a document come from.
pub trait Source {
    /// Puts the next bytes into `room`, which is not empty: how many. There are none only where the document ends.
    ///
    /// # Errors
    /// [`Unsuited`] where they cannot be had.
    fn fill(&mut self, room: &mut [u8]) -> Result<usize, Unsuited>;

    /// Begins the document anew.
    ///
    /// # Errors
    /// [`Unsuited`] where that cannot be done.
    fn restart(&mut self) -> Result<(), Unsuited>;
}

/// Why a document was not read to its end in windows.
pub(super) enum Halt {
    /// What was sent early is void; without that it can be read in windows.
    Misguess,
    Unsuited,
}

impl From<Unsuited> for Halt {
    fn from(Unsuited: Unsuited) -> Self {
        Self::Unsuited
    }
}

/// A part of a document.
pub(super) struct Window<'d> {
    source: &'d mut dyn Source,
    /// How many bytes it holds at least, unless the document ends.
    size: usize,
    /// How many more the document may have.
    left: usize,
    buffer: Vec<u8>,
    /// How much of the buffer is filled, and how much of that is names of members of the root.
    filled: usize,
    names: usize,
    is_last: bool,
}

impl<'d> Window<'d> {
    /// Before a document; at least `size` bytes of it are read at a time.
    pub(super) fn new(source: &'d mut dyn Source, size: usize, limits: &Limits) -> Self {
        Self {
            source,
            size: size.max(1),
            left: limits.max_bytes(),
            buffer: Vec::new(),
            filled: 0,
            names: 0,
            is_last: false,
        }
    }

    /// Reads on behind what waits.
    fn fill(&mut self) -> Result<(), Unsuited> {
        let waiting = self.filled - self.names;
        let end = if waiting > MOST_WAITING { usize::MAX } else { self.names + self.size.max(GROWTH * waiting) };
        while self.filled < end && !self.is_last {
            if self.filled == self.buffer.len() {
                // No more at a time, so that no more of it is touched than the document needs.
                self.buffer.resize(end.min(self.filled + self.size), 0);
            }
            let room = self.buffer.len().min(end);
            let count = self.source.fill(&mut self.buffer[self.filled..room])?;
            self.is_last = count == 0;
            self.left = self.left.checked_sub(count).ok_or(Unsuited)?;
            self.filled += count;
        }
        Ok(())
    }

    fn text(&self) -> Result<&str, Unsuited> {
        let bytes = &self.buffer[..self.filled];
        if self.is_last { std::str::from_utf8(bytes).map_err(|_| Unsuited) } else { text_so_far(bytes) }
    }

    /// Drops what stands before `used`, but for the names of `members`, which are those of the root.
    fn drop_used(&mut self, members: &mut [Member], used: usize) -> Result<(), Unsuited> {
        self.names = 0;
        for member in &mut *members {
            // They stand in the order of the document.
            let name = member.move_name(self.names);
            let length = name.len();
            self.buffer.copy_within(name, self.names);
            self.names += length;
        }
        self.buffer.copy_within(used..self.filled, self.names);
        self.filled -= used - self.names;
        if members.len() > MOST_MEMBERS || self.names > MOST_NAMES { Err(Unsuited) } else { Ok(()) }
    }
}

/// Bytes as text, but for a character that goes on behind them.
pub(super) fn text_so_far(bytes: &[u8]) -> Result<&str, Unsuited> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).map_err(|_| Unsuited)
        }
        Err(_) => Err(Unsuited),
    }
}

/// Reads the document of `window` to its end with `walk`, which is at its beginning.
pub(super) fn read<'p, 's, const RULES: bool>(
    mut walk: Walker<'static, 'p, 's, RULES>,
    window: &mut Window<'_>,
) -> Result<Walker<'static, 'p, 's, RULES>, Halt> {
    loop {
        window.fill()?;
        let text = window.text()?;
        let mut part = walk.onto(text, window.names, if window.is_last { 0 } else { SHALLOW });
        let stopped = if window.is_last {
            match part.document(window.names) {
                Ok(()) => return Ok(part.onto("", 0, 0)),
                Err(stop) => Some(stop),
            }
        } else {
            // A value that ends may go on: `1` as `12`.
            part.go_on(window.names).err()
        };
        match stopped.as_deref() {
            Some(Stop::Misguess) => return Err(Halt::Misguess),
            Some(Stop::Unsuited) => return Err(Halt::Unsuited),
            Some(Stop::Fault(fault)) if fault.offset.saturating_add(LONGEST_NUMBER) < text.len() => {
                return Err(Halt::Unsuited);
            }
            _ if window.is_last => return Err(Halt::Unsuited),
            // Perhaps only because the text ends: if not, that shows in a later window.
            _ => {}
        }
        let used = part.back();
        walk = part.onto("", 0, 0);
        window.drop_used(&mut walk.members, used)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Profile;
    use crate::canonical::stream::differential::chunked::Pieces;
    use crate::canonical::stream::early_output::EarlyOutput;
    use crate::model::artifact::ArtifactFormat;

    /// How large the window of 1,000 bytes became; nothing if it cannot be read so.
    fn buffer(text: &str, profile: &Profile) -> Option<usize> {
        let mut source = Pieces::new(text.as_bytes(), usize::MAX);
        let mut window = Window::new(&mut source, 1_000, &Limits::default());
        let walk = Walker::<true>::new("", profile.rules(), &Limits::default(), EarlyOutput::default(), 0);
        read(walk, &mut window).ok()?;
        Some(window.buffer.len())
    }

    #[test]
    fn a_window_stays_small_where_there_are_safe_places() {
        let items = format!("{}1", r#"{"purl":"a","x":[1,[2]]}, "#.repeat(9_000));
        for format in [ArtifactFormat::Json, ArtifactFormat::Cyclonedx] {
            for text in [
                format!("[{items}]"),
                format!("[[{items}],[{items}]]"),
                format!(r#"{{"components":[{items}],"serialNumber":"x","dependencies":[{items}]}}"#),
            ] {
                let found = buffer(&text, Profile::builtin(format)).unwrap();
                assert!(found < 1_100, "{found} of {}", &text[..20]);
            }
        }
    }

    #[test]
    fn a_window_grows_with_what_has_none() {
        for length in [50_000, 6 * MOST_WAITING] {
            let long = "x".repeat(length);
            for text in [format!(r#"["{long}",1]"#), format!(r#"{{"a":{{"b":["{long}"]}}}}"#), format!("\"{long}\"")] {
                let found = buffer(&text, Profile::builtin(ArtifactFormat::Json)).unwrap();
                assert!((length..=text.len() + 1_000).contains(&found), "{found}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_not_read_to_its_end() {
        let text = format!("[1,!{}]", ",1".repeat(100_000));
        let mut source = Pieces::new(text.as_bytes(), usize::MAX);
        let mut window = Window::new(&mut source, 2 * LONGEST_NUMBER, &Limits::default());
        let walk = Walker::<false>::new("", &[], &Limits::default(), EarlyOutput::default(), 0);
        assert!(matches!(read(walk, &mut window), Err(Halt::Unsuited)));
        assert_eq!(window.filled, 2 * LONGEST_NUMBER);
    }

    #[test]
    fn names_are_kept_up_to_a_bound() {
        let plain = Profile::builtin(ArtifactFormat::Json);
        let members = |count: usize, name: &str| {
            let members: Vec<String> = (0..count).map(|i| format!("\"{name}{i}\":[{i},2]")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(buffer(&members(900, ""), plain).is_some());
        assert_eq!(buffer(&members(MOST_MEMBERS + 100, ""), plain), None);
        assert_eq!(buffer(&members(100, &"n".repeat(1_000)), plain), None);
    }
}
