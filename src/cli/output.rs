//! Where a command speaks: data on stdout, talk on stderr. A reader that went away is no error.

use std::io::Write;

use serde::Serialize;

use crate::ci::provider;
use crate::report::untrusted;

/// Writes data to stdout; styles vanish where the terminal has none.
pub fn data(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes bytes to stdout as they are.
pub fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes a document to stdout as JSON with a final newline.
pub fn json(value: &impl Serialize) {
    // A value of ours that cannot be written would be a bug of a type; there is nothing to show then.
    if let Ok(mut text) = serde_json::to_string_pretty(value) {
        text.push('\n');
        document(&text);
    }
}

/// Writes a JSON document to stdout, in which nothing foreign acts upon a terminal or a log.
pub fn document(text: &str) {
    data(&untrusted::json(text));
}

/// Writes one line of data that may quote foreign files to stdout.
pub fn data_line(text: &str) {
    data(&(untrusted::log_line(text) + "\n"));
}

/// Writes one line of talk to stderr. Much of it quotes foreign files, which must not steer the terminal or begin a line.
pub fn talk(text: &str) {
    talk_lines(&untrusted::message(text));
}

/// Writes talk of several lines to stderr, with one final newline: the newlines in it are our own.
pub fn talk_lines(text: &str) {
    let mut out = anstream::stderr().lock();
    for line in text.trim_end_matches('\n').split('\n') {
        let _ = writeln!(out, "{}", untrusted::log_line(line));
    }
}

/// Whether stderr is a terminal that a person reads.
pub fn is_interactive() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr()) && !provider::is_unattended(|name| std::env::var_os(name))
}
