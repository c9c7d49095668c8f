//! Bundles by certificates, as Sigstore's public instance has them (`tests/data/attest/bundles/ORIGIN.md`).

use serde_json::{Value, json};

use super::*;
use crate::attest::tampering::{leaves, others};
use crate::attest::x509::identity::Wanted;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const LOGIN: &str = "https://github.com/login/oauth";
const WORKFLOW: &str = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const PACKAGE: &str = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";
const TEXT: &str = "sha256:e194b99df6639501325c5f44da79fe3a8efae6f239bd79443a19787e06fb1764";

/// A bundle, its file, who signed it, and what the log says.
struct Case {
    file: &'static str,
    digest: &'static str,
    identity: &'static str,
    issuer: &'static str,
    log: (&'static str, u64, Option<&'static str>),
}

const CASES: [Case; 2] = [
    // A statement, by a workflow; `dsse` 0.0.1.
    Case {
        file: "certificate-dsse.sigstore.json",
        digest: PACKAGE,
        identity: WORKFLOW,
        issuer: GITHUB,
        log: ("https://rekor.sigstore.dev", 456_119_071, Some("2025-09-01T12:13:59Z")),
    },
    // A file, by a person; `hashedrekord` 0.0.1, with a timestamp.
    Case {
        file: "certificate-file.sigstore.json",
        digest: TEXT,
        identity: "w.vollprecht@gmail.com",
        issuer: LOGIN,
        log: ("https://rekor.sigstore.dev", 738_312_748, Some("2025-12-03T18:36:43Z")),
    },
];

fn data(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/attest/bundles/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn of(digest: &str) -> Expected {
    Expected {
        digest: digest.parse().unwrap(),
        predicate_type: None,
        fidelity: Vec::new(),
        verdict: None,
        max_age: None,
    }
}

fn exactly(identity: &str, issuer: &str) -> Identity {
    Identity { identity: Wanted::Exactly(identity.to_owned()), issuer: Wanted::Exactly(issuer.to_owned()) }
}

fn check(json: &[u8], identity: &Identity, digest: &str) -> Result<Verified, VerifyError> {
    let root = TrustedRoot::public_good().unwrap();
    verify(
        json,
        Trust { signers: Signers::Certificate(identity), logs: Some(&root), log_is: LogIs::Needed },
        &of(digest),
        now(),
    )
}

fn said(result: Result<Verified, VerifyError>) -> String {
    crate::model::error_chain::causes(&result.unwrap_err())
}

#[test]
fn bundles_by_certificates_verify() {
    for Case { file, digest, identity, issuer, log } in CASES {
        let verified = check(&data(file), &exactly(identity, issuer), digest).unwrap_or_else(|error| {
            panic!("{file}: {}", crate::model::error_chain::causes(&error));
        });
        let signer = Signer::Certificate { identity: identity.to_owned(), issuer: issuer.to_owned() };
        assert_eq!(verified.signer, signer);
        let (url, index, time) = log;
        let time = time.map(|time| time.parse().unwrap());
        assert_eq!(verified.logs, [Logged { log: url.to_owned(), index, time }], "{file}");
        assert_eq!(verified.said.is_some(), digest == PACKAGE);
    }
    let matching = Identity {
        identity: Wanted::matching("https://github\\.com/prefix-dev/.*").unwrap(),
        issuer: Wanted::matching("https://token\\.actions\\..*").unwrap(),
    };
    assert!(check(&data(CASES[0].file), &matching, PACKAGE).is_ok());
}

#[test]
fn somebody_else_another_file_or_less_is_refused_by_name() {
    let [first, file] = &CASES;
    let bundle = data(first.file);
    let other = said(check(&bundle, &exactly("a@example.com", GITHUB), PACKAGE));
    assert_eq!(other, format!("who has signed is `{WORKFLOW}`, and `a@example.com` is wanted"));
    let other = said(check(&bundle, &exactly(WORKFLOW, LOGIN), PACKAGE));
    assert_eq!(other, format!("the identity provider of who has signed is `{GITHUB}`, and `{LOGIN}` is wanted"));
    let partly = Identity { identity: Wanted::matching("https://github\\.com").unwrap(), ..exactly("", GITHUB) };
    assert!(
        said(check(&bundle, &partly, PACKAGE))
            .contains("and one that `^(?:https://github\\.com)$` describes is wanted")
    );
    assert!(check(&bundle, &exactly(WORKFLOW, GITHUB), TEXT).is_err());
    assert!(check(&data(file.file), &exactly(file.identity, file.issuer), PACKAGE).is_err());

    // Keys are not certificates, and the other way round.
    let root = TrustedRoot::public_good().unwrap();
    let key = [PublicKey::read(&data("managed-key.pub")).unwrap()];
    let by_key = |json: &[u8]| {
        verify(
            json,
            Trust { signers: Signers::Keys(&key), logs: Some(&root), log_is: LogIs::Needed },
            &of(PACKAGE),
            now(),
        )
    };
    assert_eq!(said(by_key(&bundle)), "the bundle is signed by a certificate, and not by a key");
    let managed = check(&data("managed-key.sigstore.json"), &exactly(WORKFLOW, GITHUB), PACKAGE);
    assert_eq!(said(managed), "the bundle is signed by a key, and not by a certificate");
    // Without a log nothing says when a certificate was used.
    let wanted = exactly(WORKFLOW, GITHUB);
    let alone = verify(
        &bundle,
        Trust { signers: Signers::Certificate(&wanted), logs: None, log_is: LogIs::Needed },
        &of(PACKAGE),
        now(),
    );
    assert!(matches!(alone, Err(VerifyError::NoLog)));
    // An authority, or a log of certificates, that is not trusted.
    for list in ["certificateAuthorities", "ctlogs", "timestampAuthorities"] {
        let mut root: Value = serde_json::from_str(TrustedRoot::public_good().unwrap().text()).unwrap();
        root[list] = json!([]);
        let root = TrustedRoot::read(root.to_string().as_bytes()).unwrap();
        let second = &CASES[1];
        let wanted = exactly(second.identity, second.issuer);
        let trust = Trust { signers: Signers::Certificate(&wanted), logs: Some(&root), log_is: LogIs::Needed };
        assert!(
            said(verify(&data(second.file), trust, &of(TEXT), now()))
                .starts_with("its certificate or its timestamps do not verify"),
            "{list}"
        );
    }
}

/// Named regression: who took the promise out of a bundle gained that nobody asked whether the log's key was valid.
#[test]
fn without_a_promise_the_key_of_the_log_must_have_been_valid_all_the_same() {
    let mut root: Value = serde_json::from_str(TrustedRoot::public_good().unwrap().text()).unwrap();
    for log in root["tlogs"].as_array_mut().unwrap() {
        log["publicKey"]["validFor"] = json!({"start": "2019-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"});
    }
    let ended = TrustedRoot::read(root.to_string().as_bytes()).unwrap();
    let key = [PublicKey::read(&data("managed-key.pub")).unwrap()];
    let file: Digest = CASES[1].digest.parse().unwrap();
    let wanted = exactly(CASES[1].identity, CASES[1].issuer);
    let managed = data("managed-key.sigstore.json");
    let of_key = Bundle::read(&managed).unwrap();
    let of_managed = (0..=1).find_map(|at| {
        let digest = [file, CASES[0].digest.parse().unwrap()][at];
        of_key.signed_by(&key, digest).is_ok().then_some(digest)
    });
    let cases = [
        (data(CASES[1].file), Signers::Certificate(&wanted), file),
        (managed, Signers::Keys(&key), of_managed.unwrap_or(file)),
    ];
    for (bundle, signers, digest) in cases {
        let mut stripped: Value = serde_json::from_slice(&bundle).unwrap();
        let entry = &mut stripped["verificationMaterial"]["tlogEntries"][0];
        entry.as_object_mut().unwrap().remove("inclusionPromise");
        entry["integratedTime"] = json!("0");
        for json in [bundle, stripped.to_string().into_bytes()] {
            let expected = Expected { digest, ..of(PACKAGE) };
            let result = verify(&json, Trust { signers, logs: Some(&ended), log_is: LogIs::Needed }, &expected, now());
            assert!(result.is_err(), "{result:?}");
        }
    }
}

/// None may change, but that base64 may be written without its padding.
#[test]
fn any_leaf_that_changes_is_refused() {
    let mut accepted = Vec::new();
    for Case { file, digest, identity, issuer, .. } in CASES {
        let good: Value = serde_json::from_slice(&data(file)).unwrap();
        let wanted = exactly(identity, issuer);
        let pointers = leaves(&good);
        assert!(pointers.len() > 12, "{pointers:?}");
        for pointer in pointers {
            let leaf = good.pointer(&pointer).unwrap();
            let changed: Vec<Value> = match leaf {
                Value::String(text) => others(text, 12).into_iter().map(Value::from).collect(),
                Value::Number(number) => vec![json!(number.as_u64().unwrap() + 1)],
                other => vec![json!(!other.as_bool().unwrap())],
            };
            for other in changed {
                let mut bad = good.clone();
                *bad.pointer_mut(&pointer).unwrap() = other.clone();
                let result = check(bad.to_string().as_bytes(), &wanted, digest);
                let is_unpadded = leaf.as_str().is_some_and(|text| other == text.trim_end_matches('='));
                if result.is_ok() && !is_unpadded {
                    accepted.push(format!("{file} {pointer}: {leaf} -> {other}"));
                }
            }
        }
    }
    assert!(accepted.is_empty(), "{} changes are not seen:\n{}", accepted.len(), accepted.join("\n"));
}

/// Of several bundles in one file those of the file and of the kind that is asked for count, and each must be good.
#[test]
fn of_several_bundles_those_of_the_file_count() {
    let root = TrustedRoot::public_good().unwrap();
    let line = |file: &str| serde_json::from_slice::<Value>(&data(file)).unwrap().to_string();
    let all = |lines: &[String], digest: &str, kind: Option<&str>| {
        let wanted = Identity { identity: Wanted::matching(".*").unwrap(), issuer: Wanted::matching(".*").unwrap() };
        let trust = Trust { signers: Signers::Certificate(&wanted), logs: Some(&root), log_is: LogIs::Needed };
        let expected = Expected { predicate_type: kind.map(str::to_owned), ..of(digest) };
        verify_all(lines.join("\n").as_bytes(), trust, &expected, now())
    };
    let [first, file] = CASES.map(|case| line(case.file));
    let second = first.clone();
    let kind = "https://schemas.conda.org/attestations-publish-1.schema.json";
    assert_eq!(all(&[first.clone(), second.clone(), String::new()], PACKAGE, Some(kind)).unwrap().len(), 2);
    let other = all(&[first.clone(), second.clone()], PACKAGE, Some("https://example.com/other"));
    assert!(matches!(other, Err(VerifyError::Unexpected(UnexpectedError::OtherPredicate { .. }))));
    // One that is not good is not passed over.
    let bad = second.replacen("\"logIndex\":\"", "\"logIndex\":\"1", 1);
    assert_ne!(bad, second);
    assert!(all(&[first.clone(), bad], PACKAGE, None).is_err());
    // A signature of another file by a certificate is told from one that is not good, and nothing else need be there.
    assert_eq!(all(&[first, file.clone()], PACKAGE, None).unwrap().len(), 1);
    assert!(matches!(
        all(&[file.clone(), file], PACKAGE, None),
        Err(VerifyError::Certificate(CertificateError::OtherFile(_)))
    ));
}
