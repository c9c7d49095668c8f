//! Which places of a document a class is for.

/// A pattern of places.
///
/// | segment | means |
/// |---|---|
/// | a name | the member of that name |
/// | `*` | any one element or member |
/// | `**` | any number of levels, none included; last: the place and all that is below it |
/// | `{a,b/c}` | either of these, in the place of segments |
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemberPattern {
    segments: Vec<String>,
}

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pattern of places")]
pub struct PatternError(String);

impl MemberPattern {
    /// Every pattern that a text with alternatives stands for.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, PatternError> {
        let wrong = || PatternError(text.to_owned());
        // The innermost first.
        let Some(close) = text.find('}') else { return Ok(vec![Self::parse(text)?]) };
        let open = text[..close].rfind('{').ok_or_else(wrong)?;
        let mut all = Vec::new();
        for one in text[open + 1..close].split(',') {
            all.extend(Self::parse_all(&format!("{}{one}{}", &text[..open], &text[close + 1..]))?);
        }
        Ok(all)
    }

    fn parse(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError(text.to_owned());
        let segments: Vec<String> = text.strip_prefix('/').ok_or_else(wrong)?.split('/').map(str::to_owned).collect();
        let twice = segments.windows(2).any(|pair| pair[0] == "**" && pair[1] == "**");
        if twice || segments.iter().any(String::is_empty) || text.contains('{') {
            return Err(wrong());
        }
        Ok(Self { segments })
    }

    /// What comes behind the last element, the name of the place.
    pub(super) fn tail(&self) -> String {
        let named = self.segments.iter().rposition(|segment| !matches!(segment.as_str(), "*" | "**"));
        self.segments[named.unwrap_or_default()..].join("/")
    }

    /// Whether all that is below a place that matches does so, too.
    pub(super) fn is_whole(&self) -> bool {
        self.segments.last().is_some_and(|last| last == "**")
    }

    pub(super) fn is_match(&self, place: &[String]) -> bool {
        matches(&self.segments, place)
    }

    /// Whether some place below this one matches, and not for the reason that this one does.
    pub(super) fn leads_below(&self, place: &[String]) -> bool {
        prefixes(&self.segments, place)
    }
}

fn matches(pattern: &[String], place: &[String]) -> bool {
    match (pattern.split_first(), place.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((head, rest)), _) if head == "**" => {
            matches(rest, place) || place.split_first().is_some_and(|(_, below)| matches(pattern, below))
        }
        (Some(_), None) => false,
        (Some((head, rest)), Some((name, below))) => (head == "*" || head == name) && matches(rest, below),
    }
}

/// Whether `place` is a proper beginning of some place that the pattern names with more than a final `**`.
fn prefixes(pattern: &[String], place: &[String]) -> bool {
    match (pattern.split_first(), place.split_first()) {
        (None, _) => false,
        (Some((head, rest)), None) => head != "**" || !rest.is_empty(),
        (Some((head, rest)), Some((_, below))) if head == "**" => {
            !rest.is_empty() && (prefixes(rest, place) || prefixes(pattern, below))
        }
        (Some((head, rest)), Some((name, below))) => (head == "*" || head == name) && prefixes(rest, below),
    }
}
