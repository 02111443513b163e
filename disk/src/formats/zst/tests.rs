use super::super::Form;
use super::super::tests::{noise, written};
use super::*;

#[test]
fn compressed_images_decompress_to_themselves() {
    let frame = FRAME as u64;
    let cases: [(u64, u64); 6] = [
        (3_000_000, 0),
        (frame, 4096),
        (3 * frame, frame - 1000),
        (5 * frame + 17, 2 * frame),
        (9 * frame, 7 * frame),
        (64 << 20, 33 << 20),
    ];
    for (bytes, at) in cases {
        let piece = noise(usize::try_from(3_000_000.min(bytes - at)).unwrap());
        let pieces = [(at, piece)];
        let packed = written(Form::Zst { level: 3 }, bytes, &pieces);
        let raw = written(Form::Raw, bytes, &pieces);
        assert!(zstd::decode_all(packed.as_slice()).unwrap() == raw, "{bytes}");
    }
}

#[test]
fn what_becomes_smaller_is_compressed_beside_what_does_not() {
    let text = b"again and again ".repeat(100_000 / 16);
    let pieces = [(0, noise(3 * PIECE)), (3 * PIECE as u64, text), (5 * PIECE as u64, noise(1))];
    let bytes = 5 * PIECE as u64 + 1;
    let packed = written(Form::Zst { level: 3 }, bytes, &pieces);
    let (least, most) = (3 * PIECE, 3 * PIECE + 300);
    assert!((least..most).contains(&packed.len()), "{}", packed.len());
    assert!(zstd::decode_all(packed.as_slice()).unwrap() == written(Form::Raw, bytes, &pieces));
}

#[test]
fn frames_of_content_as_it_is_are_read_by_the_library_and_checked() {
    for bytes in [1, 2, raw::BLOCK - 1, raw::BLOCK, raw::BLOCK + 1, FRAME] {
        let content = Bytes::from(noise(bytes));
        let mut parts = Vec::new();
        raw::frame(&content, &mut parts);
        let mut frame = parts.concat();
        assert!(zstd::bulk::decompress(&frame, bytes).unwrap() == content, "{bytes}");
        let size = zstd::zstd_safe::get_frame_content_size(&frame).unwrap();
        assert_eq!(size, Some(bytes as u64));
        // Whatever is changed in the content is found.
        let last = frame.len() - 5;
        frame[last] ^= 1;
        assert!(zstd::bulk::decompress(&frame, bytes).is_err(), "{bytes}");
    }
}

#[test]
fn an_empty_disk_is_an_empty_frame() {
    let packed = written(Form::Zst { level: 3 }, 0, &[]);
    assert!(!packed.is_empty());
    assert!(zstd::decode_all(packed.as_slice()).unwrap().is_empty());
}
