//! The root of the new host: every path is resolved inside it by the kernel (openat2(2), `RESOLVE_IN_ROOT`), and every
//! file is written whole or not at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Uid, chownat, fchmod, fchown, linkat,
    mkdirat, openat, openat2, readlinkat, renameat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;

/// Who owns something: user and group.
pub type Ids = (u32, u32);

/// The name a file has until it is whole. One provisioner runs at a time.
const NEW: &str = ".keelson-provision.new";

/// The root folder, open.
#[derive(Debug)]
pub struct Root {
    folder: OwnedFd,
    path: PathBuf,
    homes: BTreeMap<String, Ids>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    /// Nothing.
    Nothing,
    /// A directory.
    Directory,
    /// A regular file and what it holds.
    File(Vec<u8>),
    /// A symbolic link and where it leads to.
    Link(Vec<u8>),
    /// Something else.
    Other,
}

/// What a file is written with.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// The mode.
    pub mode: u32,
    /// The owner.
    pub ids: Ids,
}

impl Root {
    /// Opens the root. Homes that are made on the way to a file belong to their users.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(CWD, path, flags, Mode::empty())?;
        Ok(Self { folder, path: fs::canonicalize(path)?, homes: BTreeMap::new() })
    }

    /// Says whose homes are where.
    pub fn set_homes(&mut self, homes: BTreeMap<String, Ids>) {
        self.homes = homes;
    }

    /// Reads a file; links are followed inside the root.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let file =
            openat2(&self.folder, relative(path), flags, Mode::empty(), ResolveFlags::IN_ROOT)?;
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Looks at what is at a path, the last component not followed.
    pub fn look(&self, path: &str) -> io::Result<Present> {
        let (folder, name) = match self.parent(path, false) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => {
                return Ok(Present::Nothing);
            }
            outcome => outcome?,
        };
        let kind = match statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Present::Nothing),
            outcome => FileType::from_raw_mode(outcome?.st_mode),
        };
        Ok(match kind {
            FileType::Directory => Present::Directory,
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                let mut bytes = Vec::new();
                File::from(openat(&folder, &name, flags, Mode::empty())?)
                    .read_to_end(&mut bytes)?;
                Present::File(bytes)
            }
            FileType::Symlink => {
                Present::Link(readlinkat(&folder, &name, Vec::new())?.into_bytes())
            }
            _ => Present::Other,
        })
    }

    /// The mode and owner of what is at a path, not followed.
    pub fn attributes(&self, path: &str) -> io::Result<Attributes> {
        let (folder, name) = self.parent(path, false)?;
        let stat = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Attributes { mode: stat.st_mode & 0o7777, ids: (stat.st_uid, stat.st_gid) })
    }

    /// Makes a directory, or changes the one that is there. Its parents are made with mode 0755.
    pub fn make_directory(&self, path: &str, attributes: Attributes) -> io::Result<()> {
        let (parent, name) = self.parent(path, true)?;
        match mkdirat(&parent, &name, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = openat(&parent, &name, flags, Mode::empty())?;
        set(&folder, attributes)?;
        sync(&parent)
    }

    /// Writes a file whole; what is at the path is replaced at once.
    pub fn write_file(
        &self,
        path: &str,
        contents: &[u8],
        attributes: Attributes,
    ) -> io::Result<()> {
        let (folder, name) = self.parent(path, true)?;
        remove(&folder, NEW)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder, NEW, flags, Mode::from_raw_mode(0o600))?);
        let written = file
            .write_all(contents)
            .and_then(|()| set(&file, attributes))
            .and_then(|()| file.sync_all())
            .and_then(|()| Ok(renameat(&folder, NEW, &folder, &name)?));
        if let Err(error) = written {
            // The error that stopped it is the one to tell.
            let _left = remove(&folder, NEW);
            return Err(error);
        }
        sync(&folder)
    }

    /// Makes a symbolic link; what is at the path is replaced at once.
    pub fn make_link(&self, path: &str, target: &str, ids: Ids) -> io::Result<()> {
        let (folder, name) = self.parent(path, true)?;
        remove(&folder, NEW)?;
        symlinkat(target, &folder, NEW)?;
        let (uid, gid) = (Uid::from_raw(ids.0), Gid::from_raw(ids.1));
        owned(chownat(&folder, NEW, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW))?;
        renameat(&folder, NEW, &folder, &name)?;
        sync(&folder)
    }

    /// Makes a hard link to a path inside the root; what is at the path is replaced at once.
    pub fn make_hard_link(&self, path: &str, target: &str) -> io::Result<()> {
        let (target_folder, target_name) = self.parent(target, false)?;
        let (folder, name) = self.parent(path, true)?;
        remove(&folder, NEW)?;
        linkat(&target_folder, &target_name, &folder, NEW, AtFlags::empty())?;
        renameat(&folder, NEW, &folder, &name)?;
        // Renaming onto another name of the same file does nothing, and leaves the first.
        remove(&folder, NEW)?;
        sync(&folder)
    }

    /// Removes a file or a link; one that is not there is no error.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        match self.parent(path, false) {
            Ok((folder, name)) => remove(&folder, &name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Opens the folder of a path, and gives the last component.
    fn parent(&self, path: &str, create: bool) -> io::Result<(OwnedFd, String)> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let Some((name, folders)) = parts.split_last() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at = self.folder.try_clone()?;
        let mut so_far = String::new();
        for part in folders {
            so_far = format!("{so_far}/{part}");
            at = match openat2(
                &self.folder,
                relative(&so_far),
                flags,
                Mode::empty(),
                ResolveFlags::IN_ROOT,
            ) {
                Err(Errno::NOENT) if create => {
                    mkdirat(&at, *part, Mode::from_raw_mode(0o755))?;
                    let made = openat(&at, *part, flags | OFlags::NOFOLLOW, Mode::empty())?;
                    let ids = self.homes.get(&so_far).copied().unwrap_or((0, 0));
                    set(
                        &made,
                        Attributes { mode: if so_far == "/root" { 0o700 } else { 0o755 }, ids },
                    )?;
                    sync(&at)?;
                    made
                }
                outcome => outcome?,
            };
        }
        if create {
            self.check_writable(&at)?;
        }
        Ok((at, (*name).to_owned()))
    }

    /// Links on the way may lead into `/usr`, which nobody writes to.
    fn check_writable(&self, folder: &OwnedFd) -> io::Result<()> {
        let link = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()))?;
        if link.starts_with(self.path.join("usr")) {
            let what = "it leads into /usr, the verified, read-only system";
            return Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, what));
        }
        Ok(())
    }
}

/// A path as openat2 takes it: never empty.
fn relative(path: &str) -> OsString {
    let path = path.trim_start_matches('/');
    OsString::from_vec(if path.is_empty() { b".".to_vec() } else { path.as_bytes().to_vec() })
}

/// Without privilege (in tests) everything belongs to the caller.
fn owned(changed: Result<(), Errno>) -> io::Result<()> {
    match changed {
        Err(Errno::PERM) if !rustix::process::geteuid().is_root() => Ok(()),
        changed => Ok(changed?),
    }
}

/// Owner first: changing it takes set-user-ID bits away.
fn set(file: &impl AsFd, attributes: Attributes) -> io::Result<()> {
    let (uid, gid) = attributes.ids;
    owned(fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))))?;
    Ok(fchmod(file, Mode::from_raw_mode(attributes.mode))?)
}

fn sync(folder: &OwnedFd) -> io::Result<()> {
    Ok(rustix::fs::fsync(folder)?)
}

fn remove(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
