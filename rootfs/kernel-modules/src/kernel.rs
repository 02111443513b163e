//! The kernel's side: which modules it has, and giving it one more.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::LoadError;

/// `MODULE_INIT_COMPRESSED_FILE` of `linux/module.h`: the kernel unpacks the file.
const COMPRESSED: i32 = 4;

/// Names of the modules that are live.
pub(crate) fn loaded() -> io::Result<BTreeSet<String>> {
    match fs::read_to_string("/proc/modules") {
        Ok(text) => Ok(parse_loaded(&text)),
        // A kernel without modules has no such file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

/// `/proc/modules` is lines of `NAME SIZE USERS USED-BY STATE ADDRESS`.
pub(crate) fn parse_loaded(text: &str) -> BTreeSet<String> {
    let live = |line: &&str| line.split(' ').nth(4) == Some("Live");
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    text.lines().filter(live).map(name).collect()
}

/// Loads a file; `false` if the module was there already.
pub(crate) fn insert(path: &Path, params: &str) -> Result<bool, LoadError> {
    let at = |errno: Errno| LoadError::Kernel { path: path.to_owned(), errno };
    let params = CString::new(params).map_err(|_| at(Errno::INVAL))?;
    let file = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| LoadError::Open { path: path.to_owned(), errno })?;
    let packed = path.extension().is_some_and(|suffix| suffix != "ko");
    match rustix::system::finit_module(&file, &params, if packed { COMPRESSED } else { 0 }) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(errno) => Err(at(errno)),
    }
}

/// What an error of `finit_module(2)` means for whoever reads the message.
pub(crate) fn meaning(errno: Errno) -> &'static str {
    match errno {
        Errno::NOEXEC => "not a module of this kernel, or damaged",
        Errno::NOKEY | Errno::KEYREJECTED | Errno::BADMSG => "its signature was not accepted",
        Errno::NOENT => "a symbol, or something that it asks the kernel for, is not there",
        Errno::INVAL => "a parameter, or its version information, was not accepted",
        Errno::NODEV | Errno::NXIO => "the hardware it drives is not there",
        Errno::PERM => "loading modules is locked or not permitted",
        Errno::NOMEM => "out of memory",
        Errno::OPNOTSUPP => "this kernel does not unpack modules of this compression",
        Errno::BUSY => "another load of it is under way, or its resource is taken",
        Errno::TIMEDOUT => "the kernel waited for another load of it in vain",
        _ => "the module's own start failed",
    }
}
