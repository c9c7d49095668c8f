//! Paths as Linux has them, which need not be UTF-8, as text: what is not text, control characters and `%` stand as `%` and two
//! hexadecimal digits, all else as itself. Each path has one such text, and each such text one path.

/// The text of a path.
pub fn to_text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter == '%' || letter.is_control() {
                let mut bytes = [0; 4];
                letter.encode_utf8(&mut bytes).bytes().for_each(|byte| escape(byte, &mut text));
            } else {
                text.push(letter);
            }
        }
        chunk.invalid().iter().for_each(|byte| escape(*byte, &mut text));
    }
    text
}

fn escape(byte: u8, text: &mut String) {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or('0');
    text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// The path of a text; `None` where it is not the one text of a path.
pub fn of_text(text: &str) -> Option<Vec<u8>> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            path.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        path.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    (to_text(&path) == text).then_some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_text_is_escaped_and_nothing_else() {
        for (path, text) in [
            (&b"/usr/lib/x y"[..], "/usr/lib/x y"),
            ("/ü".as_bytes(), "/ü"),
            (b"/a%b", "/a%25b"),
            (b"/a\nb\xff", "/a%0ab%ff"),
        ] {
            assert_eq!((to_text(path).as_str(), of_text(text).as_deref()), (text, Some(path)));
        }
        // Another spelling of the same path, and none of any.
        for text in ["/%61", "/%FF", "/%c3%bc", "/%2", "/%", "/%+1", "/a\nb"] {
            assert_eq!(of_text(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_path_has_one_text(path: Vec<u8>, text: String) {
            prop_assert_eq!(of_text(&to_text(&path)), Some(path));
            if let Some(path) = of_text(&text) {
                prop_assert_eq!(to_text(&path), text);
            }
        }
    }
}
