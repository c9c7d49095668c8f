//! Safe places: where reading is taken up again when the text ends before the document does.
//!
//! What was read since the last safe place is then forgotten, and read again with what follows. A safe place is the
//! beginning, or a comma between two members of the root or two elements of an array that few containers lie around.
//!
//! Invariant: all that is done behind a safe place can be taken back. So what is sent is sent at one, and a container in
//! which one may lie is closed only where the next one follows.

use crate::canonical::stream::fault::{Pass, Stop};
use crate::canonical::stream::scalar::Reader;
use crate::canonical::stream::scan;
use crate::canonical::stream::walker::Walker;
use crate::canonical::stream::walker::frame::{Checkpoint, Kind};
use crate::canonical::stream::writer::Writer;

impl<'p, 's, const RULES: bool> Walker<'_, 'p, 's, RULES> {
    /// Reads on in another text, from the safe place at `at`, with nothing left in an open stretch of this one. Around
    /// the next safe place at most `careful` containers are open; with none the text is all that is left of the document.
    pub(in crate::canonical::stream) fn onto<'u>(
        self,
        text: &'u str,
        at: usize,
        careful: usize,
    ) -> Walker<'u, 'p, 's, RULES> {
        Walker {
            read: Reader::new(text, Writer::onto(self.read.out.reordered, text.as_bytes(), at)),
            max_depth: self.max_depth,
            frames: self.frames,
            members: self.members,
            elements: self.elements,
            early_output: self.early_output,
            states: self.states,
            state: self.state,
            masked: self.masked,
            cut: self.cut,
            order: self.order,
            parts: self.parts,
            apart: self.apart,
            careful,
            reached: Checkpoint { at, ..self.reached },
            counted: self.counted,
        }
    }

    /// Reads on from the safe place at `at`, until what is open is closed: where that is.
    pub(in crate::canonical::stream) fn go_on(&mut self, at: usize) -> Pass<usize> {
        let at = match self.frames.last().map(|frame| frame.kind) {
            None => {
                if RULES {
                    self.state = self.states.start();
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
        self.reached = Checkpoint {
            at,
            place: self.read.out.place(at),
            mark: self.read.out.reordered.mark(),
            elements: self.elements.first(),
            members: self.members.len(),
            frames: self.frames.len(),
        };
    }

    /// Forgets what was read behind the last safe place: where that is.
    pub(in crate::canonical::stream) fn back(&mut self) -> usize {
        let Checkpoint { at, place, mark, elements, members, frames } = self.reached;
        self.read.out.reordered.forget_since(mark);
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
