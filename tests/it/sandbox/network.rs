//! Programs that reach for a network, or for a process of the machine: nothing arrives, and it is seen.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, Mode};
use stella::model::result::Isolation;
use stella::sandbox::ledger::Entry;
use stella::sandbox::run::{Finished, run_at_most};
use stella::sandbox::sandbox_path::INPUT;
use stella::sandbox::spec::{HostRoot, Mount, SandboxSpec};

use super::probes::{Probe, probe, spec_of};
use super::{LEVELS, alive, has_namespaces, helper, is_lost, mark, out, python, spec, until};

/// Whoever waits outside.
struct Outside {
    tcp: TcpListener,
    tcp_6: Option<TcpListener>,
    udp: UdpSocket,
    udp_6: Option<UdpSocket>,
    stream: UnixListener,
    datagram: UnixDatagram,
    named: UnixListener,
    folder: tempfile::TempDir,
}

impl Outside {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("stella-test-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        // One number for all of them, which another process may have of one kind.
        let (tcp, udp) = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap())
            .find_map(|tcp| UdpSocket::bind(tcp.local_addr().unwrap()).ok().map(|udp| (tcp, udp)))
            .unwrap();
        let port = tcp.local_addr().unwrap().port();
        let name = format!("stella-test-{}-{port}", std::process::id());
        let stream = UnixListener::bind(folder.path().join("stream")).unwrap();
        let datagram = UnixDatagram::bind(folder.path().join("datagram")).unwrap();
        for socket in ["stream", "datagram"] {
            fs::set_permissions(folder.path().join(socket), Permissions::from_mode(0o777)).unwrap();
        }
        let outside = Self {
            tcp_6: TcpListener::bind(("::1", port)).ok(),
            udp,
            udp_6: UdpSocket::bind(("::1", port)).ok(),
            named: UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap(),
            tcp,
            stream,
            datagram,
            folder,
        };
        outside.tcp.set_nonblocking(true).unwrap();
        outside.tcp_6.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
        outside.udp.set_nonblocking(true).unwrap();
        outside.udp_6.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
        outside.stream.set_nonblocking(true).unwrap();
        outside.datagram.set_nonblocking(true).unwrap();
        outside.named.set_nonblocking(true).unwrap();
        outside
    }

    fn spec(&self, program: &Path) -> SandboxSpec {
        let port = self.tcp.local_addr().unwrap().port().to_string();
        let name = format!("stella-test-{}-{port}", std::process::id());
        let at = |socket: &str| self.folder.path().join(socket).to_str().unwrap().to_owned();
        spec_of(program, &[&port, &at("stream"), &at("datagram"), &name])
    }

    /// What has arrived since this was last asked.
    fn arrived(&self) -> Vec<&'static str> {
        let mut arrived = Vec::new();
        let mut message = [0; 64];
        while self.tcp.accept().is_ok() {
            arrived.push("tcp");
        }
        while self.tcp_6.as_ref().is_some_and(|socket| socket.accept().is_ok()) {
            arrived.push("tcp-6");
        }
        while self.udp.recv(&mut message).is_ok() {
            arrived.push("udp");
        }
        while self.udp_6.as_ref().is_some_and(|socket| socket.recv(&mut message).is_ok()) {
            arrived.push("udp-6");
        }
        while self.stream.accept().is_ok() {
            arrived.push("stream");
        }
        while self.datagram.recv(&mut message).is_ok() {
            arrived.push("datagram");
        }
        while self.named.accept().is_ok() {
            arrived.push("abstract");
        }
        arrived
    }
}

fn denied(finished: &Finished, by: &str, to: &str) -> bool {
    finished.ledger.entries.iter().any(|entry| {
        matches!(entry, Entry::Network { call, address, denied: true, .. } if call == by && address.contains(to))
    })
}

#[test]
fn no_way_to_a_network_or_a_process_outside_is_open() {
    let Some(program) = probe(Probe::Network) else { return };
    let outside = Outside::new();
    for ceiling in [Isolation::Full, Isolation::Traced, Isolation::Isolated] {
        let finished = run_at_most(&outside.spec(&program), helper(), ceiling).unwrap();
        if finished.level != ceiling {
            eprintln!("skipped at {ceiling:?}: {:?}", finished.lost);
            continue;
        }
        let text = out(&finished);
        assert_eq!(outside.arrived(), [] as [&str; 0], "{ceiling:?}: {text}");
        // What a program does with sockets of its own works.
        for own in ["own-stream abc", "own-waiting 3", "own-relative 0", "missing ENOENT", "own-pair 2"] {
            assert!(text.lines().any(|line| line == own), "{ceiling:?} {own}: {text}");
        }
        for line in text.lines().filter(|line| line.starts_with("unix-") || ceiling == Isolation::Traced) {
            assert!(!line.ends_with(" OUT"), "{ceiling:?} {line}: {text}");
        }
        if ceiling == Isolation::Traced {
            for (call, to) in [
                ("connect", "127.0.0.1"),
                ("connect", "::1"),
                ("sendto", "127.0.0.1"),
                ("sendmsg", "127.0.0.1"),
                ("sendmmsg", "127.0.0.1"),
                ("bind", "0.0.0.0"),
                ("connect", "/../"),
                ("connect", "/link"),
                ("connect", "@stella-test"),
                ("connect", "/stream"),
                ("sendto", "/datagram"),
            ] {
                assert!(denied(&finished, call, to), "{call} {to} in {:?}", finished.ledger);
            }
        }
    }
}

/// A listener and a pipe in a folder that is shown: as input, and at its own path.
#[test]
fn sockets_and_pipes_in_folders_that_are_shown_lead_nowhere() {
    let Some(python) = python() else { return };
    for ceiling in LEVELS {
        for writable in [false, true] {
            let folder = tempfile::Builder::new().prefix("stella-test-").tempdir_in("/var/tmp").unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
            let below = folder.path().join("below");
            fs::create_dir(&below).unwrap();
            let listener = UnixListener::bind(below.join("socket")).unwrap();
            listener.set_nonblocking(true).unwrap();
            rustix::fs::mkfifoat(CWD, folder.path().join("pipe"), Mode::from_raw_mode(0o777)).unwrap();
            for path in [below.join("socket"), folder.path().join("pipe")] {
                fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
            }
            // Open for both, so that neither side waits for the other.
            let pipe = OpenOptions::new().read(true).write(true).custom_flags(0o4000).open(folder.path().join("pipe"));
            let mut pipe = pipe.unwrap();
            let script = format!(
                "import os, socket\n\
                 for folder in ('/tmp/stella/input', '{0}'):\n\
                 \x20 try: socket.socket(socket.AF_UNIX).connect(folder + '/below/socket'); print('REACHED')\n\
                 \x20 except OSError as error: print('no')\n\
                 \x20 try: print(os.write(os.open(folder + '/pipe', os.O_WRONLY | os.O_NONBLOCK), b'x'))\n\
                 \x20 except OSError as error: print('no')\n\
                 print('end')",
                folder.path().display()
            );
            let mut spec = spec(&[python, "-c", &script]);
            spec.mounts.add(Mount::read_only(folder.path(), INPUT).unwrap()).unwrap();
            let root = HostRoot::try_from(folder.path().to_str().unwrap().to_owned()).unwrap();
            if writable {
                spec.writable_roots.push(root)
            } else {
                spec.roots.push(root)
            }
            let finished = run_at_most(&spec, helper(), ceiling).unwrap();
            let text = out(&finished);
            assert!(text.ends_with("end\n"), "{ceiling:?}: {text}{}", String::from_utf8_lossy(&finished.stderr));
            let mut byte = [0];
            let (reached, piped) = (listener.accept().is_ok(), pipe.read(&mut byte).is_ok());
            if finished.level == Isolation::None {
                assert!(is_lost(&finished, "sockets and pipes"), "{:?}", finished.lost);
                continue;
            }
            assert!(!reached && !text.contains("REACHED"), "{ceiling:?} {writable}: {text}");
            if has_namespaces(&finished) {
                assert!(!piped, "{ceiling:?} {writable}: {text}");
            } else {
                assert!(!piped || is_lost(&finished, "sockets and pipes"), "{:?}", finished.lost);
            }
            if matches!(finished.level, Isolation::Full | Isolation::Traced) {
                assert!(denied(&finished, "connect", "/below/socket"), "{:?}", finished.ledger);
            }
        }
    }
}

/// One that is made in such a folder while the program runs.
#[test]
fn a_socket_that_comes_later_is_refused_where_there_is_a_tracer() {
    let Some(python) = python() else { return };
    for ceiling in [Isolation::Full, Isolation::Traced] {
        let folder = tempfile::Builder::new().prefix("stella-test-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let script = format!(
            "import os, socket, time\n\
             while not os.path.exists('{0}/socket'): time.sleep(0.1)\n\
             try: socket.socket(socket.AF_UNIX).connect('{0}/socket'); print('REACHED')\n\
             except OSError as error: print('no', error.errno)",
            folder.path().display()
        );
        let mark = mark(600);
        let mut spec = spec(&[python, "-c", &script, &mark]);
        spec.roots.push(HostRoot::try_from(folder.path().to_str().unwrap().to_owned()).unwrap());
        let place = folder.path().join("socket");
        let maker = std::thread::spawn(move || {
            // When the folders have been looked through, and before the program can find it unfinished.
            until("the program runs", || !alive(&mark).is_empty());
            let unfinished = place.with_extension("new");
            let listener = UnixListener::bind(&unfinished).unwrap();
            fs::set_permissions(&unfinished, Permissions::from_mode(0o777)).unwrap();
            fs::rename(&unfinished, &place).unwrap();
            listener
        });
        let finished = run_at_most(&spec, helper(), ceiling).unwrap();
        let listener = maker.join().unwrap();
        if finished.level != ceiling {
            eprintln!("skipped at {ceiling:?}: {:?}", finished.lost);
            continue;
        }
        listener.set_nonblocking(true).unwrap();
        assert_eq!(out(&finished), "no 111\n", "{ceiling:?}");
        assert!(listener.accept().is_err());
        assert!(denied(&finished, "connect", "/socket"), "{:?}", finished.ledger);
    }
}

/// Other processes of the same user, where the program sees them.
#[test]
fn without_namespaces_other_processes_are_left_alone() {
    let Some(python) = python() else { return };
    let script = "import ctypes, errno, os, resource, signal, sys\n\
                  libc = ctypes.CDLL(None, use_errno=True); other = int(sys.argv[1])\n\
                  def tried(name, call):\n \
                  try: result = call()\n \
                  except OSError as error: return print(name, errno.errorcode[error.errno])\n \
                  print(name, errno.errorcode[ctypes.get_errno()] if isinstance(result, int) and result < 0 else 'OUT')\n\
                  tried('kill', lambda: os.kill(other, 0))\n\
                  tried('kill-group', lambda: os.kill(-os.getpgid(other), 0))\n\
                  tried('kill-all', lambda: os.kill(-1, 0))\n\
                  tried('kill-parent', lambda: os.kill(os.getppid(), 0))\n\
                  tried('tgkill', lambda: libc.tgkill(other, other, 0))\n\
                  tried('prlimit', lambda: resource.prlimit(other, resource.RLIMIT_NOFILE))\n\
                  tried('setpriority', lambda: libc.setpriority(0, other, 0))\n\
                  tried('setpriority-user', lambda: libc.setpriority(2, 0, 0))\n\
                  tried('affinity', lambda: os.sched_setaffinity(other, os.sched_getaffinity(0)))\n\
                  print('--'); child = os.fork()\n\
                  if child == 0:\n \
                  while True: signal.pause()\n\
                  os.kill(child, 0); resource.prlimit(child, resource.RLIMIT_NOFILE); os.sched_setaffinity(child, os.sched_getaffinity(0))\n\
                  os.kill(0, 0); os.kill(-os.getpgid(0), 0); os.kill(child, signal.SIGTERM); print(os.waitpid(child, 0)[1])\n\
                  tried('gone', lambda: os.kill(child, 0))";
    // With a group that has a number here, wherever this test runs.
    let mut outside = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
    let pid = outside.id().to_string();
    let finished = run_at_most(&spec(&[python, "-c", script, &pid]), helper(), Isolation::Traced);
    outside.kill().unwrap();
    outside.wait().unwrap();
    let finished = finished.unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    let text = out(&finished);
    let (others, own) = text.split_once("--\n").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(own, "15\ngone ESRCH\n", "{text}{}", String::from_utf8_lossy(&finished.stderr));
    let scoped = !finished.lost.iter().any(|lost| lost.starts_with("host processes: a hostile"));
    for line in others.lines().filter(|line| scoped || !line.starts_with("tgkill")) {
        assert!(line.ends_with(" EPERM"), "{text}");
    }
    assert_eq!(others.lines().count(), 9, "{text}");
}

/// Where there is no network of the run's own, which process a socket leads to is what the kernel knows of it: not the place
/// at which it lies, nor a name that anybody can take.
#[test]
fn no_socket_leads_from_or_to_a_process_outside_by_another_name() {
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, getsockname, recv, socket_with};
    let Some(python) = python() else { return };
    // Where the private folders are, so that it can be moved there.
    let folder = tempfile::Builder::new().prefix("moved-").tempdir_in(std::env::temp_dir()).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let listeners = ["one", "two"].map(|name| {
        let listener = UnixListener::bind(folder.path().join(name)).unwrap();
        fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o777)).unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    });
    let route = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::NONBLOCK, None).unwrap();
    bind(&route, &SocketAddrNetlink::new(0, 0)).unwrap();
    let port = SocketAddrNetlink::try_from(getsockname(&route).unwrap()).unwrap().pid();
    let script = r#"
import errno, os, socket, sys
folder, port, home = sys.argv[1], int(sys.argv[2]), os.environ['HOME']
def tried(name, call):
    try: result = call()
    except OSError as error: print(name, errno.errorcode[error.errno])
    else: print(name, 'done')
unix = lambda: socket.socket(socket.AF_UNIX)
route = lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
tried('abstract', lambda: unix().bind('\0stella-test'))
tried('chosen', lambda: unix().bind(''))
tried('credentials', lambda: unix().setsockopt(socket.SOL_SOCKET, 16, 1))
tried('process-file', lambda: unix().setsockopt(socket.SOL_SOCKET, 76, 1))
tried('outside', lambda: unix().bind(folder + '/mine'))
for name, how in (('one', os.link), ('two', os.rename)):
    tried('moved-' + name, lambda: how(f'{folder}/{name}', f'{home}/{name}'))
    tried('reached-' + name, lambda: unix().connect(f'{home}/{name}'))
tried('route-process', lambda: route().connect((port, 0)))
tried('route-group', lambda: route().connect((0, 1)))
tried('route-send', lambda: route().sendto(bytes(16), (port, 0)))
tried('route-bound', lambda: route().bind((port + 1, 0)))
tried('route-listens', lambda: route().bind((0, 1)))
kernel = route(); kernel.bind((0, 0)); kernel.connect((0, 0))
print('own-route', kernel.getsockname()[0] != 0)
os.umask(0o027)
server = unix(); server.bind(home + '/own'); server.listen(1)
print('own-name', server.getsockname() == home + '/own', oct(os.stat(home + '/own').st_mode & 0o777))
tried('own', lambda: unix().connect(home + '/own'))
os.rename(home + '/own', home + '/renamed')
tried('own-renamed', lambda: unix().connect(home + '/renamed'))
tried('own-again', lambda: unix().bind(home + '/renamed'))
os.chdir(home)
server = unix(); server.bind('relative'); server.listen(1)
print('own-relative', server.getsockname())
tried('own-relative', lambda: unix().connect('relative'))
os.mkdir('shut', 0o500)
os.unlink('relative'); tried('gone', lambda: unix().connect('relative'))
"#;
    let argument = folder.path().to_str().unwrap();
    let mut spec = spec(&[python, "-c", script, argument, &port.to_string()]);
    spec.writable_roots.push(HostRoot::try_from(argument.to_owned()).unwrap());
    let finished = run_at_most(&spec, helper(), Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    let text = out(&finished);
    let expected = "abstract EADDRNOTAVAIL\nchosen EADDRNOTAVAIL\ncredentials ENOPROTOOPT\nprocess-file ENOPROTOOPT\n\
                    outside EACCES\nmoved-one done\nreached-one ECONNREFUSED\nmoved-two done\nreached-two ECONNREFUSED\n\
                    route-process EPERM\nroute-group EPERM\nroute-send EPERM\nroute-bound EPERM\nroute-listens EPERM\n\
                    own-route True\nown-name True 0o750\nown done\nown-renamed done\nown-again EADDRINUSE\n\
                    own-relative relative\nown-relative done\ngone ENOENT\n";
    let stderr = String::from_utf8_lossy(&finished.stderr);
    // Hard links to what one does not own may be refused by the machine.
    assert_eq!(
        text.replace("moved-one EPERM\nreached-one ENOENT", "moved-one done\nreached-one ECONNREFUSED"),
        expected,
        "{stderr}"
    );
    assert!(listeners.iter().all(|listener| listener.accept().is_err()));
    assert!(recv(&route, &mut [0; 64], RecvFlags::DONTWAIT).is_err());
    for (call, to) in [("bind", "@stella-test"), ("bind", "/mine"), ("connect", "/two")] {
        assert!(denied(&finished, call, to), "{call} {to} in {:?}", finished.ledger);
    }
}

/// Where nothing keeps files of `/proc` from being written, whoever decides about the program is shut to it all the same.
#[test]
fn whoever_decides_about_a_program_cannot_be_looked_into() {
    let Some(python) = python() else { return };
    // Up to this process: the first one, the tracer, and who has started it.
    let script = "import errno, os\n\
                  pid = os.getppid()\n\
                  for _ in range(3):\n \
                  for file, flags in ('mem', os.O_RDWR), ('mem', os.O_RDONLY), ('environ', os.O_RDONLY), ('maps', os.O_RDONLY):\n  \
                  try: print(file, os.read(os.open(f'/proc/{pid}/{file}', flags), 1) or 'nothing')\n  \
                  except OSError as error: print(file, errno.errorcode[error.errno])\n \
                  pid = int(open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[1])\n";
    let finished = run_at_most(&spec(&[python, "-c", script]), helper(), Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    let text = out(&finished);
    assert_eq!(text, "mem EACCES\nmem EACCES\nenviron EACCES\nmaps EACCES\n".repeat(3));
}
