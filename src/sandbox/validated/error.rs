//! Why a value of a spec is refused.

use crate::model::diagnostic::{Diagnostic, FailureKind};

/// The most processors of which a program can be told: as many as the masks of C libraries hold.
pub(super) const MOST_PROCESSORS: u32 = 1023;

/// Why a setting is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetting {
    /// No program, or an argument that no program can be given.
    #[error("the command is empty or holds a NUL byte")]
    Argv,
    /// No processor, or more than a program can be told of.
    #[error("`{0}` is not a number of processors: expected 1 to {MOST_PROCESSORS}")]
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
