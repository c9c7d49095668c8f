//! Strict reading of JSON (RFC 8259) within I-JSON (RFC 7493).
//!
//! Invariants: reads exactly one value; refuses what could be read in two ways (duplicate names, integers that a
//! double may not hold, lone surrogates); recursion is bounded by [`Limits::DEEPEST`].

use std::borrow::Cow;

use crate::canonical::document::value::{Member, Value, utf16_order};
use crate::canonical::error::{JsonError, JsonErrorKind};
use crate::canonical::limits::Limits;
use crate::canonical::location::{self, Step, excerpt};
use crate::canonical::number::MAX_SAFE_INTEGER;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::canonical) enum Source {
    /// Anybody's document: an integer beyond ±(2^53−1) may have been rounded already, and is refused.
    Foreign,
    /// Our own output: there `1e20` is written as an integer.
    Canonical,
}

/// Reads `input` as one JSON value.
pub(in crate::canonical) fn parse<'a>(
    input: &'a [u8],
    source: Source,
    limits: &Limits,
) -> Result<Value<'a>, JsonError> {
    check_size(input, limits)?;
    read(input, source, limits).map_err(|fault| located(input, *fault))
}

/// Refuses an `input` that is over the size limit.
pub(in crate::canonical) fn check_size(input: &[u8], limits: &Limits) -> Result<(), JsonError> {
    let (size, limit) = (input.len(), limits.max_bytes());
    if size <= limit {
        return Ok(());
    }
    let kind = JsonErrorKind::TooLarge { size, limit };
    Err(located(input, Fault { kind, offset: limit, steps: Vec::new() }))
}

fn located(input: &[u8], fault: Fault<'_>) -> JsonError {
    let Fault { kind, offset, mut steps } = fault;
    let (line, column) = location::line_and_column(input, offset);
    steps.reverse();
    JsonError { kind, offset, line, column, pointer: location::pointer(&steps) }
}

fn read<'a>(input: &'a [u8], source: Source, limits: &Limits) -> Parsed<'a, Value<'a>> {
    let text = match std::str::from_utf8(input) {
        Ok(text) => text,
        Err(error) => return fault(JsonErrorKind::InvalidUtf8, error.valid_up_to()),
    };
    let mut parser = Parser { text, at: 0, depth: 0, max_depth: limits.max_depth(), source };
    let value = parser.value()?;
    parser.skip_whitespace();
    match parser.rest().chars().next() {
        None => Ok(value),
        Some(found) => fault(JsonErrorKind::Trailing { found }, parser.at),
    }
}

/// An error on its way out: each container adds its step, so that a good document pays nothing for pointers.
struct Fault<'a> {
    kind: JsonErrorKind,
    offset: usize,
    /// Innermost first.
    steps: Vec<Step<'a>>,
}

type Parsed<'a, T> = Result<T, Box<Fault<'a>>>;

fn fault<'a, T>(kind: JsonErrorKind, offset: usize) -> Parsed<'a, T> {
    Err(Box::new(Fault { kind, offset, steps: Vec::new() }))
}

fn within<'a, T>(parsed: Parsed<'a, T>, step: impl FnOnce() -> Step<'a>) -> Parsed<'a, T> {
    parsed.map_err(|mut fault| {
        fault.steps.push(step());
        fault
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
    source: Source,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self, expected: &'static str) -> Parsed<'a, T> {
        let kind = match self.rest().chars().next() {
            Some(found) => JsonErrorKind::Unexpected { found, expected },
            None => JsonErrorKind::UnexpectedEnd { expected },
        };
        fault(kind, self.at)
    }

    fn value(&mut self) -> Parsed<'a, Value<'a>> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.literal("`true`", Value::Bool(true)),
            Some(b'f') => self.literal("`false`", Value::Bool(false)),
            Some(b'n') => self.literal("`null`", Value::Null),
            _ => self.unexpected("a value"),
        }
    }

    fn literal(&mut self, quoted: &'static str, value: Value<'a>) -> Parsed<'a, Value<'a>> {
        for byte in quoted.trim_matches('`').bytes() {
            if !self.eat(byte) {
                return self.unexpected(quoted);
            }
        }
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<'a, Value<'a>>) -> Parsed<'a, Value<'a>> {
        if self.depth == self.max_depth {
            return fault(JsonErrorKind::TooDeep { limit: self.max_depth }, self.at);
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Parsed<'a, Value<'a>> {
        let mut items = Vec::new();
        self.skip_whitespace();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            let index = items.len();
            items.push(within(self.value(), || Step::Element(index))?);
            self.skip_whitespace();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return self.unexpected("`,` or `]`");
            }
        }
    }

    fn object(&mut self) -> Parsed<'a, Value<'a>> {
        let mut members = Vec::new();
        self.skip_whitespace();
        if self.eat(b'}') {
            return Ok(Value::Object(Vec::new()));
        }
        loop {
            self.skip_whitespace();
            if self.peek() != Some(b'"') {
                return self.unexpected("a member's name in double quotes");
            }
            let at = self.at;
            let name = self.string()?;
            self.skip_whitespace();
            if !self.eat(b':') {
                return self.unexpected("`:`");
            }
            let value = within(self.value(), || Step::Member(name.clone()))?;
            members.push((at, Member { name, value }));
            self.skip_whitespace();
            if self.eat(b'}') {
                return ordered(members);
            }
            if !self.eat(b',') {
                return self.unexpected("`,` or `}`");
            }
        }
    }

    fn string(&mut self) -> Parsed<'a, Cow<'a, str>> {
        self.at += 1;
        let mut unescaped: Option<String> = None;
        loop {
            let run = self.at;
            while self.peek().is_some_and(|b| b != b'"' && b != b'\\' && b >= 0x20) {
                self.at += 1;
            }
            let plain = &self.text[run..self.at];
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(plain),
                        Some(text) => Cow::Owned(text + plain),
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(plain);
                    let character = self.escape()?;
                    text.push(character);
                }
                Some(byte) => return fault(JsonErrorKind::ControlCharacter { byte }, self.at),
                None => return self.unexpected("`\"` at the end of a string"),
            }
        }
    }

    fn escape(&mut self) -> Parsed<'a, char> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(start);
            }
            _ => return self.unexpected("one of `\"\\/bfnrtu` after `\\`"),
        };
        self.at += 1;
        Ok(character)
    }

    /// What `\uXXXX`, of which `\u` is read, or a pair of them stands for; `start` is where it begins.
    fn unicode_escape(&mut self, start: usize) -> Parsed<'a, char> {
        let unit = self.hex4()?;
        let lone = || fault(JsonErrorKind::LoneSurrogate { unit }, start);
        let code = match unit {
            0xD800..=0xDBFF => {
                if !self.rest().starts_with("\\u") {
                    return lone();
                }
                self.at += 2;
                match self.hex4()? {
                    low @ 0xDC00..=0xDFFF => 0x10000 + ((u32::from(unit) & 0x3FF) << 10) + (u32::from(low) & 0x3FF),
                    _ => return lone(),
                }
            }
            _ => u32::from(unit),
        };
        char::from_u32(code).map_or_else(lone, Ok)
    }

    fn hex4(&mut self) -> Parsed<'a, u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return self.unexpected("four hex digits after `\\u`");
            };
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    fn digits(&mut self) -> Parsed<'a, ()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.unexpected("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Parsed<'a, f64> {
        let start = self.at;
        self.eat(b'-');
        if self.eat(b'0') {
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return fault(JsonErrorKind::LeadingZero, self.at - 1);
            }
        } else {
            self.digits()?;
        }
        let mut integer = true;
        if self.eat(b'.') {
            integer = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            integer = false;
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        // The grammar of JSON is within that of Rust, so only the range is left to check.
        let number = text.parse().unwrap_or(f64::INFINITY);
        if !f64::is_finite(number) {
            return fault(JsonErrorKind::NumberOverflow { text: excerpt(text) }, start);
        }
        if integer && number.abs() > MAX_SAFE_INTEGER && self.source == Source::Foreign {
            return fault(JsonErrorKind::UnsafeInteger { text: excerpt(text) }, start);
        }
        Ok(number)
    }
}

/// Puts members, each with the offset of its name, into canonical order.
fn ordered<'a>(mut members: Vec<(usize, Member<'a>)>) -> Parsed<'a, Value<'a>> {
    // Stable: of two members with one name, the later in the text stays the later.
    members.sort_by(|(_, a), (_, b)| utf16_order(&a.name, &b.name));
    let duplicates = members.windows(2).filter(|pair| pair[0].1.name == pair[1].1.name);
    if let Some((at, name)) = duplicates.map(|pair| (pair[1].0, &pair[1].1.name)).min_by_key(|(at, _)| *at) {
        return fault(JsonErrorKind::DuplicateKey { name: excerpt(name) }, at);
    }
    Ok(Value::Object(members.into_iter().map(|(_, member)| member).collect()))
}
