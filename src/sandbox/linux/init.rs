//! Pid 1 inside: builds what the program sees, gives up every power, runs it, reaps orphans.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Pid, Signal, getegid, getgroups, set_dumpable_behavior, set_parent_process_death_signal, setsid,
    umask,
};
use rustix::system::{setdomainname, sethostname};

use crate::sandbox::linux::{During, Stopped, report_of, restrict, root, sys, wait_for};
use crate::sandbox::places::Places;
use crate::sandbox::program::command;
use crate::sandbox::spec::Network;
use crate::sandbox::wire::{self, Failure, Inner, Report};

pub(super) fn serve(socket: &UnixStream) -> Result<Report, Stopped> {
    set_parent_process_death_signal(Some(Signal::KILL)).or_refuse("be ended with stella")?;
    setsid().or_refuse("start a session")?;
    // What is built here must not depend on who runs stella.
    umask(Mode::from_raw_mode(0o022));
    let Inner { spec, probe } = wire::receive(socket).or_fail("read the spec")?;
    let mut lost = of_caller();
    lost.extend(root::enter(&spec)?);
    sethostname(spec.hostname.as_str().as_bytes()).or_refuse("set the host's name")?;
    setdomainname(b"(none)").or_refuse("set the domain's name")?;
    if spec.network == Network::Denied {
        sys::raise_loopback().or_refuse("raise the loopback interface")?;
    }
    lost.extend(root::close()?);
    lost.extend(restrict::apply(&spec)?);
    restrict::give_up_powers().or_refuse("give up capabilities")?;
    // The program is the same user: it must not look into this process.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).or_refuse("close the first process")?;
    if probe {
        return Ok(Report::Ready { lost });
    }
    let mut command = command(&spec, &Places::Guest)?;
    // Before any thread, so that it is process 2 in every run.
    let program = command.spawn().map_err(|source| Stopped::Failed(Failure::Program, source))?;
    end_on_hang_up(socket)?;
    let status = wait_for(Pid::from_child(&program))?;
    Ok(report_of(status, lost))
}

/// What of the caller no namespace hides.
fn of_caller() -> Vec<String> {
    let mut lost = Vec::new();
    if getgroups().is_ok_and(|groups| groups.iter().any(|group| *group != getegid())) {
        lost.push("groups: the program has the caller's other groups, without their numbers".to_owned());
    }
    // Inside, outside, count: the outside is what the kernel asks for.
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if map.split_whitespace().nth(1) == Some("0") {
        lost.push("limits: the superuser's processes are not limited".to_owned());
    }
    lost
}

/// Ends everything when stella closes the socket or dies.
fn end_on_hang_up(socket: &UnixStream) -> Result<(), Stopped> {
    let mut socket = socket.try_clone().or_fail("watch stella")?;
    thread::Builder::new()
        .spawn(move || {
            let mut byte = [0];
            while matches!(socket.read(&mut byte), Ok(1)) {}
            #[expect(clippy::exit, reason = "the end of pid 1 is the end of every process inside")]
            std::process::exit(1)
        })
        .or_fail("watch stella")?;
    Ok(())
}
