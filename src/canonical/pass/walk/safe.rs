//! Safe places: where reading is taken up again when the text ends before the document does.
//!
//! What was read since the last safe place is then forgotten, and read again with what follows. A safe place is the
//! beginning, or a comma between two members of the root or two elements of an array that few containers lie around.
//!
//! Invariant: all that is done behind a safe place can be taken back. So what is sent is sent at one, and a container in
//! which one may lie is closed only where the next one follows.

use crate::canonical::pass::fault::{Pass, Stop};
use crate::canonical::pass::scalar::Reader;
use crate::canonical::pass::scan;
use crate::canonical::pass::set::First;
use crate::canonical::pass::walk::{Kind, Walk};
use crate::canonical::pass::writer::Writer;

/// The safe place that was reached last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reached {
    /// Where it is in the text.
    at: usize,
    /// How much was written until there.
    place: usize,
    /// How many nodes, elements and members were noted, and how many containers are open.
    mark: usize,
    elements: First,
    members: usize,
    frames: usize,
}

impl<'p, 's, const RULES: bool> Walk<'_, 'p, 's, RULES> {
    /// Reads on in another text, from the safe place at `at`, with nothing left in an open stretch of this one. Around
    /// the next safe place at most `careful` containers are open; with none the text is all that is left of the document.
    pub(in crate::canonical::pass) fn onto<'u>(
        self,
        text: &'u str,
        at: usize,
        careful: usize,
    ) -> Walk<'u, 'p, 's, RULES> {
        Walk {
            read: Reader::new(text, Writer::onto(self.read.out.rope, text.as_bytes(), at)),
            max_depth: self.max_depth,
            frames: self.frames,
            members: self.members,
            elements: self.elements,
            spine: self.spine,
            places: self.places,
            state: self.state,
            masked: self.masked,
            cut: self.cut,
            order: self.order,
            parts: self.parts,
            apart: self.apart,
            careful,
            reached: Reached { at, ..self.reached },
            counted: self.counted,
        }
    }

    /// Reads on from the safe place at `at`, until what is open is closed: where that is.
    pub(in crate::canonical::pass) fn go_on(&mut self, at: usize) -> Pass<usize> {
        let at = match self.frames.last().map(|frame| frame.kind) {
            None => {
                if RULES {
                    self.state = self.places.start();
                }
                self.read.skip_blanks(at)
            }
            Some(Kind::Object) => {
                let at = self.comma(at);
                self.name(at)?
            }
            Some(Kind::List | Kind::Set) => {
                let at = self.comma(at);
                self.begin_element(at);
                at
            }
        };
        self.values(at)
    }

    /// Notes that there is a safe place at `at`.
    pub(super) fn reach(&mut self, at: usize) {
        self.counted.clear();
        self.reached = Reached {
            at,
            place: self.read.out.place(at),
            mark: self.read.out.rope.mark(),
            elements: self.elements.first(),
            members: self.members.len(),
            frames: self.frames.len(),
        };
    }

    /// Forgets what was read behind the last safe place: where that is.
    pub(in crate::canonical::pass) fn back(&mut self) -> usize {
        let Reached { at, place, mark, elements, members, frames } = self.reached;
        self.read.out.rope.forget_since(mark);
        self.read.out.back(at, place);
        self.elements.end(elements);
        self.members.truncate(members);
        self.frames.truncate(frames);
        self.cut = None;
        for rule in self.counted.drain(..) {
            self.masked[rule] -= 1;
        }
        at
    }

    /// Stops before the container whose bracket stands at `at` is closed, unless a safe place follows in the text.
    pub(super) fn see_on(&self, at: usize) -> Pass<()> {
        let next = scan::blank_end(self.read.text.as_bytes(), at + 1);
        let is_followed = self.frames.len() > 1 && self.read.byte(next) == b',';
        // Behind a set that is read apart comes nothing.
        if is_followed || self.apart.is_some() { Ok(()) } else { Err(Box::new(Stop::Short)) }
    }
}
