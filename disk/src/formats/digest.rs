//! A SHA-256 that is made on a thread of its own while more of what it is of is made: it is one chain, no two parts of
//! which can be made at once, and would make all cores wait for one were it made with each window.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use ring::digest::{Context, Digest, SHA256};

/// How many windows' parts may wait for the thread: as soon as it is done with one it has the next, and what waits is
/// still in the processor's caches.
const WAITING: usize = 1;

pub(super) struct Digester {
    /// What was appended since the thread was given something.
    parts: Vec<Bytes>,
    queue: SyncSender<Vec<Bytes>>,
    thread: JoinHandle<Digest>,
}

impl Digester {
    pub(super) fn start() -> io::Result<Self> {
        let (queue, waiting) = sync_channel::<Vec<Bytes>>(WAITING);
        let thread = Builder::new().name("digest".to_owned()).spawn(move || {
            let mut context = Context::new(&SHA256);
            waiting.iter().flatten().for_each(|part| context.update(&part));
            context.finish()
        })?;
        Ok(Self { parts: Vec::new(), queue, thread })
    }

    /// Takes parts that come next.
    pub(super) fn append(&mut self, parts: Vec<Bytes>) {
        self.parts.extend(parts);
    }

    /// Gives what was appended to the thread; waits while it has enough.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.queue
            .send(std::mem::take(&mut self.parts))
            .map_err(|_| io::Error::other("the thread that makes the digest has ended"))
    }

    /// The digest of all that was appended.
    pub(super) fn finish(mut self) -> io::Result<Digest> {
        self.flush()?;
        // The end of the queue is that of the thread.
        drop(self.queue);
        self.thread
            .join()
            .map_err(|_| io::Error::other("the thread that makes the digest has panicked"))
    }
}

#[cfg(test)]
mod tests;
