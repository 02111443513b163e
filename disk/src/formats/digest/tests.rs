//! Tests of digests on a thread of their own.

use ring::digest::digest;

use super::*;

#[test]
fn the_digest_is_of_all_parts_in_their_order() {
    let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let text = Bytes::from(text);
    for (part, flushed) in [(1 << 16, 3), (999, 1), (7, 1000), (1 << 20, 1)] {
        let mut digester = Digester::start().expect("a thread");
        for (number, bytes) in text.chunks(part).enumerate() {
            digester.append(vec![text.slice_ref(bytes)]);
            if number % flushed == 0 {
                digester.flush().expect("the thread is there");
            }
        }
        let made = digester.finish().expect("the thread is there");
        assert_eq!(made.as_ref(), digest(&SHA256, &text).as_ref(), "parts of {part} bytes");
    }
}

#[test]
fn the_digest_of_nothing_is_that_of_no_bytes() {
    let made = Digester::start().and_then(Digester::finish).expect("a thread");
    assert_eq!(made.as_ref(), digest(&SHA256, b"").as_ref());
}
