//! Frames whose content is as it was (RFC 8878, section 3.1.1), for what does not become smaller.

use bytes::Bytes;
use twox_hash::XxHash64;

/// The magic number, and the descriptor of the frame: its content is a single segment, the size of which
/// follows in 4 bytes, and there is a checksum at the end (section 3.1.1.1.1).
const START: [u8; 5] = [0x28, 0xb5, 0x2f, 0xfd, 0b1010_0100];
/// Bytes of a block at most (section 3.1.1.2.4).
pub(super) const BLOCK: usize = 128 << 10;
/// In a block's header: it is the last one. The two bits above are its type, 0 for content as it is, and above them
/// is its size.
const LAST: u32 = 1;
const SIZE_SHIFT: u32 = 3;

/// Gives `to` a frame of `content`, which is not empty and less than 4 GiB.
pub(super) fn frame(content: &Bytes, to: &mut Vec<Bytes>) {
    let size = u32::try_from(content.len()).expect("less than 4 GiB");
    let mut header = START.to_vec();
    header.extend(size.to_le_bytes());
    let mut rest = content.clone();
    while !rest.is_empty() {
        let block = rest.split_to(rest.len().min(BLOCK));
        let size = u32::try_from(block.len()).expect("at most 128 KiB");
        let last = if rest.is_empty() { LAST } else { 0 };
        header.extend(&(size << SIZE_SHIFT | last).to_le_bytes()[..3]);
        to.extend([std::mem::take(&mut header).into(), block]);
    }
    // The low 4 bytes of XXH64.
    let [checksum @ .., _, _, _, _] = XxHash64::oneshot(0, content).to_le_bytes();
    to.push(Bytes::copy_from_slice(&checksum));
}
