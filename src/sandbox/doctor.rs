//! What this machine can isolate: every level is tried.

use jiff::Timestamp;

use crate::host::machine;
use crate::model::diagnosis::{Diagnosis, LevelState};
use crate::model::diagnostic::{Diagnostic, Hint};
use crate::model::result::Isolation;
use crate::sandbox::helper;
use crate::sandbox::level;
use crate::sandbox::run;
use crate::sandbox::spec::{Clock, SandboxSpec};
use crate::sandbox::validated::Argv;

const LEVELS: [Isolation; 4] = [Isolation::Full, Isolation::Traced, Isolation::Isolated, Isolation::None];

/// Tries every level and says what came of it.
pub fn examine() -> Diagnosis {
    let found = helper::helper_path();
    let levels = match &found {
        Ok(path) => LEVELS.into_iter().map(|level| state(level, path)).collect(),
        Err(missing) => {
            let reasons = |level| LevelState { level, works: false, reasons: vec![missing.to_string()] };
            LEVELS.into_iter().map(reasons).collect()
        }
    };
    let missing = found.as_ref().err().and_then(Diagnostic::hint);
    let mut diagnosis = Diagnosis {
        kernel: machine::kernel().unwrap_or_else(|| "unknown".to_owned()),
        arch: machine::arch().to_owned(),
        helper: found.map(|path| path.display().to_string()).map_err(|missing| missing.to_string()),
        levels,
        advice: Vec::new(),
    };
    let advice = missing.or_else(|| advice(&diagnosis)).map(|hint| hint.for_command_line());
    diagnosis.advice = advice.iter().flat_map(|advice| advice.lines()).map(str::to_owned).collect();
    diagnosis
}

fn state(wanted: Isolation, helper: &std::path::Path) -> LevelState {
    let Ok(argv) = Argv::new(["true"]) else {
        return LevelState { level: wanted, works: false, reasons: Vec::new() };
    };
    let spec = SandboxSpec::new(argv, Clock::Frozen(Timestamp::UNIX_EPOCH));
    match run::probe_at_most(&spec, helper, wanted) {
        Ok(reached) if reached.level == wanted => {
            let lost = reached.lost.into_iter().filter(|lost| !lost.starts_with("isolation:"));
            LevelState { level: wanted, works: true, reasons: lost.collect() }
        }
        Ok(reached) => {
            let why = reached.lost.into_iter().filter(|lost| lost.contains(": refused at"));
            LevelState { level: wanted, works: false, reasons: why.collect() }
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            LevelState { level: wanted, works: false, reasons: vec![format!("{error}{cause}")] }
        }
    }
}

fn advice(diagnosis: &Diagnosis) -> Option<Hint> {
    let reached = level::Reached { level: diagnosis.best().unwrap_or(Isolation::None), lost: Vec::new() };
    level::require(&reached, Isolation::Full).err()?.hint()
}
