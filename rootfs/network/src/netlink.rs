//! rtnetlink without threads or an executor: attributes, messages, what the kernel says and what it is asked.
//!
//! Own code rather than `netlink-packet-route`: that crate fails a whole message over one attribute whose size a newer
//! kernel changed, which would hide the link, and it costs more than the thirty attributes used here.

pub mod attribute;
pub mod event;
pub mod kinds;
pub mod message;
pub mod object;
pub mod request;
pub mod socket;

#[cfg(test)]
mod tests;
