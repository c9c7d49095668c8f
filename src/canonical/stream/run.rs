//! A document from its first byte to its last: at once, sent early, or in windows.

use crate::canonical::document::parse::check_size;
use crate::canonical::error::{JsonError, JsonErrorKind};
use crate::canonical::limits::Limits;
use crate::canonical::location;
use crate::canonical::rule::Rule;
use crate::canonical::stream::chunked::{self, Halt, Source, Window};
use crate::canonical::stream::early_output::{BLOCK, Blocks, EarlyOutput, Sink};
use crate::canonical::stream::fault::{self, Stop, Unsuited};
use crate::canonical::stream::reordered_output::ReorderedOutput;
use crate::canonical::stream::walker::Walker;

/// How a pass ended.
pub(in crate::canonical) enum Ending<T> {
    Done(T),
    /// The rules mean so many different places that a pass would forget them: read the document instead.
    Unsuited,
}

/// Canonical bytes, and at how many places each rule dropped or masked something.
pub(in crate::canonical) type Written = (Vec<u8>, Vec<u64>);

/// The canonical bytes of `input` under `rules`, and at how many places each dropped or masked something.
pub(in crate::canonical) fn bytes(input: &[u8], rules: &[Rule], limits: &Limits) -> Result<Ending<Written>, JsonError> {
    let text = checked(input, limits)?;
    Ok(match run(text, rules, limits, EarlyOutput::default(), input.len())? {
        Attempt::Done(Done { reordered, masked, .. }) if reordered.is_flat() => Ending::Done((reordered.bytes, masked)),
        Attempt::Done(Done { reordered, masked, .. }) => {
            let mut bytes = Vec::with_capacity(reordered.bytes.len());
            reordered.all().for_each(|piece| bytes.extend_from_slice(piece));
            Ending::Done((bytes, masked))
        }
        Attempt::Misguess | Attempt::Unsuited => Ending::Unsuited,
    })
}

/// As [`bytes`]; they go to `sink`, and only the counts come back. What the sink took is void if it fails.
pub(in crate::canonical) fn send(
    input: &[u8],
    rules: &[Rule],
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Ending<Vec<u64>>, JsonError> {
    let text = checked(input, limits)?;
    match run(text, rules, limits, EarlyOutput::new(sink, BLOCK), 0)? {
        Attempt::Done(done) => return Ok(Ending::Done(done.send_rest())),
        Attempt::Unsuited => {
            sink.restart();
            return Ok(Ending::Unsuited);
        }
        Attempt::Misguess => sink.restart(),
    }
    Ok(match run(text, rules, limits, EarlyOutput::default(), input.len())? {
        Attempt::Done(done) => Ending::Done(done.send_to(sink)),
        Attempt::Misguess | Attempt::Unsuited => Ending::Unsuited,
    })
}

/// As [`send`], of a document that is read in windows of at least `window` bytes; elements of arrays of at least `early`
/// bytes are sent early.
pub(in crate::canonical) fn send_in_windows(
    source: &mut dyn Source,
    window: usize,
    early: usize,
    rules: &[Rule],
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Vec<u64>, Unsuited> {
    match read(&mut Window::new(source, window, limits), rules, limits, EarlyOutput::new(sink, early)) {
        Ok(done) => return Ok(done.send_rest()),
        Err(halt) => {
            sink.restart();
            if let Halt::Unsuited = halt {
                return Err(Unsuited);
            }
        }
    }
    source.restart()?;
    match read(&mut Window::new(source, window, limits), rules, limits, EarlyOutput::default()) {
        Ok(done) => Ok(done.send_to(sink)),
        Err(_) => Err(Unsuited),
    }
}

/// `bytes` as text if they are canonical: what comes out of them under no rules is what they are.
pub(in crate::canonical) fn canonical_text(bytes: &[u8]) -> Option<&str> {
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
        let (line, column) = location::line_and_column(input, offset);
        JsonError { kind: JsonErrorKind::InvalidUtf8, offset, line, column, pointer: String::new() }
    })
}

enum Attempt<'s> {
    Done(Done<'s>),
    Misguess,
    Unsuited,
}

/// A document that was read.
struct Done<'s> {
    /// What of it was not sent.
    reordered: ReorderedOutput,
    masked: Vec<u64>,
    blocks: Option<Blocks<'s>>,
}

impl<'s> Done<'s> {
    fn of<const RULES: bool>(walk: Walker<'_, '_, 's, RULES>) -> Self {
        Self { reordered: walk.read.out.reordered, masked: walk.masked, blocks: walk.early_output.blocks }
    }

    /// Sends what was not sent early.
    fn send_rest(mut self) -> Vec<u64> {
        if let Some(mut blocks) = self.blocks.take() {
            blocks.push_all(&mut self.reordered);
            blocks.flush();
        }
        self.masked
    }

    /// Sends all of it, of which nothing was sent early.
    fn send_to(self, sink: &'s mut dyn Sink) -> Vec<u64> {
        Self { blocks: Some(Blocks::new(sink)), ..self }.send_rest()
    }
}

fn read<'s>(
    window: &mut Window<'_>,
    rules: &[Rule],
    limits: &Limits,
    early_output: EarlyOutput<'s>,
) -> Result<Done<'s>, Halt> {
    if rules.is_empty() {
        chunked::read(Walker::<false>::new("", rules, limits, early_output, 0), window).map(Done::of)
    } else {
        chunked::read(Walker::<true>::new("", rules, limits, early_output, 0), window).map(Done::of)
    }
}

fn run<'s>(
    text: &str,
    rules: &[Rule],
    limits: &Limits,
    early_output: EarlyOutput<'s>,
    size: usize,
) -> Result<Attempt<'s>, JsonError> {
    if rules.is_empty() {
        walked(Walker::<false>::new(text, rules, limits, early_output, size))
    } else {
        walked(Walker::<true>::new(text, rules, limits, early_output, size))
    }
}

fn walked<'s, const RULES: bool>(mut walk: Walker<'_, '_, 's, RULES>) -> Result<Attempt<'s>, JsonError> {
    match walk.document(0) {
        Ok(()) => Ok(Attempt::Done(Done::of(walk))),
        Err(stop) => match *stop {
            Stop::Misguess => Ok(Attempt::Misguess),
            Stop::Unsuited | Stop::Short => Ok(Attempt::Unsuited),
            Stop::Fault(fault) => Err(fault::located(walk.read.text, fault, &walk.frames, &walk.members)),
        },
    }
}
