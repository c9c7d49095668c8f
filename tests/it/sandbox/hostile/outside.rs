//! What is outside: listeners that must hear nothing, files that must stay, a secret in the caller's keyrings.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

/// A folder with a file, two sockets and a FIFO.
struct Planted {
    folder: TempDir,
    stream: UnixListener,
    datagram: UnixDatagram,
    fifo: File,
}

const CANARY: &str = "the caller's own\n";

impl Planted {
    fn new(kind: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix(kind).permissions(Permissions::from_mode(0o755)).tempdir_in("/var/tmp");
        let folder = folder.unwrap();
        let at = |name: &str| folder.path().join(name);
        let stream = UnixListener::bind(at("s")).unwrap();
        stream.set_nonblocking(true).unwrap();
        let datagram = UnixDatagram::bind(at("d")).unwrap();
        datagram.set_nonblocking(true).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), 0o644.into()).unwrap();
        const O_NONBLOCK: i32 = 0o4000;
        let fifo = OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open(at("fifo")).unwrap();
        fs::write(at("canary"), CANARY).unwrap();
        // Whoever may write to the files may do so, but for the sandbox.
        for name in ["s", "d", "fifo", "canary"] {
            fs::set_permissions(at(name), Permissions::from_mode(0o666)).unwrap();
        }
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        Self { folder, stream, datagram, fifo }
    }

    fn is_as_it_was(&self) -> bool {
        // Modes can be changed without namespaces, which `lost` says; what a file holds, and where it is, cannot.
        fs::set_permissions(self.folder.path(), Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(self.folder.path().join("canary"), Permissions::from_mode(0o666)).ok();
        let names = fs::read_dir(self.folder.path()).unwrap().count();
        names == 4 && fs::read_to_string(self.folder.path().join("canary")).is_ok_and(|text| text == CANARY)
    }

    fn restore(&self) {
        for entry in fs::read_dir(self.folder.path()).unwrap().flatten() {
            if !["s", "d", "fifo", "canary"].iter().any(|name| entry.file_name() == *name) {
                fs::remove_file(entry.path()).or_else(|_| fs::remove_dir(entry.path())).ok();
            }
        }
        fs::write(self.folder.path().join("canary"), CANARY).unwrap();
        fs::set_permissions(self.folder.path().join("canary"), Permissions::from_mode(0o666)).ok();
    }
}

/// Everything outside that must not notice anything.
pub struct Outside {
    tcp: TcpListener,
    udp: UdpSocket,
    tcp6: Option<TcpListener>,
    udp6: Option<UdpSocket>,
    named: UnixListener,
    name: String,
    host: Planted,
    shown: Planted,
    netlink: Child,
    netlink_port: u64,
    netlink_heard: Receiver<String>,
    secret: String,
    key: String,
    binary: std::path::PathBuf,
    has_key: bool,
}

impl Outside {
    pub fn new(binary: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("stella-hostile-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        // The same ports, for the forms of an address that mean both.
        let tcp6 = TcpListener::bind(("::1", tcp.local_addr().unwrap().port())).ok();
        let udp6 = UdpSocket::bind(("::1", udp.local_addr().unwrap().port())).ok();
        tcp.set_nonblocking(true).unwrap();
        udp.set_nonblocking(true).unwrap();
        tcp6.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
        udp6.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
        let named = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        named.set_nonblocking(true).unwrap();
        let mut netlink = Command::new(binary).arg("listen").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(netlink.stdout.take().unwrap()).lines();
        let netlink_port = lines.next().unwrap().unwrap().parse().unwrap();
        let (send, netlink_heard) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut outside = Self {
            tcp,
            udp,
            tcp6,
            udp6,
            named,
            host: Planted::new("stella-host-"),
            shown: Planted::new("stella-shown-"),
            netlink,
            netlink_port,
            netlink_heard,
            secret: format!("{:016x}", std::process::id().wrapping_mul(0x9e37_79b9) as u64 | 0xa5a5 << 40),
            key: name.clone(),
            name,
            binary: binary.to_owned(),
            has_key: false,
        };
        outside.has_key = outside.keyring("plant");
        if !outside.has_key {
            eprintln!("no secret in a keyring: the kernel has none, or refuses");
        }
        outside
    }

    fn keyring(&self, order: &str) -> bool {
        Command::new(&self.binary).args(self.arguments()).arg(order).status().is_ok_and(|status| status.success())
    }

    /// The folder that runs are shown.
    pub fn shown(&self) -> &Path {
        self.shown.folder.path()
    }

    /// What the player is told. What it is to look for is written so that it is nowhere in its memory as it is.
    pub fn arguments(&self) -> Vec<String> {
        const MASK: u64 = 0x5a5a_5a5a_5a5a_5a5a;
        let hidden = |text: &str| text.bytes().map(|byte| format!("{:02x}", byte ^ 0x5a)).collect::<String>();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
        vec![
            format!("outside={}", self.host.folder.path().display()),
            format!("shown={}", self.shown().display()),
            format!("tcp={}", self.tcp.local_addr().unwrap().port()),
            format!("udp={}", self.udp.local_addr().unwrap().port()),
            format!("netlink={}", self.netlink_port),
            format!("victim={}", self.netlink.id()),
            format!("abstract={}", self.name),
            format!("key={}", self.key),
            format!("secret={}", hidden(&self.secret)),
            format!("release={}", hidden(release.trim())),
            format!("now={}", now ^ MASK),
        ]
    }

    /// What was heard and changed since it was asked last.
    pub fn noticed(&self) -> Vec<(String, String)> {
        let mut noticed = Vec::new();
        let mut hear =
            |who: &str, said: &[u8]| noticed.push((who.to_owned(), String::from_utf8_lossy(said).into_owned()));
        let mut bytes = [0; 256];
        for (who, listener) in [("tcp", Some(&self.tcp)), ("tcp6", self.tcp6.as_ref())] {
            while let Some((mut stream, _)) = listener.and_then(|listener| listener.accept().ok()) {
                stream.set_nonblocking(true).ok();
                let length = stream.read(&mut bytes).unwrap_or(0);
                hear(who, &bytes[..length]);
            }
        }
        for (who, socket) in [("udp", Some(&self.udp)), ("udp6", self.udp6.as_ref())] {
            while let Some(length) = socket.and_then(|socket| socket.recv(&mut bytes).ok()) {
                hear(who, &bytes[..length]);
            }
        }
        let paths = [("unix-stream", &self.host), ("shown-unix-stream", &self.shown)];
        for (who, listener) in
            paths.map(|(who, planted)| (who, &planted.stream)).into_iter().chain([("abstract", &self.named)])
        {
            while let Ok((mut stream, _)) = listener.accept() {
                stream.set_nonblocking(true).ok();
                let length = stream.read(&mut bytes).unwrap_or(0);
                hear(who, &bytes[..length]);
            }
        }
        for (who, planted) in [("unix-datagram", &self.host), ("shown-unix-datagram", &self.shown)] {
            while let Ok(length) = planted.datagram.recv(&mut bytes) {
                hear(who, &bytes[..length]);
            }
        }
        for (who, planted) in [("fifo", &self.host), ("shown-fifo", &self.shown)] {
            while let Ok(length @ 1..) = (&planted.fifo).read(&mut bytes) {
                hear(who, &bytes[..length]);
            }
            if !planted.is_as_it_was() {
                hear(&format!("{who}'s folder: changed"), b"");
                planted.restore();
            }
        }
        while let Ok(line) = self.netlink_heard.try_recv() {
            hear("netlink", line.as_bytes());
        }
        noticed
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if self.has_key {
            self.keyring("unplant");
        }
        self.netlink.kill().ok();
        self.netlink.wait().ok();
    }
}
