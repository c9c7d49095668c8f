//! What one line of the data says of its places.

/// What a member is to a comparison of meanings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It tells elements apart.
    Identity,
    /// It is what is said of an element.
    Decides,
    /// It names another element of the document by a local id.
    Refers,
    /// It is an id that only the document knows.
    Local,
    /// It says nothing of what was scanned.
    Cosmetic,
    /// It is compared as bytes alone; the verdict names it so.
    NotCompared(String),
}

impl Class {
    /// The word for it in the data and in tables.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Decides => "decides",
            Self::Refers => "refers",
            Self::Local => "local",
            Self::Cosmetic => "cosmetic",
            Self::NotCompared(_) => "not-compared",
        }
    }
}

/// A value that says what is said where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultValue {
    /// The value, as text.
    pub value: String,
    /// A member beside it, and the values of that member with which this holds; without one it always does.
    pub when: Option<(String, Vec<String>)>,
}

impl DefaultValue {
    /// Reads `value`, or `value?member=one,other`.
    fn parse(text: &str) -> Option<Self> {
        let Some((value, condition)) = text.split_once('?') else {
            return Some(Self { value: text.to_owned(), when: None });
        };
        let (member, values) = condition.split_once('=')?;
        let values = values.split(',').map(str::to_owned).collect();
        Some(Self { value: value.to_owned(), when: Some((member.to_owned(), values)) })
    }
}

/// A class, and how often an entry counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub class: Class,
    /// Whether an entry that comes twice in the list says nothing more.
    pub once: bool,
    /// Why such an entry may or may not say more.
    pub twice: Option<String>,
    /// Beside what else it decides, where it does not do so alone: a change of it may be seen or not.
    pub maybe: Option<String>,
    /// The member beside it that may say the same: without it nothing may be lost.
    pub or: Option<String>,
    /// The values that say what is said where there is none; the first that holds beside the other members counts.
    pub defaults: Vec<DefaultValue>,
    /// Why it says nothing of what was scanned.
    pub why: Option<String>,
}

impl Member {
    /// Whether it decides beside something else alone, or an entry that comes twice does.
    pub fn depends(&self) -> bool {
        self.maybe.is_some() || self.twice.is_some()
    }

    /// Reads what stands before the places of a line.
    pub(super) fn parse(head: &str) -> Option<Self> {
        let mut words = words(head)?.into_iter().peekable();
        let word = words.next()?;
        let (mut once, mut twice, mut maybe, mut or, mut text) = (false, None, None, None, None);
        let mut defaults = Vec::new();
        while let Some(next) = words.next() {
            let quoted = |words: &mut Words<'_>| words.next_if(|word| word.starts_with('"')).map(unquoted);
            match next {
                "once" => once = true,
                "twice" => twice = Some(quoted(&mut words)?),
                "maybe" => maybe = Some(quoted(&mut words)?),
                "or" => or = Some(words.next()?.to_owned()),
                "default" => defaults.push(DefaultValue::parse(words.next()?)?),
                next if next.starts_with('"') && text.is_none() => text = Some(unquoted(next)),
                _ => return None,
            }
        }
        let (class, why) = match (word, text) {
            ("identity", None) => (Class::Identity, None),
            ("decides", None) => (Class::Decides, None),
            ("refers", None) => (Class::Refers, None),
            ("local", None) => (Class::Local, None),
            ("cosmetic", why) => (Class::Cosmetic, why),
            ("not-compared", Some(part)) => (Class::NotCompared(part), None),
            _ => return None,
        };
        Some(Self { class, once, twice, maybe, or, defaults, why })
    }
}

type Words<'w> = std::iter::Peekable<std::vec::IntoIter<&'w str>>;

/// Words, and texts in double quotes with their quotes.
fn words(mut rest: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(words);
        }
        let end = match rest.strip_prefix('"') {
            Some(inner) => inner.find('"')? + 2,
            None => rest.find(' ').unwrap_or(rest.len()),
        };
        words.push(&rest[..end]);
        rest = &rest[end..];
    }
}

fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}
