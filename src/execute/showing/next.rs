//! What the user of a run that went wrong can do next.

use std::path::Path;

use crate::execute::failure::Trouble;
use crate::execute::showing::interpreter;
use crate::execute::showing::last_words::LastWords;
use crate::hint;
use crate::job::in_place;
use crate::model::hint::Hint;
use crate::model::parameter::{Given, Parameter};
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

/// The next steps after a run that showed this, the most likely first; never none.
pub fn of(trouble: Trouble, showing: &Showing, situation: &Situation) -> Vec<Hint> {
    let mut next: Vec<Hint> = Vec::new();
    let words = LastWords(&showing.said);
    // `stella replay` has no option for what belongs to the recording.
    let add = if situation.is_replay { "record again with" } else { "add" };
    let give = if situation.is_replay { "record again with it as" } else { "give it with" };
    let more_memory = if situation.is_replay { "record again with more," } else { "give it more with" };
    let mib = Parameter::Memory.to("MIB");
    // What a run lacked comes first: that it ran well all the same is then no advice.
    let tells = |path: &&AbsentPath| path.is_needed() || path.is_told(&showing.said);
    let mut lacks = showing.no_interpreter.is_some() || showing.absent.iter().any(|path| tells(&path));
    if let Some(missing) = &showing.no_interpreter {
        next.push(match (missing.on_machine, Path::new(&missing.interpreter).is_absolute()) {
            _ if missing.interpreter.ends_with('\r') => hint!(
                "its first line ends with a carriage return, which is part of the name `{}`: give `{}` the line ends of Unix",
                missing.interpreter.escape_default().to_string(),
                missing.program.as_str()
            ),
            (true, _) => hint!(
                "the sandbox does not show `{}`: {} {}",
                missing.interpreter.as_str(),
                add,
                folders_of(&missing.interpreter)
            ),
            (false, true) if Path::new(&missing.interpreter).try_exists().is_err() => hint!(
                "`{}` lies where this user may not look: have a folder above it opened, or use another program",
                missing.interpreter.as_str()
            ),
            (false, true) => hint!("this machine has no `{}`: install it", missing.interpreter.as_str()),
            (false, false) => looked_up(&missing.interpreter, add),
        });
    }
    match showing.ended {
        Some(Ended::Limit { limit: Limit::Time, .. }) => {
            let reads = showing.clock_reads.unwrap_or_default();
            // Nobody waits with one look at the clock.
            if reads > 1 && !situation.clock_runs {
                next.push(hint!(
                    "it read the clock {} times, which stands still: if it waits for the clock to move, {} {}",
                    reads.to_string(),
                    add,
                    Parameter::Clock.to("real")
                ));
            }
            next.push(hint!("if it only needs longer, {} {}", add, Parameter::Timeout.to("SECONDS")));
        }
        Some(Ended::Limit { limit: Limit::Memory, .. }) => {
            next.push(hint!(
                "{} {}, fewer workers, or a smaller input with {}",
                more_memory,
                mib.clone(),
                Parameter::Exclude.to("PATH")
            ));
        }
        Some(Ended::Limit { limit: Limit::Output, .. }) => {
            next.push(hint!(
                "make it write less, or leave a part of the input out with {}",
                Parameter::Exclude.to("PATH")
            ));
        }
        Some(Ended::Limit { limit: Limit::Processes, .. }) => {
            next.push("make it start fewer workers, with an option of its own".into());
        }
        Some(Ended::Signal { .. }) => {
            next.push(hint!(
                "it crashed: see whether it does without a sandbox, and {} {} to the same command",
                add,
                Parameter::AsIs
            ));
        }
        // What a shell makes of a program that a signal ended.
        Some(Ended::Exit { code }) if (129..=128 + 64).contains(&code) => next.push(hint!(
            "{} is what a shell makes of {}: a program that it ran was ended by it",
            code.to_string(),
            signal_name(code - 128)
        )),
        Some(Ended::Exit { .. }) | None => {}
    }
    if has_failed(showing) && words.tell_of_memory() {
        let may = situation.memory_mib.to_string();
        next.push(hint!("it may use {} MiB of memory: {} {}, or fewer workers", may, more_memory, mib));
    }
    if has_failed(showing) && words.tell_of_too_much() {
        next.push(hint!(
            "a file that it writes may have {} MiB: make it write less, or leave a part of the input out with {}",
            situation.file_mib.to_string(),
            Parameter::Exclude.to("PATH")
        ));
    }
    if has_failed(showing) && words.tell_of_open_files() {
        next.push(
            "a run may have 1,024 files open, and 65,536 where it raises its limit: make it keep fewer open, with an option of its own"
                .into(),
        );
    }
    if matches!(trouble, Trouble::Empty | Trouble::Missing) && words.look_like_json() {
        lacks = true;
        next.push(
            "its result seems to go to its standard error: have it write a file with an option of its own, and name that file as \
             the artifact"
                .into(),
        );
    }
    if let Some(library) = words.library() {
        lacks = true;
        next.push(hint!(
            "it needs the library `{}`: install it, or show its folder with {}",
            library,
            Parameter::Ro.to("DIR")
        ));
    }
    if has_failed(showing) && words.tell_of_usage() {
        next.push("it did not understand its command: mend the words of it, as its own help says".into());
    }
    if let Some((adapter, what)) = &situation.database
        && (!situation.has_feed || !showing.refused.is_empty() || trouble != Trouble::Ended)
    {
        next.push(match !situation.has_feed {
            true => hint!(
                "it needs {}: fetch it before, and {} {}",
                what.as_str(),
                give,
                [Parameter::Scanner.to(adapter), Parameter::Feed.to("DIR")]
            ),
            false => hint!("it needs {}: is that what {} names?", what.as_str(), Parameter::Feed),
        });
        lacks = true;
    } else if showing.was_refused_the_network() && situation.is_offline {
        next.push(hint!(
            "a run is offline: fetch what it needs before, {} {} and name it in the command as `{feed}`; or use an option of its \
             own to stay offline, or record {}with {} (a replay is offline all the same)",
            give,
            Parameter::Feed.to("DIR"),
            if situation.is_replay { "again " } else { "" },
            Parameter::Network.to("allow")
        ));
    } else if has_failed(showing) && words.tell_of_a_database() {
        lacks = true;
        next.push(hint!(
            "it seems to need a database: fetch it before, {} {} and name it in the command as `{feed}`, or show it with {}",
            give,
            Parameter::Feed.to("DIR"),
            Parameter::Ro.to("DIR")
        ));
    }
    if showing.no_interpreter.is_none() {
        // What it merely looked for explains a failure only where nothing else does.
        let is_unexplained = next.is_empty();
        let wanted = |path: &&AbsentPath| tells(path) || is_unexplained;
        let on_machine = showing.absent.iter().filter(wanted).find(|path| path.on_machine);
        let looked_up_in_vain = showing.absent.iter().find(|path| path.is_looked_up());
        let only =
            |path: &&AbsentPath| !path.on_machine && looked_up_in_vain.is_none() && has_failed(showing) && tells(path);
        let nowhere = showing.absent.iter().filter(only).find(|path| path.attempt == "execute");
        let file = showing.absent.iter().filter(only).find(|path| path.attempt != "execute");
        if let Some(program) = looked_up_in_vain {
            next.push(looked_up(&program.path, add));
        }
        if let Some(path) = on_machine {
            next.push(not_shown(path, add));
        } else if let Some(path) = nowhere {
            next.push(looked_up(path.path.rsplit('/').next().unwrap_or(&path.path), add));
        } else if let Some(path) = file {
            next.push(hint!(
                "`{}` is nowhere on this machine: make it, or name another; a run sees a copy of the input, the system's \
                 folders, and what {} shows",
                path.path.as_str(),
                Parameter::Ro.to("DIR")
            ));
        } else if has_failed(showing) && words.library().is_none() && words.tell_of_no_file() {
            lacks = true;
            next.push(hint!(
                "a file that it names is not in the sandbox: it sees a copy of the input, the system's folders, and what {} \
                 shows",
                Parameter::Ro.to("PATH")
            ));
        }
    }
    match (trouble, code(showing)) {
        (Trouble::ExitCode | Trouble::Empty, _) if lacks => {}
        (Trouble::ExitCode, Some(code)) => {
            let say = if situation.is_replay { add } else { "say so:" };
            next.push(expect_exit(&situation.expected_exit_codes, code, say));
        }
        (Trouble::Missing, _) => next.push(
            "name the file where it is written: relative to the input, below `{out}`, or `-` for standard output"
                .into(),
        ),
        (Trouble::Empty, Some(0)) => next.push(hint!(
            "if it found nothing and so says nothing: {} {}, and a format that may be empty, as in \
                 `findings=-:json-lines` or `findings=-:bytes`",
            add,
            Parameter::ExpectExit.to("0")
        )),
        (Trouble::Malformed, _) if lacks => {}
        (trouble, _) => next.extend(of_artifact(trouble)),
    }
    if next.is_empty() || trouble == Trouble::Empty || trouble == Trouble::Missing || has_failed(showing) {
        next.push(hint!("see what it looks for: {} {}", add, Parameter::Ledger.to("ledger.jsonl")));
    }
    next
}

/// What to say of an exit code, where it means that the scanner ran well.
pub fn expect_exit(expected: &[i32], code: i32, say: &str) -> Hint {
    let known = if expected.is_empty() { &[0][..] } else { expected };
    let codes: Vec<String> = known.iter().chain([&code]).map(ToString::to_string).collect();
    hint!("if {} means that it ran well, {} {}", code.to_string(), say, Parameter::ExpectExit.to(codes.join(",")))
}

/// What to do about an artifact that is not what was asked for.
pub fn of_artifact(trouble: Trouble) -> Option<Hint> {
    match trouble {
        Trouble::NotAFile => Some("make it write a regular file there, or name the file that it writes".into()),
        Trouble::TooLarge => Some(hint!(
            "make it write less, or leave a part of the input out with {}",
            Parameter::Exclude.to("PATH")
        )),
        Trouble::Malformed => Some(
            "name the format that it writes, as in `findings=out.json:sarif`; values one after the other are `json-lines`, and \
             what is not JSON is `bytes`"
                .into(),
        ),
        _ => None,
    }
}

/// What to do about a path that the machine has and the sandbox does not.
fn not_shown(path: &AbsentPath, add: &str) -> Hint {
    if let Some(below) = path.path.strip_prefix("~/") {
        let home = std::env::var_os("HOME").unwrap_or_default();
        return hint!(
            "it looked for `{}`, and the home folder of a run is empty: if its result depends on it, {} {}, and name it in the \
             command as `{config}`",
            path.path.as_str(),
            add,
            Parameter::ScannerConfig.to(Path::new(&home).join(below).display().to_string())
        );
    }
    if !path.path.starts_with('/') {
        return hint!(
            "`{}` lies beside the input, and the scanner is run in a copy of the input: name the input itself `.` or `{input}`; \
             for a configuration {} {}, and name it `{config}`",
            path.path.as_str(),
            add,
            Parameter::ScannerConfig.to(path.path.as_str())
        );
    }
    let folder = if path.attempt == "execute" { folder_of(&path.path) } else { path.path.clone() };
    hint!("the machine has `{}` and the sandbox does not: add {}", path.path.as_str(), Parameter::Ro.to(folder))
}

/// What to do about a program that is in no folder of the sandbox's `PATH`.
fn looked_up(name: &str, add: &str) -> Hint {
    let path = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&path).find(|folder| folder.join(name).is_file()) {
        Some(folder) => hint!(
            "it looked for the program `{}`, and `PATH` of the sandbox is another than yours: {} {}",
            name,
            add,
            Parameter::Path.to(folder.display().to_string())
        ),
        None => hint!(
            "it looked for the program `{}`, which is nowhere: install it, or {} {}",
            name,
            add,
            Parameter::Path.to("DIR")
        ),
    }
}

/// Whether it ended with an exit code that is not nought.
fn has_failed(showing: &Showing) -> bool {
    code(showing).is_some_and(|code| code != 0)
}

fn code(showing: &Showing) -> Option<i32> {
    match showing.ended {
        Some(Ended::Exit { code }) => Some(code),
        _ => None,
    }
}

/// The folders to show for a program to run, which may be a link into another one.
fn folders_of(program: &str) -> Vec<Given> {
    let mut folders: Vec<String> = Vec::new();
    for link in interpreter::links(Path::new(program)) {
        let is_shown = in_place::runs_in_place(&link, &folders);
        if !is_shown {
            folders.push(folder_of(&link.display().to_string()));
        }
    }
    folders.into_iter().map(|folder| Parameter::Ro.to(folder)).collect()
}

/// The folder to show for a program to run: the one above `bin`, for its libraries lie beside it.
fn folder_of(program: &str) -> String {
    let parent = Path::new(program).parent().unwrap_or(Path::new("/"));
    let above = parent
        .parent()
        .filter(|above| ["bin", "sbin", "libexec"].iter().any(|end| parent.ends_with(end)) && above.parent().is_some());
    above.unwrap_or(parent).display().to_string()
}
