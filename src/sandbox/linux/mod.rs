//! The mechanism: one socket between stella ([`client`], `helper_process`) and the helper, which is everything else here.
//!
//! ```text
//! stella: client ──socket──▶ supervisor ──channel──▶ init (pid 1): root, restrict ──▶ launch ──▶ program
//!                              │                       └── dns, limits                            ▲
//!                              ├── tracer: filter, tracee, vdso ──────── waits and answers ───────┘
//!                              └─▶ unsandboxed, where neither namespaces nor tracing work: restrict ──▶ program
//! ```

mod arch;
pub(crate) mod client;
mod cpu_pinning;
mod descendants;
mod dns;
mod filter;
mod group;
mod helper_channel;
mod helper_process;
mod init;
#[expect(unsafe_code, reason = "counters without a safe wrapper, each call with its argument")]
mod kernel_counts;
mod launch;
mod limits;
mod loading;
mod machine_view;
mod proc;
mod random;
mod restrict;
mod root;
mod site;
mod special;
mod stopped;
mod supervisor;
#[expect(unsafe_code, reason = "system calls without a safe wrapper, each with its argument")]
mod sys;
mod times;
#[expect(unsafe_code, reason = "looking into another process, each call with its argument")]
mod tracee;
mod tracer;
mod unsandboxed;
mod vdso;
mod waiting;
mod without_content;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use crate::sandbox::linux::stopped::{Stopped, number_of};
use crate::sandbox::linux::supervisor::Left;
use crate::sandbox::wire::{self, Report};

/// The helper program.
pub(crate) fn main() -> ExitCode {
    let closed = sys::close_inherited();
    let served = socket().and_then(|socket| {
        let answer = socket.try_clone()?;
        let (report, left) = match supervisor::serve(socket, closed) {
            Ok((report, left)) => (report, left),
            Err(Stopped::Told) => return Ok(()),
            Err(Stopped::Refused(cause)) => (Report::Refused(cause), Left::default()),
            Err(Stopped::Failed(what, source)) => (Report::Failed { what, errno: number_of(&source) }, Left::default()),
        };
        wire::send(&answer, &report)?;
        drop(answer);
        // Stella goes on meanwhile.
        left.take_down();
        Ok(())
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            writeln!(io::stderr(), "stella-sandbox is started by stella, not by hand: {why}").ok();
            ExitCode::FAILURE
        }
    }
}

/// The socket that stella passed as stdin, under a number that no program inherits.
fn socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.peer_addr()?;
    Ok(socket)
}

/// The names of the rules of `spec`'s filter, with namespaces or without.
#[cfg(stella_weaken)]
pub(crate) fn rules(spec: &crate::sandbox::spec::SandboxSpec, namespaces: bool) -> Vec<String> {
    filter::names(spec, if namespaces { filter::Purpose::Full } else { filter::Purpose::Traced })
}
