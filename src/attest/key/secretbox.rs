//! `crypto_secretbox` of NaCl (XSalsa20 and Poly1305), in which cosign keeps its keys.
//!
//! Put together here of the two primitives, since the crate that does it has no release for their current generation; NaCl's own
//! vector holds it.

use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use salsa20::XSalsa20;
use salsa20::cipher::{KeyIvInit, StreamCipher};
use zeroize::Zeroizing;

/// The length of a nonce.
pub const NONCE: usize = 24;
/// The length of the authenticator, which stands before what is encrypted.
const TAG: usize = 16;
/// How much of the key stream is the key of the authenticator.
const MAC_KEY: usize = 32;

/// `bytes` behind the bytes that the authenticator's key takes of the stream, all of it encrypted.
fn stream(key: &[u8; 32], nonce: &[u8; NONCE], bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(vec![0; MAC_KEY + bytes.len()]);
    all[MAC_KEY..].copy_from_slice(bytes);
    XSalsa20::new(&(*key).into(), &(*nonce).into()).apply_keystream(&mut all);
    all
}

fn tag(mac_key: &[u8], encrypted: &[u8]) -> [u8; TAG] {
    let mut key = Zeroizing::new([0; MAC_KEY]);
    key.copy_from_slice(&mac_key[..MAC_KEY]);
    Poly1305::new(&(*key).into()).compute_unpadded(encrypted).into()
}

/// Encrypts `plain`. A nonce serves once for each key.
pub fn seal(key: &[u8; 32], nonce: &[u8; NONCE], plain: &[u8]) -> Vec<u8> {
    let all = stream(key, nonce, plain);
    let (mac_key, encrypted) = all.split_at(MAC_KEY);
    [&tag(mac_key, encrypted), encrypted].concat()
}

/// Decrypts what [`seal`] made; `None` where it was not made so, with this key and nonce.
pub fn open(key: &[u8; 32], nonce: &[u8; NONCE], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (said, encrypted) = sealed.split_at_checked(TAG)?;
    let all = stream(key, nonce, encrypted);
    let (mac_key, plain) = all.split_at(MAC_KEY);
    // All bytes are looked at, whatever the first ones are.
    let differs = tag(mac_key, encrypted).iter().zip(said).fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
    (differs == 0).then(|| Zeroizing::new(plain.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of NaCl's `tests/secretbox.c`.
    #[test]
    fn it_is_what_nacl_makes() {
        let bytes = |text: &str| hex::decode(text.replace(char::is_whitespace, "")).unwrap();
        let key: [u8; 32] =
            bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389").try_into().unwrap();
        let nonce: [u8; NONCE] = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37").try_into().unwrap();
        let plain = bytes(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4
             1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52
             f0a089bc76897040e082f937763848645e0705",
        );
        let sealed = bytes(
            "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b
             4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da
             99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
        );
        assert_eq!(seal(&key, &nonce, &plain), sealed);
        assert_eq!(*open(&key, &nonce, &sealed).unwrap(), plain);
        for at in [0, 15, 16, sealed.len() - 1] {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(open(&key, &nonce, &other).is_none(), "{at}");
        }
        assert!(open(&key, &nonce, &sealed[..15]).is_none());
        assert!(open(&key, &nonce, &sealed[..sealed.len() - 1]).is_none());
    }
}
