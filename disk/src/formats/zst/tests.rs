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
fn an_empty_disk_is_an_empty_frame() {
    let packed = written(Form::Zst { level: 3 }, 0, &[]);
    assert!(!packed.is_empty());
    assert!(zstd::decode_all(packed.as_slice()).unwrap().is_empty());
}
