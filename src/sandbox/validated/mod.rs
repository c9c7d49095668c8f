//! The small values of a spec, each of which refuses what no machine could honour.

mod argv;
mod cpu_count;
mod error;
mod names;
mod umask;
mod user;

pub use argv::Argv;
pub use cpu_count::CpuCount;
pub use error::InvalidSetting;
pub use names::{Hostname, Locale, TimeZone};
pub use umask::Umask;
pub use user::User;
