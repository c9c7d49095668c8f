//! How a job of a CI system ended, as that system says: the word of who ran it, which nothing in the job can change.

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum JobEnd {
    /// It passed.
    Success,
    /// A step of it failed.
    Failure,
    /// Somebody, or a later run, stopped it.
    Cancelled,
    /// It never began.
    Skipped,
    /// It took too long.
    TimedOut,
    /// Somebody has to look at it before it runs.
    ActionRequired,
    /// It passed or failed, and that was told to count for nothing.
    Neutral,
    /// It could not begin.
    StartupFailure,
    /// Nothing was heard of it for too long.
    Stale,
}

impl JobEnd {
    /// Its name, as GitHub writes it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn a_word_of_the_system_is_read_as_it_writes_it() {
        assert_eq!("timed_out".parse(), Ok(JobEnd::TimedOut));
        assert_eq!("startup_failure".parse(), Ok(JobEnd::StartupFailure));
        for end in JobEnd::VARIANTS {
            assert_eq!(end.code().parse(), Ok(*end));
        }
        for other in ["", "Success", "success ", "passed"] {
            assert!(other.parse::<JobEnd>().is_err(), "{other}");
        }
    }
}
