use proptest::prelude::*;

use super::super::frame::put;
use super::*;

fn three() -> Vec<u8> {
    let mut bytes = Vec::new();
    for body in [b"one".as_slice(), b"two", b"three"] {
        put(&mut bytes, body);
    }
    bytes
}

fn bodies(bytes: &[u8]) -> Vec<Vec<u8>> {
    let frame = |item| match item {
        Item::Frame { body, .. } => Some(<[u8]>::to_vec(body)),
        Item::Damage { .. } => None,
    };
    Frames::new(bytes, 0, Tail::Closed).filter_map(frame).collect()
}

#[test]
fn a_tail_torn_at_any_byte_leaves_the_frames_before_it() {
    let bytes = three();
    let ends = [15, 30, 47];
    for cut in 0..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let mut frames = Frames::new(&bytes[..cut], 0, Tail::Open);
        assert_eq!(frames.by_ref().count(), whole, "cut at {cut}");
        assert_eq!(frames.reached(), if whole == 0 { 0 } else { ends[whole - 1] });
    }
}

#[test]
fn one_altered_byte_costs_one_frame_and_is_told() {
    let bytes = three();
    for place in 0..30 {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x40;
        assert_eq!(bodies(&bytes).len(), 2, "byte {place}");
        assert!(
            Frames::new(&bytes, 0, Tail::Closed).any(|item| matches!(item, Item::Damage { .. }))
        );
    }
}

#[test]
fn a_search_through_crafted_markers_ends() {
    let bytes: Vec<u8> = [0xb5, b'K', b'L', 0x0a, 0xff, 0xff, 0, 0].repeat(20_000);
    assert_eq!(Frames::new(&bytes, 0, Tail::Closed).count(), 0);
}

#[test]
fn frames_within_one_that_goes_on_are_a_clients_bytes() {
    let mut bytes = b"noise".to_vec();
    put(&mut bytes, b"before");
    let whole = bytes.len();
    put(&mut bytes, &[three(), vec![0; 100]].concat());
    for cut in whole..bytes.len() {
        let mut frames = Frames::new(&bytes[..cut], 0, Tail::Open);
        assert_eq!(frames.by_ref().count(), 2, "cut at {cut}");
        assert_eq!(frames.reached(), whole);
    }
    // Also where the search over damage comes to it.
    bytes[6] ^= 1;
    let mut frames = Frames::new(&bytes[..bytes.len() - 1], 0, Tail::Open);
    assert_eq!((frames.next(), frames.reached()), (None, 0));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let mut mixed = three();
        mixed.extend_from_slice(&bytes);
        mixed.extend_from_slice(&three());
        prop_assert!(Frames::new(&mixed, 0, Tail::Closed).count() >= 3);
        let _ = Frames::new(&bytes, 0, Tail::Closed).count();
    }
}
