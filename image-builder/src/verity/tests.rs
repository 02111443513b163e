//! The figures come from `veritysetup format --salt 0707.. --uuid 00000000-0000-0000-0000-000000000001`
//! of cryptsetup 2.7.5.

use super::*;

const SALT: Salt = Salt::from_bytes([7; 32]);

/// An image whose block `n` is filled with `n * 31 % 251`.
fn image(blocks: u64) -> Vec<u8> {
    (0..blocks)
        .flat_map(|n| [u8::try_from(n * 31 % 251).expect("below 251"); BLOCK_BYTES])
        .collect()
}

#[test]
fn trees_are_the_ones_veritysetup_writes() {
    let cases = [
        // blocks, root hash, SHA-256 of the tree, its length
        (
            1,
            "69ecf24343646bcbcebaad0b41765fd203dfb85bb15c25d51e4d92ca4fdb1b7b",
            "d76f293ce3b557ac35cc0f1cd254b2224b514965c5bfd5bae76558fe6e5e6d58",
            4096,
        ),
        (
            2,
            "a686cbadcd6f6393be757fcd0ba895164632bb37d1dcd5d34e059b155e267959",
            "b19da977dc8e0f123721eb7cd0fbb273488dc8c59054ff87d16c83647a48e882",
            8192,
        ),
        (
            128,
            "d7de2a93d5f72f882c61fcad55a72e44594a7505a2085ac449520decf26f0595",
            "8561388b5054af2ce184186a4fc20e0c2d8d0d60aa9cf55334cc62308fddaab7",
            8192,
        ),
        (
            129,
            "8e8331f514ddfa44e3dd8e42540812160909ab2b0656bad8bac246225d408bf3",
            "a371ad2119488beef2bc9917d298eda68d774905c397d57c9887817bf203a67a",
            16384,
        ),
        (
            16384,
            "bcb2cb26a7fee9a005c651ba1127016ae7199485ae70ef6a706e51a3ebfc523a",
            "7ae4840bb665d0e6cf42f14121e203568bb4497676b96c07fc4d16fc5e77e70c",
            532_480,
        ),
        (
            16385,
            "45312bbed9efa48ca1c785dc38f3d75a1a65fa0dc000c34ce470eefa6da8fa02",
            "2a0a05c53b075e062d0b571681e86d065da70e0398083abc3d710d78580d5672",
            544_768,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (data, tree) = (folder.path().join("data"), folder.path().join("tree"));
    for (blocks, root, digest, length) in cases {
        std::fs::write(&data, image(blocks)).unwrap();
        let hash = write_tree(&data, &tree, &SALT, Uuid::from_u128(1)).unwrap();
        let written = std::fs::read(&tree).unwrap();
        assert_eq!(hash.to_string(), root, "{blocks} blocks");
        assert_eq!(hex::encode(Sha256::digest(&written)), digest, "{blocks} blocks");
        assert_eq!(written.len(), length, "{blocks} blocks");
        assert_eq!(tree_bytes(blocks * BLOCK), u64::try_from(length).unwrap());
    }
}

#[test]
fn an_older_and_longer_tree_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, tree) = (folder.path().join("data"), folder.path().join("tree"));
    std::fs::write(&data, image(1)).unwrap();
    std::fs::write(&tree, vec![0xff; 1 << 20]).unwrap();
    write_tree(&data, &tree, &SALT, Uuid::from_u128(1)).unwrap();
    assert_eq!(std::fs::metadata(&tree).unwrap().len(), 4096);
}

#[test]
fn images_that_are_not_whole_blocks_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, tree) = (folder.path().join("data"), folder.path().join("tree"));
    for bytes in [0, 1, 4095, 4097] {
        std::fs::write(&data, vec![1; bytes]).unwrap();
        let error = write_tree(&data, &tree, &SALT, Uuid::nil()).unwrap_err();
        assert!(
            matches!(error, VerityError::Length { bytes: b, .. } if b == bytes as u64),
            "{error}"
        );
        assert!(!tree.exists());
    }
}
