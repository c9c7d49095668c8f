//! A host name, a time zone, a locale: texts of a fixed form, never a path.

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::error::InvalidSetting;

/// A name that is checked once, when it is made or read.
macro_rules! text_setting {
    ($(#[$doc:meta])* $name:ident, $error:path, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            /// When it has another form.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidSetting> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err($error(text)) }
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSetting;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

text_setting!(
    /// A host name: one label as in RFC 1123.
    Hostname,
    InvalidSetting::Hostname,
    |text| {
        (1..=63).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    }
);

text_setting!(
    /// The value of `TZ`: a name of the time-zone database, or a POSIX rule. Never a path.
    TimeZone,
    InvalidSetting::TimeZone,
    |text| {
        (1..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '<')
            && !text.contains("..")
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-,.:<>".contains(&byte))
    }
);

text_setting!(
    /// The value of `LC_ALL` and `LANG`. Never a path.
    Locale,
    InvalidSetting::Locale,
    |text| {
        (1..=255).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.@".contains(&byte))
    }
);

impl Default for Hostname {
    /// `stella`.
    fn default() -> Self {
        Self("stella".into())
    }
}

impl Default for TimeZone {
    /// `UTC`.
    fn default() -> Self {
        Self("UTC".into())
    }
}

impl Default for Locale {
    /// `C.UTF-8`: the one that needs no installation.
    fn default() -> Self {
        Self("C.UTF-8".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_one_label() {
        for good in ["stella", "a", "build-7", "7"] {
            assert!(Hostname::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "-a", "a-", "a.b", "a b", "ü", "a\n127.0.0.1 evil"] {
            assert!(Hostname::new(bad).is_err(), "{bad:?}");
        }
        assert!(Hostname::new("a".repeat(64)).is_err());
    }

    #[test]
    fn time_zones_and_locales_are_never_paths() {
        for good in ["UTC", "Europe/Vienna", "Etc/GMT+5", "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3"] {
            assert!(TimeZone::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "/etc/localtime", ":/etc/passwd", "../x", "a\0"] {
            assert!(TimeZone::new(bad).is_err(), "{bad:?}");
        }
        for good in ["C", "POSIX", "C.UTF-8", "de_AT.UTF-8@euro"] {
            assert!(Locale::new(good).is_ok(), "{good:?}");
        }
        for bad in ["", "/usr/lib/locale", "../x", "a b"] {
            assert!(Locale::new(bad).is_err(), "{bad:?}");
        }
    }
}
