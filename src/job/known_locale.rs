//! Which names of time zones and locales mean something. A C library takes an unknown one for UTC or `C` without a word,
//! so that a scan under it would be another one than the manifest says.

use jiff::tz::{self, TimeZone};

/// Languages with their territories, as the GNU C library 2.36 lists them in `SUPPORTED`.
const LOCALES: &str = include_str!("locales.txt");

/// Whether a time zone of that name is in the time-zone database of this machine, or the name is a POSIX rule. Where the
/// machine has no database nothing can be told, and any name passes. To ask the database it is walked through, which takes longer
/// than to read a command line; `UTC` needs none.
pub fn is_known_zone(name: &str) -> bool {
    name == "UTC" || tz::db().is_definitively_empty() || TimeZone::get(name).is_ok() || TimeZone::posix(name).is_ok()
}

/// Whether a C library may know a locale of that name: `C`, `POSIX`, or a language with its territory, an encoding and a
/// variant.
pub fn is_known_locale(name: &str) -> bool {
    let base = name.split(['.', '@']).next().unwrap_or(name);
    base == "POSIX"
        || LOCALES
            .split_whitespace()
            .any(|known| known == base || known.split_once('_').is_some_and(|(language, _)| language == base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_are_known() {
        for name in ["UTC", "Europe/Vienna", "Pacific/Kiritimati", "CET-1CEST,M3.5.0,M10.5.0/3", "Etc/GMT+3"] {
            assert!(is_known_zone(name), "{name}");
        }
        for name in ["Mars/Olympus", "Europe/Wien", "UTCC", "x"] {
            assert!(!is_known_zone(name), "{name}");
        }
        for name in ["C", "POSIX", "C.UTF-8", "tr_TR.UTF-8", "de_AT", "ca_ES.UTF-8@valencia", "sr_RS@latin", "en"] {
            assert!(is_known_locale(name), "{name}");
        }
        for name in ["xx_YY.UTF-8", "de_XX", "Klingon", "c", "en_US_GB"] {
            assert!(!is_known_locale(name), "{name}");
        }
    }
}
