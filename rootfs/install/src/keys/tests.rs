use ed25519_dalek::{Signer, SigningKey};
use keelson_format::signature::trusted_keys_to_text;

use super::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

#[test]
fn both_forms_of_a_key_are_read_and_check_the_same() {
    let public = key(1).verifying_key();
    let body = BASE64.encode([&SPKI[..], public.as_bytes()].concat());
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
        &body[..30],
        &body[30..]
    );
    for text in [pem, trusted_keys_to_text([(&public, "x")])] {
        let keys = Keys::parse(&text).expect("a key");
        let signature = key(1).sign(b"sums").to_bytes();
        assert_eq!(keys.check(b"sums", &signature).expect("good"), key_fingerprint(&public));
        for (message, signature) in [
            (&b"sum"[..], signature.to_vec()),
            (b"sums", key(2).sign(b"sums").to_bytes().to_vec()),
            (b"sums", signature[..63].to_vec()),
            (b"sums", Vec::new()),
        ] {
            let error = keys.check(message, &signature).expect_err("refused").to_string();
            assert!(error.contains("the signature does not match"), "{error}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for text in ["", "ed25519 00 x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"] {
        assert!(Keys::parse(text).is_err(), "{text}");
    }
}

#[test]
fn sums_are_found_by_whole_names() {
    let sum = "ab".repeat(32);
    let sums = format!(
        "# Keelson\n{sum}  disk.raw.zst\n{}  pxe/disk.raw\nshort  disk.raw\n",
        "cd".repeat(32)
    );
    assert_eq!(sum_of(&sums, "disk.raw.zst"), Some(sum.as_str()));
    assert_eq!(sum_of(&sums, "disk.raw"), None);
}
