//! Segments of the log: whatever the bytes, reading ends, and the reader gives only whole entries.

#![no_main]

use keelson_journal::store::index::Index;
use keelson_journal::store::{frame, record, scan, segment, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = frame::Header::decode(data);
    let _ = record::decode(data);
    let _ = verify::bytes(data, true);
    let _ = scan::Frames::new(data, 0, scan::Tail::Open).count();
    let _ = scan::Frames::new(data, 0, scan::Tail::Closed).count();
    let mut index = Index::new();
    index.extend(data, scan::Tail::Closed, |_| None);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), data).expect("written");
    if let Ok(mut segment) = segment::Segment::open(file.path()) {
        for run in 0..4 {
            let _ = segment.run(run);
        }
    }
});
