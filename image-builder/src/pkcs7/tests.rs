use cms::content_info::ContentInfo;
use der::Decode;

use super::*;
use crate::keys::tests::test_keys;

const ROOT_HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn parse(der: &[u8]) -> SignedData {
    ContentInfo::from_der(der).unwrap().content.decode_as().unwrap()
}

#[test]
fn a_detached_signature_has_no_content_no_certificate_and_no_attributes() {
    let keys = test_keys();
    let signed = parse(&sign_detached(ROOT_HASH.as_bytes(), keys.verity().unwrap()).unwrap());
    assert_eq!(signed.encap_content_info.econtent, None);
    assert_eq!(signed.certificates, None);
    let [info] = signed.signer_infos.0.as_slice() else { panic!("one signer") };
    assert_eq!(info.signed_attrs, None);
    assert_eq!(
        info.signature.as_bytes(),
        keys.verity().unwrap().sign(ROOT_HASH.as_bytes()).unwrap()
    );
}

/// The same bytes as `openssl smime -sign -nocerts -noattr -binary -outform der` writes with these keys.
#[test]
fn the_bytes_are_those_of_openssl() {
    let der = sign_detached(ROOT_HASH.as_bytes(), test_keys().verity().unwrap()).unwrap();
    assert_eq!(der.len(), 430);
    assert_eq!(
        hex::encode(sha2_of(&der)),
        "27f9eb698a87fff1e822bb6622848b93da4d180a325367b8be5498c308ec453d"
    );
}

#[test]
fn another_root_hash_has_another_signature() {
    let keys = test_keys();
    let sign = |text: &str| sign_detached(text.as_bytes(), keys.verity().unwrap()).unwrap();
    assert_ne!(sign(ROOT_HASH), sign(&ROOT_HASH.replace('0', "1")));
}

fn sha2_of(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}
