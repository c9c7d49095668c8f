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

    #[test]
    fn codes_are_the_documented_ones() {
        let page = include_str!("../../docs/exit-codes.md");
        let order = page.split_once("the first of ").unwrap().1.split_once(" wins").unwrap().0;
        let order: Vec<u8> = order.split(", ").map(|code| code.parse().unwrap()).collect();
        assert_eq!(Exit::BY_PRECEDENCE.map(Exit::code).to_vec(), order);
        let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()?.parse().ok());
        let mut codes = Exit::BY_PRECEDENCE.map(Exit::code);
        codes.sort_unstable();
        assert_eq!(rows.collect::<Vec<u8>>(), codes);
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
