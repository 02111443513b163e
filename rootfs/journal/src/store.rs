//! The store: append-only segment files in one folder per machine, their format, indexes and limits.
//!
//! A folder holds the segment that is written (`system.klog`), closed segments (`system@SEQUENCE-TIME.klog`, both in
//! hexadecimal) and an index beside each closed one (`.index`). Layouts are in `frame` (header and framing), `record`
//! (bodies), `chain` (what `--verify` checks) and `index`. Every number is little-endian:
//!
//! ```text
//! header  "KEELLOG1" machine[16] store[16] first-sequence u64 created-us u64 previous-digest[32] zeros CRC32
//! frame   B5 'K' 'L' 0A, length u32, CRC32 of length and body, body
//! body 1  context: boot[16] fields          body 2  record: sequence u64 realtime u64 monotonic u64 context u32
//! body 3  seal: position u32 records u32            priority u8 (255: none) fields
//!         last-sequence u64 last-realtime u64 SHA-256(previous digest, all bytes since)
//! fields  name (one byte: a known name, or 0 length u8 name), length (7 bits a byte), value
//! ```

pub mod chain;
pub mod directory;
pub mod frame;
pub mod index;
pub mod reader;
pub mod record;
pub mod retention;
pub mod scan;
pub mod segment;
pub mod verify;
pub mod writer;
