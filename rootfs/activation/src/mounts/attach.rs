//! mount(2) and umount2(2).

use std::ffi::CString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use keelson_output::eprintln;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

use super::options::{Kind, Options};
use super::source::{Source, find_source};
use super::{Attachment, MountError, check, helper, loop_device};
use crate::devices::probe;

/// Mounts or remounts.
pub(super) fn attach(attachment: &Attachment) -> Result<(), MountError> {
    let options = Options::parse(&attachment.options);
    if options.remount || attachment.remount {
        return remount(attachment, &options);
    }
    prepare(attachment, &options)?;
    is_canonical(&attachment.mount_point)?;
    match options.kind {
        Kind::Bind | Kind::RecursiveBind => bind(attachment, &options)?,
        Kind::Move => {
            let moved =
                rustix::mount::mount_move(attachment.what.as_str(), &attachment.mount_point);
            moved.map_err(|error| failed(attachment, "none", error.into()))?;
        }
        Kind::New => {
            if let Some(helper) =
                attachment.fs_type.as_deref().and_then(|kind| helper::find("mount", kind))
            {
                helper::mount(&helper, attachment)?;
            } else {
                file_system(attachment, &options)?;
            }
        }
    }
    propagate(attachment, &options)
}

/// Makes the mount point, and the source of a bind mount.
fn prepare(attachment: &Attachment, options: &Options) -> Result<(), MountError> {
    let what = Path::new(&attachment.what);
    if options.is_bind() && fs::symlink_metadata(what).is_err() {
        make_directory(what, attachment.directory_mode)?;
    }
    let point = &attachment.mount_point;
    if fs::metadata(point).is_ok() {
        return Ok(());
    }
    if options.is_bind() && what.is_file() {
        if let Some(parent) = point.parent() {
            make_directory(parent, attachment.directory_mode)?;
        }
        return File::create(point)
            .map(drop)
            .map_err(|error| MountError::Directory(point.clone(), error));
    }
    make_directory(point, attachment.directory_mode)
}

/// The kernel lists what is mounted through a symlink under the path that this leads to, where the unit would not find it
/// again.
fn is_canonical(point: &Path) -> Result<(), MountError> {
    match fs::canonicalize(point) {
        Ok(canonical) if canonical != point => {
            Err(MountError::Symlink(point.to_owned(), canonical))
        }
        // What is wrong with it mount(2) says, too.
        _ => Ok(()),
    }
}

fn make_directory(path: &Path, mode: u32) -> Result<(), MountError> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| MountError::Directory(path.to_owned(), error))
}

fn bind(attachment: &Attachment, options: &Options) -> Result<(), MountError> {
    let (what, point) = (attachment.what.as_str(), &attachment.mount_point);
    let bound = if options.kind == Kind::Bind {
        rustix::mount::mount_bind(what, point)
    } else {
        rustix::mount::mount_bind_recursive(what, point)
    };
    bound.map_err(|error| failed(attachment, "none", error.into()))?;
    // The kernel takes a bind mount's own options only afterwards.
    if options.flags == 0 { Ok(()) } else { remount(attachment, options) }
}

fn remount(attachment: &Attachment, options: &Options) -> Result<(), MountError> {
    let mut flags = flags(options.flags);
    if options.is_bind() {
        flags |= MountFlags::BIND;
    }
    let data = c_string(&options.data)?;
    let data = if options.is_bind() { c"" } else { data.as_c_str() };
    let remounted = rustix::mount::mount_remount(&attachment.mount_point, flags, data);
    remounted.map_err(|error| failed(attachment, "remount", error.into()))
}

/// A file system by type; without one, by what is on the device, then by trying what the kernel knows.
fn file_system(attachment: &Attachment, options: &Options) -> Result<(), MountError> {
    let wanted = attachment.fs_type.as_deref().filter(|kind| *kind != "auto");
    let virtual_type =
        wanted.is_some_and(|kind| !known_types(true).iter().any(|known| known == kind));
    let loops = options.loop_device.is_some();
    let source = if virtual_type
        && !loops
        && !attachment.what.starts_with("/dev/")
        && !has_tag(&attachment.what)
    {
        Source::Text(attachment.what.clone())
    } else {
        find_source(&attachment.what)?
    };
    // Held open until it is mounted: the kernel clears the device when nobody holds it.
    let (source, _loop_device) = match source {
        Source::File(path) if loops || !virtual_type => {
            let made = loop_device::attach(&path, options);
            let (device, held) = made.map_err(|error| MountError::Loop(path.clone(), error))?;
            (Source::Device(device), Some(held))
        }
        source => (source, None),
    };
    let text = source.as_text();
    match (wanted, &source) {
        (Some(kind), _) => mount(attachment, options, &text, kind),
        (None, Source::Device(path)) => {
            let kinds = match File::open(path).ok().and_then(|file| probe::probe(&file)) {
                Some(found) => vec![found.kind.fs_type().to_owned()],
                None => known_types(true),
            };
            try_each(attachment, options, &text, path, &kinds)
        }
        (None, _) => Err(MountError::NoFileSystem(text.into())),
    }
}

fn has_tag(what: &str) -> bool {
    keelson_units::fstab::tagged_path(what).is_some()
}

fn try_each(
    attachment: &Attachment,
    options: &Options,
    source: &str,
    path: &Path,
    kinds: &[String],
) -> Result<(), MountError> {
    for kind in kinds {
        match mount(attachment, options, source, kind) {
            // Not this type.
            Err(MountError::Mount { source, .. })
                if kinds.len() > 1 && source.kind() == io::ErrorKind::InvalidInput => {}
            result => return result,
        }
    }
    Err(MountError::NoFileSystem(path.to_owned()))
}

/// One mount(2); a device that is write-protected is mounted read-only unless that is forbidden.
fn mount(
    attachment: &Attachment,
    options: &Options,
    source: &str,
    kind: &str,
) -> Result<(), MountError> {
    if attachment.check && check::is_known(kind) {
        check::check(Path::new(source))?;
    }
    let data = c_string(&options.data)?;
    let try_with = |flags: MountFlags| {
        rustix::mount::mount(source, &attachment.mount_point, kind, flags, data.as_c_str())
    };
    let wanted = flags(options.flags);
    let mounted = match try_with(wanted) {
        Err(rustix::io::Errno::ROFS | rustix::io::Errno::ACCESS)
            if source.starts_with("/dev/")
                && !wanted.contains(MountFlags::RDONLY)
                && !attachment.read_write_only =>
        {
            eprintln(format_args!("{source} is write-protected, mounting it read-only"));
            try_with(wanted | MountFlags::RDONLY)
        }
        result => result,
    };
    mounted.map_err(|error| MountError::Mount {
        what: source.to_owned(),
        mount_point: attachment.mount_point.clone(),
        fs_type: kind.to_owned(),
        source: error.into(),
    })
}

fn propagate(attachment: &Attachment, options: &Options) -> Result<(), MountError> {
    for &bits in &options.propagation {
        let bits = MountPropagationFlags::from_bits_retain(u32::try_from(bits).unwrap_or_default());
        let changed = rustix::mount::mount_change(&attachment.mount_point, bits);
        changed.map_err(|error| failed(attachment, "none", error.into()))?;
    }
    Ok(())
}

/// Unmounts what is on top of a mount point.
pub(super) fn detach(
    point: &Path,
    fs_type: Option<&str>,
    lazy: bool,
    force: bool,
) -> Result<(), MountError> {
    if let Some(helper) = fs_type.and_then(|kind| helper::find("umount", kind)) {
        return helper::unmount(&helper, point, lazy, force);
    }
    let mut flags = UnmountFlags::NOFOLLOW;
    flags.set(UnmountFlags::DETACH, lazy);
    flags.set(UnmountFlags::FORCE, force);
    rustix::mount::unmount(point, flags)
        .map_err(|error| MountError::Unmount(point.to_owned(), error.into()))
}

fn flags(bits: u64) -> MountFlags {
    MountFlags::from_bits_retain(u32::try_from(bits).unwrap_or_default())
}

/// Types of /proc/filesystems; only those that need a device, or all.
fn known_types(on_devices: bool) -> Vec<String> {
    let text = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let lines = text.lines().filter(|line| !(on_devices && line.starts_with("nodev")));
    lines.filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

fn failed(attachment: &Attachment, fs_type: &str, source: io::Error) -> MountError {
    let (what, mount_point) = (attachment.what.clone(), attachment.mount_point.clone());
    MountError::Mount { what, mount_point, fs_type: fs_type.to_owned(), source }
}

fn c_string(text: &str) -> Result<CString, MountError> {
    CString::new(text).map_err(|_| MountError::Option(text.to_owned()))
}
