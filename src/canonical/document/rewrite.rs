//! Texts and members' names replaced, with members in their order afterwards.

use crate::canonical::document::value::{Member, Value, utf16_order};

/// Gives the members of an object the names that `rename` has for them, and puts them in order again. Where two would
/// have one name, all keep theirs: nothing may vanish.
fn rename_members(members: &mut [Member<'_>], rename: impl Fn(&str) -> Option<String>) -> u64 {
    let names: Vec<Option<String>> = members.iter().map(|member| rename(&member.name)).collect();
    let renamed = names.iter().flatten().count();
    if renamed == 0 {
        return 0;
    }
    let mut after: Vec<&str> =
        members.iter().zip(&names).map(|(member, name)| name.as_deref().unwrap_or(&member.name)).collect();
    after.sort_unstable();
    if after.windows(2).any(|pair| pair[0] == pair[1]) {
        return 0;
    }
    for (member, name) in members.iter_mut().zip(names) {
        if let Some(name) = name {
            member.name = name.into();
        }
    }
    members.sort_by(|a, b| utf16_order(&a.name, &b.name));
    renamed as u64
}

/// Replaces texts and members' names at and below `value`; returns how many.
pub(super) fn rewrite(value: &mut Value<'_>, replaced: &impl Fn(&str) -> Option<String>) -> u64 {
    match value {
        Value::String(text) => match replaced(text) {
            None => 0,
            Some(new) => {
                *text = new.into();
                1
            }
        },
        Value::Array(items) => items.iter_mut().map(|item| rewrite(item, replaced)).sum(),
        Value::Object(members) => {
            let below: u64 = members.iter_mut().map(|member| rewrite(&mut member.value, replaced)).sum();
            below + rename_members(members, replaced)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
