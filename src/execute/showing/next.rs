//! What the user of a run that went wrong can do next.

use std::path::Path;

use crate::execute::failure::Trouble;
use crate::model::showing::{AbsentPath, Ended, Limit, Showing, signal_name};

/// What the next steps depend on beside what the run showed.
#[derive(Debug, Clone, Default)]
pub struct Situation {
    /// Exit codes that mean that the scanner ran well; empty means any.
    pub expected_exit_codes: Vec<i32>,
    /// The clock runs.
    pub clock_runs: bool,
    /// How much memory it may use, in MiB.
    pub memory_mib: u64,
    /// Feeds were given.
    pub has_feed: bool,
    /// It may not reach the network.
    pub is_offline: bool,
    /// How much a file may hold that it writes, in MiB.
    pub file_mib: u64,
    /// It is the replay of a recording: options are given when it is recorded again.
    pub is_replay: bool,
    /// What the scanner needs as a feed, where an adapter knows it: the adapter's name, and the feed in words.
    pub database: Option<(String, String)>,
}

/// What programs say that got no more memory.
const OUT_OF_MEMORY: &[&str] = &[
    "MemoryError",
    "Cannot allocate memory",
    "out of memory",
    "Out of memory",
    "OutOfMemoryError",
    "bad_alloc",
    "Out of space",
    "ENOMEM",
];
/// What programs say that wrote too much.
const TOO_MUCH: &[&str] =
    &["File too large", "file too large", "EFBIG", "No space left on device", "no space left", "ENOSPC"];
/// What programs say that need a database, in small letters.
const DATABASE: &[&str] = &[
    "database not found",
    "no database",
    "db error",
    "database is missing",
    "database does not exist",
    "database update",
    "db is missing",
    "db missing",
    "download the database",
    "failed to load database",
    "failed to load vulnerability db",
];
/// What programs say that do not know an argument.
const USAGE: &[&str] = &[
    "usage:",
    "Usage:",
    "USAGE:",
    "unknown option",
    "unknown flag",
    "unrecognized option",
    "unrecognized argument",
    "unexpected argument",
    "invalid option",
    "no such option",
    "No such option",
];

/// The next steps after a run that showed this, the most likely first; never none.
pub fn of(trouble: Trouble, showing: &Showing, situation: &Situation) -> Vec<String> {
    let mut next = Vec::new();
    // `stella replay` has no option for what belongs to the recording.
    let add = if situation.is_replay { "record again with" } else { "add" };
    let give = if situation.is_replay { "record again with it as" } else { "give it with" };
    let more_memory =
        if situation.is_replay { "record again with more, `--memory MIB`" } else { "give it more with `--memory MIB`" };
    // What a run lacked comes first: that it ran well all the same is then no advice.
    let mut lacks = showing.no_interpreter.is_some() || !showing.absent.is_empty();
    if let Some(missing) = &showing.no_interpreter {
        next.push(match (missing.on_machine, Path::new(&missing.interpreter).is_absolute()) {
            _ if missing.interpreter.ends_with('\r') => format!(
                "its first line ends with a carriage return, which is part of the name `{}`: give `{}` the line ends of Unix",
                missing.interpreter.escape_default(),
                missing.program
            ),
            (true, _) => format!(
                "the sandbox does not show `{}`: add `--ro {}`",
                missing.interpreter,
                folder_of(&missing.interpreter)
            ),
            (false, true) => format!("this machine has no `{}`: install it", missing.interpreter),
            (false, false) => looked_up(&missing.interpreter, add),
        });
    }
    match showing.ended {
        Some(Ended::Limit { limit: Limit::Time, .. }) => {
            let reads = showing.clock_reads.unwrap_or_default();
            // Nobody waits with one look at the clock.
            if reads > 1 && !situation.clock_runs {
                next.push(format!(
                    "it read the clock {reads} times, which stands still: if it waits for the clock to move, {add} `--clock real`"
                ));
            }
            next.push(format!("if it only needs longer, {add} `--timeout SECONDS`"));
        }
        Some(Ended::Limit { limit: Limit::Memory, .. }) => {
            next.push(format!("{more_memory}, fewer workers, or a smaller input with `--exclude PATH`"));
        }
        Some(Ended::Limit { limit: Limit::Output, .. }) => {
            next.push("make it write less, or leave a part of the input out with `--exclude PATH`".to_owned());
        }
        Some(Ended::Limit { limit: Limit::Processes, .. }) => {
            next.push("make it start fewer workers, with an option of its own".to_owned());
        }
        Some(Ended::Signal { .. }) => {
            next.push(
                "it crashed: run it by itself with `stella sandbox --ro . -- COMMAND`, and without a sandbox, to compare"
                    .to_owned(),
            );
        }
        // What a shell makes of a program that a signal ended.
        Some(Ended::Exit { code }) if (129..=128 + 64).contains(&code) => next.push(format!(
            "{code} is what a shell makes of {}: a program that it ran was ended by it",
            signal_name(code - 128)
        )),
        Some(Ended::Exit { .. }) | None => {}
    }
    if has_failed(showing) && says(showing, OUT_OF_MEMORY) {
        let mib = situation.memory_mib;
        next.push(format!("it may use {mib} MiB of memory: {more_memory}, or fewer workers"));
    }
    if has_failed(showing) && says(showing, TOO_MUCH) {
        let mib = situation.file_mib;
        next.push(format!(
            "a file that it writes may have {mib} MiB: make it write less, or leave a part of the input out with `--exclude PATH`"
        ));
    }
    if let Some(library) = library(showing) {
        lacks = true;
        next.push(format!("it needs the library `{library}`: install it, or show its folder with `--ro DIR`"));
    }
    if has_failed(showing) && says(showing, USAGE) {
        next.push("it did not understand its command: mend the words after `--`, as its own help says".to_owned());
    }
    if let Some((adapter, what)) = &situation.database
        && (!situation.has_feed || !showing.refused.is_empty() || trouble != Trouble::Ended)
    {
        next.push(match !situation.has_feed {
            true => format!("it needs {what}: fetch it before, and {give} `--scanner {adapter} --feed DIR`"),
            false => format!("it needs {what}: is that what `--feed` names?"),
        });
        lacks = true;
    } else if !showing.refused.iter().all(|what| what.starts_with("the system call ")) && situation.is_offline {
        next.push(format!(
            "a run is offline: fetch what it needs before and {give} `--feed`, use an option of its own to stay \
             offline, or record {again}with `--network allow` (a replay is offline all the same)",
            again = if situation.is_replay { "again " } else { "" }
        ));
    } else if has_failed(showing) && says_folded(showing, DATABASE) {
        lacks = true;
        next.push(format!(
            "it seems to need a database: fetch it before, and {give} `--feed DIR`, or show it with `--ro DIR`"
        ));
    }
    if showing.no_interpreter.is_none() {
        let on_machine = showing.absent.iter().find(|path| path.on_machine);
        let looked_up_in_vain = showing.absent.iter().find(|path| path.is_looked_up());
        let only = |path: &&AbsentPath| !path.on_machine && looked_up_in_vain.is_none() && has_failed(showing);
        let nowhere = showing.absent.iter().filter(only).find(|path| path.attempt == "execute");
        let file = showing.absent.iter().filter(only).find(|path| path.attempt != "execute");
        if let Some(program) = looked_up_in_vain {
            next.push(looked_up(&program.path, add));
        }
        if let Some(path) = on_machine {
            let folder = if path.attempt == "execute" { folder_of(&path.path) } else { path.path.clone() };
            next.push(format!("the machine has `{}` and the sandbox does not: add `--ro {folder}`", path.path));
        } else if let Some(path) = nowhere {
            next.push(looked_up(path.path.rsplit('/').next().unwrap_or(&path.path), add));
        } else if let Some(path) = file {
            next.push(format!(
                "`{}` is nowhere on this machine: make it, or name another; a run sees a copy of the input, the system's \
                 folders, and what `--ro DIR` shows",
                path.path
            ));
        } else if has_failed(showing) && says(showing, &["No such file or directory", "FileNotFoundError", "ENOENT"]) {
            lacks = true;
            next.push(
                "a file that it names is not in the sandbox: it sees a copy of the input, the system's folders, and what \
                 `--ro PATH` shows"
                    .to_owned(),
            );
        }
    }
    match (trouble, code(showing)) {
        (Trouble::ExitCode | Trouble::Empty, _) if lacks => {}
        (Trouble::ExitCode, Some(code)) => {
            let mut codes: Vec<String> = situation.expected_exit_codes.iter().map(ToString::to_string).collect();
            codes.push(code.to_string());
            let say = if situation.is_replay { add } else { "say so:" };
            next.push(format!("if {code} means that it ran well, {say} `--expect-exit {}`", codes.join(",")));
        }
        (Trouble::NotAFile, _) => next.push("make it write a regular file there, or name the file that it writes".to_owned()),
        (Trouble::Missing, _) => next.push(
            "name the file where it is written: relative to the input, below `{out}`, or `-` for standard output".to_owned(),
        ),
        (Trouble::Empty, Some(0)) => next.push(
            format!(
                "if it found nothing and so says nothing: {add} `--expect-exit 0`, and a format that may be empty, as in \
                 `findings=-:json-lines` or `findings=-:bytes`"
            ),
        ),
        (Trouble::Malformed, _) if lacks => {}
        (Trouble::Malformed, _) => next.push(
            "name the format that it writes, as in `findings=out.json:sarif`; values one after the other are `json-lines`".to_owned(),
        ),
        _ => {}
    }
    if next.is_empty() || trouble == Trouble::Empty || trouble == Trouble::Missing || has_failed(showing) {
        next.push(
            "see what it sees: `stella sandbox --ro . --trace-paths --ledger ledger.jsonl -- COMMAND`".to_owned(),
        );
    }
    next
}

/// What to do about a program that is in no folder of the sandbox's `PATH`.
fn looked_up(name: &str, add: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&path).find(|folder| folder.join(name).is_file()) {
        Some(folder) => format!(
            "it looked for the program `{name}`, and `PATH` of the sandbox is another than yours: {add} `--path {}`",
            folder.display()
        ),
        None => format!("it looked for the program `{name}`, which is nowhere: install it, or {add} `--path DIR`"),
    }
}

/// Whether it ended with an exit code that is not nought.
fn has_failed(showing: &Showing) -> bool {
    code(showing).is_some_and(|code| code != 0)
}

/// Whether one of its last lines holds one of these words.
fn says(showing: &Showing, words: &[&str]) -> bool {
    showing.said.iter().any(|line| words.iter().any(|word| line.contains(word)))
}

fn says_folded(showing: &Showing, words: &[&str]) -> bool {
    showing.said.iter().map(|line| line.to_lowercase()).any(|line| words.iter().any(|word| line.contains(word)))
}

/// The library that the loader did not find (glibc, then musl).
fn library(showing: &Showing) -> Option<&str> {
    showing.said.iter().find_map(|line| {
        let rest = line
            .split_once("error while loading shared libraries: ")
            .or(line.split_once("Error loading shared library "))?
            .1;
        rest.split(':').next().filter(|name| !name.is_empty())
    })
}

fn code(showing: &Showing) -> Option<i32> {
    match showing.ended {
        Some(Ended::Exit { code }) => Some(code),
        _ => None,
    }
}

/// The folder to show for a program to run: the one above `bin`, for its libraries lie beside it.
fn folder_of(program: &str) -> String {
    let parent = Path::new(program).parent().unwrap_or(Path::new("/"));
    let above = parent
        .parent()
        .filter(|above| ["bin", "sbin", "libexec"].iter().any(|end| parent.ends_with(end)) && above.parent().is_some());
    above.unwrap_or(parent).display().to_string()
}
