//! What a new process works on, and the stack of one that shares this process's memory.

use std::cell::{RefCell, UnsafeCell};
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

use crate::errno::Errno;
use crate::run;

/// The plan of a process, and its stack where it has no copy of this process's memory.
#[derive(Debug)]
pub struct Lent {
    child: Box<UnsafeCell<run::Child>>,
    stack: Option<Stack>,
}

impl Lent {
    /// What `child` needs.
    pub fn new(child: run::Child, shared: bool) -> Result<Self, Errno> {
        let stack = if shared { Some(Stack::take()?) } else { None };
        Ok(Self { child: Box::new(UnsafeCell::new(child)), stack })
    }

    /// Whether the process uses this memory, and no copy of it.
    pub const fn is_shared(&self) -> bool {
        self.stack.is_some()
    }

    /// The process has executed or ended: its stack may be another one's.
    pub fn take_back(self) {
        if let Some(stack) = self.stack {
            stack.keep();
        }
    }

    /// The process is to have a copy instead, and tells what it does by `pipe`.
    pub fn copy(&mut self, pipe: RawFd) {
        self.stack = None;
        let child = self.child.get_mut();
        (child.pipe, child.separate) = (pipe, None);
    }

    /// Pointers to both, and to the number that the kernel makes 0 when the process has executed or ended.
    pub fn parts(&mut self) -> (*mut run::Child, Option<*mut [u128]>, Option<*mut u32>) {
        let child = self.child.get_mut();
        let running = child.separate.map(|_| child.running.as_ptr());
        (self.child.get(), self.stack.as_ref().map(Stack::usable), running)
    }

    /// Whether the process still uses this memory, where the kernel tells.
    #[expect(unsafe_code, reason = "the process works on the rest of the value")]
    pub fn is_in_use(&self) -> bool {
        // SAFETY: the value lives as long as this one, and the number is only touched by the kernel.
        unsafe { (*self.child.get()).running.load(Ordering::Acquire) != 0 }
    }

    /// What the process has told. To be asked for once it has executed or ended.
    pub fn reports(&mut self) -> &[u8] {
        self.child.get_mut().reports.bytes()
    }
}

/// Memory that ends below in a page nobody may touch.
#[derive(Debug)]
struct Stack(*mut u128);

/// Bytes of a stack; the deepest step takes a tenth.
const BYTES: usize = 64 * 1024;
/// Bytes of the page below it.
const GUARD: usize = 4096;
/// Stacks that are kept for those who come. To make one takes two changes of the address space and two pages, and to
/// free one has every processor on which the memory was in use interrupted.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Stack>> = const { RefCell::new(Vec::new()) };
}

impl Stack {
    /// A kept one, or a new one.
    fn take() -> Result<Self, Errno> {
        let spare = SPARE.with_borrow_mut(Vec::pop);
        spare.map_or_else(Self::new, Ok)
    }

    fn keep(self) {
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < KEPT {
                spare.push(self);
            }
        });
    }

    #[expect(unsafe_code, reason = "new memory is a pointer")]
    fn new() -> Result<Self, Errno> {
        let readable = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        // SAFETY: the kernel chooses a place where nothing is, and nothing is there yet that the guard could hide.
        let start = unsafe {
            let start = mmap_anonymous(std::ptr::null_mut(), GUARD + BYTES, readable, flags)?;
            mprotect(start, GUARD, MprotectFlags::empty())?;
            start
        };
        Ok(Self(start.cast()))
    }

    fn usable(&self) -> *mut [u128] {
        let guard = GUARD / size_of::<u128>();
        std::ptr::slice_from_raw_parts_mut(self.0.wrapping_add(guard), BYTES / size_of::<u128>())
    }
}

impl Drop for Stack {
    #[expect(unsafe_code, reason = "memory is given back by its address")]
    fn drop(&mut self) {
        // SAFETY: it was mapped by `new` with this length, and nobody uses it any more.
        let _cannot_fail = unsafe { munmap(self.0.cast(), GUARD + BYTES) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(count: usize) -> Vec<Stack> {
        (0..count).map(|_| Stack::take().expect("there is memory")).collect()
    }

    #[test]
    fn a_stack_that_was_given_back_serves_the_next_process() {
        let stack = stacks(1).remove(0);
        let place = stack.usable();
        stack.keep();
        assert_eq!(stacks(1)[0].usable(), place);
    }

    #[test]
    fn no_more_stacks_are_kept_than_a_burst_needs() {
        stacks(KEPT + 3).into_iter().for_each(Stack::keep);
        assert_eq!(SPARE.with_borrow(Vec::len), KEPT);
    }
}
