//! References that begin with the document's own address, which is new in each run: they lose it.

use crate::canonical::document::indices::below;
use crate::canonical::document::value::Value;
use crate::canonical::rule::matcher::{Follower, Place};
use crate::canonical::rule::{Action, Rule, Stage};

/// What stands for the document itself.
const ITSELF: &str = "(this document)";

/// Shortens every such reference that `rules` find; adds to `done` how many.
pub(super) fn shorten(document: &mut Value<'_>, rules: &[Rule], done: &mut [u64]) {
    let address = |rule: &Rule| match rule.action() {
        Action::OwnLink { of, .. } => match below(document, of)? {
            Value::String(address) if !address.is_empty() => Some(address.clone().into_owned()),
            _ => None,
        },
        _ => None,
    };
    let addresses: Vec<Option<String>> = rules.iter().map(address).collect();
    if addresses.iter().all(Option::is_none) {
        return;
    }
    let (mut follower, place) = Follower::start(rules, Stage::OwnLink);
    walk(document, &mut follower, &place, (rules, &addresses), done);
}

fn walk(
    value: &mut Value<'_>,
    follower: &mut Follower<'_>,
    place: &Place,
    (rules, addresses): (&[Rule], &[Option<String>]),
    done: &mut [u64],
) {
    if let (Some(index), Value::String(text)) = (place.decision, &mut *value)
        && let (Action::OwnLink { form, .. }, Some(address)) = (rules[index].action(), &addresses[index])
        && let Some(rest) = form.within(text, address)
    {
        let rest = if rest.is_empty() { ITSELF } else { rest };
        *text = rest.to_owned().into();
        done[index] += 1;
    }
    if follower.is_done(place) {
        return;
    }
    match value {
        Value::Array(items) => {
            let element = follower.below(place, None);
            items.iter_mut().for_each(|item| walk(item, follower, &element, (rules, addresses), done));
            follower.leave(&element);
        }
        Value::Object(members) => {
            for member in members {
                let inner = follower.below(place, Some(&member.name));
                walk(&mut member.value, follower, &inner, (rules, addresses), done);
                follower.leave(&inner);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::canonical::rule::LinkForm;

    #[test]
    fn only_ones_own_address_is_left_out() {
        let (own, other) = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222");
        let serial = format!("urn:uuid:{own}");
        for (text, expected) in [
            (format!("urn:cdx:{own}/1#a"), Some("a")),
            (format!("urn:cdx:{own}/1#a#b"), Some("a#b")),
            (format!("urn:cdx:{own}/12"), Some("")),
            (format!("urn:cdx:{own}/x#a"), None),
            (format!("urn:cdx:{own}"), None),
            (format!("urn:cdx:{other}/1#a"), None),
            ("a".to_owned(), None),
        ] {
            assert_eq!(LinkForm::BomLink.within(&text, &serial), expected, "{text}");
            assert!(expected.is_none() || LinkForm::BomLink.may_be(&text));
        }
        assert_eq!(LinkForm::Fragment.within("https://x.org/a#SPDXRef-b", "https://x.org/a"), Some("SPDXRef-b"));
        assert_eq!(LinkForm::Fragment.within("https://x.org/ab#SPDXRef-b", "https://x.org/a"), None);
        assert_eq!(LinkForm::BomLink.within("urn:cdx:x/1#a", "no serial"), None);
    }
}
