//! `approvals.yaml`: as written, and as approvals.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::parse::{is_too_deep, without_mark};
use crate::model::change::approval::{Approval, ChangeKey, Changed};
use crate::model::digest::Digest;

/// The file's name, beside the configuration.
pub const FILE_NAME: &str = "approvals.yaml";

/// What stands for nothing on a side of a change.
const ABSENT: &str = "absent";

/// What a new file begins with.
const HEAD: &str =
    "# Changes that were approved, one entry each: docs/gates.md says how they are written.\nversion: 1\napprovals:\n";

/// Approved changes, version 1. Unknown keys are errors.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct RawApprovalsFile {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// Every entry, one change each.
    #[serde(default)]
    approvals: Vec<RawApproval>,
}

/// One approved change.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
struct RawApproval {
    /// What is changed: what comes out of a replay, what was recorded, or a rule.
    kind: RawKind,
    /// The case or canary; of a rule there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The artifact: of a difference, and of a recording whose expected artifact is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact: Option<String>,
    /// The key of a rule, or the part of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// The digest of what it was, or `absent`.
    old: String,
    /// The digest of what it is, or `absent`.
    new: String,
    /// Why it is right.
    reason: String,
    /// Who answers for it.
    by: String,
    /// The last day on which it counts (UTC), e.g. `2026-12-31`.
    until: Date,
    /// Of a change that was approved before and taken back: the commit that took it back, by its whole name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Difference,
    Recording,
    Rule,
}

/// Why approvals cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalsError {
    /// Not valid YAML, an unknown key or a wrong type.
    #[error("{FILE_NAME}:{line}:{column}: these are not approvals")]
    Yaml {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        source: serde_yaml::Error,
    },
    /// Brackets in brackets.
    #[error("{FILE_NAME}: nested deeper than approvals are")]
    TooDeep,
    /// A later format.
    #[error("{FILE_NAME}: version {0} is not known: this program reads 1")]
    Version(u32),
    /// An entry that says what it must not.
    #[error("{FILE_NAME}: entry {entry}: {what}")]
    Entry {
        /// Which, from 1.
        entry: usize,
        /// What is wrong.
        what: String,
    },
    /// Two entries for one change: which one counts?
    #[error("{FILE_NAME}: entries {first} and {second} are for the same change: keep one")]
    Twice {
        /// One of them, from 1.
        first: usize,
        /// The other.
        second: usize,
    },
}

/// Reads approvals.
///
/// # Errors
/// [`ApprovalsError`]: a file that is not understood as a whole approves nothing.
pub fn parse(bytes: &[u8]) -> Result<Vec<Approval>, ApprovalsError> {
    let bytes = without_mark(bytes);
    if is_too_deep(bytes) {
        return Err(ApprovalsError::TooDeep);
    }
    /// Read first, so that a later version is named instead of its first unknown key.
    #[derive(Deserialize)]
    struct Head {
        version: Option<u32>,
    }
    let yaml = |source: serde_yaml::Error| {
        let (line, column) = source.location().map_or((1, 1), |at| (at.line(), at.column()));
        ApprovalsError::Yaml { line, column, source }
    };
    if let Ok(Head { version: Some(version) }) = serde_yaml::from_slice::<Head>(bytes)
        && version != 1
    {
        return Err(ApprovalsError::Version(version));
    }
    let raw: RawApprovalsFile = serde_yaml::from_slice(bytes).map_err(yaml)?;
    let mut seen: BTreeMap<ChangeKey, usize> = BTreeMap::new();
    let mut approvals = Vec::new();
    for (at, raw) in raw.approvals.into_iter().enumerate() {
        let entry = at + 1;
        let approval = valid(raw).map_err(|what| ApprovalsError::Entry { entry, what })?;
        if let Some(first) = seen.insert(approval.key.clone(), entry) {
            return Err(ApprovalsError::Twice { first, second: entry });
        }
        approvals.push(approval);
    }
    Ok(approvals)
}

fn valid(raw: RawApproval) -> Result<Approval, String> {
    let RawApproval { kind, id, artifact, rule, old, new, reason, by, until, after } = raw;
    let filled = |name: &str, text: &str| {
        if text.trim().is_empty() { Err(format!("`{name}` is empty")) } else { Ok(()) }
    };
    let of = match (kind, id, artifact, rule) {
        (RawKind::Difference, Some(id), Some(artifact), None) => Changed::Difference { id, artifact },
        (RawKind::Difference, ..) => return Err("a difference has `id` and `artifact`, and no `rule`".to_owned()),
        (RawKind::Recording, Some(id), Some(artifact), None) => Changed::Golden { id, artifact },
        (RawKind::Recording, Some(id), None, Some(part)) => Changed::Recording { id, part },
        (RawKind::Recording, ..) => return Err("a recording has `id`, and either `artifact` or `rule`".to_owned()),
        (RawKind::Rule, None, None, Some(key)) => Changed::Rule { key },
        (RawKind::Rule, ..) => return Err("a rule has `rule`, and neither `id` nor `artifact`".to_owned()),
    };
    let side = |name: &str, text: &str| match text {
        ABSENT => Ok(None),
        text => text
            .parse::<Digest>()
            .map(Some)
            .map_err(|error| format!("`{name}`: {error}; expected a digest, or `{ABSENT}`")),
    };
    let key = ChangeKey { of, old: side("old", &old)?, new: side("new", &new)? };
    if !key.can_be_approved() {
        return Err("`old` and `new` are the same: that is not a change".to_owned());
    }
    filled("reason", &reason)?;
    filled("by", &by)?;
    filled("artifact, rule", key.of.part())?;
    let is_commit = |name: &String| {
        matches!(name.len(), 40 | 64) && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    if let Some(name) = after.as_ref().filter(|name| !is_commit(name)) {
        return Err(format!("`after` is `{}`, which is not the whole name of a commit", name.escape_debug()));
    }
    Ok(Approval { key, reason, by, until, after })
}

fn raw(approval: &Approval) -> RawApproval {
    let side = |digest: Option<Digest>| digest.map_or_else(|| ABSENT.to_owned(), |digest| digest.to_string());
    let (kind, artifact, rule) = match &approval.key.of {
        Changed::Difference { artifact, .. } => (RawKind::Difference, Some(artifact.clone()), None),
        Changed::Golden { artifact, .. } => (RawKind::Recording, Some(artifact.clone()), None),
        Changed::Recording { part, .. } => (RawKind::Recording, None, Some(part.clone())),
        Changed::Rule { key } => (RawKind::Rule, None, Some(key.clone())),
    };
    RawApproval {
        kind,
        id: approval.key.of.id().map(str::to_owned),
        artifact,
        rule,
        old: side(approval.key.old),
        new: side(approval.key.new),
        reason: approval.reason.clone(),
        by: approval.by.clone(),
        until: approval.until,
        after: approval.after.clone(),
    }
}

/// The text of a file with `more` after what is in `text`, whose comments stay. An entry of `text` for the same change goes.
///
/// # Errors
/// Where `text` is not approvals, or a value cannot be written.
pub fn with(text: &str, more: &[Approval]) -> Result<String, ApprovalsError> {
    let written = |source| ApprovalsError::Yaml { line: 1, column: 1, source };
    let old = if text.trim().is_empty() { Vec::new() } else { parse(text.as_bytes())? };
    let kept: Vec<Approval> = old.iter().filter(|old| more.iter().all(|more| more.key != old.key)).cloned().collect();
    let wanted: Vec<Approval> = kept.iter().chain(more).cloned().collect();
    let entries = |approvals: &[Approval]| -> Result<String, ApprovalsError> {
        let raw: Vec<RawApproval> = approvals.iter().map(raw).collect();
        let list = serde_yaml::to_string(&raw).map_err(written)?;
        Ok(list.lines().map(|line| format!("  {line}\n")).collect())
    };
    let begun = if text.trim().is_empty() { HEAD } else { text };
    let end = if begun.ends_with('\n') { "" } else { "\n" };
    let appended = format!("{begun}{end}{}", entries(more)?);
    if kept.len() == old.len() && parse(appended.as_bytes()).is_ok_and(|read| read == wanted) {
        return Ok(appended);
    }
    // It is written in another way, or an entry goes: all of it is written anew, with the comments that it begins with.
    let comments: String =
        text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let head = if comments.is_empty() { HEAD.to_owned() } else { format!("{comments}version: 1\napprovals:\n") };
    Ok(format!("{head}{}", entries(&wanted)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(more: &str) -> String {
        let digest = |text: &str| Digest::of(text.as_bytes());
        format!(
            "version: 1\napprovals:\n- kind: difference\n  id: a\n  artifact: findings.json\n  old: {}\n  new: {}\n  reason: r\n  \
             by: me\n  until: 2026-12-31\n{more}",
            digest("1"),
            digest("2")
        )
    }

    fn message(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn each_mistake_has_its_message() {
        let whole = entry("");
        assert_eq!(parse(whole.as_bytes()).unwrap().len(), 1);
        assert_eq!(parse(b"version: 1\n").unwrap(), []);
        let table = [
            ("{".to_owned(), "approvals.yaml:"),
            ("- a\n".to_owned(), "approvals.yaml:1:1: these are not approvals"),
            ("version: 2\nlater: x\n".to_owned(), "approvals.yaml: version 2 is not known: this program reads 1"),
            (entry("  later: x\n"), "these are not approvals"),
            (whole.replace("  id: a\n", ""), "entry 1: a difference has `id` and `artifact`, and no `rule`"),
            (whole.replace("artifact: f", "rule: f"), "entry 1: a difference has"),
            (whole.replace("difference", "recording").replace("  id: a\n", ""), "entry 1: a recording has `id`"),
            (whole.replace("difference", "rule"), "entry 1: a rule has `rule`"),
            (whole.replace("difference", "anything"), "these are not approvals"),
            (whole.replace("reason: r", "reason: ' '"), "entry 1: `reason` is empty"),
            (whole.replace("by: me", "by: ''"), "entry 1: `by` is empty"),
            (whole.replace("until: 2026-12-31", "until: soon"), "these are not approvals"),
            (whole.replace("  until: 2026-12-31\n", ""), "these are not approvals"),
            (whole.replace("old: sha256:", "old: sha1:"), "entry 1: `old`:"),
            (entry("  after: main\n"), "entry 1: `after` is `main`, which is not the whole name of a commit"),
            (
                whole.replace(&Digest::of(b"2").to_string(), &Digest::of(b"1").to_string()),
                "entry 1: `old` and `new` are the same: that is not a change",
            ),
            (
                whole.clone() + whole.split_once("approvals:\n").unwrap().1,
                "entries 1 and 2 are for the same change: keep one",
            ),
            ("[".repeat(1000), "nested deeper"),
        ];
        for (text, expected) in table {
            assert!(message(&text).contains(expected), "{text}\n{}", message(&text));
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_comments_stay() {
        let digest = |text: &str| Some(Digest::of(text.as_bytes()));
        let all = [
            (Changed::Difference { id: "a: #x".into(), artifact: "f.json".into() }, digest("1"), digest("2")),
            (Changed::Golden { id: "a".into(), artifact: "f.json".into() }, digest("1"), None),
            (Changed::Recording { id: "no".into(), part: "argv".into() }, None, digest("2")),
            (Changed::Rule { key: "thresholds.green".into() }, digest("1"), digest("3")),
        ];
        let all = all.map(|(of, old, new)| Approval {
            key: ChangeKey { of, old, new },
            reason: "it is: \"right\"\nand more".into(),
            by: "yes".into(),
            until: "2026-12-31".parse().unwrap(),
            after: None,
        });
        let mut text = String::new();
        for one in &all {
            text = with(&text, std::slice::from_ref(one)).unwrap();
        }
        assert_eq!(parse(text.as_bytes()).unwrap(), all);
        assert!(text.starts_with("# Changes"), "{text}");
        // In another way of writing, and with the same change again.
        let flow = format!(
            "# mine\n{{version: 1, approvals: [{{kind: rule, rule: x, old: absent, new: {}, reason: r, by: b, until: 2026-01-01}}]}}\n",
            Digest::of(b"1")
        );
        let text = with(&flow, &all[..1]).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap().len(), 2);
        assert!(text.starts_with("# mine\n"), "{text}");
        let later = Approval { by: "another".into(), after: Some("a".repeat(40)), ..all[0].clone() };
        let text = with(&text, std::slice::from_ref(&later)).unwrap();
        assert_eq!(parse(text.as_bytes()).unwrap()[1], later);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(at in 0usize..200, junk in "[\\PC\n]{0,12}") {
            let text = entry("");
            let at = at.min(text.len());
            let _ = parse(format!("{}{junk}{}", &text[..at], &text[at..]).as_bytes());
        }
    }
}
