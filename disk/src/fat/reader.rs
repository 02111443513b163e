//! Reading a FAT16 or FAT32 volume with sectors of 512 bytes. The volume need not be one of ours and may
//! be damaged: chains that loop or leave the volume are errors, and nothing is trusted.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::boot::{self, Boot};
use super::directory::{DIRECTORY, LAST_LONG, LONG_NAME, RECORD_BYTES, UNIT_OFFSETS, VOLUME_LABEL};
use super::geometry::{FIRST_CLUSTER, Geometry, Kind};
use super::names::{self, Short};

/// Folders nested deeper than this are taken for damage.
const MAX_DEPTH: usize = 32;
/// The records of a folder end here (section 6).
const MAX_FOLDER_BYTES: usize = 65_536 * RECORD_BYTES;
/// More records than this in all folders together are taken for damage: folders within one another in
/// more than one way are read once for each.
const MAX_FOLDERS_BYTES: usize = 8 * MAX_FOLDER_BYTES;

/// Why a volume could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing says that it is a FAT volume.
    #[error("no FAT volume at byte {at}: {reason}")]
    NotFat {
        /// Where the volume should be.
        at: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The boot sector calls it FAT and is damaged, or of a form that is not read.
    #[error("the FAT volume at byte {at} cannot be read: {reason}")]
    Form {
        /// Where the volume is.
        at: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A chain of clusters loops or leaves the volume.
    #[error("the chain of cluster {first} is damaged at cluster {cluster}")]
    Chain {
        /// Its first cluster.
        first: u32,
        /// Where it went wrong.
        cluster: u32,
    },
    /// Folders are nested too deep to be true.
    #[error("folder {path:?} is nested too deep")]
    Depth {
        /// The folder.
        path: String,
    },
    /// The folders together have more records than is read.
    #[error("folder {path:?} and those before it have too many records to be true")]
    Records {
        /// The folder.
        path: String,
    },
    /// The image could not be read.
    #[error("reading a FAT volume: {0}")]
    Io(#[from] io::Error),
}

/// A volume within a file.
#[derive(Debug)]
pub struct Reader<'a> {
    file: &'a File,
    at: u64,
    geometry: Geometry,
    /// The first cluster of the root folder; none on FAT16.
    root: Option<u32>,
    id: u32,
    label: Short,
}

/// A folder or file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path from the root.
    pub path: String,
    /// Its short name: `KEELSO~1.EFI`.
    pub short: String,
    /// Whether it is a folder.
    pub is_directory: bool,
    /// Length of a file.
    pub bytes: u64,
    first: u32,
}

impl<'a> Reader<'a> {
    /// Opens the volume at byte `at` of `file`.
    pub fn open(file: &'a File, at: u64) -> Result<Self, ReadError> {
        let mut sector = [0; 512];
        file.read_exact_at(&mut sector, at)?;
        let Boot { geometry, root, id, label } = boot::parse(&sector).map_err(|reason| {
            if boot::says_fat(&sector) {
                ReadError::Form { at, reason }
            } else {
                ReadError::NotFat { at, reason }
            }
        })?;
        Ok(Self { file, at, geometry, root, id, label })
    }

    /// The serial number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The label of the boot sector.
    pub fn label(&self) -> String {
        String::from_utf8_lossy(&self.label).trim_end().to_owned()
    }

    /// Every folder and file, folders before what is in them, in the order they stand on disk.
    pub fn files(&self) -> Result<Vec<Found>, ReadError> {
        let (mut found, mut left) = (Vec::new(), MAX_FOLDERS_BYTES);
        self.walk(self.root, "", 0, &mut left, &mut found)?;
        Ok(found)
    }

    /// The folders and files of the root folder, in the order they stand on disk.
    pub fn root_files(&self) -> Result<Vec<Found>, ReadError> {
        Ok(decode(&self.records(self.root)?, self.geometry.kind))
    }

    /// The contents of a file.
    pub fn read(&self, found: &Found) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        self.reader(found)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The contents of a file, one cluster at a time.
    pub fn reader(&self, found: &Found) -> Result<FoundReader<'_>, ReadError> {
        let chain = || self.chain(found.first, usize::MAX);
        let clusters = if found.bytes == 0 { Vec::new() } else { chain()? };
        if (clusters.len() as u64) < found.bytes.div_ceil(self.geometry.cluster_bytes()) {
            return Err(ReadError::Chain {
                first: found.first,
                cluster: clusters.last().copied().unwrap_or(0),
            });
        }
        Ok(FoundReader { volume: self, clusters, bytes: found.bytes, position: 0 })
    }

    /// Where the contents of a file lie in the image: runs of bytes from the start of the image, in the
    /// order of the file, each as long as can be.
    pub fn pieces(&self, found: &Found) -> Result<Vec<Range<u64>>, ReadError> {
        let clusters = self.reader(found)?.clusters;
        let mut pieces: Vec<Range<u64>> = Vec::new();
        let mut rest = found.bytes;
        for cluster in clusters {
            let start = self.at + self.geometry.cluster_offset(cluster);
            let end = start + rest.min(self.geometry.cluster_bytes());
            rest -= end - start;
            match pieces.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ if start < end => pieces.push(start..end),
                _ => {}
            }
        }
        Ok(pieces)
    }

    fn walk(
        &self,
        first: Option<u32>,
        path: &str,
        depth: usize,
        left: &mut usize,
        found: &mut Vec<Found>,
    ) -> Result<(), ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::Depth { path: path.to_owned() });
        }
        let records = self.records(first)?;
        let rest = left.checked_sub(records.len());
        *left = rest.ok_or_else(|| ReadError::Records { path: path.to_owned() })?;
        for entry in decode(&records, self.geometry.kind) {
            let path =
                if path.is_empty() { entry.path.clone() } else { format!("{path}/{}", entry.path) };
            let (first, is_directory) = (entry.first, entry.is_directory);
            found.push(Found { path: path.clone(), ..entry });
            if is_directory {
                self.walk(Some(first), &path, depth + 1, left, found)?;
            }
        }
        Ok(())
    }

    /// The records of the folder that starts at a cluster, or of the root of FAT16.
    fn records(&self, first: Option<u32>) -> Result<Vec<u8>, ReadError> {
        let Some(first) = first else {
            let records = usize::try_from(self.geometry.root_records).expect("16 bits");
            let mut records = vec![0; records * RECORD_BYTES];
            self.file.read_exact_at(&mut records, self.at + self.geometry.root_offset())?;
            return Ok(records);
        };
        let mut records = Vec::new();
        let cluster_bytes = usize::try_from(self.geometry.cluster_bytes()).expect("at most 64 KiB");
        for cluster in self.chain(first, MAX_FOLDER_BYTES / cluster_bytes)? {
            let start = records.len();
            records.resize(start + cluster_bytes, 0);
            let at = self.at + self.geometry.cluster_offset(cluster);
            self.file.read_exact_at(&mut records[start..], at)?;
        }
        Ok(records)
    }

    /// The clusters from `first` on; more than `most` of them are damage.
    fn chain(&self, first: u32, most: usize) -> Result<Vec<u32>, ReadError> {
        let most = most.min(self.geometry.clusters as usize);
        let mut chain = Vec::new();
        let mut cluster = first;
        while cluster < self.geometry.kind.end_of_chain() {
            let on_volume =
                (FIRST_CLUSTER..FIRST_CLUSTER + self.geometry.clusters).contains(&cluster);
            if !on_volume || chain.len() >= most {
                return Err(ReadError::Chain { first, cluster });
            }
            chain.push(cluster);
            let mut entry = [0; 4];
            let bytes = self.geometry.kind.entry_bytes();
            let at = self.at + self.geometry.table_offset(0) + u64::from(cluster) * bytes;
            self.file.read_exact_at(&mut entry[..usize::try_from(bytes).expect("2 or 4")], at)?;
            cluster = u32::from_le_bytes(entry) & 0x0fff_ffff;
        }
        Ok(chain)
    }
}

/// The contents of a file of a volume.
#[derive(Debug)]
pub struct FoundReader<'a> {
    volume: &'a Reader<'a>,
    clusters: Vec<u32>,
    bytes: u64,
    position: u64,
}

impl Read for FoundReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let cluster_bytes = self.volume.geometry.cluster_bytes();
        let within = self.position % cluster_bytes;
        let most =
            (cluster_bytes - within).min(self.bytes - self.position).min(buffer.len() as u64);
        let Some(cluster) =
            self.clusters.get(usize::try_from(self.position / cluster_bytes).expect("below 4 GiB"))
        else {
            return Ok(0);
        };
        let offset = self.volume.at + self.volume.geometry.cluster_offset(*cluster) + within;
        let most = usize::try_from(most).expect("at most a buffer");
        self.volume.file.read_exact_at(&mut buffer[..most], offset)?;
        self.position += most as u64;
        Ok(most)
    }
}

/// The entries of a folder's records; labels, dot records and erased ones are left out.
fn decode(records: &[u8], kind: Kind) -> Vec<Found> {
    let mut entries = Vec::new();
    let mut long = LongName::default();
    for record in records.chunks_exact(RECORD_BYTES) {
        let le16 = |offset: usize| u16::from_le_bytes([record[offset], record[offset + 1]]);
        match (record[0], record[11]) {
            (0, _) => break,
            (0xe5, _) => long = LongName::default(),
            (_, LONG_NAME) => long.take(record),
            (b'.', _) => {}
            (_, attributes) if attributes & VOLUME_LABEL != 0 => long = LongName::default(),
            (_, attributes) => {
                let mut short = [0; 11];
                short.copy_from_slice(&record[..11]);
                // On FAT16 the upper half of the cluster is another's.
                let high = if kind == Kind::Fat32 { le16(20) } else { 0 };
                let text = names::display(&short);
                entries.push(Found {
                    path: std::mem::take(&mut long).name(&short).unwrap_or_else(|| text.clone()),
                    short: text,
                    is_directory: attributes & DIRECTORY != 0,
                    bytes: u64::from(le16(28)) | u64::from(le16(30)) << 16,
                    first: u32::from(le16(26)) | u32::from(high) << 16,
                });
            }
        }
    }
    entries
}

/// A long name while its records are read, its end first.
#[derive(Default)]
struct LongName {
    units: Vec<u16>,
    /// The order and checksum of the record read last.
    last: Option<(u8, u8)>,
}

impl LongName {
    fn take(&mut self, record: &[u8]) {
        let (order, checksum) = (record[0], record[13]);
        let follows = self.last.is_some_and(|last| last == (order.wrapping_add(1), checksum));
        if order & LAST_LONG != 0 {
            self.units.clear();
        } else if !follows {
            *self = Self::default();
            return;
        }
        self.last = Some((order & !LAST_LONG, checksum));
        let units = UNIT_OFFSETS.map(|at| u16::from_le_bytes([record[at], record[at + 1]]));
        self.units.splice(0..0, units);
    }

    /// The name, if its records were complete and are those of this short name.
    fn name(self, short: &Short) -> Option<String> {
        let whole = self.last == Some((1, names::checksum(short)));
        let units = self.units.split(|unit| *unit == 0).next().unwrap_or_default();
        (whole && !units.is_empty()).then(|| String::from_utf16_lossy(units))
    }
}
