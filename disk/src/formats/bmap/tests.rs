use super::super::Form;
use super::super::tests::{noise, written};
use super::*;

#[test]
fn the_map_names_what_is_not_zero_and_its_own_digest() {
    let pieces = [(0, vec![1]), (8192, vec![2; 5000]), ((4 << 20) - 4096, noise(8192))];
    let text = String::from_utf8(written(Form::Bmap, 32 << 20, &pieces)).unwrap();
    for part in [
        "<ImageSize> 33554432 </ImageSize>",
        "<BlocksCount> 8192 </BlocksCount>",
        "<MappedBlocksCount> 5 </MappedBlocksCount>",
        "> 0 </Range>",
        "> 2-3 </Range>",
        "> 1023 </Range>",
        "> 1024 </Range>",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let mut block = vec![2; 5000];
    block.resize(8192, 0);
    assert!(text.contains(&hex::encode(hash(&SHA256, &block))));

    let own = text.split("<BmapFileChecksum> ").nth(1).unwrap()[..64].to_owned();
    let blank = text.replace(&own, &"0".repeat(64));
    assert_eq!(hex::encode(hash(&SHA256, blank.as_bytes())), own);
}
