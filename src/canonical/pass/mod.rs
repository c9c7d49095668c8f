//! Canonical bytes in one pass over a document, without a tree of it.
//!
//! ```text
//! input ─▶ walk ─▶ writer ─▶ rope ─▶ blocks ─▶ sink
//!           │ ▲      what is canonical already goes out in long stretches;
//!           ▼ │      members and sets are put in order when they close
//!         places: what the rules say
//! ```
//!
//! It does what [`parse`](crate::canonical::parse) and [`emit`](crate::canonical::emit) do for rules that look at one
//! place at a time; their result is the measure of it, errors included. What looks at a whole document needs them.
//!
//! Invariants: time is linear in the input but for sorting; memory is the input, or a window of it where it is read in
//! such; the output, or a block of it where it can be sent early; and what is noted for each member of the objects that
//! are open.

use crate::canonical::error::{JsonError, JsonErrorKind};
use crate::canonical::limits::Limits;
use crate::canonical::parse::check_size;
use crate::canonical::place;
use crate::canonical::profile::Rule;

mod apart;
mod by_text;
mod fault;
mod head;
mod member;
mod places;
mod rope;
mod scalar;
mod scan;
mod set;
mod spine;
mod walk;
mod windows;
mod writer;

#[cfg(test)]
mod agreement;

use fault::Stop;
use rope::Rope;
use spine::{Blocks, Spine};
use walk::Walk;
use windows::{Halt, Window};

pub use apart::{Apart, Parted, Unsuited};
pub(super) use spine::BLOCK;
pub use spine::Sink;
pub use windows::Source;

/// How a pass ended.
pub(super) enum Ending<T> {
    Done(T),
    /// The rules mean so many different places that a pass would forget them: read the document instead.
    Unsuited,
}

/// Canonical bytes, and at how many places each rule dropped or masked something.
pub(super) type Written = (Vec<u8>, Vec<u64>);

/// The canonical bytes of `input` under `rules`, and at how many places each dropped or masked something.
pub(super) fn bytes(input: &[u8], rules: &[Rule], limits: &Limits) -> Result<Ending<Written>, JsonError> {
    let text = checked(input, limits)?;
    Ok(match run(text, rules, limits, Spine::default(), input.len())? {
        Ran::Done(Done { rope, masked, .. }) if rope.is_flat() => Ending::Done((rope.bytes, masked)),
        Ran::Done(Done { rope, masked, .. }) => {
            let mut bytes = Vec::with_capacity(rope.bytes.len());
            rope.all().for_each(|piece| bytes.extend_from_slice(piece));
            Ending::Done((bytes, masked))
        }
        Ran::Misguess | Ran::Unsuited => Ending::Unsuited,
    })
}

/// As [`bytes`]; they go to `sink`, and only the counts come back. What the sink took is void if it fails.
pub(super) fn send(
    input: &[u8],
    rules: &[Rule],
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Ending<Vec<u64>>, JsonError> {
    let text = checked(input, limits)?;
    match run(text, rules, limits, Spine::new(sink, BLOCK), 0)? {
        Ran::Done(done) => return Ok(Ending::Done(done.send_rest())),
        Ran::Unsuited => {
            sink.restart();
            return Ok(Ending::Unsuited);
        }
        Ran::Misguess => sink.restart(),
    }
    Ok(match run(text, rules, limits, Spine::default(), input.len())? {
        Ran::Done(done) => Ending::Done(done.send_to(sink)),
        Ran::Misguess | Ran::Unsuited => Ending::Unsuited,
    })
}

/// As [`send`], of a document that is read in windows of at least `window` bytes; elements of arrays of at least `early`
/// bytes are sent early.
pub(super) fn send_in_windows(
    source: &mut dyn Source,
    window: usize,
    early: usize,
    rules: &[Rule],
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Vec<u64>, Unsuited> {
    match read(&mut Window::new(source, window, limits), rules, limits, Spine::new(sink, early)) {
        Ok(done) => return Ok(done.send_rest()),
        Err(halt) => {
            sink.restart();
            if let Halt::Unsuited = halt {
                return Err(Unsuited);
            }
        }
    }
    source.restart()?;
    match read(&mut Window::new(source, window, limits), rules, limits, Spine::default()) {
        Ok(done) => Ok(done.send_to(sink)),
        Err(_) => Err(Unsuited),
    }
}

/// `bytes` as text if they are canonical: what comes out of them under no rules is what they are.
pub(super) fn canonical_text(bytes: &[u8]) -> Option<&str> {
    /// Compares what comes with what is expected.
    struct Same<'a> {
        all: &'a [u8],
        rest: &'a [u8],
        is_same: bool,
    }
    impl Sink for Same<'_> {
        fn take(&mut self, block: &mut Vec<u8>) {
            match self.rest.strip_prefix(block.as_slice()) {
                Some(rest) => self.rest = rest,
                None => self.is_same = false,
            }
        }

        fn restart(&mut self) {
            (self.rest, self.is_same) = (self.all, true);
        }
    }
    let mut same = Same { all: bytes, rest: bytes, is_same: true };
    let limits = Limits::new(usize::MAX, Limits::DEEPEST);
    let read = send(bytes, &[], &limits, &mut same);
    let is_read = matches!(read, Ok(Ending::Done(_)));
    if is_read && same.is_same && same.rest.is_empty() { std::str::from_utf8(bytes).ok() } else { None }
}

fn checked<'a>(input: &'a [u8], limits: &Limits) -> Result<&'a str, JsonError> {
    check_size(input, limits)?;
    std::str::from_utf8(input).map_err(|error| {
        let offset = error.valid_up_to();
        let (line, column) = place::line_and_column(input, offset);
        JsonError { kind: JsonErrorKind::InvalidUtf8, offset, line, column, pointer: String::new() }
    })
}

enum Ran<'s> {
    Done(Done<'s>),
    Misguess,
    Unsuited,
}

/// A document that was read.
struct Done<'s> {
    /// What of it was not sent.
    rope: Rope,
    masked: Vec<u64>,
    blocks: Option<Blocks<'s>>,
}

impl<'s> Done<'s> {
    fn of<const RULES: bool>(walk: Walk<'_, '_, 's, RULES>) -> Self {
        Self { rope: walk.read.out.rope, masked: walk.masked, blocks: walk.spine.blocks }
    }

    /// Sends what was not sent early.
    fn send_rest(mut self) -> Vec<u64> {
        if let Some(mut blocks) = self.blocks.take() {
            blocks.push_all(&mut self.rope);
            blocks.flush();
        }
        self.masked
    }

    /// Sends all of it, of which nothing was sent early.
    fn send_to(self, sink: &'s mut dyn Sink) -> Vec<u64> {
        Self { blocks: Some(Blocks::new(sink)), ..self }.send_rest()
    }
}

fn read<'s>(window: &mut Window<'_>, rules: &[Rule], limits: &Limits, spine: Spine<'s>) -> Result<Done<'s>, Halt> {
    if rules.is_empty() {
        windows::read(Walk::<false>::new("", rules, limits, spine, 0), window).map(Done::of)
    } else {
        windows::read(Walk::<true>::new("", rules, limits, spine, 0), window).map(Done::of)
    }
}

fn run<'s>(text: &str, rules: &[Rule], limits: &Limits, spine: Spine<'s>, size: usize) -> Result<Ran<'s>, JsonError> {
    if rules.is_empty() {
        walked(Walk::<false>::new(text, rules, limits, spine, size))
    } else {
        walked(Walk::<true>::new(text, rules, limits, spine, size))
    }
}

fn walked<'s, const RULES: bool>(mut walk: Walk<'_, '_, 's, RULES>) -> Result<Ran<'s>, JsonError> {
    match walk.document(0) {
        Ok(()) => Ok(Ran::Done(Done::of(walk))),
        Err(stop) => match *stop {
            Stop::Misguess => Ok(Ran::Misguess),
            Stop::Unsuited | Stop::Short => Ok(Ran::Unsuited),
            Stop::Fault(fault) => Err(fault::located(walk.read.text, fault, &walk.frames, &walk.members)),
        },
    }
}
