//! Lines: what is said, as bytes, with limits that keep a peer from filling memory.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Answer, Request, VERSION};

/// The longest request, its newline included. The longest sensible one carries a transient unit's text.
pub const LONGEST_REQUEST: usize = 256 << 10;
/// The longest answer: some thousand units in a list, 64 in full.
pub const LONGEST_ANSWER: usize = 16 << 20;

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Too long.
    #[error("a line of more than {0} bytes")]
    TooLong(usize),
    /// Not JSON, or not of the types of this crate.
    #[error("a line that is not understood: {0}")]
    Json(#[from] serde_json::Error),
    /// The other end speaks another version.
    #[error("the other end speaks version {0}, this one {VERSION}")]
    Version(u32),
}

/// The form on the wire; `v` comes first, so that another version is told before its words are looked at.
#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    v: u32,
    say: T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// A request or an answer as its line, newline included.
pub fn encode<T: Serialize>(say: &T) -> Vec<u8> {
    let mut line = serde_json::to_vec(&Envelope { v: VERSION, say })
        .expect("the types have text keys and no failing serializer, and a vector takes all bytes");
    line.push(b'\n');
    line
}

/// A line as a request; a newline at its end is allowed.
pub fn decode_request(line: &[u8]) -> Result<Request, LineError> {
    decode(line, LONGEST_REQUEST)
}

/// A line as an answer.
pub fn decode_answer(line: &[u8]) -> Result<Answer, LineError> {
    decode(line, LONGEST_ANSWER)
}

fn decode<T: DeserializeOwned>(line: &[u8], longest: usize) -> Result<T, LineError> {
    if line.len() > longest {
        return Err(LineError::TooLong(longest));
    }
    match serde_json::from_slice::<Envelope<T>>(line) {
        Ok(envelope) if envelope.v == VERSION => Ok(envelope.say),
        Ok(envelope) => Err(LineError::Version(envelope.v)),
        Err(error) => match serde_json::from_slice::<VersionOnly>(line) {
            Ok(other) if other.v != VERSION => Err(LineError::Version(other.v)),
            _ => Err(error.into()),
        },
    }
}

/// Bytes as they come in, given out as lines.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Up to here there is no newline.
    searched: usize,
    /// How many bytes there are after the last newline.
    unfinished: usize,
    longest: usize,
}

impl LineBuffer {
    /// For lines of at most this many bytes.
    pub fn new(longest: usize) -> Self {
        Self { bytes: Vec::new(), searched: 0, unfinished: 0, longest }
    }

    /// Takes what came in. An error is final: the connection is of no further use.
    ///
    /// Only the unfinished line has a limit: who takes more in while whole lines are left ([`Self::has_line`]) sets that
    /// of all of it.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.bytes.extend_from_slice(bytes);
        self.unfinished = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => bytes.len() - last - 1,
            None => self.unfinished + bytes.len(),
        };
        if self.unfinished > self.longest {
            return Err(LineError::TooLong(self.longest));
        }
        Ok(())
    }

    /// Whether there is a whole line.
    pub fn has_line(&self) -> bool {
        self.bytes.len() > self.unfinished
    }

    /// The next whole line, without its newline.
    pub fn next_line(&mut self) -> Option<Vec<u8>> {
        let Some(offset) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n')
        else {
            self.searched = self.bytes.len();
            return None;
        };
        let rest = self.bytes.split_off(self.searched + offset + 1);
        let mut line = std::mem::replace(&mut self.bytes, rest);
        self.searched = 0;
        line.pop();
        Some(line)
    }
}

#[cfg(test)]
mod tests;
