//! The schemes that are known: a further one is a line here.

use crate::attest::key::ecdsa_p256::EcdsaP256;
use crate::attest::key::ed25519::Ed25519;
use crate::attest::key::scheme::Scheme;

/// Every scheme.
pub const ALL: [&dyn Scheme; 2] = [&EcdsaP256, &Ed25519];
