//! Programs that wait for the clock to move: where it stands they never end, or give up, and how often they looked is known.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Ending, Finished, Reason, run_at_most};
use stella::sandbox::spec::Clock;

use super::{LEVELS, helper, out, python, root, spec};

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
        spec.limits.wall = Duration::from_secs(2);
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        if stands(&finished) {
            assert_eq!(finished.ending, Ending::Killed(Reason::TimedOut), "{ceiling:?}");
            assert!(clock_reads(&finished) > 1, "{ceiling:?}: {:?}", finished.ledger);
        } else {
            assert_eq!((finished.ending, out(&finished)), (Ending::Code(0), "polled\n".to_owned()), "{ceiling:?}");
        }
        // What helps.
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
        let mut spec = spec(&[java, "-cp", path, "Waits"]);
        spec.roots.push(root(folder.path()));
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let said = String::from_utf8_lossy(&finished.stderr).into_owned();
        let expected = if stands(&finished) { "never fired\n" } else { "fired\n" };
        assert_eq!((finished.ending, out(&finished).as_str()), (Ending::Code(0), expected), "{ceiling:?}: {said}");
        assert_eq!(clock_reads(&finished) > 1, stands(&finished), "{ceiling:?}");
        spec.clock = Clock::Real;
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        assert_eq!((finished.ending, out(&finished).as_str()), (Ending::Code(0), "fired\n"), "{ceiling:?}: {said}");
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
        System.out.println(fired.await(2, TimeUnit.SECONDS) ? "fired" : "never fired");
    }
}
"#;
