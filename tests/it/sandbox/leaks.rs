//! Nothing of the machine's time gets in, and nothing gets out: on programs of every kind, and the attempts are seen.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use stella::model::result::Isolation;
use stella::sandbox::ledger::{Denied, Entry};
use stella::sandbox::run::{Ending, Finished, run, run_at_most};
use stella::sandbox::spec::{Clock, FileTimes, Paths, SandboxSpec};

use super::probes::{Probe, probe, spec_of};
use super::{helper, is_lost, isolates, out, printed, python, shell, spec, traces};

const CLOCKS: [Probe; 4] = [Probe::Clock, Probe::ClockStatic, Probe::ClockMusl, Probe::ClockGo];

/// 2001-02-03T04:05:06.007Z: no digit of it could come from the machine.
const FROZEN: &str = "2001-02-03T04:05:06.007Z";
const SECONDS: &str = "981173106";

fn frozen(mut spec: SandboxSpec) -> SandboxSpec {
    spec.clock = Clock::Frozen(FROZEN.parse().unwrap());
    spec
}

/// Whatever in `text` could be the machine's time: numbers of its second and dates of its day, or near them.
fn real_times(text: &str) -> Vec<String> {
    let now = jiff::Timestamp::now();
    let near = [-86_400, 0, 86_400].map(|seconds| now + jiff::SignedDuration::from_secs(seconds));
    let begins = near.map(|near| (near.as_second() / 100_000).to_string());
    let dates = near.map(|near| near.strftime("%Y-%m-%d").to_string());
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '-');
    words
        .filter(|word| {
            let number = word.len() >= 10 && begins.iter().any(|begin| word.starts_with(begin.as_str()));
            number || dates.iter().any(|date| word.contains(date.as_str()))
        })
        .map(str::to_owned)
        .collect()
}

fn finished(spec: &SandboxSpec) -> (Finished, String) {
    let finished = run(spec, helper()).unwrap();
    let text = out(&finished);
    assert_eq!(finished.ending, Ending::Code(0), "{text}{}", String::from_utf8_lossy(&finished.stderr));
    (finished, text)
}

#[test]
fn real_times_would_be_found() {
    let now = jiff::Timestamp::now();
    assert_eq!(real_times(&format!("at {} and {}", now.as_second(), now.as_nanosecond())).len(), 2);
    assert_eq!(real_times(&now.to_string()).len(), 1);
    assert!(real_times("2001-02-03 981173106 12345").is_empty());
}

#[test]
fn no_program_sees_the_machines_time() {
    if !traces("no_program_sees_the_machines_time") {
        return;
    }
    for program in CLOCKS.into_iter().filter_map(probe) {
        let (finished, text) = finished(&frozen(spec_of(&program, &[])));
        assert_eq!(real_times(&text), [] as [String; 0], "{text}");
        assert!(text.contains(SECONDS) && !text.contains("LEAK") && !text.contains("STANDS"), "{text}");
        let reads = finished.ledger.entries.iter().find_map(|entry| match entry {
            Entry::Clock { executable, reads } if program.ends_with(executable) => Some(*reads),
            _ => None,
        });
        assert!(reads.is_some_and(|reads| reads > 10), "{:?}", finished.ledger);
    }
}

#[test]
fn scripts_see_the_frozen_clock_and_so_do_their_children() {
    if !traces("scripts_see_the_frozen_clock_and_so_do_their_children") {
        return;
    }
    let (_, text) =
        finished(&frozen(shell("date +%s.%N; (date +%s); date -u +%FT%TZ; touch /tmp/x; stat -c %Y /tmp/x")));
    assert_eq!(text, "981173106.007000000\n981173106\n2001-02-03T04:05:06Z\n981173106\n");
    if let Some(python) = python() {
        let script = "import time, datetime, os, uuid, subprocess\n\
                      print(time.time(), time.time_ns(), datetime.datetime.now(datetime.timezone.utc).isoformat())\n\
                      print(time.ctime(), uuid.uuid1().time, subprocess.check_output(['date', '+%s']).decode())\n\
                      m = time.monotonic(); time.sleep(0.02); print(time.monotonic() - m >= 0.02)\n\
                      pid = os.fork()\n\
                      if pid == 0: print('child', int(time.time()), flush=True); os._exit(0)\n\
                      os.waitpid(pid, 0)";
        let (_, text) = finished(&frozen(spec(&[python, "-c", script])));
        assert_eq!(real_times(&text), [] as [String; 0], "{text}");
        assert!(text.contains("2001-02-03T04:05:06.007000+00:00") && text.contains("True"), "{text}");
        assert!(text.contains("child 981173106"), "{text}");
    }
}

#[test]
fn node_and_its_workers_see_the_frozen_clock() {
    if !traces("node_and_its_workers_see_the_frozen_clock") {
        return;
    }
    let script = "console.log(Date.now(), new Date().toISOString(), performance.timeOrigin > 0);\
                  new (require('worker_threads').Worker)('require(\"worker_threads\").parentPort.postMessage(Date.now())', {eval: true})\
                  .on('message', now => console.log('worker', now));\
                  setTimeout(() => console.log('timer'), 30)";
    let finished = match run(&frozen(spec(&["node", "-e", script])), helper()) {
        Ok(finished) => finished,
        Err(missing) => {
            eprintln!("skipped: no node ({missing})");
            return;
        }
    };
    let text = out(&finished);
    assert!(text.contains("981173106007 2001-02-03T04:05:06.007Z") && text.contains("worker 981173106007"), "{text}");
    assert!(text.contains("timer"), "{text}");
    let times: Vec<_> = real_times(&text);
    assert_eq!(times, [] as [String; 0], "{text}");
}

#[test]
fn waits_for_the_frozen_clock_take_as_long_as_they_are_meant_to() {
    let (true, Some(program)) = (traces("waits_for_the_frozen_clock"), probe(Probe::Wait)) else { return };
    let (finished, text) = finished(&frozen(spec_of(&program, &[])));
    assert_eq!(String::from_utf8_lossy(&finished.stderr), "");
    let waits: Vec<(&str, f64)> =
        text.lines().map(|line| line.split_once(' ').unwrap()).map(|(name, ms)| (name, ms.parse().unwrap())).collect();
    // Where parts of `/proc` are hidden, Landlock lets no message queue be read, which the page says.
    let has_queues = !finished.lost.iter().any(|lost| lost.starts_with("host processes: their numbers"));
    assert_eq!(waits.len(), if has_queues { 9 } else { 7 }, "{text}");
    // Neither at once nor for ever: how much longer is the machine's load.
    assert!(waits.iter().all(|(_, ms)| (90.0..30_000.0).contains(ms)), "{text}");
}

#[test]
fn a_clock_that_steps_ends_a_loop_that_waits_for_it() {
    let (true, Some(python)) = (traces("a_clock_that_steps"), python()) else { return };
    let script = "import time\nend = time.time() + 1\nwhile time.time() < end: pass\nprint('over')";
    let mut spec = frozen(spec(&[python, "-c", script]));
    spec.clock_step = Duration::from_millis(10);
    assert_eq!(printed(&spec), "over\n");
}

#[test]
fn files_can_be_kept_from_telling_the_time() {
    if !traces("files_can_be_kept_from_telling_the_time") {
        return;
    }
    let mut spec = frozen(shell(
        "echo x > /tmp/new; ls -l --time-style=+%s /tmp/new; stat -c '%X %Y %Z' /tmp/new /tmp; [ /tmp/new -nt /usr ] || echo older",
    ));
    spec.file_times = FileTimes::Clamped;
    let (finished, text) = finished(&spec);
    assert_eq!(real_times(&text), [] as [String; 0], "{text}");
    let said: Vec<_> = finished.lost.iter().filter(|lost| lost.starts_with("file times:")).collect();
    assert!(matches!(said.as_slice(), [one] if one.contains("for a moment")), "{:?}", finished.lost);
    spec.file_times = FileTimes::Machine;
    assert!(run(&spec, helper()).unwrap().lost.iter().any(|lost| lost.starts_with("file times")));
}

#[test]
fn nothing_gets_out_and_every_attempt_is_in_the_ledger() {
    if !traces("nothing_gets_out_and_every_attempt_is_in_the_ledger") {
        return;
    }
    // Both would hear a packet that got out.
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    udp.set_nonblocking(true).unwrap();
    let (tcp_port, udp_port) = (tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port());
    let script = format!(
        "import socket\n\
         def attempt(f):\n\
         \x20 try: f(); print('REACHED')\n\
         \x20 except OSError as error: print(error.errno)\n\
         attempt(lambda: socket.create_connection(('127.0.0.1', {tcp_port}), 2))\n\
         attempt(lambda: socket.create_connection(('192.0.2.1', 443), 2))\n\
         attempt(lambda: socket.create_connection(('2001:db8::1', 443), 2))\n\
         u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         u.sendto(b'x', ('127.0.0.1', {udp_port}))\n\
         attempt(lambda: u.sendto(b'x', ('192.0.2.2', 123)))\n\
         attempt(lambda: u.sendmsg([b'x'], [], 0, ('192.0.2.3', 124)))\n\
         attempt(lambda: socket.getaddrinfo('py.example.com', 443))"
    );
    let Some(python) = python() else { return };
    let (finished, text) = finished(&spec(&[python, "-c", &script]));
    assert!(!text.contains("REACHED"), "{text}");
    assert!(tcp.accept().is_err() && udp.recv(&mut [0; 8]).is_err(), "a packet got out");
    let denied = finished.ledger.denied();
    for address in ["192.0.2.1", "2001:db8::1", "192.0.2.2", "192.0.2.3"] {
        let seen = |denied: &Denied| {
            matches!(denied, Denied::Network { address: found, executable, port: Some(_), .. }
                if found == address && executable.contains("python"))
        };
        assert!(denied.iter().any(seen), "{address} in {denied:?}");
    }
    assert!(denied.iter().any(|d| matches!(d, Denied::Name { name, .. } if name == "py.example.com")), "{denied:?}");
    // The run's own loopback is no way out.
    assert!(
        !denied.iter().any(|d| matches!(d, Denied::Network { address, .. } if address == "127.0.0.1")),
        "{denied:?}"
    );
}

#[test]
fn a_static_go_program_is_heard_when_it_looks_a_name_up() {
    let (true, Some(program)) = (traces("a_static_go_program_is_heard"), probe(Probe::ClockGo)) else { return };
    let (finished, text) = finished(&frozen(spec_of(&program, &[])));
    let denied = finished.ledger.denied();
    assert!(text.contains("no such host") && text.contains("network is unreachable"), "{text}");
    assert!(denied.iter().any(|d| matches!(d, Denied::Name { name, .. } if name == "go.example.com")), "{denied:?}");
    assert!(
        denied.iter().any(|d| matches!(d, Denied::Network { address, port: Some(80), .. } if address == "192.0.2.7")),
        "{denied:?}"
    );
}

#[test]
fn without_namespaces_the_network_is_denied_call_by_call() {
    let Some(python) = python() else { return };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    tcp.set_nonblocking(true).unwrap();
    let script = format!(
        "import socket\n\
         for address in (('127.0.0.1', {}), ('192.0.2.1', 80)):\n\
         \x20 try: socket.create_connection(address, 2); print('REACHED')\n\
         \x20 except OSError as error: print(error.errno)\n\
         a, b = socket.socketpair(); a.send(b'own'); print(b.recv(3).decode())",
        tcp.local_addr().unwrap().port()
    );
    let finished = run_at_most(&spec(&[python, "-c", &script]), helper(), Isolation::Traced).unwrap();
    if finished.level != Isolation::Traced {
        eprintln!("skipped: {:?}", finished.lost);
        return;
    }
    assert_eq!(out(&finished), "101\n101\nown\n");
    assert!(tcp.accept().is_err());
    assert_eq!(finished.ledger.denied().len(), 2, "{:?}", finished.ledger);
}

#[test]
fn what_is_not_mounted_is_missed_by_name() {
    if !traces("what_is_not_mounted_is_missed_by_name") {
        return;
    }
    // The machine has both folders, whatever is in them; the sandbox has neither.
    let script = "/home; cd /srv; echo x > /home/new; cat /srv; cat /no/such/file; true";
    let missed = |paths| {
        let mut spec = shell(script);
        spec.paths = paths;
        let denied = run(&spec, helper()).unwrap().ledger.denied();
        let of = |denied: Denied| match denied {
            Denied::Path { path, attempt, .. } => Some((attempt, path)),
            _ => None,
        };
        denied.into_iter().filter_map(of).collect::<Vec<_>>()
    };
    let pair = |attempt: &str, path: &str| (attempt.to_owned(), path.to_owned());
    let rare = missed(Paths::Rare);
    for missed in [pair("execute", "/home"), pair("enter", "/srv"), pair("create", "/home/new")] {
        assert!(rare.contains(&missed), "{missed:?} in {rare:?}");
    }
    let every = missed(Paths::Every);
    assert!(every.contains(&pair("open", "/srv")), "{every:?}");
    assert!(!every.iter().any(|(_, path)| path == "/no/such/file"), "the machine does not have it either: {every:?}");
}

#[test]
fn the_kernel_does_not_say_when_something_else_happened() {
    let (true, Some(program)) = (traces("the_kernel_does_not_say_when"), probe(Probe::Stamp)) else { return };
    for ceiling in [Isolation::Full, Isolation::Traced] {
        let finished = run_at_most(&frozen(spec_of(&program, &[])), helper(), ceiling).unwrap();
        let text = out(&finished);
        assert!(text.ends_with("done\n"), "{ceiling:?}: {:?} {text}", finished.ending);
        assert_eq!(real_times(&text), [] as [String; 0], "{ceiling:?}: {text}");
        for refused in ["timestamp", "timestamping-new", "ioctl-stamp", "shm", "sem", "msg", "shm-any"] {
            assert!(text.contains(&format!("{refused} refused")), "{ceiling:?} {refused}: {text}");
        }
        // At `traced` there is no internet of which a packet could come.
        let of_packets = ["header-options", "received-options", "returned-options", "first-packet"];
        for refused in of_packets.into_iter().filter(|_| ceiling == Isolation::Full) {
            assert!(text.contains(&format!("{refused} refused 92")), "{ceiling:?} {refused}: {text}");
        }
        for refused in ["read-options", "read-packet-options", "socket-filter"] {
            assert!(text.contains(&format!("{refused} refused 92")), "{ceiling:?} {refused}: {text}");
        }
        assert!(text.contains("error = 0\nbroadcast = 0"), "{ceiling:?}: {text}");
        for refused in ["sent-header", "sent-headers", "sent-bytes"] {
            assert!(text.contains(&format!("{refused} refused 11")), "{ceiling:?} {refused}: {text}");
        }
        assert!(text.contains("received = 1") || ceiling == Isolation::Traced, "{ceiling:?}: {text}");
        assert!(!text.contains("map-vdso-64 ="), "{ceiling:?}: {text}");
        let sealed = finished.lost.iter().any(|lost| lost.starts_with("clock: the pages"));
        assert_eq!(text.contains("pages mapped"), sealed, "{ceiling:?}: {text}");
        for of in ["setsockopt", "recvmsg", "recvmmsg", "recvfrom"] {
            let tried = |entry: &Entry| matches!(entry, Entry::Refused { call, .. } if call == of);
            assert!(finished.ledger.entries.iter().any(tried), "{of}: {:?}", finished.ledger);
        }
    }
}

/// The same in programs that programs start, in threads that execute, and in ones without an interpreter.
#[test]
fn every_new_program_parts_with_the_kernels_pages() {
    if !traces("every_new_program_parts_with_the_kernels_pages") {
        return;
    }
    let script = "cat /proc/self/maps; (sh -c 'cat /proc/self/maps; exec cat /proc/self/maps'); echo done";
    let (finished, text) = finished(&frozen(shell(script)));
    let sealed = finished.lost.iter().any(|lost| lost.starts_with("clock: the pages"));
    assert_eq!(text.contains("[vvar"), sealed, "{text}");
    // Where `/proc` is the machine's, programs that programs start cannot read what it says of them.
    let readers = if is_lost(&finished, "host processes") { 0 } else { 3 };
    assert!(text.matches("[vdso]").count() == readers && text.ends_with("done\n"), "{text}");
}

/// Neither a filter that answers the unmapping with a success that it is not, nor another process that writes over where
/// the pages are said to be.
#[test]
fn no_new_program_keeps_the_kernels_pages_by_a_lie() {
    let (true, Some(program)) = (traces("no_new_program_keeps_the_kernels_pages"), probe(Probe::Lent)) else { return };
    for ceiling in [Isolation::Full, Isolation::Traced] {
        for (way, ending) in [
            (["look"].as_slice(), "looked 981173106\n"),
            (&["filter", "munmap"], ""),
            (&["filter", "munmap", "clock_gettime"], ""),
            // It only denies itself the clock.
            (&["filter", "clock_gettime"], "looked 0\n"),
            (&["race"], "raced\n"),
        ] {
            let finished = run_at_most(&frozen(spec_of(&program, way)), helper(), ceiling).unwrap();
            if finished.lost.iter().any(|lost| lost.starts_with("clock: the pages")) {
                continue;
            }
            let text = out(&finished);
            assert_eq!(text, ending, "{ceiling:?} {way:?}: {:?}", finished.ending);
            assert_eq!(finished.ending == Ending::Signal(9), ending.is_empty(), "{ceiling:?} {way:?}");
        }
    }
}

/// What the sandbox makes itself has the times of the run's clock, whenever it runs.
#[test]
fn folders_of_the_sandbox_have_the_times_of_the_clock() {
    if !traces("folders_of_the_sandbox_have_the_times") {
        return;
    }
    let places = "/ /tmp /tmp/stella /tmp/stella/home .. . /tmp/stella/out /var /var/tmp /dev /dev/shm /dev/urandom /run /etc \
                  /etc/passwd /etc/hosts /proc/uptime /proc/cpuinfo /proc/sys /proc/bus /proc/keys /sys";
    let (_, text) = finished(&frozen(shell(&format!("stat -c '%n %X %Y' {places}"))));
    for line in text.lines() {
        assert!(line.ends_with(&format!(" {SECONDS} {SECONDS}")), "{line}");
    }
    assert!(text.lines().count() >= 21, "{text}");
    let mut spec = frozen(shell(&format!("stat {places}; ls -la --full-time / /tmp /tmp/stella")));
    spec.file_times = FileTimes::Clamped;
    let (_, text) = finished(&spec);
    let of_the_machine = |line: &&str| line.contains("/usr") || line.contains(" lib") || line.contains(" bin");
    let kept: Vec<_> = text.lines().filter(|line| !of_the_machine(line)).collect();
    assert_eq!(real_times(&kept.join("\n")), [] as [String; 0], "{text}");
}

/// An allow-list: of everything else, also of what a later kernel has, nothing is to be read.
#[test]
fn proc_shows_what_is_listed_and_nothing_else() {
    if !isolates("proc_shows_what_is_listed") {
        return;
    }
    let script = "find /proc -maxdepth 1 ! -name '[0-9]*' ! -type l ! -name proc | sort | while read -r at; do \
                    find $at -type f; done | while read -r file; do [ -s $file ] && echo $file; done; echo --; \
                  cat /proc/[a-z]* 2>/dev/null; cat /proc/sys/kernel/osrelease";
    for ceiling in [Isolation::Full, Isolation::Isolated] {
        let finished = run_at_most(&frozen(shell(script)), helper(), ceiling).unwrap();
        let text = out(&finished);
        let (files, contents) = text.split_once("--\n").unwrap();
        let top: Vec<_> = files.lines().filter(|file| !file.starts_with("/proc/sys/")).collect();
        let shown = ["cmdline", "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "swaps", "uptime", "version"];
        assert_eq!(top, shown.map(|name| format!("/proc/{name}")), "{ceiling:?}: {text}");
        assert!(files.contains("/proc/sys/kernel/random/boot_id") && files.lines().count() < 60, "{files}");
        for file in ["cmdline", "version", "sys/kernel/osrelease", "modules", "cpuinfo", "sys/kernel/random/boot_id"] {
            let machines = std::fs::read_to_string(format!("/proc/{file}")).unwrap_or_default();
            assert!(machines.trim().is_empty() || !contents.contains(machines.trim()), "{file} at {ceiling:?}: {text}");
        }
        assert_eq!(real_times(contents), [] as [String; 0], "{contents}");
    }
}
