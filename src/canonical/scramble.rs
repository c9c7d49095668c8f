//! Other spellings of the same document.

use serde_json::Value;

use crate::model::statistics::split_mix::SplitMix64;

/// Pointers of all values of `document` that hold no others.
#[cfg(test)]
pub(crate) fn scalars(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, &mut String::new(), &mut |pointer, value| {
        if !matches!(value, Value::Array(_) | Value::Object(_)) {
            found.push(pointer.to_owned());
        }
    });
    found
}

/// Pointers of all arrays of `document` that read otherwise backwards.
#[cfg(test)]
pub(crate) fn arrays(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, &mut String::new(), &mut |pointer, value| match value {
        Value::Array(items) if !items.iter().eq(items.iter().rev()) => found.push(pointer.to_owned()),
        _ => {}
    });
    found
}

#[cfg(test)]
fn walk(value: &Value, pointer: &mut String, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    let length = pointer.len();
    let mut below = |step: &str, value: &Value| {
        pointer.push('/');
        pointer.push_str(&crate::model::text::json_pointer::escaped(step));
        walk(value, pointer, visit);
        pointer.truncate(length);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| below(&i.to_string(), item)),
        Value::Object(members) => members.iter().for_each(|(name, value)| below(name, value)),
        _ => {}
    }
}

/// Writes documents in ways that a seed chooses.
pub(crate) struct Scramble {
    numbers: SplitMix64,
    order_of_arrays: bool,
    out: String,
}

impl Scramble {
    pub(crate) fn new(seed: u64) -> Self {
        Self { numbers: SplitMix64::new(seed), order_of_arrays: false, out: String::new() }
    }

    /// With other white space, other escapes, and members in another order.
    pub(crate) fn spelling(mut self, document: &Value) -> String {
        self.value(document);
        self.out
    }

    /// As [`Self::spelling`], with the elements of every array in another order, too.
    #[cfg(test)]
    pub(crate) fn spelling_and_order(mut self, document: &Value) -> String {
        self.order_of_arrays = true;
        self.spelling(document)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.numbers.draw() as usize % bound
    }

    fn space(&mut self) {
        let space = ["", " ", "\n", "\t\r\n"][self.below(4)];
        self.out.push_str(space);
    }

    fn shuffled<T>(&mut self, mut items: Vec<T>) -> Vec<T> {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
        items
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Array(items) => {
                let mut items: Vec<_> = items.iter().collect();
                if self.order_of_arrays {
                    items = self.shuffled(items);
                }
                self.out.push('[');
                for (i, item) in items.into_iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.value(item);
                }
                self.out.push(']');
            }
            Value::Object(members) => {
                let members = self.shuffled(members.iter().collect());
                self.out.push('{');
                for (i, (name, value)) in members.into_iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.space();
                    self.string(name);
                    self.space();
                    self.out.push(':');
                    self.value(value);
                }
                self.out.push('}');
            }
            Value::String(text) => self.string(text),
            other => self.out.push_str(&other.to_string()),
        }
        self.space();
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if c < ' ' || c == '"' || c == '\\' || self.below(3) == 0 {
                let mut units = [0; 2];
                self.out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")));
            } else {
                self.out.push(c);
            }
        }
        self.out.push('"');
    }
}
