//! One machine per processor of the host at a time, within one process.
//!
//! More would make each of them late. Tests may well run in more threads than that: those that share one boot wait
//! for it, and take no processor from the others.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

/// The right to run a machine, until it is dropped. A thread that holds one and asks for another may wait for ever.
#[derive(Debug)]
pub(crate) struct Turn(&'static Turns);

/// Who runs. Turns are given in the order in which they are asked for.
#[derive(Debug)]
struct Turns {
    counts: Mutex<Counts>,
    ended: Condvar,
}

#[derive(Debug)]
struct Counts {
    asked: usize,
    ended: usize,
}

static TURNS: Turns = Turns::new();

impl Turn {
    /// Waits for a turn.
    pub(crate) fn take() -> Self {
        TURNS.take(available_parallelism().map_or(1, usize::from))
    }
}

impl Turns {
    const fn new() -> Self {
        Self { counts: Mutex::new(Counts { asked: 0, ended: 0 }), ended: Condvar::new() }
    }

    /// Waits until fewer than `most` of those that asked before still run.
    fn take(&'static self, most: usize) -> Turn {
        let mut counts = self.counts();
        let mine = counts.asked;
        counts.asked += 1;
        while mine >= counts.ended + most {
            counts = self.ended.wait(counts).unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.counts().ended += 1;
        self.0.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_than_so_many_run_at_once_and_all_get_their_turn() {
        static OURS: Turns = Turns::new();
        let (running, most, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let _turn = OURS.take(3);
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.into_inner(), 20);
        assert!((1..=3).contains(&most.into_inner()));
    }

    #[test]
    fn one_that_waits_runs_when_another_ends() {
        static OURS: Turns = Turns::new();
        let (first, second) = (OURS.take(2), OURS.take(2));
        let third = std::thread::spawn(|| drop(OURS.take(2)));
        while OURS.counts().asked < 3 {
            std::thread::yield_now();
        }
        assert!(!third.is_finished());
        drop(first);
        third.join().expect("it does not panic");
        drop(second);
        assert_eq!(OURS.counts().ended, 3);
    }
}
