//! Documents of every shape that costs something, the same on every machine.

use std::fmt::Write as _;

use stella::model::statistics::split_mix::SplitMix64;

/// Numbers that look random and are not.
pub struct Numbers(SplitMix64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.draw()
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// A CycloneDX 1.6 inventory in the order in which tools write members: about 380 bytes and ten members for each
/// component, the components shuffled by `seed`. Every `changed`-th has another licence and hash than without.
pub fn cyclonedx(components: usize, seed: u64, changed: Option<usize>) -> String {
    let mut order: Vec<usize> = (0..components).collect();
    Numbers::new(seed).shuffle(&mut order);
    let mut text = String::from(
        r#"{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,"metadata":{"timestamp":"2026-01-02T03:04:05Z","tools":{"components":[{"type":"application","name":"bench","version":"1.0.0"}]}},"components":["#,
    );
    for (at, i) in order.into_iter().enumerate() {
        let is_changed = changed.is_some_and(|every| i % every == 0);
        let hash = Numbers::new(i as u64 + u64::from(is_changed)).next();
        let license = if is_changed { "Apache-2.0" } else { "MIT" };
        let (scope, version) = (i % 17, format!("{}.{}.{}", i % 9, i % 31, i % 101));
        let purl = format!("pkg:npm/%40scope{scope}/package-{}@{version}", i / 2);
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(
            text,
            r#"{comma}{{"type":"library","bom-ref":"{i}","group":"@scope{scope}","name":"package-{}","version":"{version}","scope":"required","hashes":[{{"alg":"SHA-256","content":"{hash:064x}"}}],"licenses":[{{"license":{{"id":"{license}"}}}}],"purl":"{purl}","properties":[{{"name":"path","value":"/node_modules/package-{i}"}}]}}"#,
            i / 2,
        );
    }
    text.push_str("]}");
    text
}

/// The same document, two spaces for each level.
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for character in text.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            out.push(character);
            continue;
        }
        match character {
            '{' | '[' => {
                depth += 1;
                out.push(character);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = character == '"';
                out.push(character);
            }
        }
    }
    out
}

/// Dense escapes, other characters than ASCII, long floats, nesting: at least `size` bytes.
pub fn hard(size: usize) -> String {
    let mut numbers = Numbers::new(5);
    let mut text = String::from(r#"{"zeta":1,"items":["#);
    let mut first = true;
    while text.len() < size {
        if !first {
            text.push(',');
        }
        first = false;
        let float = f64::from_bits(numbers.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x3000_0000_0000_0000);
        let small = numbers.next() % 1_000_000;
        let _ = write!(
            text,
            r#"{{"\u00fcber":"\u4e2d\u6587\/\u0041\t\"quoted\"\n\ud83d\ude00","text":"naïve café — 日本語テキスト","float":{float:e},"short":{small}.50,"nest":[[[{{"b":[[{small}]],"a":{{"\u007a":null,"y":[true,false]}}}}]]],"back":"C:\\dir\\{small}\\file"}}"#
        );
    }
    text.push_str("]}");
    text
}

/// Nothing but floats of 17 digits.
pub fn floats(count: usize) -> String {
    let mut numbers = Numbers::new(6);
    let values: Vec<String> =
        (0..count).map(|_| format!("{:?}", (numbers.next() >> 11) as f64 / (1_u64 << 50) as f64)).collect();
    format!("[{}]", values.join(","))
}

/// One object with `count` names in no order, at the root or in a member of it.
pub fn wide(count: usize, nested: bool) -> String {
    let mut order: Vec<usize> = (0..count).collect();
    Numbers::new(7).shuffle(&mut order);
    let members: Vec<String> = order.into_iter().map(|i| format!("\"member-{i:07}\":{i}")).collect();
    let object = format!("{{{}}}", members.join(","));
    if nested { format!(r#"{{"b":{object},"a":1}}"#) } else { object }
}

/// `depth` objects out of order around a string of `size` bytes.
pub fn deep(depth: usize, size: usize) -> String {
    format!("{}\"{}\"{}", r#"{"b":0,"a":"#.repeat(depth), "x".repeat(size), "}".repeat(depth))
}
