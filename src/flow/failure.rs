//! Why an execution says nothing about the scan: two kinds that are never mixed up.

use std::error::Error;

/// An execution that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The scanner ran but failed its health gate.
    Unhealthy(String),
    /// It could not run: our fault or the machine's.
    Infra(String),
}

impl Failure {
    /// The scanner's fault, with the whole chain of causes.
    pub fn unhealthy(doing: &str, error: &(dyn Error + 'static)) -> Self {
        Self::Unhealthy(chain(doing, error))
    }

    /// Our fault or the machine's, with the whole chain of causes.
    pub fn infra(doing: &str, error: &(dyn Error + 'static)) -> Self {
        Self::Infra(chain(doing, error))
    }
}

/// `doing: error: cause: cause`
pub fn chain(doing: &str, error: &(dyn Error + 'static)) -> String {
    format!("{doing}: {}", causes(error))
}

/// `error: cause: cause`
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
