//! Exit codes: an interface of their own, documented in `docs/exit-codes.md`.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// Passed; warnings are allowed.
    Passed,
    /// A gate failed: drift, regression or threshold.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// Nothing to replay, an unhealthy or unreplayable replay, or too little evidence.
    Inconclusive,
    /// Could not run: our fault or the machine's.
    Infrastructure,
    /// A digest or a signature does not verify.
    Verification,
}

impl Exit {
    /// Every variant, strongest first: where several apply, the first of this list wins.
    pub const BY_PRECEDENCE: [Self; 6] =
        [Self::Usage, Self::Verification, Self::Failed, Self::Infrastructure, Self::Inconclusive, Self::Passed];

    /// The number that the process returns.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Infrastructure => 4,
            Self::Verification => 5,
        }
    }

    /// The strongest of several; [`Exit::Passed`] where there is none.
    pub fn strongest(all: impl IntoIterator<Item = Self>) -> Self {
        let all: Vec<Self> = all.into_iter().collect();
        Self::BY_PRECEDENCE.into_iter().find(|exit| all.contains(exit)).unwrap_or(Self::Passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/exit-codes.md` is what scripts rely on: its table and its order are those of the program.
    #[test]
    fn codes_are_the_documented_ones() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/exit-codes.md")).unwrap();
        let rows = page.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            Some((cells.next()?.parse::<u8>().ok()?, cells.next()?.to_owned()))
        });
        let rows: Vec<(u8, String)> = rows.collect();
        let meaning = |exit| match exit {
            Exit::Passed => "passed",
            Exit::Failed => "a gate failed",
            Exit::Usage => "usage or configuration",
            Exit::Inconclusive => "inconclusive",
            Exit::Infrastructure => "infrastructure",
            Exit::Verification => "verification failed",
        };
        let mut ours = Exit::BY_PRECEDENCE.map(|exit| (exit.code(), meaning(exit)));
        ours.sort_unstable();
        assert_eq!(rows.len(), ours.len(), "{rows:?}");
        for ((code, said), (ours, meant)) in rows.iter().zip(ours) {
            assert!(*code == ours && said.starts_with(meant), "{code}: `{said}`, ours {ours}: `{meant}`");
        }
        let order = Exit::BY_PRECEDENCE.map(|exit| exit.code().to_string()).join(", ");
        assert!(page.contains(&format!("the first of {order} wins")), "{order}");
    }

    #[test]
    fn the_strongest_wins_whatever_the_order() {
        use Exit::*;
        assert_eq!(Exit::strongest([]), Passed);
        assert_eq!(Exit::strongest([Passed, Inconclusive, Failed, Infrastructure]), Failed);
        assert_eq!(Exit::strongest([Failed, Verification]), Verification);
        assert_eq!(Exit::strongest([Inconclusive, Infrastructure]), Infrastructure);
    }
}
