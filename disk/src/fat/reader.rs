//! Reading a FAT volume of a disk image, to compare and to test. The volume need not be one of ours
//! and may be damaged: chains that loop or leave the volume are errors, and nothing is trusted.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::SECTOR;
use super::directory::{DIRECTORY, LAST_LONG, LONG_NAME, RECORD_BYTES, UNIT_OFFSETS, VOLUME_LABEL};
use super::geometry::{FIRST_CLUSTER, Geometry, Kind, RESERVED_SECTORS, ROOT_RECORDS, TABLES};
use super::names::{self, Short};

/// Folders nested deeper than this are taken for damage.
const MAX_DEPTH: usize = 32;

/// Why a volume could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The boot sector is not one of FAT, or not of a shape that is read here.
    #[error("no FAT volume at byte {at}: {reason}")]
    NotFat {
        /// Where the volume should be.
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
        let refused = |reason| ReadError::NotFat { at, reason };
        let mut boot = [0; 512];
        file.read_exact_at(&mut boot, at)?;
        let le16 = |offset: usize| u16::from_le_bytes([boot[offset], boot[offset + 1]]);
        let le32 = |offset: usize| u32::from(le16(offset)) | u32::from(le16(offset + 2)) << 16;

        if boot[510..] != [0x55, 0xaa] {
            return Err(refused("the boot sector has no signature"));
        }
        if u64::from(le16(11)) != SECTOR
            || u64::from(le16(14)) != RESERVED_SECTORS
            || u64::from(boot[16]) != TABLES
        {
            return Err(refused("sectors, reserved sectors or tables are not 512, 32 and 2"));
        }
        let (kind, rest) = if le16(22) == 0 { (Kind::Fat32, 64) } else { (Kind::Fat16, 36) };
        let (sectors, table_sectors) = match (kind, le16(19)) {
            (Kind::Fat32, _) => (le32(32), le32(36)),
            (Kind::Fat16, 0) => (le32(32), u32::from(le16(22))),
            (Kind::Fat16, sectors) => (u32::from(sectors), u32::from(le16(22))),
        };
        let (per_cluster, root_records) = (boot[13], u64::from(le16(17)));
        let expected = if kind == Kind::Fat16 { ROOT_RECORDS } else { 0 };
        if !per_cluster.is_power_of_two() || table_sectors == 0 || root_records != expected {
            return Err(refused("the cluster, table or root folder sizes are none that are read"));
        }
        let before =
            RESERVED_SECTORS + TABLES * u64::from(table_sectors) + root_records * 32 / SECTOR;
        let data = u64::from(sectors).checked_sub(before);
        let clusters = data.ok_or_else(|| refused("the tables are larger than the volume"))?
            / u64::from(per_cluster);
        let in_table = u64::from(table_sectors) * SECTOR / kind.entry_bytes();
        if !kind.clusters().contains(&clusters) || clusters + 2 > in_table {
            return Err(refused(
                "the number of clusters is none of its kind or more than the table has",
            ));
        }
        let clusters = u32::try_from(clusters).expect("fewer than sectors");
        let mut label = [0; 11];
        label.copy_from_slice(&boot[rest + 7..rest + 18]);
        let geometry =
            Geometry { kind, sectors, sectors_per_cluster: per_cluster, table_sectors, clusters };
        let root = (kind == Kind::Fat32).then(|| le32(44));
        Ok(Self { file, at, geometry, root, id: le32(rest + 3), label })
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
        let mut found = Vec::new();
        self.walk(self.root, "", 0, &mut found)?;
        Ok(found)
    }

    /// The contents of a file.
    pub fn read(&self, found: &Found) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        self.reader(found)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The contents of a file, one cluster at a time.
    pub fn reader(&self, found: &Found) -> Result<FoundReader<'_>, ReadError> {
        let clusters = if found.bytes == 0 { Vec::new() } else { self.chain(found.first)? };
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
        found: &mut Vec<Found>,
    ) -> Result<(), ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::Depth { path: path.to_owned() });
        }
        for entry in decode(&self.records(first)?) {
            let path =
                if path.is_empty() { entry.path.clone() } else { format!("{path}/{}", entry.path) };
            let (first, is_directory) = (entry.first, entry.is_directory);
            found.push(Found { path: path.clone(), ..entry });
            if is_directory {
                self.walk(Some(first), &path, depth + 1, found)?;
            }
        }
        Ok(())
    }

    /// The records of the folder that starts at a cluster, or of the root of FAT16.
    fn records(&self, first: Option<u32>) -> Result<Vec<u8>, ReadError> {
        let Some(first) = first else {
            let mut records = vec![0; usize::try_from(ROOT_RECORDS * 32).expect("16 KiB")];
            self.file.read_exact_at(&mut records, self.at + self.geometry.root_offset())?;
            return Ok(records);
        };
        let mut records = Vec::new();
        let cluster_bytes = usize::try_from(self.geometry.cluster_bytes()).expect("at most 64 KiB");
        for cluster in self.chain(first)? {
            let start = records.len();
            records.resize(start + cluster_bytes, 0);
            let at = self.at + self.geometry.cluster_offset(cluster);
            self.file.read_exact_at(&mut records[start..], at)?;
        }
        Ok(records)
    }

    fn chain(&self, first: u32) -> Result<Vec<u32>, ReadError> {
        let mut chain = Vec::new();
        let mut cluster = first;
        while cluster < self.geometry.kind.end_of_chain() {
            let on_volume =
                (FIRST_CLUSTER..FIRST_CLUSTER + self.geometry.clusters).contains(&cluster);
            if !on_volume || chain.len() >= self.geometry.clusters as usize {
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
fn decode(records: &[u8]) -> Vec<Found> {
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
                let text = names::display(&short);
                entries.push(Found {
                    path: std::mem::take(&mut long).name(&short).unwrap_or_else(|| text.clone()),
                    short: text,
                    is_directory: attributes & DIRECTORY != 0,
                    bytes: u64::from(le16(28)) | u64::from(le16(30)) << 16,
                    first: u32::from(le16(26)) | u32::from(le16(20)) << 16,
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
        let follows = self.last.is_some_and(|last| last == (order + 1, checksum));
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
