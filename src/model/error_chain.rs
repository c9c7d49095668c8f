//! An error with all its causes on one line.

use std::error::Error;

/// `doing: error: cause: cause`
pub fn chain(doing: &str, error: &(dyn Error + 'static)) -> String {
    format!("{doing}: {}", causes(error))
}

/// `error: cause: cause`
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
