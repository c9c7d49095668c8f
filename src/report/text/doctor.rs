//! What a machine can isolate, for people.

use std::fmt::Write;

use crate::model::diagnosis::Diagnosis;
use crate::report::untrusted;

/// The diagnosis as a page of text.
pub fn doctor(diagnosis: &Diagnosis) -> String {
    let mut page = String::new();
    // Writing to a text does not fail.
    let _ = writeln!(page, "kernel   {} ({})", diagnosis.kernel, diagnosis.arch);
    let _ = match &diagnosis.helper {
        Ok(path) => writeln!(page, "helper   {}", untrusted::visible(path)),
        Err(missing) => writeln!(page, "helper   missing: {}", untrusted::visible(missing)),
    };
    page.push('\n');
    for state in &diagnosis.levels {
        let works = if state.works { "works" } else { "does not work" };
        let _ = writeln!(page, "{:<8} {works}", state.level.code());
        for reason in &state.reasons {
            let what = if state.works { "lacks" } else { "because" };
            let _ = writeln!(page, "         {what}: {}", untrusted::visible(reason));
        }
    }
    page.push('\n');
    match diagnosis.best() {
        Some(best) => {
            let _ = writeln!(page, "Scans run at `{}`.", best.code());
        }
        None => page.push_str("No scan can be run in the sandbox.\n"),
    }
    if !diagnosis.advice.is_empty() {
        page.push_str("To get more:\n");
        for line in &diagnosis.advice {
            let _ = writeln!(page, "  {line}");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::diagnosis::LevelState;
    use crate::model::result::Isolation;

    #[test]
    fn a_page_says_what_works_what_does_not_and_what_to_do() {
        let state = |level, works, reason: &str| LevelState { level, works, reasons: vec![reason.to_owned()] };
        let page = doctor(&Diagnosis {
            kernel: "6.8.0".into(),
            arch: "amd64".into(),
            helper: Ok("/usr/bin/stella-sandbox".into()),
            levels: vec![
                state(Isolation::Full, false, "namespaces: refused at `map the user`: Operation not permitted"),
                state(Isolation::Traced, true, "paths: the machine's"),
            ],
            advice: vec!["`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`".into()],
        });
        assert_eq!(
            page,
            "kernel   6.8.0 (amd64)\nhelper   /usr/bin/stella-sandbox\n\n\
             full     does not work\n         because: namespaces: refused at `map the user`: Operation not permitted\n\
             traced   works\n         lacks: paths: the machine's\n\n\
             Scans run at `traced`.\nTo get more:\n  `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`\n"
        );
    }
}
