//! The small values of a spec, each of which refuses what no machine could honour.

use crate::model::diagnostic::{Diagnostic, FailureKind};
use serde::{Deserialize, Serialize};

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetting {
    /// No program, or an argument that no program can be given.
    #[error("the command is empty or holds a NUL byte")]
    Argv,
    /// No processor, or more than a program can be told of.
    #[error("`{0}` is not a number of processors: expected 1 to {most}", most = CpuCount::MOST)]
    CpuCount(u32),
    /// Not a name as in RFC 1123.
    #[error("`{0}` is not a host name: expected up to 63 letters, digits and inner `-`")]
    Hostname(String),
    /// Not a name of a time zone.
    #[error("`{0}` is not a time zone: expected a name such as `UTC` or `Europe/Vienna`")]
    TimeZone(String),
    /// Not a name of a locale.
    #[error("`{0}` is not a locale: expected a name such as `C.UTF-8`")]
    Locale(String),
    /// More than the nine permission bits.
    #[error("`{0:o}` is not a umask: expected at most `777`")]
    Umask(u16),
    /// The number that means *no user*.
    #[error("`4294967295` is not a user or group")]
    User,
    /// A variable without a name, or with `=` or NUL in it.
    #[error("`{0}` is not an environment variable")]
    Variable(String),
    /// A variable that another field of the spec decides.
    #[error("`{name}` cannot be passed on: {instead}")]
    FixedVariable {
        /// The variable.
        name: String,
        /// What decides it.
        instead: &'static str,
    },
}

impl Diagnostic for InvalidSetting {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

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

/// How many processors a program sees: as many as the masks of C libraries hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct CpuCount(u32);

impl CpuCount {
    /// The most that there can be.
    pub const MOST: u32 = 1023;

    /// That many.
    ///
    /// # Errors
    /// When it is none, or more than [`Self::MOST`].
    pub fn new(count: u32) -> Result<Self, InvalidSetting> {
        if (1..=Self::MOST).contains(&count) { Ok(Self(count)) } else { Err(InvalidSetting::CpuCount(count)) }
    }

    /// That many, or as near to it as can be.
    pub fn nearest(count: usize) -> Self {
        Self(u32::try_from(count).unwrap_or(Self::MOST).clamp(1, Self::MOST))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for CpuCount {
    type Error = InvalidSetting;

    fn try_from(count: u32) -> Result<Self, Self::Error> {
        Self::new(count)
    }
}

impl From<CpuCount> for u32 {
    fn from(count: CpuCount) -> Self {
        count.0
    }
}

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

/// Permission bits that new files do not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Umask(u16);

impl Umask {
    /// Checks `bits`.
    ///
    /// # Errors
    /// When they are more than `0o777`.
    pub fn new(bits: u16) -> Result<Self, InvalidSetting> {
        if bits <= 0o777 { Ok(Self(bits)) } else { Err(InvalidSetting::Umask(bits)) }
    }

    /// The bits.
    pub fn bits(self) -> u16 {
        self.0
    }
}

impl Default for Umask {
    /// `022`.
    fn default() -> Self {
        Self(0o022)
    }
}

impl TryFrom<u16> for Umask {
    type Error = InvalidSetting;

    fn try_from(bits: u16) -> Result<Self, Self::Error> {
        Self::new(bits)
    }
}

impl From<Umask> for u16 {
    fn from(umask: Umask) -> Self {
        umask.0
    }
}

/// Whom the program believes to be; on the machine it stays who stella is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// A user and its group.
    ///
    /// # Errors
    /// When one is the number that means *none*.
    pub fn new(uid: u32, gid: u32) -> Result<Self, InvalidSetting> {
        if uid == u32::MAX || gid == u32::MAX { Err(InvalidSetting::User) } else { Ok(Self { uid, gid }) }
    }

    /// The user's number.
    pub fn uid(self) -> u32 {
        self.uid
    }

    /// The group's number.
    pub fn gid(self) -> u32 {
        self.gid
    }
}

impl Default for User {
    /// `1000:1000`.
    fn default() -> Self {
        Self { uid: 1000, gid: 1000 }
    }
}

impl TryFrom<(u32, u32)> for User {
    type Error = InvalidSetting;

    fn try_from((uid, gid): (u32, u32)) -> Result<Self, Self::Error> {
        Self::new(uid, gid)
    }
}

impl From<User> for (u32, u32) {
    fn from(user: User) -> Self {
        (user.uid, user.gid)
    }
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Argv(Vec<String>);

impl Argv {
    /// Checks `argv`: the first is the program, a path or a name that is looked up in `PATH`.
    ///
    /// # Errors
    /// When there is no program, or a NUL byte somewhere.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, InvalidSetting> {
        let argv: Vec<String> = argv.into_iter().map(Into::into).collect();
        let named = argv.first().is_some_and(|program| !program.is_empty());
        if named && argv.iter().all(|arg| !arg.contains('\0')) { Ok(Self(argv)) } else { Err(InvalidSetting::Argv) }
    }

    /// A command that does nothing.
    pub(crate) fn nothing() -> Self {
        Self(vec!["true".into()])
    }

    /// The program.
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Its arguments, without the program.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().skip(1).map(String::as_str)
    }
}

impl TryFrom<Vec<String>> for Argv {
    type Error = InvalidSetting;

    fn try_from(argv: Vec<String>) -> Result<Self, Self::Error> {
        Self::new(argv)
    }
}

impl From<Argv> for Vec<String> {
    fn from(argv: Argv) -> Self {
        argv.0
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

    #[test]
    fn numbers_that_mean_nothing_are_refused() {
        assert!(Umask::new(0o777).is_ok());
        assert_eq!(Umask::new(0o1000), Err(InvalidSetting::Umask(0o1000)));
        assert!(User::new(0, 0).is_ok());
        assert!(User::new(u32::MAX, 0).is_err());
        assert!(serde_json::from_str::<User>("[0, 4294967295]").is_err());
        assert!(serde_json::from_str::<Umask>("512").is_err());
        assert!(CpuCount::new(1).is_ok() && CpuCount::new(1023).is_ok());
        for number in ["0", "1024", "1000000000", "4294967295", "4294967296", "-1", "1.5"] {
            assert!(serde_json::from_str::<CpuCount>(number).is_err(), "{number}");
        }
        assert_eq!([0, 7, 5000].map(|count| CpuCount::nearest(count).get()), [1, 7, 1023]);
    }

    #[test]
    fn a_command_names_a_program() {
        assert!(Argv::new(Vec::<String>::new()).is_err());
        assert!(Argv::new([""]).is_err());
        assert!(Argv::new(["a", "b\0c"]).is_err());
        let argv = Argv::new(["a", "", "c"]).unwrap();
        assert_eq!((argv.program(), argv.arguments().collect::<Vec<_>>()), ("a", vec!["", "c"]));
    }
}
