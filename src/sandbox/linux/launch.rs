//! From the first process to the program: the last steps before it runs, and the filter as the very last.

use std::ffi::{CString, c_int};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use landlock::RulesetCreated;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Pid, chdir, setsid};
use rustix::stdio::dup2_stdin;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::sandbox::linux::filter::Instruction;
use crate::sandbox::linux::group::Entry;
use crate::sandbox::linux::restrict;
use crate::sandbox::linux::stopped::{During, Stopped};
use crate::sandbox::linux::sys::{self, CStrings};
use crate::sandbox::program::Program;
use crate::sandbox::wire::Failure;

/// A program that is ready to start.
pub(super) struct Launch {
    program: CString,
    arguments: CStrings,
    environment: CStrings,
    directory: CString,
    filter: Vec<Instruction>,
    /// Where it may run, unless a tracer says so once it has started: to leave the processor on the way costs more than all
    /// other steps where others are waiting for one.
    processors: Option<CpuSet>,
    nothing: OwnedFd,
    /// What it may read, where that is not decided by what is mounted.
    reading: Option<RulesetCreated>,
    /// To whom it may send signals, where that is not decided by what it sees.
    signalling: Option<RulesetCreated>,
    group: Option<Entry>,
    /// Whether it is to see its group as the top one.
    namespaces: bool,
}

/// A program that has been started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Started {
    pub(super) program: Pid,
    /// Whether it is in the control group that it was to be in.
    pub(super) counted: bool,
}

/// The step that failed.
#[derive(Debug, Clone, Copy)]
enum Step {
    Prepare,
    Group,
    Enter,
    Filter,
    Execute,
}

impl Launch {
    /// `program` with everything in the form in which the kernel takes it.
    pub(super) fn new(
        program: Program,
        filter: Vec<Instruction>,
        processors: Option<CpuSet>,
        (reading, signalling): (Option<RulesetCreated>, Option<RulesetCreated>),
        (group, namespaces): (Option<Entry>, bool),
    ) -> Result<Self, Stopped> {
        let text = |bytes: &[u8]| CString::new(bytes).map_err(io::Error::from).or_fail("pass on the command");
        let arguments = [program.name].into_iter().chain(program.arguments);
        let arguments: Vec<_> = arguments.map(|argument| text(argument.as_bytes())).collect::<Result<_, _>>()?;
        let variables = program.environment.iter();
        let environment: Vec<_> =
            variables.map(|(name, value)| text(format!("{name}={value}").as_bytes())).collect::<Result<_, _>>()?;
        let nothing = openat(CWD, "/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        Ok(Self {
            program: text(program.path.as_os_str().as_bytes())?,
            arguments: CStrings::new(arguments),
            environment: CStrings::new(environment),
            directory: text(program.directory.as_os_str().as_bytes())?,
            filter,
            processors,
            nothing: nothing.or_fail("open `/dev/null`")?,
            reading,
            signalling,
            group,
            namespaces,
        })
    }

    /// Starts the program; returns when it has been executed.
    pub(super) fn start(self) -> Result<Started, Stopped> {
        let (mut failed, mut counted) = (None, true);
        let mut child = |born_there: bool| -> c_int {
            counted = born_there || self.group.as_ref().is_none_or(|group| group.enter().is_ok());
            let Err(why) = self.become_program();
            failed = Some(why);
            126
        };
        let place = self.group.as_ref().and_then(Entry::birthplace);
        let born_there = place.and_then(|place| sys::fork_sharing(&mut || child(true), Some(place)).ok());
        let program = match born_there {
            Some(program) => program,
            None => sys::fork_sharing(&mut || child(false), None).or_fail("start a process")?,
        };
        match failed {
            None => Ok(Started { program, counted }),
            Some((Step::Group, errno)) => Err(errno).or_refuse("hide the control groups of the machine"),
            Some((Step::Execute, errno)) => Err(Stopped::Failed(Failure::Program, errno.into())),
            Some((Step::Enter, errno)) => Err(Stopped::Failed(Failure::WorkingDirectory, errno.into())),
            Some((Step::Filter, errno)) => Err(errno).or_refuse("filter system calls"),
            Some((Step::Prepare, errno)) => Err(errno).or_fail("prepare the program"),
        }
    }

    fn become_program(&self) -> Result<std::convert::Infallible, (Step, rustix::io::Errno)> {
        let prepare = |errno| (Step::Prepare, errno);
        if let Some(processors) = &self.processors {
            sched_setaffinity(None, processors).map_err(prepare)?;
        }
        if self.namespaces {
            sys::hide_groups_above().map_err(|errno| (Step::Group, errno))?;
        }
        setsid().map_err(prepare)?;
        dup2_stdin(&self.nothing).map_err(prepare)?;
        chdir(&self.directory).map_err(|errno| (Step::Enter, errno))?;
        sys::reset_signals();
        self.reading.as_ref().map_or(Ok(()), restrict::read_only_by).map_err(prepare)?;
        self.signalling.as_ref().map_or(Ok(()), restrict::signal_only_by).map_err(prepare)?;
        sys::close_inherited().map_err(prepare)?;
        restrict::give_up_powers().map_err(prepare)?;
        sys::install(&self.filter).map_err(|errno| (Step::Filter, errno))?;
        Err((Step::Execute, sys::execute(&self.program, &self.arguments, &self.environment)))
    }
}
