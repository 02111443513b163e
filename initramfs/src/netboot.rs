//! `/usr` that a network loader brought along: three files in the initramfs, out of `usr.img` or out
//! of the single-file UKI. They become block devices, so that they are verified as partitions are.
//!
//! The files are in memory once: the kernel frees the packed initramfs before `/init` runs, and the
//! loop devices keep the files when the switch to the new root deletes their names.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::Source;
use crate::loop_device;
use crate::refuse::{Failure, doing};
use crate::usr::{Device, Parts};

/// The folder in the initramfs. Written by the builder.
const FOLDER: &str = "/keelson-usr";
/// An Ignition configuration, which a loader may bring in an archive of its own. The name is that of
/// Fedora CoreOS, so that what wraps a configuration for its network boot serves here too.
const CONFIG: &str = "/config.ign";
/// The modules that [`source`] needs.
pub(crate) const MODULES: [&str; 1] = ["loop"];
/// The unit of a loop device's size.
const SECTOR: u64 = 512;

/// Why what the loader brought is no `/usr`.
#[derive(Debug, Error)]
pub(crate) enum NetbootError {
    /// A file is not there: the archive was cut off, or is not the builder's.
    #[error(
        "{FOLDER}/{0} is not in the initramfs: the loader did not hand over the whole usr.img; a \
         line `Initramfs unpacking failed` of the kernel above says why"
    )]
    Absent(&'static str),
    /// A system call failed.
    #[error("{0}")]
    Failed(#[from] Failure),
}

/// Whether a loader brought a `/usr`.
pub(crate) fn is_there() -> bool {
    Path::new(FOLDER).is_dir()
}

/// The Ignition configuration that the loader brought along with a `/usr`.
pub(crate) fn config() -> Option<&'static str> {
    (is_there() && Path::new(CONFIG).is_file()).then_some(CONFIG)
}

/// Makes the files block devices. [`MODULES`] must be loaded.
pub(crate) fn source() -> Result<Source, NetbootError> {
    let parts = Parts {
        data: device("usr.erofs")?,
        hash: device("usr.verity")?,
        signature: device("usr.sig.json")?,
    };
    Ok(Source { parts, disk: None, slot: None, esp: None })
}

fn device(file_name: &'static str) -> Result<Device, NetbootError> {
    let path = format!("{FOLDER}/{file_name}");
    let file = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(NetbootError::Absent(file_name));
        }
        Err(error) => return Err(doing(format!("opening {path}"))(error).into()),
    };
    let bytes = whole_sectors(&file).map_err(doing(format!("filling up {path}")))?;
    let name = loop_device::attach(&file, &path)?;
    let number = format!("/sys/class/block/{name}/dev");
    let number = fs::read_to_string(&number).map_err(doing(format!("reading {number}")))?;
    Ok(Device { name, number: number.trim().to_owned(), label: file_name.to_owned(), bytes })
}

/// Fills a file with zeroes up to a whole sector, as the rest of a partition is, and gives its
/// length: a loop device leaves out what is after the last whole one.
fn whole_sectors(file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let whole = length.next_multiple_of(SECTOR);
    if whole != length {
        file.set_len(whole)?;
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_filled_up_to_a_sector_and_a_whole_one_is_left_alone() {
        let path = std::env::temp_dir().join(format!("keelson-netboot-{}", std::process::id()));
        for (length, whole) in [(0, 0), (1, 512), (512, 512), (1172, 1536)] {
            let mut file = File::create(&path).expect("a temporary file");
            file.write_all(&vec![7; length]).expect("it is written");
            assert_eq!(whole_sectors(&file).expect("it is filled"), whole);
            assert_eq!(file.metadata().expect("it is there").len(), whole);
        }
        fs::remove_file(&path).expect("it is there");
    }
}
