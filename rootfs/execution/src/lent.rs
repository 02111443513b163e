//! What a new process works on, and the stack of one that shares this process's memory.

use std::cell::UnsafeCell;

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
        let stack = if shared { Some(Stack::new()?) } else { None };
        Ok(Self { child: Box::new(UnsafeCell::new(child)), stack })
    }

    /// Whether the process uses this memory, and no copy of it.
    pub const fn is_shared(&self) -> bool {
        self.stack.is_some()
    }

    /// The process is to have a copy instead.
    pub fn copy(&mut self) {
        self.stack = None;
    }

    /// Pointers to both.
    pub fn parts(&mut self) -> (*mut run::Child, Option<*mut [u128]>) {
        (self.child.get(), self.stack.as_ref().map(Stack::usable))
    }
}

/// Memory that ends below in a page nobody may touch.
#[derive(Debug)]
struct Stack(*mut u128);

/// Bytes of a stack; the deepest step takes a tenth.
const BYTES: usize = 64 * 1024;
/// Bytes of the page below it.
const GUARD: usize = 4096;

impl Stack {
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
