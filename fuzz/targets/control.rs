//! The lines that clients send to PID 1.

#![no_main]

use keelson_control::{LineBuffer, decode_answer, decode_request, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut buffer = LineBuffer::new(4096);
    for piece in data.chunks(7) {
        if buffer.push(piece).is_err() {
            return;
        }
        while let Some(line) = buffer.next_line() {
            if let Ok(request) = decode_request(&line) {
                let _ = request.only_reads();
                let text = encode(&request);
                decode_request(text.trim_ascii_end()).expect("what was written is read");
            }
            let _ = decode_answer(&line);
        }
    }
});
