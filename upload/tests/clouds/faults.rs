//! What goes wrong a certain number of times.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts calls.
#[derive(Default)]
pub struct Count(AtomicUsize);

impl Count {
    /// The number of this call, from 1 on.
    pub fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}
