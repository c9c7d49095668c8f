//! What a run that went wrong showed, in labelled lines: the same in every output.

use crate::model::showing::{Ended, Limit, Showing, signal_name};
use crate::report::count::counted;
use crate::report::untrusted;

/// Names and paths that one line holds.
const LISTED: usize = 4;

/// Every line with its label, in the order in which they help; an empty label continues the line above.
pub fn lines(showing: &Showing) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(ended) = &showing.ended {
        lines.push(("ended", self::ended(ended)));
    }
    let mut label = "said";
    for line in &showing.said {
        lines.push((std::mem::take(&mut label), untrusted::line(line)));
    }
    if let Some(missing) = &showing.no_interpreter {
        let (program, interpreter) = (untrusted::line(&missing.program), untrusted::line(&missing.interpreter));
        let place = if missing.on_machine { "on this machine, not in the sandbox" } else { "nowhere" };
        lines.push(("lacks", format!("{interpreter}, which reads {program}: {place}")));
    }
    if !showing.refused.is_empty() {
        lines.push(("refused", untrusted::list(&showing.refused, LISTED)));
    }
    for (on_machine, what) in [(true, "on this machine, not in the sandbox"), (false, "nowhere")] {
        let paths: Vec<String> = showing
            .absent
            .iter()
            .filter(|path| path.on_machine == on_machine && !path.is_looked_up())
            .map(|path| path.path.clone())
            .collect();
        if !paths.is_empty() {
            lines.push(("absent", format!("{} ({what})", untrusted::list(&paths, LISTED))));
        }
    }
    let looked_up: Vec<String> =
        showing.absent.iter().filter(|path| path.is_looked_up()).map(|path| path.path.clone()).collect();
    if !looked_up.is_empty() {
        let what = "looked up as a program, in no folder of the sandbox's PATH";
        lines.push(("absent", format!("{} ({what})", untrusted::list(&looked_up, LISTED))));
    }
    if let (Some(reads), Some(Ended::Limit { limit: Limit::Time, .. })) = (showing.clock_reads, &showing.ended) {
        lines.push(("clock", format!("read {}", counted(reads, "time", "times"))));
    }
    lines.extend(showing.next.iter().map(|step| ("next", untrusted::line(&step.for_command_line()))));
    lines
}

/// The same for a terminal: no line is longer than `width` characters where its words allow that, and an empty label
/// continues the line above.
pub fn wrapped(showing: &Showing, width: usize) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (mut label, text) in lines(showing) {
        let mut line = String::new();
        for word in text.split(' ').flat_map(|word| pieces(word, width)) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                all.push((std::mem::take(&mut label), std::mem::take(&mut line)));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        all.push((label, line));
    }
    all
}

/// A word that is longer than a line, in lines.
fn pieces(word: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some((at, _)) =
        rest.char_indices().nth(width.max(1) * 4).and_then(|_| rest.char_indices().nth(width.max(1)))
    {
        let (piece, more) = rest.split_at(at);
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// How a scanner ended: `exit code 2`, `signal 11 (SIGSEGV)`, `at its limit of 4 s`.
pub fn ended(ended: &Ended) -> String {
    match ended {
        Ended::Exit { code } => format!("exit code {code}"),
        Ended::Signal { number } => signal_name(*number),
        Ended::Limit { limit, allowed, used } => {
            let used = used.map(|used| format!(" ({} seen)", amount(*limit, used))).unwrap_or_default();
            format!("by stella, at its limit of {}{used}", amount(*limit, *allowed))
        }
    }
}

fn amount(limit: Limit, amount: u64) -> String {
    let mib = |bytes: u64| if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MiB", bytes >> 20) };
    match limit {
        Limit::Time => format!("{amount} s"),
        Limit::Memory => format!("{} of memory", mib(amount)),
        Limit::Output => format!("{} of output", mib(amount)),
        Limit::Processes => format!("{amount} processes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_part_has_its_line() {
        let text: Vec<String> =
            lines(&fixture::showing()).into_iter().map(|(label, text)| format!("{label:<8}{text}")).collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn a_line_for_a_terminal_is_as_long_as_it_may_be() {
        let narrow = wrapped(&fixture::showing(), 30);
        assert!(narrow.iter().all(|(_, line)| line.chars().count() <= 30 || !line.contains(' ')), "{narrow:?}");
        let words = |lines: &[(&str, String)]| -> String { lines.iter().map(|(_, line)| line.clone() + " ").collect() };
        assert_eq!(words(&narrow), words(&lines(&fixture::showing())));
    }

    #[test]
    fn a_word_that_is_longer_than_lines_is_broken() {
        let showing = Showing { said: vec!["é".repeat(500)], ..Showing::default() };
        let narrow = wrapped(&showing, 30);
        assert!(narrow.len() >= 13 && narrow.iter().all(|(_, line)| line.chars().count() <= 120), "{narrow:?}");
        assert_eq!(narrow.iter().map(|(_, line)| line.as_str()).collect::<String>(), "é".repeat(500));
    }

    #[test]
    fn a_limit_is_told_with_its_number() {
        let limit = |limit, allowed, used| ended(&Ended::Limit { limit, allowed, used });
        assert_eq!(limit(Limit::Time, 4, None), "by stella, at its limit of 4 s");
        let memory = limit(Limit::Memory, 256 << 20, Some(257 << 20));
        assert_eq!(memory, "by stella, at its limit of 256 MiB of memory (257 MiB of memory seen)");
        assert_eq!(ended(&Ended::Signal { number: 11 }), "signal 11 (SIGSEGV)");
        assert_eq!(ended(&Ended::Signal { number: 34 }), "signal 34");
    }
}
