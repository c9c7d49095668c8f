//! Where a command speaks: data on stdout, talk on stderr.
//!
//! Invariant: data that could not be written is remembered ([`lost`]), and the program does not pass then; whoever writes need
//! not ask. A reader that went away is not an error, and what is talk may be lost.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::ci::provider;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::report::untrusted;

/// The first reason why data was lost.
static LOST: Mutex<Option<Lost>> = Mutex::new(None);

/// Data that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {to}")]
pub struct Lost {
    to: &'static str,
    source: io::Error,
}

impl Diagnostic for Lost {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}

/// Why data was lost since this was asked last, if it was.
pub fn lost() -> Option<Lost> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn written(to: &'static str, result: io::Result<()>) {
    if let Err(source) = result
        && source.kind() != io::ErrorKind::BrokenPipe
    {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(Lost { to, source });
    }
}

fn whole(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).and_then(|()| to.flush())
}

/// Writes data to stdout; styles vanish where the terminal has none.
pub fn data(text: &str) {
    written("standard output", whole(anstream::stdout().lock(), text.as_bytes()));
}

/// Writes bytes to stdout as they are.
pub fn bytes(bytes: &[u8]) {
    written("standard output", whole(io::stdout().lock(), bytes));
}

/// Writes bytes to stderr as they are: what a command that is passed on wrote there.
pub fn bytes_of_stderr(bytes: &[u8]) {
    written("standard error", whole(io::stderr().lock(), bytes));
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
