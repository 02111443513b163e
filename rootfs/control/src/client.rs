//! The client's end of the control socket.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::line::{LONGEST_ANSWER, LineBuffer, LineError, decode_answer, encode};
use crate::{Answer, Refusal, Request, SOCKET};

/// How long PID 1 may take for an answer that waits for no job.
const PATIENCE: Duration = Duration::from_secs(25);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens, or the socket is not there.
    #[error("connecting to PID 1 on {path}: {source}")]
    Connect {
        /// The socket.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or PID 1 took too long.
    #[error("talking to PID 1: {0}")]
    Talk(#[from] io::Error),
    /// PID 1 closed the connection without an answer.
    #[error("PID 1 closed the connection without an answer")]
    Closed,
    /// The answer is not understood.
    #[error("PID 1 answered with {0}")]
    Line(#[from] LineError),
    /// PID 1 said no.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer is not of the sort that the request asks for.
    #[error("PID 1 answered something else than was asked")]
    Unexpected,
}

/// A connection to PID 1.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    lines: LineBuffer,
}

impl Client {
    /// Connects to [`SOCKET`].
    pub fn connect() -> Result<Self, ClientError> {
        Self::connect_to(Path::new(SOCKET))
    }

    /// Connects to a socket elsewhere.
    pub fn connect_to(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path)
            .map_err(|source| ClientError::Connect { path: path.display().to_string(), source })?;
        Ok(Self { stream, lines: LineBuffer::new(LONGEST_ANSWER) })
    }

    /// Asks, and waits for the answer: without limit where the request waits for jobs, else 25 s. A refusal is an error.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, ClientError> {
        self.stream.set_write_timeout(Some(PATIENCE))?;
        self.stream.set_read_timeout((!request.waits()).then_some(PATIENCE))?;
        self.stream.write_all(&encode(request))?;
        let mut buffer = vec![0_u8; 64 << 10];
        let line = loop {
            if let Some(line) = self.lines.next_line() {
                break line;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(length) => self.lines.push(&buffer[..length])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        match decode_answer(&line)? {
            Answer::Refused(refusal) => Err(ClientError::Refused(refusal)),
            answer => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests;
