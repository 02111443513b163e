//! The folders of a volume and where they lie, with the path tables (ECMA-119, chapters 7 and 10).

use super::directory::{self, Node, PARENT, SELF};
use super::{BLOCK, IsoError, Placed};

/// A Rock Ridge name is kept in one record, whose length is a byte.
const LONGEST_NAME: usize = 80;
const ROOT: usize = 0;

/// Folders and the files in them.
#[derive(Debug)]
pub(super) struct Tree {
    folders: Vec<Folder>,
    /// Where the path tables begin, in bytes; folders follow them.
    start: u64,
}

#[derive(Debug)]
struct Folder {
    parent: usize,
    identifier: Vec<u8>,
    path: String,
    /// In the order of their identifiers, once the tree is whole.
    entries: Vec<Entry>,
    start: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Entry {
    identifier: Vec<u8>,
    name: String,
    path: String,
    /// Which folder it is, if it is one.
    folder: Option<usize>,
}

impl Tree {
    /// The tree of these files.
    pub(super) fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Result<Self, IsoError> {
        let root = Folder {
            parent: ROOT,
            identifier: SELF.to_vec(),
            path: String::new(),
            entries: Vec::new(),
            start: 0,
            bytes: 0,
        };
        let mut tree = Self { folders: vec![root], start: 0 };
        for path in paths {
            let mut folder = ROOT;
            for (at, _) in path.match_indices('/') {
                folder = tree.folder(folder, &path[..at])?;
            }
            tree.add(folder, path, None)?;
        }
        for folder in &mut tree.folders {
            folder.entries.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        }
        Ok(tree)
    }

    /// The folder at a path, made where it is not there.
    fn folder(&mut self, parent: usize, path: &str) -> Result<usize, IsoError> {
        if let Some(index) = self.folders.iter().position(|folder| folder.path == path) {
            return Ok(index);
        }
        let index = self.folders.len();
        let identifier = self.add(parent, path, Some(index))?;
        let path = path.to_owned();
        let (entries, start, bytes) = (Vec::new(), 0, 0);
        self.folders.push(Folder { parent, identifier, path, entries, start, bytes });
        Ok(index)
    }

    fn add(
        &mut self,
        parent: usize,
        path: &str,
        folder: Option<usize>,
    ) -> Result<Vec<u8>, IsoError> {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.is_empty() || name.len() > LONGEST_NAME || name == "." || name == ".." {
            let reason = "a file's has 1 to 80 bytes and is not . or ..";
            return Err(IsoError::Name { name: name.to_owned(), reason });
        }
        let identifier = identifier(name, folder.is_some());
        let entries = &mut self.folders[parent].entries;
        if let Some(other) = entries.iter().find(|entry| entry.identifier == identifier) {
            let (path, other) = (path.to_owned(), other.path.clone());
            return Err(IsoError::Duplicate { path, other });
        }
        let (name, path) = (name.to_owned(), path.to_owned());
        entries.push(Entry { identifier: identifier.clone(), name, path, folder });
        Ok(identifier)
    }

    /// Gives path tables and folders their places from byte `start` on; gives the byte behind them.
    pub(super) fn place(&mut self, start: u64) -> Result<u64, IsoError> {
        self.start = start;
        let mut next = start + 2 * u64::from(self.path_table_blocks()) * BLOCK;
        for index in 0..self.folders.len() {
            let bytes = self.encode_folder(index, &[])?.len() as u64;
            let folder = &mut self.folders[index];
            (folder.start, folder.bytes) = (next, bytes);
            next += bytes;
        }
        Ok(next)
    }

    /// The bytes of path tables and folders with their places on the volume.
    pub(super) fn encode(&self, files: &[Placed]) -> Result<Vec<(u64, Vec<u8>)>, IsoError> {
        let second = self.start + u64::from(self.path_table_blocks()) * BLOCK;
        let mut pieces = vec![
            (self.start, self.path_table(u32::to_le_bytes, u16::to_le_bytes)?),
            (second, self.path_table(u32::to_be_bytes, u16::to_be_bytes)?),
        ];
        for (index, folder) in self.folders.iter().enumerate() {
            pieces.push((folder.start, self.encode_folder(index, files)?));
        }
        Ok(pieces)
    }

    /// Bytes of each path table.
    pub(super) fn path_table_bytes(&self) -> u32 {
        let of = |folder: &Folder| 8 + folder.identifier.len().next_multiple_of(2);
        let bytes: usize = self.folders.iter().map(of).sum();
        u32::try_from(bytes).expect("the head has less than 4 GiB")
    }

    /// Blocks of each path table.
    pub(super) fn path_table_blocks(&self) -> u32 {
        self.path_table_bytes().div_ceil(2048)
    }

    /// The block of the first path table, which is little-endian; the big-endian one follows.
    pub(super) fn path_table_block(&self) -> Result<u32, IsoError> {
        block(self.start)
    }

    /// The record of the root in the volume descriptor.
    pub(super) fn root_record(&self) -> Result<Vec<u8>, IsoError> {
        Ok(directory::plain(SELF, self.node(ROOT)?))
    }

    /// A path table: folders by depth, then by their parents, then by name.
    fn path_table(
        &self,
        long: fn(u32) -> [u8; 4],
        short: fn(u16) -> [u8; 2],
    ) -> Result<Vec<u8>, IsoError> {
        let mut order = vec![ROOT];
        let mut table = Vec::new();
        let mut next = 0;
        while let Some(index) = order.get(next).copied() {
            let folder = &self.folders[index];
            order.extend(folder.entries.iter().filter_map(|entry| entry.folder));
            let parent = order.iter().position(|other| *other == folder.parent);
            let parent = parent.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or(1);
            let length = u8::try_from(folder.identifier.len()).expect("at most 31 bytes");
            table.extend([length, 0]);
            table.extend(long(block(folder.start)?));
            table.extend(short(parent));
            table.extend(&folder.identifier);
            table.resize(table.len().next_multiple_of(2), 0);
            next += 1;
        }
        Ok(table)
    }

    fn node(&self, index: usize) -> Result<Node, IsoError> {
        let folder = &self.folders[index];
        let folders = folder.entries.iter().filter(|entry| entry.folder.is_some()).count();
        Ok(Node {
            block: block(folder.start)?,
            bytes: length(folder.bytes)?,
            folders: Some(u32::try_from(folders).expect("the head has less than 4 GiB")),
            serial: u32::try_from(index + 1).expect("the head has less than 4 GiB"),
        })
    }

    /// The records of a folder. A file that is not among `files` has no place yet.
    fn encode_folder(&self, index: usize, files: &[Placed]) -> Result<Vec<u8>, IsoError> {
        let folder = &self.folders[index];
        let own = match index {
            ROOT => directory::root_self(self.node(ROOT)?),
            _ => directory::with_rock_ridge(SELF, None, self.node(index)?),
        };
        let parent = self.node(folder.parent)?;
        let mut bytes = own;
        push(&mut bytes, &directory::with_rock_ridge(PARENT, None, parent));
        for entry in &folder.entries {
            let node = match entry.folder {
                Some(folder) => self.node(folder)?,
                None => self.file(&entry.path, files)?,
            };
            let name = Some(entry.name.as_str());
            push(&mut bytes, &directory::with_rock_ridge(&entry.identifier, name, node));
        }
        bytes.resize(bytes.len().next_multiple_of(2048), 0);
        Ok(bytes)
    }

    fn file(&self, path: &str, files: &[Placed]) -> Result<Node, IsoError> {
        let Some(at) = files.iter().position(|file| file.path == path) else {
            return Ok(Node { block: 0, bytes: 0, folders: None, serial: 0 });
        };
        let serial = u32::try_from(self.folders.len() + at + 1);
        Ok(Node {
            block: files[at].block()?,
            bytes: length(files[at].bytes)?,
            folders: None,
            serial: serial.expect("the head has less than 4 GiB"),
        })
    }
}

/// Appends a record, which must not cross the end of a block.
fn push(bytes: &mut Vec<u8>, record: &[u8]) {
    let left = 2048 - bytes.len() % 2048;
    if record.len() > left {
        bytes.resize(bytes.len() + left, 0);
    }
    bytes.extend(record);
}

/// The name as ECMA-119 has it (section 7.5): capitals, digits and `_`, at most 30 of them, of a file
/// with one dot and the version.
fn identifier(name: &str, is_folder: bool) -> Vec<u8> {
    let plain = |text: &str, most: usize| -> String {
        let character =
            |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        text.chars().map(character).take(most).collect()
    };
    if is_folder {
        return plain(name, 31).into_bytes();
    }
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{}.{};1", plain(stem, 20), plain(extension, 10)).into_bytes()
}

fn block(start: u64) -> Result<u32, IsoError> {
    u32::try_from(start / BLOCK).map_err(|_| IsoError::Size { bytes: start })
}

fn length(bytes: u64) -> Result<u32, IsoError> {
    u32::try_from(bytes).map_err(|_| IsoError::Size { bytes })
}
