//! `stella verify` of a bundle by a certificate, as users of cosign ask for it.

use crate::harness::{World, valid};

const WORKFLOW: &str = "https://github.com/prefix-dev/sigstore-example/.github/workflows/action.yaml@refs/heads/main";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const PACKAGE: &str = "sha256:54303491a8418fbed24344b513546182c29b43bf282ceb433af65e2299f9271f";

#[test]
fn who_signed_by_a_certificate_is_asked_and_told() {
    let world = World::new();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/attest/bundles/certificate-dsse.sigstore.json");
    let verify = |exit, more: &[&str]| world.stella(exit, &[&["verify", "--bundle", data, PACKAGE], more].concat());
    let by = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", GITHUB];
    verify(0, &by).says(&[
        "verified",
        WORKFLOW,
        GITHUB,
        "in https://rekor.sigstore.dev at 456119071 since 2025-09-01T12:13:59Z",
    ]);
    let document = verify(0, &[&by[..], &["--format", "json"]].concat()).stdout_json();
    valid(&document, "verify-v1.json");
    assert_eq!(document["statements"][0]["certificate"]["identity"], WORKFLOW);
    let matching = [
        "--certificate-identity-regexp",
        "https://github\\.com/prefix-dev/.*",
        "--certificate-oidc-issuer-regexp",
        ".*",
    ];
    verify(0, &matching);
    let partly = ["--certificate-identity-regexp", "https://github\\.com/", "--certificate-oidc-issuer-regexp", ".*"];
    verify(5, &partly).complains(&["who has signed is", WORKFLOW]);
    verify(5, &["--certificate-identity", "a@example.com", "--certificate-oidc-issuer", GITHUB]).complains(&[
        "who has signed is",
        WORKFLOW,
        "`a@example.com` is wanted",
    ]);
    verify(2, &["--certificate-identity", WORKFLOW]).complains(&["--certificate-oidc-issuer"]);
    verify(2, &["--certificate-identity-regexp", "(", "--certificate-oidc-issuer", GITHUB])
        .complains(&["is not a regular expression"]);
    verify(2, &[&by[..], &["--signature-only"]].concat()).complains(&["cannot be used with"]);
    // A key is not who signed it.
    world.stella(0, &["key", "generate", "--unencrypted"]);
    verify(2, &["--key", "stella.pub"])
        .complains(&["signed by a certificate, and not by a key", "--certificate-identity"]);
}
