//! A run without isolation: a cleared environment, private folders, and every descendant ended with it.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, set_dumpable_behavior, wait,
};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::host::scratch;
use crate::model::result::Isolation;
use crate::sandbox::ending::Reason;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::linux::stopped::{During, Stopped};
use crate::sandbox::linux::waiting::{how_of, wait_for};
use crate::sandbox::linux::{descendants, loading, restrict, special, times};
use crate::sandbox::path_mapping::PathMapping;
use crate::sandbox::program::Program;
use crate::sandbox::spec::SandboxSpec;
use crate::sandbox::wire::{Failure, How, Report};

/// How often the descendants are counted again until there is none.
const TICK: Duration = Duration::from_millis(5);

pub(super) fn serve(
    socket: &UnixStream,
    root: PathBuf,
    closed: rustix::io::Result<()>,
    spec: &SandboxSpec,
    (ours, probe): (CpuSet, bool),
) -> Result<Report, Stopped> {
    // Orphans come to this process instead of the machine's init, and can be found.
    set_child_subreaper(Some(getpid())).or_fail("keep orphans")?;
    times::set_below(&root, spec.clock).or_fail("set the times of the private folder")?;
    let mapping = PathMapping::Machine { root: root.clone(), mounts: spec.mounts.clone() };
    for (number, mount) in spec.mounts.iter().enumerate() {
        mount.host().metadata().map_err(|source| Stopped::Failed(Failure::Mount(number), source))?;
    }
    let (processors, fewer) = restrict::processors(spec, &ours);
    sched_setaffinity(None, &processors).or_fail("keep to the processors")?;
    let mut lost = restrict::apply(spec)?;
    lost.extend(fewer);
    lost.extend(special::declared(spec, Isolation::None));
    lost.extend(closed.err().map(|why| format!("open files: those of the caller that survive exec ({why})")));
    set_dumpable_behavior(DumpableBehavior::NotDumpable).or_fail("close the helper")?;
    if probe {
        return Ok(Report::Ready { lost });
    }
    let program = Program::find(spec, &mapping)?;
    let path = program.path.clone();
    end_on_hang_up(socket)?;
    let program = program.command().spawn().map_err(|source| Stopped::Failed(Failure::Program, source))?;
    let status = wait_for(Pid::from_child(&program))?;
    end_descendants();
    // Stella does this too, if it is still there.
    scratch::remove_by_path(&root).ok();
    let how = match how_of(status) {
        How::Signal(_) if loading::exceeds(&path, spec.limits.memory_bytes) => How::Killed(Reason::OutOfMemory),
        how => how,
    };
    Ok(Report::Ended { how, lost, ledger: Ledger::default(), look_ups: None, lacking: None })
}

/// Ends the program and all that it started when stella closes the socket or dies.
fn end_on_hang_up(socket: &UnixStream) -> Result<(), Stopped> {
    let mut socket = socket.try_clone().or_fail("watch stella")?;
    // The limit on memory is this process's own by now.
    thread::Builder::new()
        .stack_size(128 << 10)
        .spawn(move || {
            let mut byte = [0];
            while matches!(socket.read(&mut byte), Ok(1)) {}
            // Until the main thread has reaped the last one and ends this process.
            loop {
                kill_descendants();
                thread::sleep(TICK);
            }
        })
        .or_fail("watch stella")?;
    Ok(())
}

/// Kills and reaps until there is no child left.
fn end_descendants() {
    loop {
        kill_descendants();
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        thread::sleep(TICK);
    }
}

/// Sends every descendant of this process the signal that cannot be refused.
fn kill_descendants() {
    // Where they cannot be seen now, they are looked for again.
    for pid in descendants::of_this_process().unwrap_or_default().into_iter().filter_map(Pid::from_raw) {
        kill_process(pid, Signal::KILL).ok();
    }
}
