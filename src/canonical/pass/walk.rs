//! The way through a document.
//!
//! Invariants: reads exactly one value; refuses what [`parse`](crate::canonical::parse) refuses, for the same reason
//! at the same place; no recursion; a byte is moved a bounded number of times.

use std::borrow::Cow;

use crate::canonical::error::JsonErrorKind;
use crate::canonical::limits::Limits;
use crate::canonical::pass::fault::{Beside, Pass, Stop, fault};
use crate::canonical::pass::member::{self, Kept, Member};
use crate::canonical::pass::places::{OTHER, Places, State};
use crate::canonical::pass::rope::Span;
use crate::canonical::pass::scalar::Reader;
use crate::canonical::pass::scan;
use crate::canonical::pass::set::{Elements, First};
use crate::canonical::pass::spine::Spine;
use crate::canonical::pass::writer::Writer;
use crate::canonical::place::excerpt;
use crate::canonical::profile::{Action, Rule};

mod apart;

use apart::Reached;

/// What stands in place of a masked value.
const MASK: &[u8] = b"\"(masked)\"";

/// A container that is open.
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Whether each name so far comes after the one before.
    ordered: bool,
    /// How often bytes of it were moved.
    moves: u8,
    /// The place behind its bracket.
    pub(super) body: usize,
    /// How many members were noted before its own.
    pub(super) first: usize,
    /// How many nodes of the rope were there before its own.
    pub(super) mark: usize,
    /// Of an array: how many elements are read.
    pub(super) index: usize,
    /// Of a set: where the element that is being read begins, where its elements are noted, and its rule.
    element: usize,
    elements: First,
    rule: usize,
    /// Of an object: what the rules say of it. Of an array: of its elements.
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    /// An array that keeps its order.
    List,
    /// An array whose elements are put in order.
    Set,
}

/// A value that is read but not written.
struct Cut {
    /// How many containers are open around it.
    depth: usize,
    /// What was written from here on is taken back.
    place: usize,
    mark: usize,
    text: &'static [u8],
}

pub(super) struct Walk<'a, 's, const RULES: bool> {
    pub(super) read: Reader<'a>,
    max_depth: usize,
    pub(super) frames: Vec<Frame>,
    pub(super) members: Vec<Member>,
    elements: Elements,
    pub(super) spine: Spine<'s>,
    places: Places<'a>,
    /// What the rules say of the value that is read next.
    state: State,
    pub(super) masked: Vec<u64>,
    cut: Option<Cut>,
    pub(super) order: Vec<(u64, u32)>,
    parts: Vec<Span>,
    /// Where only the elements of one set are read: how far that has come.
    apart: Option<Reached>,
}

impl<'a, 's, const RULES: bool> Walk<'a, 's, RULES> {
    /// Reads `text` under `rules`, of which there are none without `RULES`.
    pub(super) fn new(text: &'a str, rules: &'a [Rule], limits: &Limits, spine: Spine<'s>, size: usize) -> Self {
        let start = scan::blank_end(text.as_bytes(), 0);
        Self {
            read: Reader::new(text, Writer::new(text.as_bytes(), start, size)),
            max_depth: limits.max_depth(),
            frames: Vec::new(),
            members: Vec::new(),
            elements: Elements::default(),
            spine,
            places: Places::new(rules),
            state: State::SILENT,
            masked: vec![0; rules.len()],
            cut: None,
            order: Vec::new(),
            parts: Vec::new(),
            apart: None,
        }
    }

    /// Reads the whole document, of which nothing is left in an open stretch.
    pub(super) fn document(&mut self) -> Pass<()> {
        if RULES {
            self.state = self.places.start();
        }
        let at = scan::blank_end(self.read.text.as_bytes(), 0);
        let at = self.values(at)?;
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
                        && self.places.watching(self.state).any(|watch| matches!(watch, Action::ResolveIndex { .. }))
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
                    self.end_member(at);
                    at = self.read.skip_blanks(at);
                    match self.read.byte(at) {
                        b',' => {
                            at = self.comma(at);
                            at = self.name(at)?;
                            continue 'value;
                        }
                        b'}' => self.close_object(at)?,
                        _ => return self.read.unexpected(at, "`,` or `}`").beside(),
                    }
                } else {
                    self.end_element(at)?;
                    at = self.read.skip_blanks(at);
                    match self.read.byte(at) {
                        b',' => {
                            at = self.comma(at);
                            if let Some(frame) = self.frames.last_mut() {
                                frame.index += 1;
                            }
                            if RULES
                                && self.frames.len() == 1
                                && let Some(Reached { rule, .. }) = self.apart
                            {
                                self.reach(at, rule);
                            }
                            self.begin_element(at);
                            continue 'value;
                        }
                        b']' => self.close_array(at),
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
                let set = match self.places.action(state) {
                    Some((index, Action::Set { .. })) => Some(index),
                    _ => None,
                };
                state = self.step(state, OTHER)?;
                // Elements of which nothing is left need no order.
                let kept =
                    !matches!(self.places.action(state), Some((_, Action::Drop | Action::Mask { pattern: None })));
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
            mark: self.read.out.rope.mark(),
            index: 0,
            element: 0,
            elements,
            rule,
            state,
        });
        Ok(self.read.skip_blanks(at + 1))
    }

    /// Leaves the document to the other way where the text from `at` to `end` is one that a rule replaces everywhere.
    #[inline(always)]
    fn look_at_text(&self, at: usize, end: usize) -> Pass<()> {
        for watch in self.places.watching(self.state) {
            let pattern = match watch {
                Action::Alias { pattern } | Action::Relabel { pattern } | Action::Mask { pattern: Some(pattern) } => {
                    pattern
                }
                Action::Drop
                | Action::Mask { pattern: None }
                | Action::Set { .. }
                | Action::RootMap
                | Action::ResolveIndex { .. } => continue,
            };
            let written = self.read.text.get(at..end).unwrap_or_default();
            // Only what has an escape in it is another text than what is written.
            let text = match written.contains('\\') {
                false => Cow::Borrowed(written.get(1..written.len().saturating_sub(1)).unwrap_or_default()),
                true => Cow::Owned(serde_json::from_str::<String>(written).unwrap_or_default()),
            };
            if pattern.is_match(&text) {
                return Err(Box::new(Stop::Unsuited));
            }
        }
        Ok(())
    }

    fn step(&mut self, from: State, symbol: u32) -> Pass<State> {
        self.places.step(from, symbol).map_err(|_| Box::new(Stop::Unsuited))
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
                    false => self.places.symbol_written(self.read.text, member.name, end),
                    true => self.places.symbol(&member.decoded(self.read.text)),
                };
                member.value = self.read.out.place(at);
                self.state = self.step(state, member.symbol)?;
                match self.places.action(self.state) {
                    Some((index, Action::Drop)) => {
                        member.kept = Kept::Dropped;
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
            match self.places.action(self.state) {
                // The comma before it was left out.
                Some((index, Action::Drop)) => self.begin_cut(index, place, b""),
                Some((index, Action::Mask { pattern: None })) => self.begin_cut(index, place, MASK),
                _ => {}
            }
        }
    }

    fn begin_cut(&mut self, rule: usize, place: usize, text: &'static [u8]) {
        self.masked[rule] += 1;
        self.state = State::SILENT;
        self.cut = Some(Cut { depth: self.frames.len(), place, mark: self.read.out.rope.mark(), text });
    }

    #[inline(always)]
    fn end_cut(&mut self, at: usize) {
        if let Some(cut) = self.cut.take_if(|cut| cut.depth == self.frames.len()) {
            self.read.out.rope.forget_since(cut.mark);
            self.read.out.cut(cut.place, at, cut.text);
        }
    }

    /// A member ends: what of it was not sent yet is, if its beginning was.
    #[inline(always)]
    fn end_member(&mut self, at: usize) {
        if self.frames.len() == 1 && self.spine.is_open() {
            self.send(at);
            self.spine.close();
        }
    }

    #[inline(always)]
    fn end_element(&mut self, at: usize) -> Pass<()> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        if RULES && frame.kind == Kind::Set {
            let span = Span { start: frame.element, end: self.read.out.place(at) };
            self.elements.note(span, self.places.key(frame.rule).len());
        } else if self.frames.len() <= 2 && self.cut.is_none() && self.spine.wants(self.read.out.place(at), frame.body)
        {
            self.flow(at)?;
        }
        Ok(())
    }

    fn close_array(&mut self, at: usize) {
        let Some(mut frame) = self.frames.pop() else { return };
        if RULES && frame.kind == Kind::Set {
            self.read.out.settle(at);
            if self.apart.is_some() && self.frames.is_empty() {
                // Whoever reads it apart puts it in order.
                return;
            }
            let width = self.places.key(frame.rule).len();
            if let Some(parts) = self.elements.sorted(frame.elements, width, &self.read.out.rope, frame.mark) {
                self.read.out.arrange(frame.body, at, &parts, frame.mark, &mut frame.moves);
            }
            self.elements.end(frame.elements);
        }
        self.hand_up(frame.moves);
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
        if self.frames.len() == 1 && self.spine.is_begun() {
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

    /// Sorts the members of the innermost object into [`Self::order`], by position among its own.
    pub(super) fn sort_members(&mut self) -> Pass<()> {
        let first = self.frames.last().map_or(0, |frame| frame.first);
        let (members, text) = (&self.members[first..], self.read.text);
        member::sort(members, text, &mut self.order);
        let member = |position: u32| &members[position as usize];
        let pairs = self.order.windows(2).map(|pair| (member(pair[0].1), member(pair[1].1)));
        let twice = pairs.filter(|(a, b)| a.compare(b, text).is_eq()).map(|(_, later)| later);
        match twice.min_by_key(|member| member.name) {
            Some(member) => {
                let name = excerpt(&member.decoded(text));
                fault(JsonErrorKind::DuplicateKey { name }, member.name - 1).beside()
            }
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn put_in_order(&mut self, at: usize) -> Pass<()> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let (first, body, mark, ordered, rule) = (frame.first, frame.body, frame.mark, frame.ordered, frame.rule);
        let mut moves = frame.moves;
        let mut moved = false;
        if !ordered {
            self.sort_members()?;
            let members = &self.members[first..];
            let kept = |(_, position): &(u64, u32)| {
                let member = &members[*position as usize];
                (member.kept == Kept::Written).then_some(member.span)
            };
            self.parts.clear();
            self.parts.extend(self.order.iter().filter_map(kept));
            moved = self.read.out.arrange(body, at, &self.parts, mark, &mut moves);
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.moves = moves;
        }
        if RULES && rule != usize::MAX {
            self.find_key(first, body, rule, moved);
        }
        Ok(())
    }

    /// Notes where the members stand that the key of the set around the object names.
    fn find_key(&mut self, first: usize, body: usize, rule: usize, moved: bool) {
        let (key, members) = (self.places.key(rule), &self.members[first..]);
        self.elements.found.clear();
        self.elements.found.resize(key.len(), None);
        let mut note = |member: &Member, start: usize| {
            if let Some(found) = key.iter().position(|symbol| *symbol == member.symbol) {
                let (before, length) = (member.value - member.span.start, member.span.len());
                self.elements.found[found] = Some(Span { start: start + before, end: start + length });
            }
        };
        if !moved {
            let kept = members.iter().filter(|member| member.kept == Kept::Written);
            kept.for_each(|member| note(member, member.span.start));
            return;
        }
        let mut start = body;
        for (_, position) in &self.order {
            let member = &members[*position as usize];
            if member.kept == Kept::Written {
                note(member, start);
                start += member.span.len() + 1;
            }
        }
    }
}
