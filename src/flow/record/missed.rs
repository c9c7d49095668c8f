//! What a command looked for, or may have read, of what git ignores and is not in its input.

use crate::hint;
use crate::model::hint::Hint;
use crate::model::parameter::Parameter;
use crate::model::showing::AbsentPath;
use crate::sandbox::sandbox_path;

/// Names that are said.
const SHOWN: usize = 4;

/// What to know of it: `ignored` are files and folders below the input, `absent` what the command did not find. A sealed command did not
/// find what is ignored; one that runs where it is may have.
pub fn note(ignored: &[String], is_as_is: bool, absent: &[AbsentPath]) -> Option<Hint> {
    let mut names: Vec<String> = if is_as_is {
        ignored.to_vec()
    } else {
        let of = |path: &str| ignored.iter().find(|ignored| is_at_or_below(below_input(path), ignored));
        absent.iter().filter_map(|absent| of(&absent.path)).cloned().collect()
    };
    names.sort();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let shown = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(SHOWN);
    let shown = if more == 0 { shown } else { format!("{shown} and {more} more") };
    Some(match is_as_is {
        false => hint!(
            "the command looked for what git ignores, which is not in its input: {}; if its result depends on it, record with {}",
            shown,
            Parameter::IncludeIgnored
        ),
        true => hint!(
            "the command ran where it is and may have read what git ignores, which a replay does not have: {}; if its result \
             depends on it, record with {}",
            shown,
            Parameter::IncludeIgnored
        ),
    })
}

/// A path of the sandbox as one below the input.
fn below_input(path: &str) -> &str {
    let below = path.strip_prefix(sandbox_path::INPUT.as_str()).and_then(|rest| rest.strip_prefix('/'));
    below.unwrap_or(path).trim_start_matches("./")
}

fn is_at_or_below(path: &str, ignored: &str) -> bool {
    let rest = path.strip_prefix(ignored.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_sandbox_is_one_of_the_input() {
        assert!(is_at_or_below(below_input("/tmp/stella/input/node_modules/a.js"), "node_modules/"));
        assert!(is_at_or_below(below_input("./node_modules"), "node_modules/"));
        assert!(!is_at_or_below(below_input("/tmp/stella/input/node_modules2"), "node_modules/"));
        assert!(!is_at_or_below(below_input("/node_modules"), "node_modules/"));
    }
}
