//! Messages of the kernel's routing socket.

#![no_main]

use keelson_network::netlink::event;
use keelson_network::netlink::message::Messages;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for message in Messages(data) {
        let _ = message.error();
        let _ = event::read(&message);
    }
});
