//! Archives: the input as it is and as the tar stream of one. What is read is packed, and is then the one archive of its
//! tree; what is extracted is what was read.

use stella::archive::{self, Limits, content_digest, dir, extract, pack, read};
use stella::bundle::{feed, policy};
use stella::host::compress;

/// One run of the target.
pub fn run(input: &[u8]) {
    let packed = compress::pack(input, 1).expect("memory does not fail");
    for archive in [input, &packed] {
        let _ = feed::verify(archive);
        let _ = policy::verify(archive);
        let _ = archive::read(archive, &Limits { entries: 4, ..Limits::default() });
        let Ok(entries) = read(archive, &Limits::default()) else { continue };
        survives(archive, &entries);
    }
}

fn survives(archive: &[u8], entries: &[archive::Entry]) {
    let limits = Limits::default();
    let digest = content_digest(entries, &limits).expect("it was read");
    let packed = pack(entries, &limits).expect("it was read");
    assert_eq!(packed.digests.content, digest);
    let again = read(&packed.bytes, &limits).expect("we packed it");
    assert_eq!(content_digest(&again, &limits).expect("it was read"), digest);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let to = folder.path().join("tree");
    // A name that a file system cannot hold is refused when it is written.
    if extract(archive, &to, &limits).is_ok() {
        assert_eq!(dir::digest(&to, &limits).expect("we wrote it"), digest);
    }
}
