//! Programs that wait for the clock to move: where it stands they never end, or give up, and how often they looked is known.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, Reason, run_at_most};
use stella::sandbox::spec::Clock;

use super::{HANGS, LEVELS, helper, out, python, root, spec, within};

fn clock_reads(finished: &Finished) -> u64 {
    let reads = |entry: &Entry| if let Entry::Clock { reads, .. } = entry { *reads } else { 0 };
    finished.ledger.entries.iter().map(reads).sum()
}

fn stands(finished: &Finished) -> bool {
    matches!(finished.level, Isolation::Full | Isolation::Traced)
}

#[test]
fn a_program_that_polls_the_clock_runs_out_of_time_where_it_stands_and_ends_where_it_runs() {
    let Some(python) = python() else { return };
    let script =
        "import time\ndeadline = time.time() + 0.3\nwhile time.time() < deadline: time.sleep(0.05)\nprint('polled')";
    for ceiling in LEVELS {
        let mut spec = spec(&[python, "-c", script]);
        within(&mut spec, ceiling, Duration::from_secs(2), |finished| {
            if stands(finished) {
                assert_eq!(finished.ending, Ending::Killed(Reason::TimedOut), "{ceiling:?}");
                clock_reads(finished) > 1
            } else {
                (finished.ending, out(finished).as_str()) == (Ending::Code(0), "polled\n")
            }
        });
        // What helps.
        spec.limits.wall = HANGS;
        spec.clock = Clock::Real;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!((finished.ending, out(&finished)), (Ending::Code(0), "polled\n".to_owned()), "{ceiling:?}");
    }
}

/// A timer of Java's counts by the wall clock.
#[test]
fn a_timer_that_never_fires_is_told_by_how_often_the_clock_was_read() {
    let (java, javac) = ("/usr/bin/java", "/usr/bin/javac");
    if ![java, javac].into_iter().all(|path| Path::new(path).exists()) {
        eprintln!("skipped: no java");
        return;
    }
    let folder = tempfile::Builder::new().prefix("java").tempdir_in("/var/tmp").unwrap();
    let source = folder.path().join("Waits.java");
    fs::write(&source, WAITS).unwrap();
    let built = Command::new(javac).arg("-d").arg(folder.path()).arg(&source).status().unwrap();
    assert!(built.success());
    let path = folder.path().to_str().unwrap();
    for ceiling in LEVELS {
        let run = |seconds: &str, clock: Clock| {
            let mut spec = spec(&[java, "-cp", path, "Waits", seconds]);
            spec.roots.push(root(folder.path()));
            spec.clock = clock;
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            let said = String::from_utf8_lossy(&finished.stderr);
            assert_eq!(finished.ending, Ending::Code(0), "{ceiling:?}: {said}");
            finished
        };
        let clock = spec(&["true"]).clock;
        let finished = run("2", clock);
        let stands = stands(&finished);
        assert_eq!(clock_reads(&finished) > 1, stands, "{ceiling:?}");
        if stands {
            assert_eq!(out(&finished), "never fired\n", "{ceiling:?}");
        } else {
            // It ends as soon as the timer fires, which on a machine with much to do may be late.
            assert_eq!(out(&run("40", clock)), "fired\n", "{ceiling:?}");
        }
        assert_eq!(out(&run("40", Clock::Real)), "fired\n", "{ceiling:?}");
    }
}

const WAITS: &str = r#"
import java.util.*;
import java.util.concurrent.*;
public class Waits {
    public static void main(String[] arguments) throws Exception {
        CountDownLatch fired = new CountDownLatch(1);
        TimerTask task = new TimerTask() { public void run() { fired.countDown(); } };
        new Timer(true).schedule(task, 300);
        System.out.println(fired.await(Integer.parseInt(arguments[0]), TimeUnit.SECONDS) ? "fired" : "never fired");
    }
}
"#;
