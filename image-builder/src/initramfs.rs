//! The initramfs of the UKI: `/init`, the storage modules, the release keys, and nothing else.

use keelson_format::cmdline::Debug;
use keelson_format::signature::trusted_keys_to_text;

use crate::cpio::{self, CpioError, Entry, Node};
use crate::keys::KeySet;
use crate::stage::Kernel;
use keelson_disk::content::Content;

/// zstd level: it is compressed once, beside the larger `/usr`, and read at every boot.
const LEVEL: i32 = 19;

/// Where `/init` finds the keys it trusts. Written here, read by the crate `initramfs`.
const RELEASE_KEYS: &str = "etc/keelson/release-keys";
/// Where `/init` finds whether `keelson.debug` is obeyed.
const DEBUG: &str = "etc/keelson/debug";

/// The compressed cpio archive.
pub fn assemble(
    init: &Content,
    kernel: &Kernel,
    keys: &KeySet,
    debug: Debug,
) -> Result<Vec<u8>, CpioError> {
    let mut entries = Vec::new();
    let modules = format!("usr/lib/modules/{}", kernel.release);
    for folder in ["dev", "proc", "run", "sys", "sysroot", "tmp"] {
        add(&mut entries, folder, 0o755, Node::Directory);
    }
    // The kernel opens /dev/console before /init has mounted anything.
    add(&mut entries, "dev/console", 0o600, Node::CharDevice { major: 5, minor: 1 });
    let mut file = |path: &str, mode, content| add(&mut entries, path, mode, Node::File(content));
    file("init", 0o755, init.clone());
    let public = keys.public();
    let trusted = trusted_keys_to_text([(&public, keys.name())]);
    file(RELEASE_KEYS, 0o644, Content::Bytes(trusted.into_bytes()));
    let debug = match debug {
        Debug::Off => "off\n",
        Debug::Allowed => "allowed\n",
    };
    file(DEBUG, 0o644, Content::Bytes(debug.as_bytes().to_vec()));
    for (name, text) in &kernel.initramfs_indexes {
        file(&format!("{modules}/{name}"), 0o644, Content::Bytes(text.clone().into_bytes()));
    }
    for module in &kernel.initramfs {
        let path = format!("{modules}/{}", module.path);
        file(&path, 0o644, Content::Bytes(module.bytes.clone()));
    }
    cpio::compressed(&entries, LEVEL)
}

/// Adds an entry after the folders above it.
fn add(entries: &mut Vec<Entry>, path: &str, mode: u32, node: Node) {
    for (index, _) in path.match_indices('/') {
        let parent = &path[..index];
        if !entries.iter().any(|entry| entry.path == parent) {
            entries.push(Entry { path: parent.to_owned(), mode: 0o755, node: Node::Directory });
        }
    }
    entries.push(Entry { path: path.to_owned(), mode, node });
}
