//! The file system that the program sees: an allow-list of the machine's folders, the mounts of the spec, and files
//! written for the run, assembled on an empty file system in memory. The machine's own root is detached.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, chmod, fstat, open};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change, move_mount,
    open_tree, unmount,
};
use rustix::process::{chdir, pivot_root};

use crate::sandbox::linux::random::{fill, mix};
use crate::sandbox::linux::site::Site;
use crate::sandbox::linux::stopped::{During, Stopped};
use crate::sandbox::linux::sys::{self, Protection, Reach};
use crate::sandbox::linux::{machine_view, proc, special};
use crate::sandbox::sandbox_path::{HOME, PRIVATE, SYSTEM_FILES, SYSTEM_ROOTS};
use crate::sandbox::spec::{Network, SandboxSpec, SystemRoots};
use crate::sandbox::wire::Failure;

/// Where the new root is assembled; covered only in this mount namespace.
const BUILDING_SITE: &str = "/tmp";

/// Device nodes that work anywhere and lead nowhere.
const DEVICES: [&str; 3] = ["null", "zero", "full"];

/// Files that give randomness, and how many bytes of it: reads beyond that find the end of the file.
const RANDOM_FILES: [&str; 2] = ["dev/random", "dev/urandom"];
const RANDOM_BYTES: usize = 64 << 10;

/// How many files the program may have in its private folders.
const PRIVATE_FILES: u32 = 1_000_000;

/// Where the files lie that cover others.
const COVERS: &str = "run/stella";

/// What the resolver reads, taken from the machine when its network may be used.
const RESOLVER_FILES: [&str; 3] = ["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf"];

/// Something of the machine that was taken hold of before it is covered.
struct Held {
    /// Where it belongs, relative to the new root.
    at: String,
    tree: OwnedFd,
}

/// Whose processes `/proc` shows.
pub(super) enum Processes {
    /// Those of the run alone.
    OfTheRun,
    /// The machine's, since the kernel refuses another `/proc` where parts of its own are hidden, as in containers.
    OfTheMachine(Errno),
}

/// Makes the file system of `spec` this process's root, for a program that sees so many `processors`; `sockets` are those
/// of the system folders that somebody outside listens on. The second of the pair is what could not be had.
pub(super) fn enter(
    spec: &SandboxSpec,
    processors: u32,
    sockets: &[PathBuf],
) -> Result<(Processes, Vec<String>), Stopped> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).or_refuse("part from the mounts")?;
    let links = links(&spec.system);
    let (system, asked) = (hold_system(spec)?, hold_asked(spec)?);

    // The kernel takes a size of nothing for no limit.
    let size = spec.limits.file_bytes.clamp(1, i64::MAX.unsigned_abs());
    memory(BUILDING_SITE, &format!("mode=755,size={size}"))?;
    chdir(BUILDING_SITE).or_refuse("enter the new root")?;
    let mut site = Site::new(spec.clock);
    for folder in ["proc", "sys", COVERS, "dev/shm", "etc", "tmp", "var/tmp"] {
        site.folder(folder).or_refuse("make the new root")?;
    }
    // One for all private folders: they share its size.
    let private = private(size)?;
    let place_private =
        |site: &mut Site, tree: &OwnedFd, at: &'static str| place(site, tree, at).or_refuse(&format!("place `/{at}`"));
    place_private(&mut site, &private.tmp, "tmp")?;
    place_private(&mut site, &private.shm, "dev/shm")?;
    for folder in PRIVATE {
        site.folder(relative(folder.as_str())).or_refuse("make private folders")?;
    }
    for (at, target) in links {
        site.link(&target, &at).or_refuse("make the new root")?;
    }
    let of_image = matches!(spec.system, SystemRoots::Image(_));
    if !of_image {
        write_files(&mut site, spec).or_refuse("write the files of the run")?;
    }
    place_all(&mut site, &system)?;
    // Within a folder of an image it needs a place that is there.
    if Path::new("var/tmp").is_dir() {
        place_private(&mut site, &private.var_tmp, "var/tmp")?;
    }
    place_all(&mut site, &asked)?;
    let mut lost = cover_ways_out(&mut site, spec, &asked, sockets)?;
    if of_image {
        cover_names(&mut site, spec).or_refuse("cover the names of an image")?;
    }
    let processes = mount_proc(&mut site)?;
    // In a user namespace of its own the program would have every capability again.
    let nested = fs::write("proc/sys/user/max_user_namespaces", "0").err();
    lost.extend(nested.map(|why| format!("user namespaces: kept from the program by the filter alone ({why})")));
    cover(&mut site, spec, processors)?;
    site.finish(&[".", "tmp"]).or_refuse("set the times of the new root")?;

    pivot_root(".", ".").or_refuse("change the root")?;
    unmount(".", UnmountFlags::DETACH).or_refuse("detach the old root")?;
    chdir("/").or_refuse("enter the new root")?;
    Ok((processes, lost))
}

/// Ends the building: from here on nothing outside the private folders and the writable mounts can be changed.
pub(super) fn close() -> Result<(), Stopped> {
    // The superuser of the machine owns what lies in `/proc/sys`, whatever number it has inside.
    for (path, reach) in [("/proc", Reach::All), ("/", Reach::One)] {
        let at = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).or_refuse("close the root")?;
        sys::protect(at.as_fd(), Protection::ReadOnly, reach).or_refuse("close the root")?;
    }
    Ok(())
}

/// Symbolic links of the new root: those that the machine has among its roots, and the usual ones of `/dev`.
fn links(system: &SystemRoots) -> Vec<(String, String)> {
    let devices = [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")];
    let devices = devices.map(|(name, below)| (format!("dev/{name}"), format!("/proc/self/fd{below}")));
    let roots: Vec<(PathBuf, String)> = match system {
        SystemRoots::Host => SYSTEM_ROOTS.into_iter().map(|path| (path.into(), relative(path).to_owned())).collect(),
        SystemRoots::Image(rootfs) => of_image(rootfs),
        SystemRoots::Closure { root, .. } => of_closure(root),
    };
    let links = roots.into_iter().filter_map(|(path, at)| {
        let target = fs::read_link(path).ok()?.into_os_string().into_string().ok()?;
        Some((at, target))
    });
    links.chain(devices).collect()
}

/// What stands at the top of an unpacked image and is not the run's own: its path, and its place.
fn of_image(rootfs: &Path) -> Vec<(PathBuf, String)> {
    const OWN: [&str; 5] = ["proc", "sys", "dev", "run", "tmp"];
    let entries = fs::read_dir(rootfs).into_iter().flatten().flatten();
    let named = entries.filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)));
    named.filter(|(_, name)| !OWN.contains(&name.as_str())).collect()
}

/// What stands in an unpacked closure and is not the run's own: its path, and its place. In folders that every run has for itself it
/// is what lies in them.
fn of_closure(root: &Path) -> Vec<(PathBuf, String)> {
    const SHARED: [&str; 4] = ["etc", "run", "tmp", "var"];
    const OWN: [&str; 6] = ["proc", "sys", "dev", COVERS, "tmp/stella", "var/tmp"];
    let entries = |folder: &str| {
        let below = folder.to_owned();
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
        entries.filter_map(move |entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((entry.path(), if below.is_empty() { name } else { format!("{below}/{name}") }))
        })
    };
    let top = entries("").filter(|(_, at)| !SHARED.contains(&at.as_str()));
    top.chain(SHARED.into_iter().flat_map(entries)).filter(|(_, at)| !OWN.contains(&at.as_str())).collect()
}

/// Takes hold of system folders and devices by descriptor: a path may be covered by what is built next.
fn hold_system(spec: &SandboxSpec) -> Result<Vec<Held>, Stopped> {
    let at_own_path = |path: &str| (PathBuf::from(path), relative(path).to_owned());
    let system: Vec<(PathBuf, String)> = match &spec.system {
        SystemRoots::Host => {
            let resolver = RESOLVER_FILES.into_iter().filter(|_| spec.network == Network::Allowed);
            SYSTEM_ROOTS.into_iter().chain(SYSTEM_FILES).chain(resolver).map(at_own_path).collect()
        }
        SystemRoots::Image(rootfs) => of_image(rootfs),
        SystemRoots::Closure { root, .. } => {
            of_closure(root).into_iter().filter(|(path, _)| !path.is_symlink()).collect()
        }
    };
    let roots = system.into_iter().filter(|(path, at)| at.contains('/') || !path.is_symlink());
    let roots = roots.map(|(path, at)| (path, at, Protection::ReadOnly));
    let devices = DEVICES.map(|name| {
        let (path, at) = at_own_path(&format!("/dev/{name}"));
        (path, at, Protection::Device)
    });
    let mut held = Vec::new();
    for (path, at, protection) in roots.chain(devices) {
        match take(&path, protection) {
            Ok(tree) => held.push(Held { at, tree }),
            // What the machine lacks, the program lacks.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno).or_refuse(&format!("take hold of `{}`", path.display())),
        }
    }
    Ok(held)
}

/// Takes hold of what the spec shows beside them.
fn hold_asked(spec: &SandboxSpec) -> Result<Vec<Held>, Stopped> {
    let mut held = Vec::new();
    let read_only = spec.roots.iter().map(|root| (root.as_str(), Protection::ReadOnly));
    let writable = spec.writable_roots.iter().map(|root| (root.as_str(), Protection::Inert));
    for (path, protection) in read_only.chain(writable) {
        let tree = take(path, protection).or_fail(&format!("show `{path}`"))?;
        held.push(Held { at: relative(path).to_owned(), tree });
    }
    for (number, mount) in spec.mounts.iter().enumerate() {
        let protection = if mount.is_writable() { Protection::Inert } else { Protection::ReadOnly };
        let tree =
            take(mount.host(), protection).map_err(|errno| Stopped::Failed(Failure::Mount(number), errno.into()))?;
        held.push(Held { at: relative(mount.inside().as_str()).to_owned(), tree });
    }
    Ok(held)
}

/// A copy of the mounts at `path` and below that nobody sees yet, already protected.
fn take(path: impl rustix::path::Arg, protection: Protection) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = open_tree(CWD, path, flags)?;
    sys::protect(tree.as_fd(), protection, Reach::All)?;
    Ok(tree)
}

fn place_all(site: &mut Site, all: &[Held]) -> Result<(), Stopped> {
    all.iter().try_for_each(|held| place(site, &held.tree, &held.at).or_refuse(&format!("place `/{}`", held.at)))
}

/// Makes a mount point of the right kind and mounts `tree` there.
fn place(site: &mut Site, tree: &OwnedFd, at: &str) -> io::Result<()> {
    if FileType::from_raw_mode(fstat(tree)?.st_mode) == FileType::Directory {
        site.folder(at)?;
    } else {
        site.point(at)?;
    }
    Ok(move_mount(tree, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Folders of one file system in memory, of which each can be placed somewhere.
struct Private {
    tmp: OwnedFd,
    shm: OwnedFd,
    var_tmp: OwnedFd,
}

/// An empty file system of `size` bytes for all that the program may write.
///
/// It stays mounted below the first of its folders, where nobody comes to it: to let go of a mount the kernel waits for
/// every processor.
fn private(size: u64) -> Result<Private, Stopped> {
    let step = "make private folders";
    // A fixed number of files: the kernel's own choice follows the machine's memory.
    memory("tmp", &format!("mode=755,size={size},nr_inodes={PRIVATE_FILES}"))?;
    let folder = |name: &str| -> Result<OwnedFd, Stopped> {
        let at = format!("tmp/{name}");
        fs::create_dir(&at).or_refuse(step)?;
        chmod(&at, Mode::from_raw_mode(0o1777)).or_refuse(step)?;
        open_tree(CWD, &at, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC).or_refuse(step)
    };
    Ok(Private { tmp: folder("tmp")?, shm: folder("shm")?, var_tmp: folder("var-tmp")? })
}

/// An empty file system in memory.
fn memory(at: &str, options: &str) -> Result<(), Stopped> {
    let options = CString::new(options).unwrap_or_default();
    mount("stella", at, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOATIME, options.as_c_str())
        .or_refuse("mount a file system in memory")
}

/// Mounts the processes of this run alone; where the machine hides parts of `/proc` only its own can be had.
fn mount_proc(site: &mut Site) -> Result<Processes, Stopped> {
    let quiet = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let Err(refused) = mount("proc", "proc", "proc", quiet, None) else { return Ok(Processes::OfTheRun) };
    // Taken only where it is needed: to let a copy of mounts go takes as long as to unmount it.
    let machine_proc = take("/proc", Protection::Inert).map_err(io::Error::from);
    machine_proc.and_then(|tree| place(site, &tree, "proc")).or_refuse("mount `/proc`")?;
    Ok(Processes::OfTheMachine(refused))
}

/// Covers what would tell one machine, one moment or one run from another.
fn cover(site: &mut Site, spec: &SandboxSpec, processors: u32) -> Result<(), Stopped> {
    let mut random = vec![0; RANDOM_BYTES];
    fill(mix(spec.seed, 0), 0, &mut random);
    let random = write_cover(site, "random", &random).or_refuse("seed the random files")?;
    for file in RANDOM_FILES {
        site.point(file).or_refuse("seed the random files")?;
        place_file(&random, file).or_refuse("seed the random files")?;
    }
    proc::cover(site, &machine_view::proc_files(spec, processors), COVERS).or_refuse("cover `/proc`")?;
    let files = machine_view::sys_files(processors);
    let files = files.iter().map(|(name, text)| (format!("sys/{name}"), text.as_str()));
    site.files(files).or_refuse("write `/sys`")?;
    for number in 0..processors {
        site.folder(&format!("sys/devices/system/cpu/cpu{number}")).or_refuse("write `/sys`")?;
    }
    Ok(())
}

/// Covers the sockets and pipes of what the spec shows, through which the program would talk to the machine's processes.
fn cover_ways_out(
    site: &mut Site,
    spec: &SandboxSpec,
    asked: &[Held],
    sockets: &[PathBuf],
) -> Result<Vec<String>, Stopped> {
    let (mut covered, mut partly) = (Vec::new(), Vec::new());
    for held in asked {
        let at = Path::new(&held.at);
        let found = special::find(held.tree.as_fd());
        covered.extend(found.to_cover(spec.network).map(|path| at.join(path)));
        partly.extend(found.partly.then(|| Path::new("/").join(at)));
    }
    let listening = sockets.iter().filter(|_| spec.network == Network::Denied && spec.system == SystemRoots::Host);
    let listening = listening.filter_map(|path| path.strip_prefix("/").ok()).filter(|at| is_socket(at));
    covered.extend(listening.map(Path::to_owned));
    if covered.len() > special::MOST {
        let step = format!("cover more than {} sockets and pipes in the folders that are shown", special::MOST);
        return Err(io::Error::from(io::ErrorKind::QuotaExceeded)).or_fail(&step);
    }
    if !covered.is_empty() {
        let cover = write_cover(site, "way-out", b"").or_refuse("cover sockets and pipes")?;
        for at in covered {
            // A folder that is shown twice, one within the other, has some of them twice.
            let Some(text) = at.to_str() else {
                return Err(io::Error::from(io::ErrorKind::InvalidFilename))
                    .or_fail(&format!("cover `{}`", at.display()));
            };
            place_file(&cover, text.trim_end_matches('/')).or_refuse(&format!("cover `/{text}`"))?;
        }
    }
    Ok(special::in_words(&[], &partly))
}

fn is_socket(at: &Path) -> bool {
    rustix::fs::lstat(at).is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Socket)
}

/// Writes a file that is to cover another; returns where it is.
fn write_cover(site: &mut Site, name: &str, bytes: &[u8]) -> io::Result<String> {
    let at = format!("{COVERS}/{name}");
    site.file(&at, bytes)?;
    Ok(at)
}

/// Mounts the file `cover` over the file `at`, read-only.
fn place_file(cover: &str, at: &str) -> rustix::io::Result<()> {
    let tree = take(cover, Protection::ReadOnly)?;
    move_mount(&tree, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

/// Covers what an image says of names and hosts, where it has a file for it.
fn cover_names(site: &mut Site, spec: &SandboxSpec) -> io::Result<()> {
    let hostname = spec.hostname.as_str();
    let mut files = vec![("etc/hostname", format!("{hostname}\n"))];
    if spec.network == Network::Denied {
        files.push(("etc/hosts", format!("127.0.0.1 localhost {hostname}\n::1 localhost\n")));
        files.push(("etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_owned()));
    }
    for (number, (at, text)) in files.into_iter().enumerate() {
        // A link would lead to a file of the image that other names lead to as well.
        if Path::new(at).is_file() && !Path::new(at).is_symlink() {
            let cover = write_cover(site, &format!("name-{number}"), text.as_bytes())?;
            place_file(&cover, at)?;
        }
    }
    Ok(())
}

/// What the program reads of the machine's configuration, the same everywhere.
fn write_files(site: &mut Site, spec: &SandboxSpec) -> io::Result<()> {
    let (uid, gid) = (spec.user.uid(), spec.user.gid());
    let name = if uid == 0 { "root" } else { "stella" };
    let hostname = spec.hostname.as_str();
    let passwd = format!("{name}:x:{uid}:{gid}::{HOME}:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n");
    site.file("etc/passwd", passwd.as_bytes())?;
    site.file("etc/group", format!("{name}:x:{gid}:\nnogroup:x:65534:\n").as_bytes())?;
    site.file("etc/hostname", format!("{hostname}\n").as_bytes())?;
    if spec.network == Network::Denied {
        site.file("etc/hosts", format!("127.0.0.1 localhost {hostname}\n::1 localhost\n").as_bytes())?;
        // Whoever listens there says that there is no such name; where nobody does, every look-up fails at once.
        site.file("etc/resolv.conf", b"nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")?;
        site.file("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n")?;
    }
    Ok(())
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}
