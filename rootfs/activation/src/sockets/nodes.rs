//! The file system side of a socket unit: parent folders, symlinks, removal.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use keelson_units::model::{Listen, Socket, SocketAddress};

use crate::sys;

/// The path of the node, if it has one in the file system.
pub(super) fn path(listen: &Listen) -> Option<&Path> {
    match listen {
        Listen::Stream(SocketAddress::Unix(path))
        | Listen::Datagram(SocketAddress::Unix(path))
        | Listen::SequentialPacket(SocketAddress::Unix(path))
        | Listen::Fifo(path) => Some(path),
        _ => None,
    }
}

/// Makes the folders above a node that are missing.
pub(super) fn make_parents(path: &Path, mode: u32) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(mode).create(parent)
}

/// `Symlinks=`; a link that cannot be made is passed over.
pub(super) fn link(socket: &Socket, warnings: &mut Vec<String>) {
    let Some(target) = socket.listen.iter().find_map(path) else { return };
    for link in &socket.symlinks {
        if let Err(error) = place(target, link, socket.directory_mode.unwrap_or(0o755)) {
            warnings.push(format!(
                "linking {} to {} failed: {error}",
                link.display(),
                target.display()
            ));
        }
    }
}

fn place(target: &Path, link: &Path, mode: u32) -> io::Result<()> {
    make_parents(link, mode)?;
    if fs::symlink_metadata(link).is_ok_and(|found| found.is_symlink()) {
        fs::remove_file(link)?;
    }
    symlink(target, link)
}

/// `RemoveOnStop=`
pub(super) fn remove(socket: &Socket, warnings: &mut Vec<String>) {
    let nodes = socket.listen.iter().filter_map(path).map(Path::to_owned);
    let links = socket.symlinks.iter().cloned();
    let paths: Vec<PathBuf> = nodes.chain(links).collect();
    for path in paths {
        note(&path.display().to_string(), fs::remove_file(&path), warnings);
    }
    for listen in &socket.listen {
        if let Listen::MessageQueue(name) = listen {
            note(name, sys::unlink_queue(name), warnings);
        }
    }
}

fn note(what: &str, result: io::Result<()>, warnings: &mut Vec<String>) {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            warnings.push(format!("removing {what} failed: {error}"));
        }
        _ => {}
    }
}
