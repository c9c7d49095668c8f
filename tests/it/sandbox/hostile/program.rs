//! Programs of the player: acts with their operands, as `tests/probes/hostile.c` reads them; made, and made from others.

use std::fmt;

/// How many bytes follow the number of each act, and how often it is chosen.
const ACTS: [(&str, usize, u32); 19] = [
    ("call", 8, 24),
    ("filter", 5, 8),
    ("racer", 2, 2),
    ("fork", 2, 6),
    ("exec", 1, 3),
    ("reach", 4, 12),
    ("key", 2, 5),
    ("clock", 2, 12),
    ("deadline", 1, 5),
    ("touch", 1, 3),
    ("files", 2, 5),
    ("forbidden", 4, 10),
    ("read", 1, 6),
    ("look", 2, 3),
    ("signal", 1, 3),
    ("random", 1, 3),
    ("list", 0, 1),
    ("family", 2, 3),
    ("machine", 1, 3),
];

/// Numbers that look random and follow from where they began: SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Act {
    code: u8,
    operands: Vec<u8>,
}

impl Act {
    fn new(random: &mut Random) -> Self {
        let total: u32 = ACTS.iter().map(|(_, _, often)| often).sum();
        let mut chosen = random.below(total as usize) as u32;
        let code = ACTS.iter().position(|(_, _, often)| {
            let is_it = chosen < *often;
            chosen = chosen.saturating_sub(*often);
            is_it
        });
        let code = code.unwrap_or(0);
        let operands = (0..ACTS[code].1).map(|_| random.next() as u8).collect();
        let mut act = Self { code: code as u8, operands };
        if code == 0 {
            act.choose_call(random);
        }
        act
    }

    /// Calls with operands that mean something: a number in the table, descriptors, buffers, structures, small numbers.
    fn choose_call(&mut self, random: &mut Random) {
        let number = if random.below(16) == 0 { 0xff00 | random.below(256) } else { random.below(480) };
        self.operands[0] = number as u8;
        self.operands[1] = (number >> 8) as u8;
        for operand in &mut self.operands[2..] {
            let low = random.below(16) as u8;
            *operand = match random.below(12) {
                0..=2 => low,
                3 => 0x40 | random.below(32) as u8,
                4 | 5 => 0x60 | low,
                6 => 0x70 | low,
                7 => 0x80 | random.below(32) as u8,
                8 => 0xa0 | random.below(32) as u8,
                9 => 0xf0 | low,
                _ => random.next() as u8,
            };
        }
    }

    pub fn name(&self) -> &'static str {
        ACTS[usize::from(self.code)].0
    }
}

/// What one life does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Program(pub Vec<Act>);

impl Program {
    /// Reads what [`fmt::Display`] writes.
    pub fn from_hex(text: &str) -> Self {
        let bytes = hex::decode(text).unwrap_or_else(|_| panic!("{text}"));
        let mut bytes = bytes.into_iter();
        let mut acts = Vec::new();
        while let Some(code) = bytes.next() {
            let code = code % ACTS.len() as u8;
            let operands = bytes.by_ref().take(ACTS[usize::from(code)].1).collect();
            acts.push(Act { code, operands });
        }
        Self(acts)
    }

    pub fn new(random: &mut Random) -> Self {
        let length = 1 + random.below(24);
        Self((0..length).map(|_| Act::new(random)).collect())
    }

    /// Another one, near this one.
    pub fn mutate(&self, other: &Self, random: &mut Random) -> Self {
        let mut acts = self.0.clone();
        for _ in 0..1 + random.below(3) {
            let at = random.below(acts.len().max(1));
            match random.below(6) {
                0 => acts.insert(at.min(acts.len()), Act::new(random)),
                1 if acts.len() > 1 => drop(acts.remove(at)),
                2 => {
                    if let Some(operand) = acts.get_mut(at).filter(|act| !act.operands.is_empty()) {
                        let which = random.below(operand.operands.len());
                        operand.operands[which] = random.next() as u8;
                    }
                }
                3 => {
                    if let Some(act) = acts.get_mut(at).filter(|act| act.code == 0) {
                        let kept = act.operands[..2].to_vec();
                        act.choose_call(random);
                        act.operands[..2].copy_from_slice(&kept);
                    }
                }
                4 => {
                    acts.truncate(at + 1);
                    acts.extend(other.0.iter().skip(random.below(other.0.len())).cloned());
                }
                _ => acts.insert(0, Act::new(random)),
            }
        }
        acts.truncate(40);
        Self(acts)
    }

    /// The same without some of its acts.
    pub fn without(&self, from: usize, count: usize) -> Self {
        let kept = self.0.iter().enumerate().filter(|(at, _)| *at < from || *at >= from + count);
        Self(kept.map(|(_, act)| act.clone()).collect())
    }

    /// The acts by name.
    pub fn in_words(&self) -> String {
        self.0.iter().map(Act::name).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for act in &self.0 {
            write!(f, "{:02x}{}", act.code, hex::encode(&act.operands))?;
        }
        Ok(())
    }
}

#[test]
fn what_is_written_is_read_back() {
    let mut random = Random(1);
    for _ in 0..200 {
        let program = Program::new(&mut random);
        assert_eq!(Program::from_hex(&program.to_string()), program);
        let mutated = program.mutate(&program, &mut random);
        assert_eq!(Program::from_hex(&mutated.to_string()), mutated);
    }
}
