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

/// Platforms whose own source of configurations this release does not read, and that source.
const NOT_READ: &[(&str, &str)] = &[
    ("ec2", "the user data of the instance metadata service"),
    ("gce", "the attribute user-data of the metadata server"),
    ("azure", "the custom data of the provisioning media and the metadata service"),
    ("openstack", "the config drive and the metadata service"),
    ("vmware", "the guestinfo properties"),
    ("hyperv", "the key-value pairs of the host"),
    ("digitalocean", "the user data of the metadata service"),
    ("hetzner", "the user data of the metadata service"),
    ("proxmox", "the cloud-init drive"),
    ("kubevirt", "the config drive"),
];

/// What is said where no configuration was found: what was not looked at, and that no one can log in.
pub fn nothing(platform: Option<&str>) -> Vec<String> {
    let Some(platform) = platform.filter(|name| *name != "none") else { return Vec::new() };
    let unread = NOT_READ.iter().find(|(name, _)| *name == platform);
    let unread = unread
        .map(|(_, source)| format!("platform {platform}: this release does not read {source}"));
    let keys = "no key and no password is set, so nobody can log in; see the manual, \"Platforms\"";
    unread.into_iter().chain([keys.to_owned()]).collect()
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
    fn where_nothing_was_found_it_is_said_what_was_not_looked_at() {
        assert_eq!(nothing(None), Vec::<String>::new());
        assert_eq!(nothing(Some("none")), Vec::<String>::new());
        assert_eq!(nothing(Some("metal")).len(), 1);
        let lines = nothing(Some("vmware"));
        assert_eq!(
            lines[0],
            "platform vmware: this release does not read the guestinfo properties"
        );
        assert_eq!(nothing(Some("later-than-this")).len(), 1);
    }

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
