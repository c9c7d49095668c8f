//! Lines that are broken between words where somebody says how wide a terminal is.
//!
//! Invariant: no line begins with what a CI system could take for a command of its own, as none did before it was broken.

/// Where a line goes on, under the labels of a block and beside other lines.
const UNDER_A_LABEL: usize = 12;
const BESIDE: usize = 2;

/// `text` with each line that is wider than `width` broken; rows of a table, words without a blank and what stands in backquotes, such
/// as a command that is pasted, stay whole.
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
    for word in words(&line[begin..]) {
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

/// The parts of a line between which it may be broken.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let mut end = line.len();
        let mut is_quoted = false;
        for (at, c) in line.char_indices() {
            match c {
                // One that is never closed quotes nothing.
                '`' => is_quoted = !is_quoted && line[at + 1..].contains('`'),
                ' ' if !is_quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        rest = line.get(end + 1..);
        Some(&line[..end])
    })
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
    fn a_command_in_backquotes_is_never_broken() {
        let text = "hint: fetch it: `git fetch origin main`, and name it: `--base main`; it`s one\n";
        let folded =
            "hint: fetch\n  it:\n  `git fetch origin main`,\n  and name\n  it:\n  `--base main`;\n  it`s one\n";
        assert_eq!(fold(text, 12), folded);
        assert_eq!(words("a  b `c d`").collect::<Vec<_>>(), ["a", "", "b", "`c d`"]);
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
