//! Pax extended headers: paths and link targets that do not fit into a ustar header (POSIX.1-2017, `pax`).

use crate::archive::error::Problem;

/// What an extended header says of the entry that follows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
}

/// Keys that say nothing that is kept. Any other key is refused: `size` and `GNU.sparse.*` change what the contents
/// are, attributes and access lists would be lost.
const IGNORED: [&str; 8] = ["atime", "ctime", "mtime", "uid", "gid", "uname", "gname", "comment"];

/// One record: `<length> <key>=<value>\n`, where the length counts itself.
pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

/// Reads an extended header.
pub(crate) fn parse(bytes: &[u8]) -> Result<Pax, Problem> {
    let mut pax = Pax::default();
    for (key, value) in records(bytes)? {
        let slot = match key {
            "path" => &mut pax.path,
            "linkpath" => &mut pax.link,
            key if IGNORED.contains(&key) => continue,
            key => return Err(Problem::PaxKey(key.to_owned())),
        };
        if slot.replace(value.to_owned()).is_some() {
            return Err(Problem::PaxMalformed);
        }
    }
    Ok(pax)
}

/// Every record of an extended header, in its order.
pub(crate) fn records(mut bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, Problem> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (key, value, rest) = split(bytes).ok_or(Problem::PaxMalformed)?;
        bytes = rest;
        found.push((key, value));
    }
    Ok(found)
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let digits = std::str::from_utf8(&bytes[..space]).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let length: usize = digits.parse().ok()?;
    let line = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = line.iter().position(|byte| *byte == b'=')?;
    Some((std::str::from_utf8(&line[..equals]).ok()?, &line[equals + 1..], &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::text::damaged::damaged;

    #[test]
    fn a_record_counts_itself() {
        // The example of libarchive's tar(5).
        assert_eq!(record("ctime", "1084839148.1212"), "25 ctime=1084839148.1212\n");
        assert_eq!(record("k", ""), "5 k=\n");
        assert_eq!(record("k", &"v".repeat(93)).len(), 99);
        assert_eq!(record("k", &"v".repeat(94)).len(), 101);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["x", "9 path=x", "11 path=x\n", "8 path=x\n", "4 x\n", "+10 path=x\n", "9 path=x\n9 path=y\n"] {
            assert_eq!(parse(text.as_bytes()), Err(Problem::PaxMalformed), "{text:?}");
        }
        for key in ["size", "GNU.sparse.map", "SCHILY.xattr.user.x", "hdrcharset"] {
            assert_eq!(parse(record(key, "1").as_bytes()), Err(Problem::PaxKey(key.to_owned())));
        }
        assert_eq!(parse(record("mtime", "1.5").as_bytes()), Ok(Pax::default()));
    }

    proptest! {
        #[test]
        fn records_survive(path: String, link: String) {
            let text = record("linkpath", &link) + &record("path", &path);
            let expected = Pax { path: Some(path.into_bytes()), link: Some(link.into_bytes()) };
            prop_assert_eq!(parse(text.as_bytes()), Ok(expected));
        }

        #[test]
        fn no_input_panics(bytes: Vec<u8>, damaged in damaged((record("path", "a/b") + &record("linkpath", "c")).as_bytes())) {
            let _ = parse(&bytes);
            let _ = parse(&damaged);
        }
    }
}
