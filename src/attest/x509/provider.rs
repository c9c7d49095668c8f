//! The cryptography that certificates and timestamps are verified with: pure Rust, as that of keys, so that the default build needs no C
//! compiler. Absent: RSA (RUSTSEC-2023-0071) and ML-DSA, which are refused by name, and signing.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use sigstore_verify::crypto::{CryptoProvider, Error, HashContext, Result, SigningScheme, install_default_provider};
use sigstore_verify::types::HashAlgorithm;

/// The provider.
#[derive(Debug)]
struct PureRust;

static PURE_RUST: PureRust = PureRust;

/// Makes it the one of this process. A second call changes nothing.
pub fn install() {
    let _ = install_default_provider(&PURE_RUST);
}

struct Context<D>(D);

impl<D: sha2::Digest + Send> HashContext for Context<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

fn bad(scheme: SigningScheme) -> Error {
    Error::Verification(format!("{} signature invalid", scheme.name()))
}

fn unsupported(scheme: SigningScheme) -> Error {
    Error::UnsupportedAlgorithm(format!("{} is not supported", scheme.name()))
}

impl CryptoProvider for PureRust {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>> {
        Ok(match algorithm {
            HashAlgorithm::Sha2256 => Box::new(Context(Sha256::new())),
            HashAlgorithm::Sha2384 => Box::new(Context(Sha384::new())),
            HashAlgorithm::Sha2512 => Box::new(Context(Sha512::new())),
            // The type may grow.
            other => return Err(Error::UnsupportedAlgorithm(format!("{other} is not supported"))),
        })
    }

    fn verify_raw(&self, scheme: SigningScheme, key: &[u8], data: &[u8], signature: &[u8]) -> Result<()> {
        if scheme == SigningScheme::Ed25519 {
            let key = key.try_into().map_err(|_| bad(scheme))?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| bad(scheme))?;
            let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| bad(scheme))?;
            return key.verify_strict(data, &signature).map_err(|_| bad(scheme));
        }
        let mut context = self.hash(scheme.hash_algorithm().ok_or_else(|| unsupported(scheme))?)?;
        context.update(data);
        self.verify_prehashed(scheme, key, &context.finalize(), signature)
    }

    fn verify_prehashed(&self, scheme: SigningScheme, key: &[u8], digest: &[u8], signature: &[u8]) -> Result<()> {
        match scheme {
            SigningScheme::EcdsaP256Sha256 | SigningScheme::EcdsaP256Sha384 => {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| bad(scheme))?;
                let signature = p256::ecdsa::DerSignature::try_from(signature).map_err(|_| bad(scheme))?;
                key.verify_prehash(digest, &signature).map_err(|_| bad(scheme))
            }
            SigningScheme::EcdsaP384Sha256 | SigningScheme::EcdsaP384Sha384 => {
                let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).map_err(|_| bad(scheme))?;
                let signature = p384::ecdsa::DerSignature::try_from(signature).map_err(|_| bad(scheme))?;
                key.verify_prehash(digest, &signature).map_err(|_| bad(scheme))
            }
            other => Err(unsupported(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6979 (A.2.5, A.2.6) for `sample`, with the public keys given there.
    #[test]
    fn signatures_of_both_curves_verify_and_nothing_else_does() {
        let der = |r: &str, s: &str| {
            let integer = |text: &str| {
                let mut bytes = hex::decode(text).unwrap();
                if bytes[0] >= 0x80 {
                    bytes.insert(0, 0);
                }
                [&[2, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat()
            };
            let both = [integer(r), integer(s)].concat();
            [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
        };
        let point = |x: &str, y: &str| [&[4][..], &hex::decode(x).unwrap(), &hex::decode(y).unwrap()].concat();
        let p256 = point(
            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
            "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
        );
        let p384 = point(
            "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13",
            "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720",
        );
        let cases = [
            (
                SigningScheme::EcdsaP256Sha256,
                &p256,
                der(
                    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
                    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
                ),
            ),
            (
                SigningScheme::EcdsaP256Sha384,
                &p256,
                der(
                    "0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719",
                    "4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954",
                ),
            ),
            (
                SigningScheme::EcdsaP384Sha256,
                &p384,
                der(
                    "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD",
                    "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0",
                ),
            ),
            (
                SigningScheme::EcdsaP384Sha384,
                &p384,
                der(
                    "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
                    "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
                ),
            ),
        ];
        for (scheme, key, signature) in &cases {
            assert!(PURE_RUST.verify_raw(*scheme, key, b"sample", signature).is_ok(), "{}", scheme.name());
            assert!(PURE_RUST.verify_raw(*scheme, key, b"samplf", signature).is_err());
            let mut other = signature.clone();
            *other.last_mut().unwrap() ^= 1;
            assert!(PURE_RUST.verify_raw(*scheme, key, b"sample", &other).is_err());
            assert!(PURE_RUST.verify_raw(*scheme, &key[1..], b"sample", signature).is_err());
            assert!(PURE_RUST.verify_raw(*scheme, key, b"sample", &[&signature[..], &[0][..]].concat()).is_err());
        }
        for scheme in [SigningScheme::RsaPkcs1Sha256, SigningScheme::RsaPssSha512, SigningScheme::MlDsa65] {
            let error = PURE_RUST.verify_raw(scheme, &p256, b"sample", &cases[0].2).unwrap_err();
            assert!(error.to_string().contains("is not supported"), "{error}");
        }
    }
}
