//! The system calls that no safe wrapper covers: the only `unsafe` of the sandbox.

use std::ffi::{c_int, c_long, c_uint, c_ulong};
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::io::{Errno, Result};
use rustix::ioctl::{Setter, ioctl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::thread::{UnshareFlags, unshare_unsafe};

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn personality(persona: c_ulong) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
}

/// The same number on every architecture, as for every call since Linux 5.
const CLOSE_RANGE: c_long = 436;
const MOUNT_SETATTR: c_long = 442;

const AT_EMPTY_PATH: c_uint = 0x1000;
const AT_RECURSIVE: c_uint = 0x8000;

/// Attributes that a mount can get.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protection {
    /// Set-user-id files and device nodes are inert.
    Inert,
    /// And nothing can be written.
    ReadOnly,
    /// Device nodes work; set-user-id files are inert.
    Device,
}

/// Whether what is mounted below is meant too.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reach {
    One,
    All,
}

#[repr(C)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Protects the mount that `mount` holds.
pub(super) fn protect(mount: BorrowedFd<'_>, protection: Protection, reach: Reach) -> Result<()> {
    let (read_only, no_set_user_id, no_devices) = (1, 2, 4);
    let set = match protection {
        Protection::Inert => no_set_user_id | no_devices,
        Protection::ReadOnly => read_only | no_set_user_id | no_devices,
        Protection::Device => no_set_user_id,
    };
    let attributes = MountAttributes { set, clear: 0, propagation: 0, user_namespace: 0 };
    let flags = match reach {
        Reach::One => AT_EMPTY_PATH,
        Reach::All => AT_EMPTY_PATH | AT_RECURSIVE,
    };
    // SAFETY: the descriptor is open for the whole call, the path is a C string, and the kernel reads exactly
    // `size_of` bytes of a structure that has the layout of `struct mount_attr`.
    let done = unsafe {
        syscall(
            MOUNT_SETATTR,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    checked(done)
}

/// Closes every file but stdin, stdout and stderr.
///
/// To be called first thing in the helper, before anything of Rust owns a file.
pub(super) fn close_inherited() -> Result<()> {
    // SAFETY: takes three integers; nothing in this process owns a descriptor above 2 yet.
    checked(unsafe { syscall(CLOSE_RANGE, 3 as c_uint, c_uint::MAX, 0 as c_uint) })
}

/// Makes addresses the same in every run of this process and its children.
pub(super) fn fix_addresses() -> Result<()> {
    const ADDR_NO_RANDOMIZE: c_ulong = 0x0004_0000;
    // SAFETY: takes an integer and changes nothing but this process's personality, effective from the next exec.
    checked(unsafe { personality(ADDR_NO_RANDOMIZE) }.into())
}

/// Gives every signal its default effect: what a caller ignores (`nohup`, `&` in a script) would stay ignored.
pub(super) fn default_signals() {
    let default = 0;
    // Rust ignores signal 13 itself and resets it in the programs that it starts.
    for number in (1..=64).filter(|number| *number != 13) {
        // SAFETY: installs no handler; a signal that cannot be changed is refused without effect.
        unsafe { signal(number, default) };
    }
}

/// Leaves the caller's namespaces. The process must have one thread.
pub(super) fn leave(namespaces: UnshareFlags) -> Result<()> {
    debug_assert!(!namespaces.contains(UnshareFlags::FILES));
    // SAFETY: unsafe only for `FILES`, which would part the descriptors of threads from each other; never passed here.
    unsafe { unshare_unsafe(namespaces) }
}

/// Brings the loopback interface up.
pub(super) fn raise_loopback() -> Result<()> {
    const SIOCSIFFLAGS: c_uint = 0x8914;
    const UP: u16 = 0x1;
    #[repr(C)]
    struct InterfaceRequest {
        name: [u8; 16],
        flags: u16,
        rest: [u8; 22],
    }
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut request = InterfaceRequest { name: [0; 16], flags: UP, rest: [0; 22] };
    request.name[..2].copy_from_slice(b"lo");
    // SAFETY: the request reads a `struct ifreq`, whose layout and size (40 bytes) this structure has.
    unsafe { ioctl(&socket, Setter::<{ SIOCSIFFLAGS as rustix::ioctl::Opcode }, InterfaceRequest>::new(request)) }
}

fn checked(result: c_long) -> Result<()> {
    if result >= 0 {
        return Ok(());
    }
    let errno = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&errno).unwrap_or(Errno::IO))
}
