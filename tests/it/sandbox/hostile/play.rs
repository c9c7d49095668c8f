//! One run of the player, and what came of it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, Reason, run_at_most};
use stella::sandbox::spec::{Clock, FileTimes, HostRoot, Paths, SandboxSpec};
use stella::sandbox::validated::CpuCount;

use super::outside::Outside;
use super::program::Program;
use crate::sandbox::probes::spec_of;
use crate::sandbox::{alive, helper};

/// How long a run may take on a machine that has much to do, and how much longer its end. Usually it takes a second or two.
const WALL: Duration = Duration::from_secs(120);
const GRACE: Duration = Duration::from_secs(20);
/// The most lives of a run, and a program that draws a random number and does nothing else.
const MOST_LIVES: usize = 20;
const DRAW: &str = "0f00";

/// What a spec asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpecVariant {
    Little,
    /// No times of files after the clock, and a number of processors.
    Times,
    /// Every look-up in the ledger.
    Paths,
}

/// A level and a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    pub level: Isolation,
    pub asked: SpecVariant,
}

impl Setting {
    pub const ALL: [Self; 6] = [
        Self { level: Isolation::Full, asked: SpecVariant::Little },
        Self { level: Isolation::Traced, asked: SpecVariant::Little },
        Self { level: Isolation::Full, asked: SpecVariant::Times },
        Self { level: Isolation::Traced, asked: SpecVariant::Times },
        Self { level: Isolation::Full, asked: SpecVariant::Paths },
        Self { level: Isolation::Traced, asked: SpecVariant::Paths },
    ];
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which of the programs of the run, if that can be told.
    pub life: Option<usize>,
    /// Which of its acts, from 1.
    pub place: u64,
    /// The call that was made.
    pub call: i64,
    /// What it answered.
    pub result: i64,
    pub what: String,
}

impl Finding {
    /// What makes two findings the same one.
    pub fn key(&self) -> String {
        let words: String = self.what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        format!("{}-{}", words.trim_matches('-'), self.call)
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Played {
    pub level: Option<Isolation>,
    pub findings: Vec<Finding>,
    /// Life, call, result.
    pub cover: BTreeSet<(usize, i64, i64)>,
    /// How many lives came to their end.
    pub lives: usize,
}

/// Plays programs.
pub struct Player {
    binary: PathBuf,
    outside: Outside,
    mark: String,
    /// The first random number of each life, which is the same in every run.
    drawn: Mutex<HashMap<(Isolation, i64), String>>,
    /// A rule of the filter that is switched off.
    #[cfg_attr(not(stella_weaken), expect(dead_code, reason = "only such a build has it"))]
    pub weaken: Option<String>,
}

impl Player {
    pub fn new(binary: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mark = format!("hostile-{}-{}-", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        Self { binary: binary.to_owned(), outside: Outside::new(binary), mark, drawn: Mutex::default(), weaken: None }
    }

    pub fn spec(&self, programs: &[Program], setting: Setting) -> SandboxSpec {
        const MEMORY: u64 = 1 << 30;
        let mut arguments = self.outside.arguments();
        arguments.push(format!("mark={}", self.mark));
        arguments.push(format!("memory={MEMORY}"));
        if setting.level == Isolation::Full {
            arguments.push("full".to_owned());
        }
        match setting.asked {
            SpecVariant::Little => {}
            SpecVariant::Times => arguments.extend(["clamped".to_owned(), "cpus=3".to_owned()]),
            SpecVariant::Paths => arguments.push("paths".to_owned()),
        }
        arguments.extend(programs.iter().map(|program| format!("p={program}")));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut spec = spec_of(&self.binary, &arguments);
        spec.clock = Clock::Frozen("2001-02-03T04:05:06.007Z".parse().unwrap());
        spec.roots.push(HostRoot::try_from(self.outside.shown().to_str().unwrap().to_owned()).unwrap());
        match setting.asked {
            SpecVariant::Little => {}
            SpecVariant::Times => (spec.file_times, spec.cpu_count) = (FileTimes::Clamped, Some(CpuCount::nearest(3))),
            SpecVariant::Paths => spec.paths = Paths::Every,
        }
        spec.limits.wall = WALL;
        spec.limits.memory_bytes = MEMORY;
        spec.limits.file_bytes = 64 << 20;
        spec.limits.processes = 400;
        spec.limits.captured_bytes = 32 << 20;
        #[cfg(stella_weaken)]
        {
            spec.weaken.clone_from(&self.weaken);
        }
        spec
    }

    /// Learns what the first random numbers of lives are that do nothing else.
    fn learn_randomness(&self, setting: Setting) {
        let known = self.drawn.lock().unwrap().keys().any(|(level, _)| *level == setting.level);
        if !known
            && let Ok(finished) =
                run_at_most(&self.spec(&[DRAW; MOST_LIVES].map(Program::from_hex), setting), helper(), setting.level)
        {
            self.judge(&finished, setting, &mut Played::default());
        }
    }

    /// Plays `programs`, each as a life of one run.
    pub fn play(&self, programs: &[Program], setting: Setting) -> Played {
        assert!(programs.len() <= MOST_LIVES);
        self.learn_randomness(setting);
        let finished = run_at_most(&self.spec(programs, setting), helper(), setting.level);
        let mut played = Played::default();
        let whole = |what: String| Finding { life: None, place: 0, call: 0, result: 0, what };
        match finished {
            Err(error) => played.findings.push(whole(format!("no-result {error}"))),
            Ok(finished) => {
                played.level = Some(finished.level);
                if finished.level == setting.level {
                    self.judge(&finished, setting, &mut played);
                }
            }
        }
        for (who, said) in self.outside.noticed() {
            let numbers = said.strip_prefix(&self.mark).map(|rest| rest.split_whitespace());
            let mut numbers = numbers.into_iter().flatten();
            let life = numbers.next().and_then(|life| life.parse().ok());
            let place = numbers.next().and_then(|place| place.parse().ok()).unwrap_or(0);
            played.findings.push(Finding { life, place, call: 0, result: 0, what: format!("heard {who}") });
        }
        for left in alive(&self.mark) {
            played.findings.push(whole(format!("left-running {}", left.chars().take(80).collect::<String>())));
        }
        played
    }

    fn judge(&self, finished: &Finished, setting: Setting, played: &mut Played) {
        let whole = |what: String| Finding { life: None, place: 0, call: 0, result: 0, what };
        if finished.wall > WALL + GRACE {
            played.findings.push(whole(format!("ended-late {:?}", finished.wall)));
        }
        match finished.ending {
            Ending::Code(0) | Ending::Signal(_) | Ending::Killed(Reason::TooManyProcesses | Reason::OutOfMemory) => {}
            other => {
                played.findings.push(whole(format!("ending {other:?} {}", String::from_utf8_lossy(&finished.stderr))))
            }
        }
        for line in String::from_utf8_lossy(&finished.stdout).lines() {
            let mut words = line.splitn(6, ' ');
            let kind = words.next().unwrap_or_default();
            let mut number = || words.next().and_then(|word| word.parse::<i64>().ok());
            let (life, place, call, result) = (number(), number(), number(), number());
            let what = words.next().unwrap_or_default().trim().to_owned();
            let (Some(life), Some(place)) = (life, place) else {
                if let Some(home) = line.strip_prefix("home ").filter(|_| setting.level == Isolation::Traced)
                    && Path::new(home).exists()
                {
                    played.findings.push(whole("folder-left".to_owned()));
                }
                continue;
            };
            let (Some(call), Some(result)) = (call, result) else {
                played.lives += usize::from(kind == "end");
                continue;
            };
            let life = usize::try_from(life).ok();
            let mut find = |what: String| {
                let place = place.unsigned_abs();
                played.findings.push(Finding { life, place, call, result, what });
            };
            match kind {
                "cover" => {
                    // Counts and numbers differ from run to run; errors and kinds of success do not.
                    let result = if result > 0 { 64 - i64::from(result.leading_zeros()) } else { result };
                    played.cover.extend(life.map(|life| (life, call, result)));
                }
                "finding" => find(what),
                "note" if !is_in_ledger(&finished.ledger.entries, &what) => find(format!("unseen {what}")),
                "drawn" => {
                    let mut drawn = self.drawn.lock().unwrap();
                    let first = drawn.entry((setting.level, result)).or_insert_with(|| what.clone());
                    if *first != what {
                        find("randomness-of-the-machine".to_owned());
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether the ledger tells of what the player says that it must.
fn is_in_ledger(entries: &[Entry], what: &str) -> bool {
    let words: Vec<&str> = what.split(' ').collect();
    entries.iter().any(|entry| match (entry, words.as_slice()) {
        (Entry::Refused { call, .. }, ["refused", name]) => call == name,
        (Entry::Network { call, address, denied: true, .. }, ["network", name, wanted]) => {
            call == name && address == wanted
        }
        (Entry::Path { path, attempt, .. }, ["path", kind, wanted]) => {
            attempt.replace(' ', "-") == *kind && path == wanted
        }
        _ => false,
    })
}
