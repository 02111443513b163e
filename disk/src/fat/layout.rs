//! Which entry takes which clusters. All of it is known before the first byte is written.

use std::collections::HashMap;

use super::geometry::{FIRST_CLUSTER, Geometry, Kind, ROOT_RECORDS};
use super::names::{self, Short};
use super::{Content, Entry, FatError, Node, boot, directory};

pub(super) const ROOT: usize = 0;
const MAX_RECORDS: u64 = 65_536;

/// An entry and its run of clusters.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) name: &'a str,
    pub(super) short: Short,
    pub(super) parent: usize,
    /// Indices of what is in it.
    pub(super) children: Vec<usize>,
    /// A file's contents; `None` for a folder.
    pub(super) content: Option<&'a Content>,
    /// Length of a file, or of a folder's records.
    pub(super) bytes: u64,
    /// The first cluster; 0 for an empty file, as its record has it, and for the root of FAT16.
    pub(super) first: u32,
    pub(super) clusters: u32,
}

/// All entries with their places; the first is the root.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub(super) placed: Vec<Placed<'a>>,
    /// The first free cluster.
    pub(super) next_cluster: u32,
}

impl<'a> Layout<'a> {
    pub(super) fn of(entries: &'a [Entry], geometry: &Geometry) -> Result<Self, FatError> {
        let mut tree = Tree::new();
        for entry in entries {
            tree.add(entry)?;
        }
        let mut layout = Self { placed: tree.placed, next_cluster: FIRST_CLUSTER };
        layout.name_and_measure(geometry.kind)?;
        layout.place(geometry)?;
        Ok(layout)
    }

    /// The allocation table as far as it is in use.
    pub(super) fn table(&self, kind: Kind) -> Vec<u8> {
        // All ones: the last of the numbers that end a chain.
        let end = kind.end_of_chain() | 7;
        let mut table = vec![end & !0xff | u32::from(boot::MEDIA), end];
        for placed in self.placed.iter().filter(|placed| placed.clusters > 0) {
            table.extend(placed.first + 1..placed.first + placed.clusters);
            table.push(end);
        }
        let bytes = usize::try_from(kind.entry_bytes()).expect("2 or 4");
        table.iter().flat_map(|entry| entry.to_le_bytes().into_iter().take(bytes)).collect()
    }

    fn name_and_measure(&mut self, kind: Kind) -> Result<(), FatError> {
        for index in 0..self.placed.len() {
            if self.placed[index].content.is_some() {
                continue;
            }
            let children = self.placed[index].children.clone();
            let all: Vec<&str> = children.iter().map(|child| self.placed[*child].name).collect();
            for (child, short) in children.iter().zip(names::shorts(&all)) {
                self.placed[*child].short = short;
            }
            let records = directory::record_count(self, index);
            let fixed = kind == Kind::Fat16 && index == ROOT;
            let limit = if fixed { ROOT_RECORDS } else { MAX_RECORDS };
            if records > limit {
                let path = path_of(&self.placed, index);
                return Err(FatError::DirectorySize { path, records, limit });
            }
            self.placed[index].bytes = records * directory::RECORD_BYTES as u64;
        }
        Ok(())
    }

    fn place(&mut self, geometry: &Geometry) -> Result<(), FatError> {
        let clusters = |placed: &Placed<'_>| placed.bytes.div_ceil(geometry.cluster_bytes());
        let in_clusters = if geometry.kind == Kind::Fat16 { ROOT + 1 } else { ROOT };
        let needed: u64 = self.placed.iter().skip(in_clusters).map(clusters).sum();
        if needed > u64::from(geometry.clusters) {
            return Err(FatError::Full {
                needed: needed * geometry.cluster_bytes(),
                available: u64::from(geometry.clusters) * geometry.cluster_bytes(),
                largest: self.largest(),
            });
        }
        for placed in self.placed.iter_mut().skip(in_clusters) {
            placed.clusters = u32::try_from(clusters(placed)).expect("fewer than the volume has");
            if placed.clusters > 0 {
                placed.first = self.next_cluster;
                self.next_cluster += placed.clusters;
            }
        }
        Ok(())
    }

    fn largest(&self) -> Vec<(String, u64)> {
        let files = self.placed.iter().enumerate().filter(|(_, placed)| placed.content.is_some());
        let mut files: Vec<_> =
            files.map(|(index, placed)| (path_of(&self.placed, index), placed.bytes)).collect();
        files.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        files.truncate(5);
        files
    }
}

/// The entries by folder, while they are gathered.
struct Tree<'a> {
    placed: Vec<Placed<'a>>,
    /// Where a name is in a folder, and whether it was listed or only made for what is in it.
    found: HashMap<(usize, String), (usize, Origin)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Listed,
    Implied,
}

impl<'a> Tree<'a> {
    fn new() -> Self {
        let mut tree = Self { placed: Vec::new(), found: HashMap::new() };
        tree.push("", ROOT, None, 0);
        tree
    }

    fn add(&mut self, entry: &'a Entry) -> Result<(), FatError> {
        let path = &entry.path;
        for name in path.split('/') {
            if let Some(reason) = names::fault(name) {
                return Err(FatError::Name { path: path.clone(), name: name.to_owned(), reason });
            }
        }
        let (folders, name) =
            path.rsplit_once('/').map_or((None, path.as_str()), |(f, n)| (Some(f), n));
        let mut parent = ROOT;
        for folder in folders.into_iter().flat_map(|folders| folders.split('/')) {
            parent = self.folder(parent, folder, path)?;
        }

        let key = (parent, names::folded(name));
        match (self.found.get(&key).copied(), &entry.node) {
            (Some((index, Origin::Implied)), Node::Directory) => {
                self.found.insert(key, (index, Origin::Listed));
            }
            (Some((index, _)), _) => {
                return Err(FatError::Duplicate {
                    path: path.clone(),
                    other: path_of(&self.placed, index),
                });
            }
            (None, Node::Directory) => {
                let index = self.push(name, parent, None, 0);
                self.found.insert(key, (index, Origin::Listed));
            }
            (None, Node::File(content)) => {
                let bytes = content.bytes()?;
                if u32::try_from(bytes).is_err() {
                    return Err(FatError::FileSize { path: path.clone(), bytes });
                }
                let index = self.push(name, parent, Some(content), bytes);
                self.found.insert(key, (index, Origin::Listed));
            }
        }
        Ok(())
    }

    /// The folder of this name in `parent`, made if it is not there. `path` is for the message.
    fn folder(&mut self, parent: usize, name: &'a str, path: &str) -> Result<usize, FatError> {
        let key = (parent, names::folded(name));
        if let Some((index, _)) = self.found.get(&key) {
            if self.placed[*index].content.is_some() {
                return Err(FatError::BelowFile {
                    path: path.to_owned(),
                    file: path_of(&self.placed, *index),
                });
            }
            return Ok(*index);
        }
        let index = self.push(name, parent, None, 0);
        self.found.insert(key, (index, Origin::Implied));
        Ok(index)
    }

    fn push(
        &mut self,
        name: &'a str,
        parent: usize,
        content: Option<&'a Content>,
        bytes: u64,
    ) -> usize {
        let index = self.placed.len();
        if index != ROOT {
            self.placed[parent].children.push(index);
        }
        let (short, children) = ([b' '; 11], Vec::new());
        self.placed.push(Placed {
            name,
            short,
            parent,
            children,
            content,
            bytes,
            first: 0,
            clusters: 0,
        });
        index
    }
}

/// The path of an entry, for messages.
fn path_of(placed: &[Placed<'_>], index: usize) -> String {
    let this = &placed[index];
    if index == ROOT || this.parent == ROOT {
        return this.name.to_owned();
    }
    format!("{}/{}", path_of(placed, this.parent), this.name)
}
