use ed25519_dalek::{Signer as _, SigningKey};

use super::*;

fn statement() -> Statement {
    Statement {
        root_hash: RootHash::from_bytes([7; 32]),
        version: "1.2.3".parse().expect("a version"),
        board: "amd64-usr".to_owned(),
        data_size: 8192,
        hash_size: 4096,
    }
}

fn signed(statement: &Statement, key: &SigningKey) -> SlotSignature {
    let signature = key.sign(statement.to_text().as_bytes()).to_bytes();
    SlotSignature {
        root_hash: statement.root_hash,
        certificate_fingerprint: None,
        signature: None,
        ed25519: Ed25519::new(statement, &signature, &key.verifying_key()),
    }
}

#[test]
fn a_signed_statement_survives_the_partition() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let mut partition = signed(&statement(), &key).to_json().into_bytes();
    partition.resize(1 << 20, 0);
    let read = SlotSignature::from_partition(&partition).expect("reads back");
    assert_eq!(read.verify(&[key.verifying_key()]), Ok(statement()));
}

#[test]
fn tampered_signatures_are_refused_with_what_is_wrong() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let other = SigningKey::from_bytes(&[2; 32]);
    let trusted = [key.verifying_key()];
    let good = signed(&statement(), &key);

    let by_other = signed(&statement(), &other);
    assert!(matches!(by_other.verify(&trusted), Err(SignatureError::UnknownKey { .. })));

    let mut changed = good.clone();
    changed.ed25519.statement = changed.ed25519.statement.replace("1.2.3", "1.2.4");
    assert!(matches!(changed.verify(&trusted), Err(SignatureError::Mismatch(_))));

    let mut other_hash = good.clone();
    other_hash.root_hash = RootHash::from_bytes([8; 32]);
    let error = other_hash.verify(&trusted).expect_err("another root hash");
    assert!(matches!(error, SignatureError::Other { what: "root hash", .. }), "{error}");

    let mut more = statement().to_text();
    more.push_str("more 1\n");
    assert!(matches!(Statement::from_text(&more), Err(SignatureError::Statement(_))));

    assert_eq!(SlotSignature::from_partition(&[0; 512]), Err(SignatureError::Empty));
    assert!(matches!(SlotSignature::from_partition(b"{}\0"), Err(SignatureError::Json(_))));
}

#[test]
fn trusted_keys_survive_their_text() {
    let keys = [SigningKey::from_bytes(&[1; 32]).verifying_key()];
    let text = trusted_keys_to_text(keys.iter().map(|key| (key, "dev")));
    assert_eq!(trusted_keys_from_text(&text), Ok(keys.to_vec()));
    assert_eq!(trusted_keys_from_text("rsa 00 x\n"), Err("line 1: not a release key".to_owned()));
}
