//! JSON pointers (RFC 6901): how a name stands in one.

use std::borrow::Cow;

/// A member's name as a segment: `~` is written as `~0`, `/` as `~1`.
pub fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) { Cow::Owned(name.replace('~', "~0").replace('/', "~1")) } else { Cow::Borrowed(name) }
}

/// The name that a segment stands for; `None` where a `~` escapes nothing.
pub fn unescaped(segment: &str) -> Option<String> {
    let mut parts = segment.split('~');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(1)?;
        text.push(match escape {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        text.push_str(rest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_are_those_of_the_standard() {
        for (name, segment) in [("", ""), ("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), (" ", " ")] {
            assert_eq!(escaped(name), segment);
            assert_eq!(unescaped(segment).as_deref(), Some(name));
        }
        for wrong in ["~", "a~", "~2", "~~0"] {
            assert_eq!(unescaped(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_unescaped(name: String) {
            prop_assert_eq!(unescaped(&escaped(&name)), Some(name));
        }
    }
}
