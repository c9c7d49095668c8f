//! Lines that are broken between words where somebody says how wide a terminal is.
//!
//! Invariant: no line begins with what a CI system could take for a command of its own, as none did before it was broken.

/// Where a line goes on, under the labels of a block and beside other lines.
const UNDER_A_LABEL: usize = 12;
const BESIDE: usize = 2;

/// `text` with each line that is wider than `width` broken; rows of a table and words without a blank stay whole.
pub fn fold(text: &str, width: usize) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        let line = line.trim_end_matches('\n');
        let is_row = line.starts_with(['│', '┌', '╞', '└', '├']);
        if is_row || columns(line) <= width {
            folded.push_str(line);
        } else {
            let under = if line.starts_with("  ") { UNDER_A_LABEL } else { BESIDE };
            broken(line, width, under, &mut folded);
        }
        folded.push_str(end);
    }
    folded
}

fn broken(line: &str, width: usize, under: usize, folded: &mut String) {
    let begin = line.len() - line.trim_start_matches(' ').len();
    folded.push_str(&line[..begin]);
    let mut at = begin;
    let mut is_first = true;
    for word in line[begin..].split(' ') {
        let wide = columns(word);
        let may_begin = !word.starts_with([':', '#', '\u{1b}']) && !word.is_empty();
        if is_first {
            at += wide;
        } else if at + 1 + wide > width && may_begin {
            folded.push('\n');
            folded.push_str(&" ".repeat(under));
            at = under + wide;
        } else {
            folded.push(' ');
            at += 1 + wide;
        }
        folded.push_str(word);
        is_first = false;
    }
}

/// What is seen of a line: no escape sequence of a colour.
fn columns(text: &str) -> usize {
    let (mut seen, mut is_escape) = (0, false);
    for c in text.chars() {
        match c {
            '\u{1b}' => is_escape = true,
            'm' if is_escape => is_escape = false,
            _ if !is_escape => seen += 1,
            _ => {}
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_rows_and_long_words_stay() {
        let text = "one two three four\n│ a row of a table │\n  see     one two three\nabcdefghijklmnopqrstuvwxyz\n";
        let folded = "one two\n  three\n  four\n│ a row of a table │\n  see     one\n            two\n            three\n\
                      abcdefghijklmnopqrstuvwxyz\n";
        assert_eq!(fold(text, 14), folded.replace("one two\n  three\n  four", "one two three\n  four"));
        assert_eq!(fold("short\n", 14), "short\n");
    }

    #[test]
    fn no_line_begins_with_what_a_ci_system_obeys() {
        for word in ["::error::x", "##[error]x", ":x"] {
            let folded = fold(&format!("change: a long name {word} {word} {word}"), 20);
            assert!(folded.lines().all(|line| !line.trim_start().starts_with([':', '#'])), "{folded}");
        }
    }

    #[test]
    fn a_colour_takes_no_place() {
        let text = "\u{1b}[2mchange:\u{1b}[0m abc";
        assert_eq!(fold(text, 11), text);
    }
}
