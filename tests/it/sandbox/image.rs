//! An image in the place of the machine's system folders.

use stella::host::machine;
use tar::{Builder, Header};

use super::probes::{Probe, probe};
use super::traces;
use crate::harness::World;
use crate::oci_layout::{Layout, layer};

#[test]
fn a_program_of_an_image_runs_among_its_files_alone() {
    let (true, Some(program)) = (traces("a_program_of_an_image"), probe(Probe::ClockStatic)) else { return };
    let mut tar = Builder::new(Vec::new());
    let bytes = std::fs::read(program).unwrap();
    let mut header = Header::new_gnu();
    header.set_mode(0o755);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, "usr/bin/clock", bytes.as_slice()).unwrap();
    let names = [("bin", "->usr/bin"), ("etc/hostname", "of-the-image\n"), ("etc/passwd", "root:x:0:0::/:/bin/sh\n")];
    let mut layout = Layout::default();
    layout.image(machine::arch(), &[tar.into_inner().unwrap(), layer(&names)]);
    let world = World::new();
    layout.write(&world.work("image"));

    let sandbox = ["sandbox", "--rootfs", "image", "--clock", "2001-02-03T04:05:06Z", "--"];
    let run = world.stella(0, &[&sandbox[..], &["/bin/clock"]].concat());
    run.says(&["time 981173106", "threads done"]).complains(&["unpacked: content sha256:"]);
    // What the machine has, the image lacks.
    world.stella(4, &[&sandbox[..], &["/usr/bin/env"]].concat()).complains(&["`/usr/bin/env` cannot be run"]);
    world.stella(2, &["sandbox", "--rootfs", "nowhere", "--", "true"]).complains(&["nowhere"]);
}
