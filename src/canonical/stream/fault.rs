//! Why the pass stops before the end, and where that is.

use crate::canonical::error::{JsonError, JsonErrorKind};
use crate::canonical::location::{self, Step};
use crate::canonical::stream::member::Member;
use crate::canonical::stream::walker::frame::{Frame, Kind};

/// The document has to be read as a whole: it is wrong, has no such set, or a rule looks at more than one place of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuited;

/// Why the pass stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// The document is refused.
    Fault(Fault),
    /// A member came whose turn had passed: what was sent is void.
    Misguess,
    /// The rules mean more different places than are remembered.
    Unsuited,
    /// The text ends before it is known how the document goes on.
    Short,
}

/// What is wrong with a document.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: JsonErrorKind,
    pub(super) offset: usize,
    /// Whether it is within the member or element that is being read, and not beside it.
    pub(super) within: bool,
}

pub(super) type Pass<T> = Result<T, Box<Stop>>;

/// Refuses the document for what is within the value that is being read.
#[cold]
pub(super) fn fault<T>(kind: JsonErrorKind, offset: usize) -> Pass<T> {
    Err(Box::new(Stop::Fault(Fault { kind, offset, within: true })))
}

/// The same for what is beside a value: a name, a comma, an end.
pub(super) trait Beside {
    fn beside(self) -> Self;
}

impl<T> Beside for Pass<T> {
    fn beside(mut self) -> Self {
        if let Err(stop) = &mut self
            && let Stop::Fault(fault) = stop.as_mut()
        {
            fault.within = false;
        }
        self
    }
}

/// The error for `fault`, which happened within the open `frames` and their `members`.
pub(super) fn located(text: &str, fault: Fault, frames: &[Frame], members: &[Member]) -> JsonError {
    let Fault { kind, offset, within } = fault;
    let (line, column) = location::line_and_column(text.as_bytes(), offset);
    let shown = if within { frames.len() } else { frames.len().saturating_sub(1) };
    let steps = frames.iter().enumerate().take(shown).filter_map(|(depth, frame)| match frame.kind {
        // A frame's own members end where those of the next begin.
        Kind::Object => {
            let end = frames.get(depth + 1).map_or(members.len(), |below| below.first);
            let member = members.get(end.checked_sub(1)?)?;
            Some(Step::Member(member.decoded(text).into()))
        }
        Kind::List | Kind::Set => Some(Step::Element(frame.index)),
    });
    let steps: Vec<_> = steps.collect();
    JsonError { kind, offset, line, column, pointer: location::pointer(&steps) }
}
