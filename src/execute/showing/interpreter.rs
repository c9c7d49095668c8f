//! Which program reads another one: the first line of a script, or the loader that an ELF file names (`PT_INTERP`).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How much of a first line is looked at, as the kernel does.
const FIRST_LINE: u64 = 256;
/// The most program headers of an ELF file, and the longest path of a loader.
const HEADERS: u64 = 64;
const LOADER: u64 = 4096;

/// The interpreter of the program at `path`, and where it is `env`, the program that is looked up; `None` where it needs
/// none, or cannot be read.
pub fn of(path: &Path) -> Option<(String, Option<String>)> {
    let mut file = File::open(path).ok()?;
    let mut head = Vec::new();
    (&mut file).take(FIRST_LINE).read_to_end(&mut head).ok()?;
    match head.strip_prefix(b"#!") {
        Some(line) => of_first_line(line),
        None if head.starts_with(b"\x7fELF") => Some((of_elf(&mut file, &head)?, None)),
        None => None,
    }
}

/// How many links are followed, as the kernel does.
const LINKS: usize = 40;

/// The path, and each place that it is a link to, one after the other.
pub fn links(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    while let Some(target) = all.last().and_then(|last| std::fs::read_link(last).ok())
        && all.len() <= LINKS
    {
        let folder = all.last().and_then(|last| last.parent()).unwrap_or(Path::new("/"));
        let target = folder.join(target);
        // Without `..`, which would hide in which folder it lies.
        let folder = target.parent().and_then(|folder| folder.canonicalize().ok());
        let place = folder.zip(target.file_name()).map(|(folder, name)| folder.join(name));
        all.push(place.unwrap_or(target));
    }
    all
}

fn of_first_line(line: &[u8]) -> Option<(String, Option<String>)> {
    let line = line.split(|byte| *byte == b'\n').next()?;
    let text = std::str::from_utf8(line).ok()?;
    // As the kernel does: a carriage return belongs to the word that it stands behind.
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let interpreter = words.next()?.to_owned();
    // `env -S name …` passes options before the name.
    let named = interpreter.ends_with("/env").then(|| words.find(|word| !word.starts_with('-') && !word.contains('=')));
    Some((interpreter, named.flatten().map(str::to_owned)))
}

/// ELF-64, in either order of bytes: e_phoff at 32, e_phentsize at 54, e_phnum at 56; of a program header p_type at 0,
/// p_offset at 8, p_filesz at 32. `PT_INTERP` is 3.
fn of_elf(file: &mut File, head: &[u8]) -> Option<String> {
    let (is_64, is_little) = (*head.get(4)? == 2, *head.get(5)? == 1);
    if !is_64 {
        return None;
    }
    let number = |bytes: &[u8], at: usize, size: usize| -> Option<u64> {
        let field = bytes.get(at..at + size)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if is_little { field.iter().rev().fold(0, add) } else { field.iter().fold(0, add) })
    };
    let (table, size, count) = (number(head, 32, 8)?, number(head, 54, 2)?, number(head, 56, 2)?);
    if size < 56 || count > HEADERS {
        return None;
    }
    let mut headers = Vec::new();
    file.seek(SeekFrom::Start(table)).ok()?;
    file.take(size * count).read_to_end(&mut headers).ok()?;
    let header = headers.chunks(usize::try_from(size).ok()?).find(|header| number(header, 0, 4) == Some(3))?;
    let (offset, length) = (number(header, 8, 8)?, number(header, 32, 8)?);
    let mut loader = Vec::new();
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.take(length.min(LOADER)).read_to_end(&mut loader).ok()?;
    let text = String::from_utf8(loader).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_binaries_name_their_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [
            ("#!/bin/sh\nx", Some(("/bin/sh", None))),
            ("#! /opt/x/python3 -u\n", Some(("/opt/x/python3", None))),
            ("#!/usr/bin/env python3\n", Some(("/usr/bin/env", Some("python3")))),
            ("#!/usr/bin/env -S A=b ruby -w\n", Some(("/usr/bin/env", Some("ruby")))),
            ("#!/bin/sh\r\nx", Some(("/bin/sh\r", None))),
            ("#!/usr/bin/env python3\r\n", Some(("/usr/bin/env", Some("python3\r")))),
            ("#!\n", None),
            ("echo", None),
            ("\u{7f}ELF", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let path = folder.path().join("program");
            std::fs::write(&path, text).unwrap();
            let found = of(&path);
            let found = found.as_ref().map(|(interpreter, named)| (interpreter.as_str(), named.as_deref()));
            assert_eq!(found, expected, "{text:?}");
        }
        let (loader, named) = of(Path::new("/bin/ls")).unwrap();
        assert!(Path::new(&loader).exists() && named.is_none(), "{loader}");
    }

    #[test]
    fn every_place_that_a_link_leads_to_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["venv/bin", "pyenv/bin"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        std::fs::write(root.join("pyenv/bin/python3.11"), "").unwrap();
        std::os::unix::fs::symlink("python3.11", root.join("pyenv/bin/python3")).unwrap();
        std::os::unix::fs::symlink("../../pyenv/bin/python3", root.join("venv/bin/python3")).unwrap();
        std::os::unix::fs::symlink("python3", root.join("venv/bin/python")).unwrap();
        let names = ["venv/bin/python", "venv/bin/python3", "pyenv/bin/python3", "pyenv/bin/python3.11"];
        assert_eq!(links(&root.join("venv/bin/python")), names.map(|name| root.join(name)));
        std::os::unix::fs::symlink("round", root.join("round")).unwrap();
        assert_eq!(links(&root.join("round")).len(), LINKS + 1);
        assert_eq!(links(&root.join("nowhere")), [root.join("nowhere")]);
    }
}
