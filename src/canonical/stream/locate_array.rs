//! Where a member of the root begins that is an array, found without reading what comes before.

/// Looks for it, block by block. It checks nothing: what is not JSON is for others to refuse.
pub(super) struct ArrayLocator {
    member: &'static str,
    depth: usize,
    text: Text,
    /// Of the text that is being read, or was read last, at the first level: how much of the member's name it is so far.
    matched: Option<usize>,
    /// What was read last at the first level but for white space.
    last: Last,
}

#[derive(PartialEq)]
enum Text {
    Outside,
    Inside,
    Escape,
}

#[derive(PartialEq)]
enum Last {
    Name,
    Colon,
    Other,
}

impl ArrayLocator {
    pub(super) fn new(member: &'static str) -> Self {
        Self { member, depth: 0, text: Text::Outside, matched: None, last: Last::Other }
    }

    /// Behind the bracket of the array, if it stands in `block`. A name with an escape in it is not looked at.
    pub(super) fn find(&mut self, block: &[u8]) -> Option<usize> {
        for (at, byte) in block.iter().enumerate() {
            match (&self.text, byte) {
                (Text::Escape, _) => self.text = Text::Inside,
                (Text::Inside, b'\\') => (self.text, self.matched) = (Text::Escape, None),
                (Text::Inside, b'"') => {
                    self.text = Text::Outside;
                    let is_name = self.depth == 1 && self.matched == Some(self.member.len());
                    self.last = if is_name { Last::Name } else { Last::Other };
                }
                (Text::Inside, byte) => {
                    let next = self.matched.filter(|matched| self.member.as_bytes().get(*matched) == Some(byte));
                    self.matched = next.map(|matched| matched + 1);
                }
                (Text::Outside, b' ' | b'\n' | b'\r' | b'\t') => {}
                (Text::Outside, b'"') => (self.text, self.matched, self.last) = (Text::Inside, Some(0), Last::Other),
                (Text::Outside, b':') if self.last == Last::Name => self.last = Last::Colon,
                (Text::Outside, b'[') if self.depth == 1 && self.last == Last::Colon => return Some(at + 1),
                (Text::Outside, byte) => {
                    match byte {
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                        _ => {}
                    }
                    self.last = Last::Other;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_is_found_at_the_first_level_alone() {
        for (text, end) in [
            (r#"{"c":[1]}"#, Some(6)),
            (r#" { "a" : {"c":[]} , "c" : [ ] }"#, Some(27)),
            (r#"{"a":"c","b":["c"],"c":[]}"#, Some(24)),
            (r#"{"cc":[],"\\":"\"","c":[]}"#, Some(24)),
            (r#"{"c":{},"d":[]}"#, None),
            (r#"{"c":"x","d":[]}"#, None),
            (r#"{"\u0063":[]}"#, None),
            (r#"[{"c":[]}]"#, None),
            (r#"{"a":{"c":[]}}"#, None),
        ] {
            assert_eq!(ArrayLocator::new("c").find(text.as_bytes()), end, "{text}");
            let mut head = ArrayLocator::new("c");
            let bytewise = text.bytes().position(|byte| head.find(&[byte]).is_some());
            assert_eq!(bytewise.map(|at| at + 1), ArrayLocator::new("c").find(text.as_bytes()), "{text}, in blocks");
        }
    }
}
