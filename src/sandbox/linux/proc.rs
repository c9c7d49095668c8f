//! What `/proc` shows beside the processes of the run: an allow-list. What it names holds the same on every machine; every
//! other entry that the kernel has, also one of a later kernel, is covered by an empty file or folder.

use std::fs;
use std::io;
use std::path::Path;

use rustix::mount::mount_bind;

/// Covers `/proc` below the current folder. What `listed` names, relative to `/proc`, holds the text beside it; what covers
/// is written below `covers`.
pub(super) fn cover(listed: &[(&str, String)], covers: &str) -> io::Result<()> {
    let shown = Path::new(covers).join("proc");
    for (name, text) in listed {
        write_below(&shown, name, text.as_bytes())?;
    }
    let (file, folder) = (Path::new(covers).join("empty"), Path::new(covers).join("nothing"));
    fs::write(&file, "")?;
    fs::create_dir(&folder)?;
    for entry in fs::read_dir("proc")? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        // Links lead to what is below a process: `self`, `mounts`, `net`.
        if kind.is_symlink() || is_process(name.as_encoded_bytes()) {
            continue;
        }
        let own = shown.join(&name);
        let cover = match (kind.is_dir(), own.exists()) {
            (_, true) => &own,
            (true, false) => &folder,
            (false, false) => &file,
        };
        mount_bind(cover, entry.path())?;
    }
    Ok(())
}

fn is_process(name: &[u8]) -> bool {
    name.iter().all(u8::is_ascii_digit)
}

fn write_below(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let at = folder.join(name);
    match fs::write(&at, text) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(at.parent().unwrap_or(folder))?;
            fs::write(at, text)
        }
        done => done,
    }
}
