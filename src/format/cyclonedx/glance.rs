//! A component looked at without being read: what has to be known of the many that two inventories share.
//!
//! Invariants: what is looked at without complaint is also read without one, and each name that a package of it can
//! have is among the hints. The reverse need not be: what is unusual is refused, or hinted at by everything.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::package::Package;

/// What was seen of components. Equal texts have equal numbers; unequal ones may have, too.
#[derive(Debug, Default)]
pub struct Glance {
    /// Of each `bom-ref`.
    pub references: Vec<u64>,
    /// Of each name that a package may have.
    pub names: Vec<u64>,
    /// Whether a package may have any other name as well.
    pub any_name: bool,
}

/// The number of the name of a package in [`Glance::names`].
pub fn name_hint(package: &Package) -> u64 {
    hint(&package.name)
}

impl Glance {
    /// Looks at one component, canonical JSON; false where it has to be read to know whether it can be.
    pub fn component(&mut self, canonical: &str) -> bool {
        let mut cursor = Cursor { bytes: canonical.as_bytes(), text: canonical, at: 0 };
        self.look(&mut cursor).is_some() && cursor.at == canonical.len()
    }

    /// Looks at the component that a document is about, canonical JSON; false as above.
    pub fn root_of(&mut self, canonical: &str) -> bool {
        let mut cursor = Cursor { bytes: canonical.as_bytes(), text: canonical, at: 0 };
        let looked = cursor.object(|name, cursor| match name {
            "metadata" => cursor.object(|name, cursor| match name {
                "component" => self.look(cursor),
                _ => cursor.skip(),
            }),
            _ => cursor.skip(),
        });
        looked.is_some()
    }

    fn look(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let (mut kind, mut name, mut purl) = (None, None, None);
        cursor.object(|member, cursor| {
            match member {
                "type" => kind = Some(cursor.string()?),
                "name" => name = Some(cursor.string()?),
                "purl" => purl = cursor.string_or_null()?,
                "bom-ref" => {
                    if let Some(reference) = cursor.string_or_null()? {
                        self.references.push(number(reference));
                    }
                }
                "group" | "version" => _ = cursor.string_or_null()?,
                "licenses" => cursor.array(|cursor| {
                    cursor.object(|member, cursor| match member {
                        "license" if cursor.null() => Some(()),
                        "license" => cursor.object(|member, cursor| match member {
                            "id" | "name" => cursor.string_or_null().map(|_| ()),
                            _ => cursor.skip(),
                        }),
                        "expression" => cursor.string_or_null().map(|_| ()),
                        _ => cursor.skip(),
                    })
                })?,
                "properties" => cursor.array(|cursor| {
                    cursor.object(|member, cursor| match member {
                        "name" | "value" => cursor.string().map(|_| ()),
                        _ => cursor.skip(),
                    })
                })?,
                "components" => cursor.array(|cursor| self.look(cursor))?,
                _ => cursor.skip()?,
            }
            Some(())
        })?;
        kind?;
        let name = name?;
        let (plain, of_purl) = (name.is_ascii() && !name.contains('\\'), purl.filter(|purl| !purl.is_empty()));
        let of_name = hint(name);
        self.names.push(of_name);
        self.any_name |= !plain;
        match of_purl.map(purl_hint) {
            None => {}
            Some(Some(of_purl)) if of_purl == of_name => {}
            Some(Some(of_purl)) => self.names.push(of_purl),
            Some(None) => self.any_name = true,
        }
        Some(())
    }
}

/// The hint of the name in a plain package URL.
fn purl_hint(purl: &str) -> Option<u64> {
    let (path, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
    let last = path.rfind('/')?;
    let name = match path.find('@') {
        Some(at) if at > last => &path[last + 1..at],
        Some(_) => return None,
        None => &path[last + 1..],
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b':');
    let is_name = !name.is_empty() && !name.bytes().all(|byte| byte == b'.') && name.bytes().all(is_plain);
    (is_name && !purl.contains('#') && !qualifiers.contains('?')).then(|| hint(name))
}

/// A number for the end of a name, behind group and namespace, in whatever case and with whatever of `-_.` it is spelled.
fn hint(name: &str) -> u64 {
    let last = name.rfind(['/', ':']).map_or(0, |at| at + 1);
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut before = 0;
    for byte in name.as_bytes()[last..].iter() {
        let byte = if matches!(byte, b'_' | b'.') { b'-' } else { byte.to_ascii_lowercase() };
        if byte != b'-' || before != b'-' {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        before = byte;
    }
    hash
}

fn number(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A place in canonical JSON: valid, without white space, each name once in an object.
struct Cursor<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Cursor<'t> {
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.byte() == byte;
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// Passes over a string, whose escapes stay.
    fn string(&mut self) -> Option<&'t str> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    fn null(&mut self) -> bool {
        let is_there = self.byte() == b'n';
        self.at += if is_there { 4 } else { 0 };
        is_there
    }

    fn string_or_null(&mut self) -> Option<Option<&'t str>> {
        if self.null() { Some(None) } else { self.string().map(Some) }
    }

    fn object(&mut self, mut member: impl FnMut(&'t str, &mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.expect(b':')?;
            member(name, self)?;
            if !self.take(b',') {
                return self.expect(b'}');
            }
        }
    }

    fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            element(self)?;
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
    }

    /// Passes over a value.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.byte() {
                b'"' => _ = self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                0 | b',' | b':' => return None,
                _ => {
                    while !matches!(self.byte(), 0 | b',' | b'}' | b']') {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}
