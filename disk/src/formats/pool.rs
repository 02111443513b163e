//! What cores compress with, kept from one piece to the next: to make it anew, and to clear its memory, takes longer
//! than most pieces do.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Pool<T> {
    idle: Mutex<Vec<T>>,
}

impl<T> Pool<T> {
    pub(super) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()) }
    }

    /// Does `work` with one that nobody else uses meanwhile, which is made where none is idle: what comes out must not
    /// depend on what was done with it before.
    pub(super) fn with<R>(
        &self,
        make: impl FnOnce() -> io::Result<T>,
        work: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let idle = self.idle().pop();
        let mut tool = idle.map_or_else(make, Ok)?;
        let done = work(&mut tool);
        self.idle().push(tool);
        done
    }

    fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        // Nothing panics while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
