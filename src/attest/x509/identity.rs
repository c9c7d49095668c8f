//! Who may have signed.

use std::fmt;

use regex::Regex;

use crate::attest::x509::certified::Certified;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// What a name must be.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// This one.
    Exactly(String),
    /// One that the expression describes from its first character to its last.
    Matching(Regex),
}

/// An expression cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a regular expression that can be used")]
pub struct NotAnExpression(String, #[source] regex::Error);

impl Diagnostic for NotAnExpression {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

impl Wanted {
    /// One that `expression` describes as a whole.
    ///
    /// # Errors
    /// [`NotAnExpression`].
    pub fn matching(expression: &str) -> Result<Self, NotAnExpression> {
        let failed = |error| NotAnExpression(expression.to_owned(), error);
        // On its own first: `a)|(?:b` would close what is put around it.
        Regex::new(expression).map_err(failed)?;
        Regex::new(&format!("^(?:{expression})$")).map(Self::Matching).map_err(failed)
    }

    fn is(&self, name: &str) -> bool {
        match self {
            Self::Exactly(wanted) => wanted == name,
            Self::Matching(expression) => expression.is_match(name),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(wanted) => write!(f, "`{wanted}`"),
            Self::Matching(expression) => write!(f, "one that `{expression}` describes"),
        }
    }
}

/// Who may have signed, and who must have said so.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who.
    pub identity: Wanted,
    /// The identity provider.
    pub issuer: Wanted,
}

/// Somebody else has signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is `{is}`, and {wanted} is wanted")]
pub struct OtherIdentity {
    what: &'static str,
    is: String,
    wanted: String,
}

impl Diagnostic for OtherIdentity {
    fn kind(&self) -> FailureKind {
        FailureKind::Verification
    }
}

impl Identity {
    /// Whoever it is: for who wants to know whether it is signed, and not by whom.
    ///
    /// # Errors
    /// None that this expression has.
    pub fn anybody() -> Result<Self, NotAnExpression> {
        let any = || Wanted::matching("(?s).*");
        Ok(Self { identity: any()?, issuer: any()? })
    }

    /// Whether it is who has signed.
    ///
    /// # Errors
    /// [`OtherIdentity`], which says who has.
    pub fn check(&self, by: &Certified) -> Result<(), OtherIdentity> {
        let other = |what, is: &str, wanted: &Wanted| {
            Err(OtherIdentity { what, is: is.to_owned(), wanted: wanted.to_string() })
        };
        if !self.issuer.is(&by.issuer) {
            return other("the identity provider of who has signed", &by.issuer, &self.issuer);
        }
        if !self.identity.is(&by.identity) {
            return other("who has signed", &by.identity, &self.identity);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_describes_the_whole_name() {
        let is = |expression: &str, name: &str| Wanted::matching(expression).unwrap().is(name);
        assert!(is("https://github\\.com/o/.*", "https://github.com/o/r/.github/workflows/a.yml@refs/heads/main"));
        assert!(is("a|b", "a") && is("a|b", "b") && is("^a$", "a") && is("(?i)A", "a"));
        for (expression, name) in [
            ("https://github\\.com/o", "https://github.com/o/r"),
            ("https://github\\.com/o/.*", "https://evil.example/?https://github.com/o/"),
            ("a|b", "ab"),
            ("a", "a\n"),
            ("a", "\na"),
            ("(?m)a", "a\nb"),
            ("(?m)^a$", "x\na"),
            ("", "a"),
        ] {
            assert!(!is(expression, name), "{expression} {name:?}");
        }
        for broken in ["a)|(?:b", "(", "(?x)a#", "[", "a{99999999}"] {
            assert!(Wanted::matching(broken).is_err(), "{broken}");
        }
    }
}
