//! The host's name, for `_HOSTNAME=`.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the longest name of a host, with its end of line (uname(2)).
const LONGEST: usize = 65;
/// How long a name that was read counts, in microseconds: it may change while the service runs.
const FRESH: u64 = 1_000_000;

/// The name, where the kernel tells it.
pub struct Hostname {
    file: Option<File>,
    name: Vec<u8>,
    /// When it is to be read again.
    stale: u64,
}

impl Hostname {
    /// Opens the kernel's file of the host at `root`.
    pub fn open(root: &Path) -> Self {
        let file = File::open(root.join("proc/sys/kernel/hostname")).ok();
        Self { file, name: Vec::new(), stale: 0 }
    }

    /// The name at `now`, in microseconds since the boot; empty for a host without one.
    pub fn at(&mut self, now: u64) -> &[u8] {
        if now >= self.stale {
            let mut name = [0; LONGEST];
            let length = self.file.as_ref().and_then(|file| file.read_at(&mut name, 0).ok());
            self.name = name[..length.unwrap_or(0)].trim_ascii().to_vec();
            self.stale = now + FRESH;
        }
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_is_seen_within_a_second() {
        let root = tempfile::tempdir().expect("a folder");
        let file = root.path().join("proc/sys/kernel/hostname");
        std::fs::create_dir_all(file.parent().expect("a folder above")).expect("folders");
        std::fs::write(&file, "first\n").expect("a file");
        let mut hostname = Hostname::open(root.path());
        assert_eq!(hostname.at(5), b"first");
        std::fs::write(&file, "second\n").expect("a file");
        assert_eq!(hostname.at(FRESH), b"first");
        assert_eq!(hostname.at(FRESH + 5), b"second");
        assert_eq!(Hostname::open(Path::new("/nonexistent")).at(0), b"");
    }
}
