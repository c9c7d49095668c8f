//! Where a command speaks: data on stdout, talk on stderr. A reader that went away is no error.

use std::io::Write;

use serde::Serialize;

use crate::report::untrusted;

/// Writes data to stdout; styles vanish where the terminal has none.
pub fn data(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a document to stdout as JSON with a final newline.
pub fn json(value: &impl Serialize) {
    // A value of ours that cannot be written would be a bug of a type; there is nothing to show then.
    if let Ok(mut text) = serde_json::to_string_pretty(value) {
        text.push('\n');
        data(&text);
    }
}

/// Writes talk to stderr, with one final newline. Much of it quotes foreign files, which must not steer the terminal.
pub fn talk(text: &str) {
    let mut out = anstream::stderr().lock();
    for line in text.trim_end_matches('\n').split('\n') {
        let _ = writeln!(out, "{}", untrusted::visible(line));
    }
}

/// Whether stderr is a terminal that a person reads.
pub fn is_interactive() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("CI").is_none()
}
