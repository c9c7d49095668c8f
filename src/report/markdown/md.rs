//! Markdown that foreign text cannot act in.
//!
//! Invariants: unescaped text enters only as a literal of this program (`&'static str`). Foreign text becomes
//! one line that makes no element, link, image, mention, reference or table cell, whether the reader escapes
//! before it looks for them (CommonMark) or after (mentions and references on GitHub, links on GitLab).
//! An `<!--` never comes from foreign text: publishers find their own comments by such a marker.

use crate::report::untrusted;

/// A zero-width space: parts what a reader would join into a mention, a reference or an address.
const APART: &str = "&#8203;";

/// Markdown under construction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Md(String);

impl Md {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a literal of ours as it stands.
    pub fn raw(&mut self, literal: &'static str) -> &mut Self {
        self.0 += literal;
        self
    }

    /// Adds foreign text as prose: for paragraphs, headings, cells and HTML elements.
    pub fn text(&mut self, foreign: &str) -> &mut Self {
        let shown = untrusted::line(foreign);
        let mut rest = shown.trim().chars().peekable();
        let mut before = String::new();
        while let Some(c) = rest.next() {
            let next = rest.peek().copied();
            self.prose(c, &before, next);
            before.push(c.to_ascii_lowercase());
        }
        self
    }

    fn prose(&mut self, c: char, before: &str, next: Option<char>) {
        if c == '.' && before.ends_with("www") {
            self.0 += APART;
        }
        // Inside a word an underscore is a letter.
        let inside = before.ends_with(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric);
        match c {
            '_' if inside => self.0.push(c),
            '&' | '<' | '>' | '"' | '\'' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '$' | '{' | '}' => {
                self.0 += &format!("&#{};", u32::from(c));
            }
            // At the start of a list entry they would begin a list of their own.
            '-' | '+' | '=' if before.is_empty() => self.0 += &format!("&#{};", u32::from(c)),
            _ => self.0.push(c),
        }
        let joins = match c {
            '@' | '#' | '!' | '~' | '$' | '%' | '&' => next.is_none_or(|next| !next.is_whitespace()),
            ':' => next.is_none_or(|next| next == '/'),
            '-' => before.ends_with("gh") && next.is_some_and(|next| next.is_ascii_digit()),
            _ => false,
        };
        if joins {
            self.0 += APART;
        }
    }

    /// Adds foreign text as a code span: for identifiers. Nothing is looked for in code.
    ///
    /// A backtick and a pipe are shown as `\x60` and `\x7c`: one would end the span, the other the cell, and
    /// readers disagree on how to escape them.
    pub fn code(&mut self, foreign: &str) -> &mut Self {
        let shown = untrusted::line(foreign).replace('`', "\\x60").replace('|', "\\x7c");
        let shown = without_marker(shown.trim());
        self.0 += &format!("`{}`", if shown.is_empty() { "(empty)" } else { &shown });
        self
    }

    /// Adds a fenced block; the fence is longer than any run of backticks inside.
    pub fn fence(&mut self, language: &'static str, lines: impl IntoIterator<Item = String>) -> &mut Self {
        let lines: Vec<String> = lines.into_iter().map(|line| without_marker(&untrusted::log_line(&line))).collect();
        let runs = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len);
        let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
        self.0 += &format!("{fence}{language}\n");
        for line in lines {
            self.0 += &line;
            self.0.push('\n');
        }
        self.0 += &format!("{fence}\n");
        self
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The Markdown.
    pub fn into_string(self) -> String {
        self.0
    }
}

fn without_marker(text: &str) -> String {
    text.replace("<!--", "<\\x21--")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    fn text(foreign: &str) -> String {
        let mut md = Md::new();
        md.text(foreign);
        md.into_string()
    }

    fn code(foreign: &str) -> String {
        let mut md = Md::new();
        md.code(foreign);
        md.into_string()
    }

    #[test]
    fn prose_stays_readable_and_inert() {
        let table = [
            ("log4j 2.14.1 (nested layer)", "log4j 2.14.1 (nested layer)"),
            ("96.6 % (29/30)", "96.6 % (29/30)"),
            ("<b>&", "&#60;b&#62;&#38;&#8203;"),
            ("sha256:ab", "sha256:ab"),
            ("a | b", "a &#124; b"),
            ("@user @ x", "@&#8203;user @ x"),
            ("fixes #12, GH-12, o/r#1", "fixes #&#8203;12, GH-&#8203;12, o/r#&#8203;1"),
            ("https://x www.x.y", "https:&#8203;//x www&#8203;.x.y"),
            ("![i](u) :tada:", "!&#8203;&#91;i&#93;(u) :tada:&#8203;"),
            ("- x", "&#45; x"),
            ("scanner_drift _x_", "scanner_drift &#95;x&#95;"),
            ("<!-- m -->", "&#60;!&#8203;-- m --&#62;"),
            ("a\nb", "a&#92;nb"),
        ];
        for (given, shown) in table {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn code_cannot_be_left() {
        let table = [("a`b|c", "`a\\x60b\\x7cc`"), ("", "`(empty)`"), (" ` ", "`\\x60`"), ("<!-- m", "`<\\x21-- m`")];
        for (given, shown) in table {
            assert_eq!(code(given), shown);
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut md = Md::new();
        md.fence("sh", ["a ```` b".to_owned(), "```".to_owned()]);
        assert_eq!(md.into_string(), "`````sh\na ```` b\n```\n`````\n");
    }

    proptest! {
        #[test]
        fn prose_says_what_was_given(foreign in fixture::nasty()) {
            let shown = text(&foreign);
            let mut read = String::new();
            let mut parts = shown.split("&#");
            read += parts.next().unwrap();
            for part in parts {
                let (number, rest) = part.split_once(';').unwrap();
                read.push(char::from_u32(number.parse().unwrap()).unwrap());
                read += rest;
            }
            let line = untrusted::line(&foreign);
            prop_assert_eq!(read.replace('\u{200b}', ""), line.trim());
            prop_assert!(!shown.contains(['<', '>', '|', '`', '*', '[', ']', '\\', '"', '\'']));
        }

        #[test]
        fn a_code_span_is_one_span_in_one_cell(foreign in fixture::nasty()) {
            let shown = code(&foreign);
            prop_assert_eq!(shown.matches('`').count(), 2);
            prop_assert!(shown.len() > 2 && !shown.contains(['|', '\n']) && !shown.contains("<!--"));
        }
    }
}
