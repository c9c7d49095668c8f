//! The text of a configuration to its raw form.

use std::path::Path;

use crate::config::error::{ConfigError, MAX_DEPTH};
use crate::config::raw::RawConfig;

/// Counts every bracket, also those in texts and comments: an upper bound is enough to stop a hostile file.
pub(super) fn is_too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_usize;
    bytes.iter().any(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

/// A text without the mark of its byte order (YAML 1.2.2, 5.2), with which some editors begin it.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

pub(super) fn parse(file: &Path, bytes: &[u8]) -> Result<RawConfig, ConfigError> {
    let bytes = without_mark(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(RawConfig { version: 1, ..RawConfig::default() });
    }
    if is_too_deep(bytes) {
        return Err(ConfigError::TooDeep { file: file.to_owned() });
    }
    serde_yaml::from_slice::<Option<RawConfig>>(bytes).map(Option::unwrap_or_default).map_err(|source| {
        let (line, column) = source.location().map_or((1, 1), |at| (at.line(), at.column()));
        ConfigError::Yaml { file: file.to_owned(), line, column, source }
    })
}
