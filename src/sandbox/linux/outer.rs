//! The helper's first process: leaves the caller's namespaces and starts pid 1 of the new ones.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::process::{Signal, getegid, geteuid, set_parent_process_death_signal, setsid};
use rustix::thread::{
    UnshareFlags, capabilities, configure_capability_in_ambient_set, set_capabilities, set_thread_groups,
};

use crate::sandbox::linux::{During, INIT, Stopped, plain, sys};
use crate::sandbox::setting::User;
use crate::sandbox::spec::Network;
use crate::sandbox::wire::{self, Mechanism, Outer, Report};

/// `closed`: whether the files of the caller were closed.
pub(super) fn serve(socket: &UnixStream, closed: rustix::io::Result<()>) -> Result<Report, Stopped> {
    sys::default_signals();
    setsid().or_fail("start a session")?;
    let Outer { mechanism, user, network } = wire::receive(socket).or_fail("read the request")?;
    match mechanism {
        Mechanism::Plain { root } => plain::serve(socket, root, closed),
        Mechanism::Namespaces => {
            closed.or_refuse("close the caller's files")?;
            enter(user, network)?;
            start_init(socket)?;
            Err(Stopped::Told)
        }
    }
}

/// Enters new namespaces in which this user is `user` and may do everything.
fn enter(user: User, network: Network) -> Result<(), Stopped> {
    // Only the superuser can; whoever cannot keeps groups that have no number inside.
    set_thread_groups(&[]).ok();
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let mut namespaces = UnshareFlags::NEWUSER
        | UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWCGROUP;
    namespaces.set(UnshareFlags::NEWNET, network == Network::Denied);
    sys::leave(namespaces).or_refuse("create namespaces")?;
    // One user and one group can be mapped without any privilege, once `setgroups` is given up.
    match fs::write("/proc/self/setgroups", "deny") {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        done => done.or_refuse("give up `setgroups`")?,
    }
    fs::write("/proc/self/uid_map", format!("{} {uid} 1", user.uid())).or_refuse("map the user")?;
    fs::write("/proc/self/gid_map", format!("{} {gid} 1", user.gid())).or_refuse("map the group")?;
    keep_capabilities().or_refuse("keep capabilities for the first process")
}

/// Lets the next program executed have this one's capabilities, whatever its user: only a superuser has them otherwise.
fn keep_capabilities() -> rustix::io::Result<()> {
    let mut sets = capabilities(None)?;
    sets.inheritable = sets.permitted;
    set_capabilities(None, sets)?;
    sets.permitted.iter().try_for_each(|capability| configure_capability_in_ambient_set(capability, true))
}

/// Runs this same program as pid 1; it takes over the socket, and its end is the end of everything inside.
fn start_init(socket: &UnixStream) -> Result<(), Stopped> {
    // Entering namespaces has cleared the caller's wish, if there was one.
    set_parent_process_death_signal(Some(Signal::KILL)).or_refuse("be ended with stella")?;
    let theirs = socket.try_clone().or_refuse("hand over the socket")?;
    let mut init = Command::new("/proc/self/exe")
        .arg(INIT)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()
        .or_refuse("start the first process")?;
    init.wait().or_fail("wait for the first process")?;
    Ok(())
}
