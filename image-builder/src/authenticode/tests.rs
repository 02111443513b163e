use authenticode::{AttributeCertificateIterator, AuthenticodeSignature};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};

use super::*;
use crate::keys::tests::test_keys;
use crate::uki::tests::{kernel, stub};

fn signature(image: &[u8]) -> AuthenticodeSignature {
    let pe = PeFile64::parse(image).unwrap();
    let certificates: Vec<_> = AttributeCertificateIterator::new(&pe)
        .unwrap()
        .expect("the image is signed")
        .map(|certificate| certificate.unwrap().get_authenticode_signature().unwrap())
        .collect();
    let [signature] = <[_; 1]>::try_from(certificates).expect("one signature");
    signature
}

/// Checks what a firmware checks: the digest of the image, of the content, and the RSA signature.
fn verifies(image: &[u8], signer: &CertifiedKey) -> bool {
    let signature = signature(image);
    let info = signature.signer_info();
    let attributes = info.signed_attrs.as_ref().unwrap();
    let digest_attribute = attributes.iter().find(|a| a.oid == MESSAGE_DIGEST).unwrap();
    let content_digest = digest_attribute.values.get(0).unwrap().value();
    let content = signature.encapsulated_content().unwrap();
    let public = signer.certificate().tbs_certificate.subject_public_key_info.to_der().unwrap();
    let public = RsaPublicKey::from_public_key_der(&public).unwrap();
    let message = Sha256::digest(attributes.to_der().unwrap());
    signature.digest() == digest(image).unwrap()
        && content_digest == Sha256::digest(content).as_slice()
        && public.verify(Pkcs1v15Sign::new::<Sha256>(), &message, signature.signature()).is_ok()
}

#[test]
fn a_signed_image_verifies_with_its_certificate_and_with_no_other() {
    let keys = test_keys();
    let signed = sign(&stub(), keys.db()).unwrap();
    assert!(verifies(&signed, keys.db()));
    assert!(!verifies(&signed, keys.verity().unwrap()));
    let embedded: Vec<_> = signature(&signed).certificates().cloned().collect();
    assert_eq!(embedded, [keys.db().certificate().clone()]);
}

#[test]
fn signing_again_replaces_the_signature() {
    let keys = test_keys();
    let once = sign(&stub(), keys.db()).unwrap();
    assert_eq!(sign(&once, keys.db()).unwrap(), once);
    let other = sign(&once, keys.verity().unwrap()).unwrap();
    assert!(verifies(&other, keys.verity().unwrap()));
    assert_eq!(sign(&other, keys.db()).unwrap(), once);
}

#[test]
fn taking_the_signature_off_gives_the_image_back() {
    let image = unsigned(&kernel()).unwrap();
    assert_eq!(unsigned(&sign(&image, test_keys().db()).unwrap()).unwrap(), image);
    assert_eq!(image.len(), kernel().len());
}

#[test]
fn every_byte_but_the_checksum_and_the_signature_is_covered() {
    let signed = sign(&stub(), test_keys().db()).unwrap();
    let expected = digest(&signed).unwrap();
    let headers = Headers::parse(&signed).unwrap();
    let end = headers.certificate_table(&signed).unwrap().unwrap().start;
    let checksum = headers.checksum_offset();
    let entry = headers.certificate_entry_offset();
    for at in 0..end {
        let mut changed = signed.clone();
        changed[at] ^= 1;
        // A header that no longer parses is refused as well.
        let same = digest(&changed).is_ok_and(|digest| digest == expected);
        let left_out = (checksum..checksum + 4).contains(&at) || (entry..entry + 8).contains(&at);
        assert!(!same || left_out, "byte {at} is not covered");
    }
}

#[test]
fn an_image_of_odd_length_is_padded_before_it_is_hashed() {
    let mut image = stub();
    image.extend_from_slice(b"odd");
    let signed = sign(&image, test_keys().db()).unwrap();
    assert!(verifies(&signed, test_keys().db()));
    let table = Headers::parse(&signed).unwrap().certificate_table(&signed).unwrap().unwrap();
    assert_eq!((table.start % 8, table.len() % 8, table.end), (0, 0, signed.len()));
    assert_eq!(signed[image.len()..table.start], [0; 5]);
}

#[test]
fn equal_images_and_keys_give_these_very_bytes() {
    let signed = sign(&stub(), test_keys().db()).unwrap();
    assert_eq!(
        hex::encode(Sha256::digest(&signed)),
        "978f1fa2b469edf77b6221849d63461b8d1b7659cc6c4004904327bae58d4c7a"
    );
}

#[test]
fn what_is_not_a_sound_image_is_refused() {
    let keys = test_keys();
    let mut trailing = sign(&stub(), keys.db()).unwrap();
    trailing.extend_from_slice(b"behind the signature");
    let mut thirty_two = stub();
    thirty_two[0x58] = 0x0b;
    thirty_two[0x59] = 0x01;
    let mut outside = stub();
    // The raw size of the last section.
    put_u32(&mut outside, 0x40 + 24 + 240 + 2 * 40 + 16, 0x10_0000);
    let cases: [(&[u8], &str); 5] = [
        (b"", "not a PE image: the MZ header is missing at byte 0"),
        (&stub()[..0x100], "the image ends at byte 256, within the headers (bytes 0 to 1024)"),
        (
            &trailing,
            "the certificate table (bytes 2560 to 4000) is not at the end of the image (4020 bytes)",
        ),
        (
            &thirty_two,
            "the optional header has magic 0x10b and 16 data directories, not those of a PE32+ image",
        ),
        (&outside, "a section or table lies outside the image of 2560 bytes"),
    ];
    for (image, message) in cases {
        assert_eq!(sign(image, keys.db()).unwrap_err().to_string(), message);
    }
}
