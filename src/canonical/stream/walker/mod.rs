//! The way through a document.
//!
//! Invariants: reads exactly one value; refuses what [`parse`](crate::canonical::document::parse) refuses, for the same reason
//! at the same place; no recursion; a byte is moved a bounded number of times.

use crate::canonical::error::JsonErrorKind;
use crate::canonical::limits::Limits;
use crate::canonical::rule::{Action, Rule};
use crate::canonical::stream::early_output::EarlyOutput;
use crate::canonical::stream::fault::{Beside, Pass, Stop, fault};
use crate::canonical::stream::member::{Member, MemberBytes};
use crate::canonical::stream::reordered_output::{ReorderedOutput, Span};
use crate::canonical::stream::scalar::Reader;
use crate::canonical::stream::scan;
use crate::canonical::stream::set::{Elements, First};
use crate::canonical::stream::states::{OTHER, State, States};
use crate::canonical::stream::writer::Writer;

mod checkpoint;
mod cut;
mod early;
pub(super) mod frame;
mod order;
mod set_elements;

use frame::{Checkpoint, Cut, Frame, Kind};

/// What stands in place of a masked value.
const MASK: &[u8] = b"\"(masked)\"";
/// How many containers are open at most where something is sent early, or where reading can be taken up again.
pub(super) const SHALLOW: usize = 2;

pub(super) struct Walker<'t, 'p, 's, const RULES: bool> {
    pub(super) read: Reader<'t>,
    max_depth: usize,
    pub(super) frames: Vec<Frame>,
    pub(super) members: Vec<Member>,
    elements: Elements,
    pub(super) early_output: EarlyOutput<'s>,
    states: States<'p>,
    /// What the rules say of the value that is read next.
    state: State,
    pub(super) masked: Vec<u64>,
    cut: Option<Cut>,
    pub(super) order: Vec<(u64, u32)>,
    parts: Vec<Span>,
    /// The rule of a set of which only the elements are read.
    apart: Option<usize>,
    /// How many containers may be open around a safe place; none where the text is all that is left of the document.
    careful: usize,
    reached: Checkpoint,
    /// The rules of what was cut since the safe place that was reached.
    counted: Vec<usize>,
}

impl<'t, 'p, 's, const RULES: bool> Walker<'t, 'p, 's, RULES> {
    /// Reads `text` under `rules`, of which there are none without `RULES`.
    pub(super) fn new(
        text: &'t str,
        rules: &'p [Rule],
        limits: &Limits,
        early_output: EarlyOutput<'s>,
        size: usize,
    ) -> Self {
        Self {
            read: Reader::new(text, Writer::onto(ReorderedOutput::with_capacity(size), text.as_bytes(), 0)),
            max_depth: limits.max_depth(),
            frames: Vec::new(),
            members: Vec::new(),
            elements: Elements::default(),
            early_output,
            states: States::new(rules),
            state: State::SILENT,
            masked: vec![0; rules.len()],
            cut: None,
            order: Vec::new(),
            parts: Vec::new(),
            apart: None,
            careful: 0,
            reached: Checkpoint::default(),
            counted: Vec::new(),
        }
    }

    /// Reads the document on from the safe place at `at` to its end; nothing of it is left in an open stretch.
    pub(super) fn document(&mut self, at: usize) -> Pass<()> {
        let at = self.go_on(at)?;
        let at = self.read.skip_blanks(at);
        match self.read.text.get(at..).and_then(|rest| rest.chars().next()) {
            None => self.read.out.settle(at),
            Some(found) => return fault(JsonErrorKind::Trailing { found }, at),
        }
        Ok(())
    }

    /// Reads the value at `at`, and on until what is open is closed; where that is.
    fn values(&mut self, mut at: usize) -> Pass<usize> {
        'value: loop {
            match self.read.byte(at) {
                b'"' => {
                    let end = self.read.string(at + 1)?;
                    if RULES {
                        self.look_at_text(at, end)?;
                    }
                    at = end;
                }
                b'{' => {
                    at = self.open(at, Kind::Object)?;
                    if self.read.byte(at) != b'}' {
                        at = self.name(at)?;
                        continue 'value;
                    }
                    self.frames.pop();
                    at += 1;
                }
                b'[' => {
                    at = self.open(at, Kind::List)?;
                    if self.read.byte(at) != b']' {
                        self.begin_element(at);
                        continue 'value;
                    }
                    self.frames.pop();
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    if RULES
                        && self.states.watching(self.state).any(|watch| matches!(watch, Action::ResolveIndex { .. }))
                    {
                        return Err(Box::new(Stop::Unsuited));
                    }
                    at = self.read.number(at)?;
                }
                b't' => at = self.read.literal(at, "`true`")?,
                b'f' => at = self.read.literal(at, "`false`")?,
                b'n' => at = self.read.literal(at, "`null`")?,
                _ => return self.read.unexpected(at, "a value"),
            }
            // A value ends here, and with it perhaps those around it.
            loop {
                if RULES {
                    self.end_cut(at);
                }
                let Some(frame) = self.frames.last_mut() else { break 'value };
                if frame.kind == Kind::Object {
                    if let Some(member) = self.members.last_mut() {
                        member.span.end = self.read.out.place(at);
                    }
                    at = self.read.skip_blanks(at);
                    match self.read.byte(at) {
                        b',' => {
                            if self.frames.len() == 1 {
                                self.between_members(at);
                            }
                            at = self.comma(at);
                            at = self.name(at)?;
                            continue 'value;
                        }
                        b'}' => self.close_object(at)?,
                        _ => return self.read.unexpected(at, "`,` or `}`").beside(),
                    }
                } else {
                    if RULES {
                        self.end_element(at);
                    }
                    at = self.read.skip_blanks(at);
                    match self.read.byte(at) {
                        b',' => {
                            if let Some(frame) = self.frames.last_mut() {
                                frame.index += 1;
                            }
                            if self.frames.len() <= SHALLOW {
                                self.between_elements(at)?;
                            }
                            at = self.comma(at);
                            self.begin_element(at);
                            continue 'value;
                        }
                        b']' => self.close_array(at)?,
                        _ => return self.read.unexpected(at, "`,` or `]`").beside(),
                    }
                }
                at += 1;
            }
        }
        Ok(at)
    }

    /// Opens the container whose bracket stands at `at`; the first byte in it.
    #[inline(always)]
    fn open(&mut self, at: usize, mut kind: Kind) -> Pass<usize> {
        if self.frames.len() == self.max_depth {
            return fault(JsonErrorKind::TooDeep { limit: self.max_depth }, at);
        }
        let (mut state, mut rule, mut elements) = (self.state, usize::MAX, First::default());
        if RULES {
            if kind == Kind::List {
                let set = match self.states.action(state) {
                    Some((index, Action::Set { .. })) => Some(index),
                    _ => None,
                };
                state = self.step(state, OTHER)?;
                // Elements of which nothing is left need no order.
                let kept =
                    !matches!(self.states.action(state), Some((_, Action::Drop | Action::Mask { pattern: None })));
                if let Some(index) = set
                    && kept
                {
                    (kind, rule, elements) = (Kind::Set, index, self.elements.first());
                }
            } else if let Some(Frame { kind: Kind::Set, rule: around, .. }) = self.frames.last() {
                // An element: its set asks for its key.
                rule = *around;
            }
        }
        self.frames.push(Frame {
            kind,
            ordered: true,
            moves: 0,
            body: self.read.out.place(at + 1),
            first: self.members.len(),
            mark: self.read.out.reordered.mark(),
            index: 0,
            element: 0,
            elements,
            rule,
            state,
        });
        Ok(self.read.skip_blanks(at + 1))
    }

    fn step(&mut self, from: State, symbol: u32) -> Pass<State> {
        self.states.step(from, symbol).map_err(|_| Box::new(Stop::Unsuited))
    }

    /// Reads the name at `at` and the colon behind it; where the value begins.
    #[inline(always)]
    fn name(&mut self, at: usize) -> Pass<usize> {
        if self.read.byte(at) != b'"' {
            return self.read.unexpected(at, "a member's name in double quotes").beside();
        }
        let start = self.read.out.place(at);
        let bytes = self.read.text.as_bytes();
        let mut end = scan::ascii_end(bytes, at + 1);
        let complex = self.read.byte(end) != b'"';
        if complex {
            end = self.read.rest_of_string(end).beside()? - 1;
        }
        let mut member = Member::new(bytes, at + 1, end, complex, start);
        let colon = self.read.skip_blanks(end + 1);
        if self.read.byte(colon) != b':' {
            return self.read.unexpected(colon, "`:`").beside();
        }
        let at = self.read.skip_blanks(colon + 1);
        let Some(frame) = self.frames.last_mut() else { return Ok(at) };
        if self.members.len() > frame.first
            && let Some(before) = self.members.last()
        {
            frame.ordered &= before.compare(&member, self.read.text).is_lt();
        }
        if RULES {
            let state = frame.state;
            let body = frame.body;
            if state == State::SILENT && frame.rule == usize::MAX {
                self.state = state;
            } else {
                member.symbol = match complex {
                    false => self.states.symbol_written(self.read.text, member.name, end),
                    true => self.states.symbol(&member.decoded(self.read.text)),
                };
                member.value = self.read.out.place(at);
                self.state = self.step(state, member.symbol)?;
                match self.states.action(self.state) {
                    Some((index, Action::Drop)) => {
                        member.kept = MemberBytes::Dropped;
                        // The comma before it goes, too, unless it is the first.
                        self.begin_cut(index, if start > body { start - 1 } else { start }, b"");
                    }
                    Some((index, Action::Mask { pattern: None })) => self.begin_cut(index, member.value, MASK),
                    _ => {}
                }
            }
        }
        self.members.push(member);
        Ok(at)
    }

    /// The comma at `at`; what follows it.
    #[inline(always)]
    fn comma(&mut self, at: usize) -> usize {
        if RULES && self.frames.last().is_some_and(|frame| frame.body == self.read.out.place(at)) {
            // All before it was dropped.
            self.read.out.skip(at, at + 1);
        }
        self.read.skip_blanks(at + 1)
    }

    #[inline(always)]
    fn begin_element(&mut self, at: usize) {
        if RULES && let Some(frame) = self.frames.last_mut() {
            self.state = frame.state;
            frame.element = self.read.out.place(at);
            let place = frame.element;
            match self.states.action(self.state) {
                // The comma before it was left out.
                Some((index, Action::Drop)) => self.begin_cut(index, place, b""),
                Some((index, Action::Mask { pattern: None })) => self.begin_cut(index, place, MASK),
                _ => {}
            }
        }
    }

    #[inline(always)]
    fn end_element(&mut self, at: usize) {
        if let Some(frame) = self.frames.last()
            && frame.kind == Kind::Set
        {
            let span = Span { start: frame.element, end: self.read.out.place(at) };
            self.elements.note(span, self.states.key(frame.rule).len());
        }
    }

    /// At the comma at `at` between elements of an array at the root or in one level.
    #[inline(never)]
    fn between_elements(&mut self, at: usize) -> Pass<()> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        if self.cut.is_some() {
            return Ok(());
        }
        if frame.kind == Kind::List && self.early_output.wants(self.read.out.place(at), frame.body) {
            self.flow(at)?;
        }
        if self.frames.len() <= self.careful {
            self.reach(at);
        }
        Ok(())
    }

    /// At the comma at `at` between members of the root.
    fn between_members(&mut self, at: usize) {
        self.end_flow(at);
        if self.careful > 0 {
            self.reach(at);
        }
    }

    fn close_array(&mut self, at: usize) -> Pass<()> {
        if self.frames.len() <= self.careful {
            self.see_on(at)?;
        }
        let Some(mut frame) = self.frames.pop() else { return Ok(()) };
        if RULES && frame.kind == Kind::Set {
            self.read.out.settle(at);
            if self.apart.is_some() && self.frames.is_empty() {
                // Whoever reads it apart puts it in order.
                return Ok(());
            }
            let width = self.states.key(frame.rule).len();
            if let Some(parts) = self.elements.sorted(frame.elements, width, &self.read.out.reordered, frame.mark) {
                self.read.out.arrange(frame.body, at, &parts, frame.mark, &mut frame.moves);
            }
            self.elements.end(frame.elements);
        }
        self.hand_up(frame.moves);
        Ok(())
    }

    #[inline(always)]
    fn hand_up(&mut self, moves: u8) {
        if let Some(around) = self.frames.last_mut() {
            around.moves = around.moves.max(moves);
        }
    }

    /// Closes the object whose bracket stands at `at`.
    #[inline(always)]
    fn close_object(&mut self, at: usize) -> Pass<()> {
        if self.frames.len() == 1 && self.careful > 0 {
            self.see_on(at)?;
        }
        if self.frames.len() == 1 && self.early_output.is_begun() {
            self.close_root(at)?;
        } else if let Some(frame) = self.frames.last()
            && (!frame.ordered || RULES && frame.rule != usize::MAX)
        {
            self.put_in_order(at)?;
        }
        if let Some(frame) = self.frames.pop() {
            self.members.truncate(frame.first);
            self.hand_up(frame.moves);
        }
        Ok(())
    }
}
