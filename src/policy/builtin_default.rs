//! The policy that decides where a scan brings none.

use crate::policy::error::PolicyError;
use crate::policy::load::Policy;

/// The files of the default policy: what `stella init` writes out, and what its bundle is made of.
pub const FILES: [(&str, &str); 2] = [
    ("stella.rego", include_str!("../../policies/default/stella.rego")),
    ("data.json", include_str!("../../policies/default/data.json")),
];

impl Policy {
    /// The default policy (`policies/default/` in the sources).
    ///
    /// # Errors
    /// None, as a test sees to it that the files compile.
    pub fn builtin_default() -> Result<Self, PolicyError> {
        Self::load(&FILES.map(|(name, content)| (name.to_owned(), content.as_bytes().to_vec())))
    }
}
