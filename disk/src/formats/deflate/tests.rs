use std::io::Read as _;

use proptest::prelude::*;

use super::super::tests::noise;
use super::*;

fn inflated(stream: &[Bytes]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(stream.concat().as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn pieces_of_all_kinds_join_to_one_stream() {
    let text = b"again and again ".repeat(70_000);
    let pieces =
        [vec![], noise(10), text.clone(), noise(200_000), vec![0; 300_000], noise(65_535), text];
    let mut deflater = Deflater::new().unwrap();
    let mut stream = Vec::new();
    for piece in &pieces {
        deflater.blocks(&piece.clone().into(), false, &mut stream).unwrap();
    }
    deflater.blocks(&Bytes::new(), true, &mut stream).unwrap();
    assert!(inflated(&stream) == pieces.concat());
}

#[test]
fn what_does_not_become_smaller_is_stored() {
    for (bytes, most) in [(noise(65_536), 65_536 + 10), (b"ab".repeat(32_768), 1000)] {
        let mut stream = Vec::new();
        Deflater::new().unwrap().blocks(&bytes.into(), true, &mut stream).unwrap();
        let length = stream.concat().len();
        assert!(length <= most, "{length}");
    }
}

#[test]
fn what_a_deflater_did_before_changes_nothing() {
    let text = b"again and again, ".repeat(3000);
    let fresh = Deflater::new().unwrap().smaller(&text, false).unwrap().unwrap().to_vec();
    let mut used = Deflater::new().unwrap();
    for bytes in [1, 100, 5000, 65_536, 200_000] {
        for last in [false, true] {
            // There is no room for this.
            assert_eq!(used.smaller(&noise(bytes), last).unwrap(), None, "{bytes}");
            assert_eq!(used.smaller(&text, false).unwrap(), Some(fresh.as_slice()), "{bytes}");
        }
    }
}

proptest! {
    #[test]
    fn zlib_streams_hold_what_was_put_in(
        random in prop::collection::vec(any::<u8>(), 0..70_000),
        repeats in 1usize..40,
    ) {
        for bytes in [random.clone(), random[..random.len().min(100)].repeat(repeats)] {
            let mut stream = Vec::new();
            Deflater::new().unwrap().zlib(&bytes.clone().into(), &mut stream).unwrap();
            let mut read = Vec::new();
            flate2::read::ZlibDecoder::new(stream.concat().as_slice()).read_to_end(&mut read).unwrap();
            prop_assert!(read == bytes);
        }
    }
}
