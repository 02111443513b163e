//! Where the configuration comes from: a file, or QEMU's firmware configuration device.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The entries of the device, in the order they are looked for. The names are those of Fedora CoreOS and Flatcar.
pub const FW_CFG: &[&str] = &[
    "/sys/firmware/qemu_fw_cfg/by_name/opt/com.coreos/config/raw",
    "/sys/firmware/qemu_fw_cfg/by_name/opt/org.flatcar-linux/config/raw",
];
/// More than this is no configuration.
const LARGEST: u64 = 256 << 20;

/// A configuration and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// For messages.
    pub name: PathBuf,
    /// What was there.
    pub bytes: Vec<u8>,
}

/// Reads a file.
pub fn file(path: &Path) -> io::Result<Source> {
    Ok(Source { name: path.to_owned(), bytes: read(path)? })
}

/// Reads the first entry of the device that is there and not empty.
pub fn qemu(paths: &[&str]) -> io::Result<Option<Source>> {
    for path in paths.iter().map(Path::new) {
        match read(path) {
            Ok(bytes) if !bytes.is_empty() => {
                return Ok(Some(Source { name: path.to_owned(), bytes }));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
            }
        }
    }
    Ok(None)
}

/// Reads in pieces as large as can be: the driver goes through the entry from its start for each read, and sysfs gives
/// at most a page at a time.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {LARGEST} bytes"),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.by_ref().take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_that_says_something_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let paths = [path("a"), path("b"), path("c")];
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(qemu(&paths).expect("nothing there"), None);
        std::fs::write(paths[1], "").expect("written");
        std::fs::write(paths[2], "{}").expect("written");
        let source = qemu(&paths).expect("readable").expect("there");
        assert_eq!((source.name.as_path(), &source.bytes[..]), (Path::new(paths[2]), &b"{}"[..]));
    }
}
