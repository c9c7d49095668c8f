//! What a run showed, made from what the sandbox saw of it, and what its user can do next.
//!
//! Invariant: nothing is guessed that was not seen; a hint names an option that exists.

mod absent;
mod interpreter;
mod last_words;
mod named;
mod next;
mod search_path;
mod start;

use std::collections::BTreeMap;
use std::path::Path;

use crate::execute::failure::Trouble;
use crate::execute::showing::search_path::search;
use crate::job::in_place::runs_in_place;
use crate::model::showing::{AbsentPath, Ended, Limit, NoInterpreter, OF_A_CALL, Showing};
use crate::model::text::redact::{self, Known};
use crate::sandbox::ledger::{Entry, Ledger};
use crate::sandbox::run::{Ending, Finished, Reason};
use crate::sandbox::spec::SandboxSpec;

pub use next::{Situation, expect_exit, of as next, of_artifact};
pub use start::why_not;

/// `SIGKILL`.
const KILLED: i32 = 9;
/// Lines of standard error that are kept, and characters of each.
const LINES: usize = 8;
const LINE: usize = 400;
/// Names, addresses and paths that are kept.
const LISTED: usize = 20;

/// What `finished` showed of a run that saw `roots` of the machine.
pub fn of(
    roots: &[String],
    spec: &SandboxSpec,
    scanner: Option<&Path>,
    finished: &Finished,
    secrets: &Known,
) -> Showing {
    let observed = !finished.ledger.entries.is_empty();
    let code = match finished.ending {
        Ending::Code(code) => Some(code),
        _ => None,
    };
    let mut absent = absent::of_ledger(&finished.ledger, spec);
    // What a shell could not run ends it so; a program that cannot be read is looked for there and nowhere else.
    let no_interpreter = code.filter(|code| matches!(code, 126 | 127)).and_then(|_| {
        scanner.into_iter().chain(executed(&absent)).find_map(|program| without_interpreter(program, roots, spec))
    });
    let said = said(&finished.stderr, secrets);
    absent::add_said(&mut absent, &said, code, roots, spec);
    absent.truncate(LISTED);
    Showing {
        ended: Some(ended(finished, spec)),
        said,
        refused: refused(&finished.ledger),
        absent,
        no_interpreter,
        clock_reads: observed.then(|| finished.ledger.clock_reads()),
        next: Vec::new(),
    }
}

/// What is known of a program that could not be started at all.
pub fn not_started(roots: &[String], spec: &SandboxSpec, scanner: Option<&Path>) -> Showing {
    Showing { no_interpreter: scanner.and_then(|path| without_interpreter(path, roots, spec)), ..Showing::default() }
}

/// What is known of a program that could not be started where it is.
pub fn not_started_unsealed(program: &Path) -> Showing {
    let interpreter = interpreter::of(program).filter(|(interpreter, _)| !Path::new(interpreter).exists());
    let no_interpreter = interpreter.map(|(interpreter, _)| NoInterpreter {
        program: program.display().to_string(),
        interpreter,
        on_machine: false,
    });
    let mut shown = Showing { no_interpreter, ..Showing::default() };
    shown.next = match (&shown.no_interpreter, why_not(program)) {
        (None, Some((cause, next))) => vec![format!("{cause}: {next}").into()],
        (None, None) => Vec::new(),
        (Some(_), _) => next(Trouble::Ended, &shown, &Situation::default()),
    };
    shown
}

/// What is known of a command that ran where it is.
pub fn of_unsealed(code: Option<i32>, signal: Option<i32>) -> Showing {
    let ended = code.map(|code| Ended::Exit { code }).or(signal.map(|number| Ended::Signal { number }));
    Showing { ended, ..Showing::default() }
}

fn ended(finished: &Finished, spec: &SandboxSpec) -> Ended {
    let end = finished.ledger.entries.iter().find_map(|entry| match entry {
        Entry::End { peak_memory_bytes, processes, .. } => Some((*peak_memory_bytes, *processes)),
        _ => None,
    });
    match finished.ending {
        Ending::Code(code) => Ended::Exit { code },
        Ending::Signal(number) => Ended::Signal { number },
        Ending::Killed(reason) => {
            let limits = &spec.limits;
            let (limit, allowed, used) = match reason {
                Reason::TimedOut => (Limit::Time, limits.wall.as_secs(), None),
                Reason::OutOfMemory => (Limit::Memory, limits.memory_bytes, end.map(|(memory, _)| memory)),
                Reason::OutputTooLarge if finished.truncated => (Limit::Output, limits.captured_bytes, None),
                Reason::OutputTooLarge => (Limit::Output, limits.file_bytes, None),
                // It is told by its file.
                Reason::ContentMissing => return Ended::Signal { number: KILLED },
                Reason::TooManyProcesses => (Limit::Processes, limits.processes.into(), None),
            };
            Ended::Limit { limit, allowed, used }
        }
    }
}

/// The last lines, each cut, with secrets taken out.
fn said(stderr: &[u8], secrets: &Known) -> Vec<String> {
    // Before lines are told apart and cut: a value may have several.
    let text = redact::said(&secrets.hide(&String::from_utf8_lossy(stderr)));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let cut = |line: &&str| match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => (*line).to_owned(),
    };
    lines[lines.len().saturating_sub(LINES)..].iter().map(cut).collect()
}

/// Names and addresses with their ports, each once.
fn refused(ledger: &Ledger) -> Vec<String> {
    let mut all = BTreeMap::new();
    for entry in &ledger.entries {
        let text = match entry {
            Entry::Network { address, port, denied: true, .. } => match port {
                Some(port) if address.contains(':') => format!("[{address}]:{port}"),
                Some(port) => format!("{address}:{port}"),
                None => address.clone(),
            },
            Entry::Name { name, .. } => name.clone(),
            Entry::Refused { call, .. } => format!("{OF_A_CALL}{call}"),
            _ => continue,
        };
        // Names first: they say more than addresses, and those more than calls.
        let rank = match entry {
            Entry::Name { .. } => 0,
            Entry::Network { .. } => 1,
            _ => 2,
        };
        all.entry((rank, text)).or_insert(());
    }
    all.into_keys().map(|(_, text)| text).take(LISTED).collect()
}

fn executed(absent: &[AbsentPath]) -> impl Iterator<Item = &Path> {
    absent.iter().filter(|path| path.attempt == "execute" && path.on_machine).map(|path| Path::new(&path.path))
}

/// The interpreter of a program of this machine, where the sandbox does not show it, or not what it is a link to.
fn without_interpreter(program: &Path, roots: &[String], spec: &SandboxSpec) -> Option<NoInterpreter> {
    let (interpreter, named) = interpreter::of(program)?;
    let missing = |interpreter: String, on_machine| {
        Some(NoInterpreter { program: program.display().to_string(), interpreter, on_machine })
    };
    // As in a virtual environment, whose interpreter is a link to that of pyenv.
    let hidden = |path: &Path| interpreter::links(path).into_iter().find(|link| !runs_in_place(link, roots));
    if !Path::new(&interpreter).exists() {
        return missing(interpreter, false);
    }
    if let Some(hidden) = hidden(Path::new(&interpreter)) {
        return missing(hidden.display().to_string(), true);
    }
    let named = named?;
    match search(spec).map(|folder| folder.join(&named)).find(|path| path.exists()) {
        None => missing(named, false),
        Some(found) => missing(hidden(&found)?.display().to_string(), true),
    }
}
