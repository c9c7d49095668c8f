//! What the rules of a profile say about each place, remembered so that it is worked out once.
//!
//! A place is a *state*: which rules are still open there and how far each has been followed. From a state each name
//! leads to another, and names that no rule has all lead to the same one. A document has few states, however many
//! places it has.

use std::collections::HashMap;

use crate::canonical::rule::{Action, Progress, Rule, Stage};
use crate::canonical::stream::scan;

/// What the rules say about one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    /// Nothing, nor about any place below.
    pub(super) const SILENT: Self = Self(0);
}

/// The symbol of elements and of every name that no rule has: no pattern can tell these apart.
pub(super) const OTHER: u32 = 0;
/// A step that has not been worked out.
const UNKNOWN: u32 = u32::MAX;
/// The most steps that are remembered: 16 MiB.
const MOST_STEPS: usize = 4 << 20;

/// There are more states than are worth remembering.
#[derive(Debug)]
pub(super) struct TooMany;

pub(super) struct States<'p> {
    rules: &'p [Rule],
    names: Names<'p>,
    /// For each rule: the symbols of its key.
    keys: Vec<Vec<u32>>,
    states: Vec<Known>,
    found: HashMap<Known, u32>,
    /// State × symbol → state.
    steps: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    open: Vec<(usize, Progress)>,
    /// The first rule that means it, of those that are followed while writing.
    decision: Option<usize>,
    /// The rules that mean it and need the whole document, if what stands there is of their kind.
    watch: Vec<usize>,
}

impl Known {
    /// Notes that the rule at `index` means the place.
    fn meant_by(&mut self, index: usize, action: &Action) {
        if action.stage() == Stage::Write && self.decision.is_none() {
            self.decision = Some(index);
        }
        let needs_document = action.stage() != Stage::Write
            || self.decision == Some(index) && matches!(action, Action::Mask { pattern: Some(_) });
        if needs_document {
            self.watch.push(index);
        }
    }
}

impl<'p> States<'p> {
    pub(super) fn new(rules: &'p [Rule]) -> Self {
        let in_paths = rules.iter().flat_map(|rule| rule.path().names());
        let in_keys = rules.iter().flat_map(key).map(String::as_str);
        let names = Names::new(in_paths.chain(in_keys));
        let symbols = |rule| key(rule).iter().map(|name| names.symbol(name)).collect();
        let keys = rules.iter().map(symbols).collect();
        let mut places = Self { rules, names, keys, states: Vec::new(), found: HashMap::new(), steps: Vec::new() };
        places.add(Known { open: Vec::new(), decision: None, watch: Vec::new() });
        places
    }

    /// At the whole document.
    pub(super) fn start(&mut self) -> State {
        let starts = self.rules.iter().map(|rule| rule.path().start()).enumerate();
        let mut known = Known { open: starts.collect(), decision: None, watch: Vec::new() };
        for (index, at) in known.open.clone() {
            if self.rules[index].path().is_match(at) {
                known.meant_by(index, self.rules[index].action());
            }
        }
        State(self.add(known))
    }

    /// The symbol of a name as written in a document.
    #[inline(always)]
    pub(super) fn symbol_written(&self, text: &str, start: usize, end: usize) -> u32 {
        self.names.find(text.as_bytes(), start, end)
    }

    /// The symbol of a name.
    pub(super) fn symbol(&self, name: &str) -> u32 {
        self.names.symbol(name)
    }

    /// One level below `from`.
    #[inline(always)]
    pub(super) fn step(&mut self, from: State, symbol: u32) -> Result<State, TooMany> {
        if from == State::SILENT {
            return Ok(from);
        }
        match self.steps.get(self.cell(from, symbol)) {
            Some(&to) if to != UNKNOWN => Ok(State(to)),
            _ => self.work_out(from, symbol),
        }
    }

    /// What is done at a place, and by which rule.
    #[inline(always)]
    pub(super) fn action(&self, state: State) -> Option<(usize, &'p Action)> {
        let index = self.states[state.0 as usize].decision?;
        Some((index, self.rules[index].action()))
    }

    /// The rules that need the whole document if what stands at a place is of their kind.
    #[inline(always)]
    pub(super) fn watching(&self, state: State) -> impl Iterator<Item = &'p Action> {
        self.states[state.0 as usize].watch.iter().map(|index| self.rules[*index].action())
    }

    /// The symbols of the key of the rule at `index`.
    pub(super) fn key(&self, index: usize) -> &[u32] {
        &self.keys[index]
    }

    fn cell(&self, from: State, symbol: u32) -> usize {
        from.0 as usize * self.names.count() + symbol as usize
    }

    #[cold]
    fn work_out(&mut self, from: State, symbol: u32) -> Result<State, TooMany> {
        if self.steps.len() > MOST_STEPS {
            return Err(TooMany);
        }
        let mut known = Known { open: Vec::new(), decision: None, watch: Vec::new() };
        for (index, progress) in &self.states[from.0 as usize].open {
            let path = self.rules[*index].path();
            let progress = path.step(*progress, self.names.name(symbol));
            if path.is_match(progress) {
                known.meant_by(*index, self.rules[*index].action());
            }
            if path.is_open(progress) {
                known.open.push((*index, progress));
            }
        }
        let to = match self.found.get(&known) {
            Some(to) => *to,
            None => self.add(known),
        };
        let cell = self.cell(from, symbol);
        self.steps[cell] = to;
        Ok(State(to))
    }

    fn add(&mut self, known: Known) -> u32 {
        let state = self.states.len() as u32;
        self.steps.resize(self.steps.len() + self.names.count(), UNKNOWN);
        self.states.push(known.clone());
        self.found.insert(known, state);
        state
    }
}

fn key(rule: &Rule) -> &[String] {
    match rule.action() {
        Action::Set { key } => key,
        _ => &[],
    }
}

/// The names that rules have, each with a symbol.
struct Names<'p> {
    /// Symbol → name; of [`OTHER`] none.
    names: Vec<&'p str>,
    /// Open addressing by prefix and length: symbols, [`OTHER`] where there is none.
    table: Vec<u32>,
}

impl<'p> Names<'p> {
    fn new(names: impl Iterator<Item = &'p str>) -> Self {
        let mut all: Vec<&str> = names.collect();
        all.sort_unstable();
        all.dedup();
        let mut this = Self { table: vec![OTHER; (all.len() * 4).next_power_of_two()], names: vec![""] };
        for name in all {
            let mut slot = this.slot(scan::prefix(name.as_bytes(), 0, name.len()), name.len());
            while this.table[slot] != OTHER {
                slot = (slot + 1) & (this.table.len() - 1);
            }
            this.table[slot] = this.names.len() as u32;
            this.names.push(name);
        }
        this
    }

    fn count(&self) -> usize {
        self.names.len()
    }

    fn name(&self, symbol: u32) -> Option<&'p str> {
        (symbol != OTHER).then(|| self.names[symbol as usize])
    }

    fn symbol(&self, name: &str) -> u32 {
        self.find(name.as_bytes(), 0, name.len())
    }

    #[inline(always)]
    fn find(&self, bytes: &[u8], start: usize, end: usize) -> u32 {
        let mut slot = self.slot(scan::prefix(bytes, start, end), end - start);
        loop {
            let symbol = self.table[slot];
            if symbol == OTHER || bytes.get(start..end) == Some(self.names[symbol as usize].as_bytes()) {
                return symbol;
            }
            slot = (slot + 1) & (self.table.len() - 1);
        }
    }

    #[inline(always)]
    fn slot(&self, prefix: u64, length: usize) -> usize {
        let mixed = (prefix ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 32) as usize & (self.table.len() - 1)
    }
}
