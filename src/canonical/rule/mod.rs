//! Rules: which places of a document are meant, and what is done there.
//!
//! Below everything that applies rules; profiles, which are made of them, stand above.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) mod matcher;
mod pattern;
mod position;
mod text_pattern;

pub use pattern::Pattern;
pub(crate) use pattern::Progress;
pub use position::{Array, ArrayError, MemberPath};
pub(crate) use position::{ArraySegment, place_of};
pub use text_pattern::{Anchor, TextPattern, TextPatternError};

/// What a profile says about the places that a path means, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Rule {
    path: Pattern,
    action: Action,
    reason: String,
}

/// What is done at a place.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// The member or element is left out.
    Drop,
    /// The value is replaced by a constant, so that its presence still counts; of a text only the parts that `pattern`
    /// matches, where there is one.
    Mask {
        /// The volatile parts of a text.
        pattern: Option<TextPattern>,
    },
    /// A number that is a position in an array is replaced by what stands there.
    ResolveIndex {
        /// The array: the first of these that is there.
        into: Vec<Array>,
        /// What of an element tells it from the others.
        by: Vec<MemberPath>,
    },
    /// The beginning of a text is a namespace that is new in each run: it is replaced by a constant wherever a text or
    /// a member's name begins with it.
    Alias {
        /// The namespace.
        pattern: TextPattern,
        /// Where it is replaced; without any, everywhere.
        at: Vec<Pattern>,
    },
    /// A reference that begins with the document's own address, which is new in each run, is one within the document: it loses
    /// the address.
    OwnLink {
        /// How such a reference is written.
        form: LinkForm,
        /// Where the address stands.
        of: MemberPath,
    },
    /// Where the input lay on the machine is replaced by a constant, in every text and member's name at and below the
    /// place.
    RootMap,
    /// A text is a random id that other places refer to: it is replaced everywhere by one that is made of what it
    /// stands for.
    Relabel {
        /// Which texts are random ids.
        pattern: TextPattern,
        /// Where they are referred to; without any, and without any of `within`, everywhere. A text elsewhere that happens to be
        /// one stays.
        at: Vec<Pattern>,
        /// Where they are words of a text: of a licence expression.
        within: Vec<Pattern>,
    },
    /// An array is a multiset: its elements are put in order, duplicates kept.
    Set {
        /// Members of the elements that order them first; then the whole element's bytes do.
        key: Vec<String>,
    },
}

/// How a reference is written that begins with the address of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkForm {
    /// `urn:cdx:UUID/VERSION#id`, where the address is `urn:uuid:UUID` (CycloneDX's BOM-Link).
    BomLink,
    /// `ADDRESS#id`.
    Fragment,
}

impl LinkForm {
    /// Whether a text may be such a reference, whatever the address is.
    pub(crate) fn may_be(self, text: &str) -> bool {
        match self {
            Self::BomLink => text.starts_with("urn:cdx:"),
            Self::Fragment => text.contains('#'),
        }
    }

    /// The reference without `address`, where it begins with that.
    pub(crate) fn within<'t>(self, text: &'t str, address: &str) -> Option<&'t str> {
        match self {
            Self::BomLink => {
                let rest = text.strip_prefix("urn:cdx:")?.strip_prefix(address.strip_prefix("urn:uuid:")?)?;
                let (version, id) = rest.strip_prefix('/')?.split_once('#').unwrap_or((&rest[1..], ""));
                let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
                is_version.then_some(id)
            }
            Self::Fragment => text.strip_prefix(address)?.strip_prefix('#'),
        }
    }
}

/// The steps of the pipeline, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    OwnLink,
    RootMap,
    /// Drop, mask and set share it: they are what a document can be given while it is written.
    Write,
    ResolveIndex,
    Alias,
    Relabel,
}

impl Action {
    /// The stable name.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// When it is done. Among the rules of one stage the first that means a place decides there.
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Drop | Self::Mask { .. } | Self::Set { .. } => Stage::Write,
            Self::ResolveIndex { .. } => Stage::ResolveIndex,
            Self::OwnLink { .. } => Stage::OwnLink,
            Self::Alias { .. } => Stage::Alias,
            Self::RootMap => Stage::RootMap,
            Self::Relabel { .. } => Stage::Relabel,
        }
    }
}

/// Whether a document can be given its form while it is written: no rule needs all of it first.
pub(crate) fn are_one_pass(rules: &[Rule]) -> bool {
    rules.iter().all(|rule| rule.action().stage() == Stage::Write)
}

/// What `done` hides, by the path of the rule; sets hide nothing but an order.
pub(crate) fn hidden(rules: &[Rule], done: Vec<u64>) -> BTreeMap<String, u64> {
    let mut hidden = BTreeMap::new();
    for (rule, count) in rules.iter().zip(done) {
        if count > 0 && !matches!(rule.action(), Action::Set { .. }) {
            *hidden.entry(rule.path().to_string()).or_default() += count;
        }
    }
    hidden
}

impl Rule {
    /// A rule made by us; none where its reason is empty.
    pub(crate) fn new(path: Pattern, action: Action, reason: &str) -> Option<Self> {
        let reason = reason.trim().to_owned();
        (!reason.is_empty()).then_some(Self { path, action, reason })
    }

    /// The places that are meant.
    pub fn path(&self) -> &Pattern {
        &self.path
    }

    /// What is done there.
    pub fn action(&self) -> &Action {
        &self.action
    }

    /// Why that hides no real change. Never empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A rule as it stands in a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    path: Pattern,
    action: ActionName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    into: Vec<Array>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by: Vec<MemberPath>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<LinkForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<MemberPath>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    at: Vec<Pattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    within: Vec<Pattern>,
    reason: String,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ActionName {
    Drop,
    Mask,
    ResolveIndex,
    OwnLink,
    Alias,
    RootMap,
    Relabel,
    Set,
}

#[derive(Debug, thiserror::Error)]
enum RuleError {
    #[error("rule for `{0}` has no reason: say why it hides no real change")]
    NoReason(Pattern),
    #[error("rule for `{0}` has a key: only `action: set` takes one")]
    KeyWithoutSet(Pattern),
    #[error("rule for `{0}` has `{1}` in its key twice")]
    KeyTwice(Pattern, String),
    #[error("rule for the whole document: only `action: set` and `action: root-map` can stand there")]
    WholeDocument,
    #[error("rule for `{0}` has a pattern: only `mask`, `alias` and `relabel` take one")]
    PatternWithout(Pattern),
    #[error("rule for `{0}` needs a pattern: which texts are random?")]
    NoPattern(Pattern),
    #[error("rule for `{0}` has `into` or `by`: only `action: resolve-index` takes them")]
    IntoWithout(Pattern),
    #[error("rule for `{0}` has `at`: only `alias` and `relabel` take it")]
    AtWithout(Pattern),
    #[error("rule for `{0}` has `within`: only `relabel` takes it")]
    WithinWithout(Pattern),
    #[error("rule for `{0}` has `form` or `of`: only `own-link` takes them")]
    FormWithout(Pattern),
    #[error(
        "rule for `{0}` needs `form`, how a reference is written, and `of`, where the address of the document stands"
    )]
    NoForm(Pattern),
    #[error("rule for `{0}` needs `into`, the array, and `by`, what tells its elements apart")]
    NoInto(Pattern),
    #[error("rule for `{path}`: {source}")]
    Array { path: Pattern, source: ArrayError },
    #[error("rule for `{path}`: {source}")]
    Text { path: Pattern, source: TextPatternError },
}

impl TryFrom<Written> for Rule {
    type Error = RuleError;

    fn try_from(written: Written) -> Result<Self, RuleError> {
        let Written { path, action, pattern, into, by, key, form, of, at, within, reason } = written;
        let reason = reason.trim().to_owned();
        let is = |names: &[ActionName]| names.contains(&action);
        if reason.is_empty() {
            return Err(RuleError::NoReason(path));
        }
        if !is(&[ActionName::Set]) && !key.is_empty() {
            return Err(RuleError::KeyWithoutSet(path));
        }
        if !is(&[ActionName::Mask, ActionName::Alias, ActionName::Relabel]) && pattern.is_some() {
            return Err(RuleError::PatternWithout(path));
        }
        if !(is(&[ActionName::ResolveIndex]) || into.is_empty() && by.is_empty()) {
            return Err(RuleError::IntoWithout(path));
        }
        if !is(&[ActionName::Alias, ActionName::Relabel]) && !at.is_empty() {
            return Err(RuleError::AtWithout(path));
        }
        if !is(&[ActionName::Relabel]) && !within.is_empty() {
            return Err(RuleError::WithinWithout(path));
        }
        if !is(&[ActionName::OwnLink]) && (form.is_some() || of.is_some()) {
            return Err(RuleError::FormWithout(path));
        }
        if !is(&[ActionName::Set, ActionName::RootMap]) && path.as_str().is_empty() {
            return Err(RuleError::WholeDocument);
        }
        if let Some((_, twice)) = key.iter().enumerate().find(|(i, name)| key[..*i].contains(name)) {
            return Err(RuleError::KeyTwice(path, twice.clone()));
        }
        let text = |anchor| {
            let compiled = pattern.as_deref().map(|written| TextPattern::new(written, anchor)).transpose();
            compiled.map_err(|source| RuleError::Text { path: path.clone(), source })
        };
        let needed = |anchor| text(anchor)?.ok_or_else(|| RuleError::NoPattern(path.clone()));
        let action = match action {
            ActionName::Drop => Action::Drop,
            ActionName::Mask => Action::Mask { pattern: text(Anchor::Part)? },
            ActionName::ResolveIndex if into.is_empty() || by.is_empty() => return Err(RuleError::NoInto(path)),
            ActionName::ResolveIndex => {
                for array in &into {
                    array.check(&path).map_err(|source| RuleError::Array { path: path.clone(), source })?;
                }
                Action::ResolveIndex { into, by }
            }
            ActionName::OwnLink => match (form, of) {
                (Some(form), Some(of)) => Action::OwnLink { form, of },
                _ => return Err(RuleError::NoForm(path)),
            },
            ActionName::Alias => Action::Alias { pattern: needed(Anchor::Beginning)?, at },
            ActionName::RootMap => Action::RootMap,
            ActionName::Relabel => Action::Relabel { pattern: needed(Anchor::Whole)?, at, within },
            ActionName::Set => Action::Set { key },
        };
        Ok(Self { path, action, reason })
    }
}

impl From<Rule> for Written {
    fn from(rule: Rule) -> Self {
        let Rule { path, action, reason } = rule;
        let mut written = Self {
            path,
            action: ActionName::Drop,
            pattern: None,
            into: Vec::new(),
            by: Vec::new(),
            key: Vec::new(),
            form: None,
            of: None,
            at: Vec::new(),
            within: Vec::new(),
            reason,
        };
        match action {
            Action::Drop => {}
            Action::Mask { pattern } => {
                written.action = ActionName::Mask;
                written.pattern = pattern.map(|pattern| pattern.as_str().to_owned());
            }
            Action::ResolveIndex { into, by } => {
                written.action = ActionName::ResolveIndex;
                (written.into, written.by) = (into, by);
            }
            Action::Alias { pattern, at } => {
                written.action = ActionName::Alias;
                (written.pattern, written.at) = (Some(pattern.as_str().to_owned()), at);
            }
            Action::OwnLink { form, of } => {
                written.action = ActionName::OwnLink;
                (written.form, written.of) = (Some(form), Some(of));
            }
            Action::RootMap => written.action = ActionName::RootMap,
            Action::Relabel { pattern, at, within } => {
                written.action = ActionName::Relabel;
                (written.pattern, written.at) = (Some(pattern.as_str().to_owned()), at);
                written.within = within;
            }
            Action::Set { key } => {
                written.action = ActionName::Set;
                written.key = key;
            }
        }
        written
    }
}
