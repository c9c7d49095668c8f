//! A hostile program in the sandbox: it does whatever some bytes tell it (`tests/probes/hostile.c`), and nothing may come of it:
//! no time of the machine, no packet, no secret, no changed file, no process that is left.
//!
//! ```text
//! program: acts as bytes ──▶ play: many lives in one run ──▶ verdict: what was found, inside and outside
//!                    ▲                                          │
//!                    └──────────── search: new acts from those that led to something new, and the smallest that find ◀──┘
//! ```

mod outside;
mod play;
mod program;
mod search;
#[cfg(stella_weaken)]
mod weakened;

use stella::model::result::Isolation;

use super::probes::{Probe, probe};
use super::traces;
use play::{Player, Setting};
use program::Program;

/// Chosen for what they cover by [`search`], and one for each fault that it has found.
const SEEDS: &str = include_str!("../../../probes/hostile/seeds");

fn seeds() -> Vec<Program> {
    let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    SEEDS.lines().map(line).filter(|hex| !hex.is_empty()).map(|hex| Program::from_hex(&hex)).collect()
}

fn nothing_comes_of_the_seeds(level: Isolation) {
    let Some(binary) = probe(Probe::Hostile) else { return };
    let player = Player::new(&binary);
    for setting in Setting::ALL.into_iter().filter(|setting| setting.level == level) {
        for batch in seeds().chunks(20) {
            let played = player.play(batch, setting);
            // A run that came to nothing is a finding, and nothing that the machine lacks.
            if let Some(reached) = played.level.filter(|reached| *reached != level) {
                eprintln!("skipped: {level:?} is not to be had here but {reached:?}");
                return;
            }
            assert!(played.findings.is_empty(), "{setting:?}: {:#?}", played.findings);
            assert!(!played.cover.is_empty());
        }
    }
}

#[test]
fn nothing_comes_of_the_seeds_with_namespaces() {
    if traces("nothing_comes_of_the_seeds_with_namespaces") {
        nothing_comes_of_the_seeds(Isolation::Full);
    }
}

/// Played by an ordinary user: [`super::degraded`] is one. A hostile superuser is not kept from the machine's processes there.
#[test]
fn nothing_comes_of_the_seeds_without_namespaces() {
    if rustix::process::geteuid().is_root() {
        eprintln!("left to again_as_an_ordinary_user: this is the superuser");
        return;
    }
    nothing_comes_of_the_seeds(Isolation::Traced);
}
