//! A component looked at without being read: what has to be known of the many that two inventories share.
//!
//! Invariants: what is looked at without complaint is also read without one, and each name that a package of it can
//! have is among the hints. The reverse need not be: what is unusual is refused, or hinted at by everything.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::format::cyclonedx::wire::{LICENCE_TERMS, NOT_READ, PROPERTIES, is_read};

/// What was seen of components, or of a document but for its components. Equal texts have equal numbers; unequal ones may
/// have, too.
#[derive(Debug, Default)]
pub struct QuickScan {
    /// Of each `bom-ref`.
    pub references: Vec<u64>,
    /// Of each `bom-ref` that a vulnerability may mean by what it affects.
    pub affected: Vec<u64>,
    /// Of each name that a package may have.
    pub names: Vec<u64>,
    /// Whether a package may have any other name as well.
    pub any_name: bool,
    /// The parts that a reader of them would name as not read.
    pub not_read: BTreeSet<&'static str>,
    /// The edges of the graph of dependencies: what kind it is, and the two references.
    pub edges: Vec<(u8, u64, u64)>,
}

/// The number of the name of a package in [`QuickScan::names`].
pub fn name_hint(name: &str) -> u64 {
    hint(name.as_bytes())
}

impl QuickScan {
    /// Looks at one component, canonical JSON; false where it has to be read to know whether it can be.
    pub fn component(&mut self, canonical: &[u8]) -> bool {
        let mut cursor = Cursor { bytes: canonical, at: 0 };
        self.look(&mut cursor).is_some() && cursor.at == canonical.len()
    }

    /// Looks at a document without components, canonical JSON: at what it is about, at its dependencies and at its
    /// vulnerabilities; false as above, and where it lists services or says what is complete, which name elements of all kinds.
    pub fn rest(&mut self, canonical: &[u8]) -> bool {
        let mut cursor = Cursor { bytes: canonical, at: 0 };
        let looked = cursor.object(|name, cursor| match name {
            b"metadata" => cursor.object(|name, cursor| match name {
                b"component" => self.look(cursor),
                _ => cursor.skip(),
            }),
            b"vulnerabilities" => cursor.array(|cursor| self.vulnerability(cursor)),
            b"dependencies" => cursor.array(|cursor| self.dependency(cursor)),
            b"services" | b"compositions" => (!cursor.present()?).then_some(()),
            _ => cursor.skip(),
        });
        looked.is_some()
    }

    fn dependency(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let (mut from, mut to) = (None, Vec::new());
        cursor.object(|member, cursor| {
            let kind = match member {
                b"ref" => {
                    from = Some(cursor.string()?);
                    return Some(());
                }
                b"dependsOn" => 0,
                b"provides" => 1,
                _ => return cursor.skip(),
            };
            cursor.array(|cursor| {
                to.push((kind, cursor.string()?));
                Some(())
            })
        })?;
        let from = number(from?);
        self.edges.extend(to.iter().map(|(kind, to)| (*kind, from, number(to))));
        if to.is_empty() {
            self.edges.push((2, from, from));
        }
        // A link to an element of this document ends with its reference.
        let links = to.iter().filter_map(|(_, to)| to.iter().position(|byte| *byte == b'#').map(|at| &to[at + 1..]));
        self.affected.extend(links.map(number));
        Some(())
    }

    fn vulnerability(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.object(|member, cursor| match member {
            b"bom-ref" => {
                let reference = cursor.string_or_null()?;
                self.references.extend(reference.map(number));
                Some(())
            }
            b"affects" => cursor.array(|cursor| {
                cursor.object(|member, cursor| match member {
                    b"ref" => {
                        let reference = cursor.string()?;
                        self.affected.push(number(reference));
                        // The fragment of a BOM-Link.
                        let fragment = reference.iter().position(|byte| *byte == b'#');
                        self.affected.extend(fragment.map(|at| number(&reference[at + 1..])));
                        Some(())
                    }
                    _ => cursor.skip(),
                })
            }),
            _ => cursor.skip(),
        })
    }

    fn look(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let (mut kind, mut name, mut purl) = (None, None, None);
        cursor.object(|member, cursor| {
            match member {
                b"type" => kind = Some(cursor.string()?),
                b"name" => name = Some(cursor.string()?),
                b"purl" => purl = cursor.string_or_null()?,
                b"bom-ref" => self.references.extend(cursor.string_or_null()?.map(number)),
                b"group" | b"version" | b"scope" | b"cpe" | b"mime-type" | b"publisher" | b"versionRange" => {
                    _ = cursor.string_or_null()?
                }
                b"isExternal" | b"modified" => cursor.bool_or_null()?,
                b"omniborId" | b"swhid" => cursor.array(|cursor| cursor.string().map(|_| ()))?,
                b"swid" if cursor.null() => {}
                b"swid" => cursor.object(|member, cursor| match member {
                    b"tagId" => cursor.string().map(|_| ()),
                    _ => cursor.skip(),
                })?,
                b"supplier" | b"manufacturer" if cursor.null() => {}
                b"supplier" | b"manufacturer" => cursor.object(|member, cursor| match member {
                    b"name" => cursor.string_or_null().map(|_| ()),
                    _ => cursor.skip(),
                })?,
                b"hashes" => cursor.array(|cursor| {
                    cursor.object(|member, cursor| match member {
                        b"alg" | b"content" => cursor.string().map(|_| ()),
                        _ => cursor.skip(),
                    })
                })?,
                b"licenses" => cursor.array(|cursor| {
                    cursor.object(|member, cursor| match member {
                        b"license" if cursor.null() => Some(()),
                        b"license" => cursor.object(|member, cursor| match member {
                            b"id" | b"name" | b"acknowledgement" => cursor.string_or_null().map(|_| ()),
                            b"text" if cursor.null() => Some(()),
                            b"text" => cursor.object(|member, cursor| match member {
                                b"content" => cursor.string().map(|_| ()),
                                _ => cursor.skip(),
                            }),
                            _ => self.licence_part(member, cursor),
                        }),
                        b"expression" | b"acknowledgement" => cursor.string_or_null().map(|_| ()),
                        _ => self.licence_part(member, cursor),
                    })
                })?,
                b"properties" => cursor.array(|cursor| {
                    let (mut is_unknown, mut is_named) = (false, false);
                    cursor.object(|member, cursor| match member {
                        b"name" => {
                            let name = std::str::from_utf8(cursor.string()?).ok()?;
                            is_unknown |= !is_read(name);
                            is_named = true;
                            Some(())
                        }
                        b"value" => cursor.string().map(|_| ()),
                        _ => cursor.skip(),
                    })?;
                    if is_unknown || !is_named {
                        self.not_read.insert(PROPERTIES);
                    }
                    Some(())
                })?,
                b"components" => cursor.array(|cursor| self.look(cursor))?,
                _ => match NOT_READ.iter().find(|(name, _)| name.as_bytes() == member) {
                    Some((_, part)) => self.not_read.extend(cursor.present()?.then_some(*part)),
                    None => cursor.skip()?,
                },
            }
            Some(())
        })?;
        kind?;
        let name = name?;
        let (plain, of_purl) = (name.is_ascii() && !name.contains(&b'\\'), purl.filter(|purl| !purl.is_empty()));
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

impl QuickScan {
    fn licence_part(&mut self, member: &[u8], cursor: &mut Cursor<'_>) -> Option<()> {
        let part = match member {
            b"licensing" | b"expressionDetails" => LICENCE_TERMS,
            b"properties" => PROPERTIES,
            _ => return cursor.skip(),
        };
        self.not_read.extend(cursor.present()?.then_some(part));
        Some(())
    }
}

/// The hint of the name in a plain package URL.
fn purl_hint(purl: &[u8]) -> Option<u64> {
    let find = |text: &[u8], byte: u8| text.iter().position(|found| *found == byte);
    let (path, qualifiers) = find(purl, b'?').map_or((purl, &[][..]), |at| (&purl[..at], &purl[at + 1..]));
    let last = path.iter().rposition(|byte| *byte == b'/')?;
    let name = match find(path, b'@') {
        Some(at) if at > last => &path[last + 1..at],
        Some(_) => return None,
        None => &path[last + 1..],
    };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b':');
    let is_name = name.iter().all(is_plain) && !name.iter().all(|byte| *byte == b'.');
    (is_name && !purl.contains(&b'#') && !qualifiers.contains(&b'?')).then(|| hint(name))
}

/// A number for the end of a name, behind group and namespace, in whatever case and with whatever of `-_.` it is spelled.
fn hint(name: &[u8]) -> u64 {
    let last = name.iter().rposition(|byte| matches!(byte, b'/' | b':')).map_or(0, |at| at + 1);
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut before = 0;
    for byte in &name[last..] {
        let byte = if matches!(byte, b'_' | b'.') { b'-' } else { byte.to_ascii_lowercase() };
        if byte != b'-' || before != b'-' {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        before = byte;
    }
    hash
}

fn number(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A place in canonical JSON: valid, without white space, each name once in an object.
struct Cursor<'t> {
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
    fn string(&mut self) -> Option<&'t [u8]> {
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
        self.bytes.get(start..self.at - 1)
    }

    /// Passes over a value; false where it is `null`, or a text, a list or an object without anything.
    fn present(&mut self) -> Option<bool> {
        let start = self.at;
        self.skip()?;
        Some(!matches!(self.bytes.get(start..self.at)?, b"null" | b"\"\"" | b"[]" | b"{}"))
    }

    fn null(&mut self) -> bool {
        let is_there = self.byte() == b'n';
        self.at += if is_there { 4 } else { 0 };
        is_there
    }

    fn string_or_null(&mut self) -> Option<Option<&'t [u8]>> {
        if self.null() { Some(None) } else { self.string().map(Some) }
    }

    fn bool_or_null(&mut self) -> Option<()> {
        matches!(self.byte(), b't' | b'f' | b'n').then(|| self.skip())?
    }

    fn object(&mut self, mut member: impl FnMut(&'t [u8], &mut Self) -> Option<()>) -> Option<()> {
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
