//! Netlink messages: the 16-byte header, and the walk over a datagram that holds several (netlink(7)).

/// The kernel's answer to a request: an error number, zero for success.
pub const ERROR: u16 = 2;
/// The end of a dump.
pub const DONE: u16 = 3;
/// A request.
pub const REQUEST: u16 = 1;
/// An answer is wanted even for success.
pub const ACK: u16 = 4;
/// The whole table is asked for.
pub const DUMP: u16 = 0x300;
/// What exists is changed.
pub const REPLACE: u16 = 0x100;
/// What exists is an error.
pub const EXCLUSIVE: u16 = 0x200;
/// What does not exist is made.
pub const CREATE: u16 = 0x400;
/// What is made stands beside what exists.
pub const APPEND: u16 = 0x800;

const HEADER: usize = 16;

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// What it is: `RTM_NEWLINK` and so on.
    pub kind: u16,
    /// The number of the request it answers; zero for news.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// Walks over the messages of a datagram; a length that does not fit ends the walk.
#[derive(Clone, Debug)]
pub struct Messages<'a>(pub &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let header = self.0.get(..HEADER)?;
        let length =
            usize::try_from(u32::from_ne_bytes([header[0], header[1], header[2], header[3]]))
                .ok()?;
        let message = Message {
            kind: u16::from_ne_bytes([header[4], header[5]]),
            sequence: u32::from_ne_bytes([header[8], header[9], header[10], header[11]]),
            payload: self.0.get(HEADER..length)?,
        };
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    }
}

impl Message<'_> {
    /// The error number of an `ERROR` message, positive; `Some(0)` is success.
    pub fn error(&self) -> Option<i32> {
        let number = self.payload.get(..4)?.try_into().ok()?;
        (self.kind == ERROR).then(|| i32::from_ne_bytes(number).saturating_neg())
    }
}

/// The bytes of a request.
pub fn encode(kind: u16, flags: u16, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + payload.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(HEADER + payload.len());
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((flags | REQUEST).to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(payload);
    bytes
}
