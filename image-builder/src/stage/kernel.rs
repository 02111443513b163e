//! The kernel image and its modules: those that a recipe lists, with all that they need.
//!
//! In `/usr` a module is compressed as its package has it, where the kernel unpacks that itself: so a boot reads
//! the blocks of the modules that it loads, not the clusters around them. In the initramfs, which is unpacked as a
//! whole, it is plain. Signatures stay valid. The indexes are those of kmod, made from each module's `.modinfo`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;

use keelson_format::modules::{Module, ModuleIndex, module_name};
use keelson_sdk::{EntryKind, Package};
use rayon::prelude::*;

use super::{Inputs, StageError, Staged};
use crate::elf;
use crate::recipe::KernelSource;
use crate::tree::{Kind, Node};
use keelson_disk::content::{Content, ContentError};

/// A kernel of the inputs.
#[derive(Debug)]
pub struct Kernel {
    /// As `uname -r` prints it.
    pub release: String,
    /// The bzImage.
    pub image: PathBuf,
    /// The modules of the initramfs in the order of their paths.
    pub initramfs: Vec<InitramfsModule>,
    /// `modules.dep`, `modules.alias`, `modules.softdep` and `modules.builtin` of the initramfs.
    pub initramfs_indexes: Vec<(&'static str, String)>,
}

/// A module of the initramfs.
#[derive(Debug)]
pub struct InitramfsModule {
    /// Path below `/usr/lib/modules/RELEASE`.
    pub path: String,
    /// The uncompressed module.
    pub bytes: Vec<u8>,
}

/// Finds the kernel among the packages.
pub(super) fn find(inputs: &Inputs) -> Result<Kernel, StageError> {
    for package in &inputs.packages {
        for entry in &package.entries {
            let Some(release) = entry.path.strip_prefix("boot/vmlinuz-") else { continue };
            return Ok(Kernel {
                release: release.to_owned(),
                image: package.dir.join(&entry.path),
                initramfs: Vec::new(),
                initramfs_indexes: Vec::new(),
            });
        }
    }
    Err(StageError::NoKernel)
}

struct Packaged<'a> {
    package: &'a Package,
    /// Path in the package.
    path: &'a str,
    /// Path below the release folder without the suffix of its compression.
    inside: String,
}

/// Adds the modules that a recipe lists to the tree and to the initramfs.
pub(super) fn add_modules(
    recipe: &str,
    source: &KernelSource,
    inputs: &Inputs,
    staged: &mut Staged,
) -> Result<(), StageError> {
    let root = format!("usr/lib/modules/{}", staged.kernel.release);
    let available = available(inputs, &root);
    let builtin = builtin(inputs, &root)?;
    let wanted = select(recipe, &source.modules, &available, &builtin)?;
    let wanted_early = select(recipe, &source.initramfs_modules, &available, &builtin)?;

    let mut loaded = load_closure(wanted.union(&wanted_early).copied(), &available, &builtin)?;
    let config = config(inputs, &staged.kernel.release)?;
    for module in loaded.values_mut() {
        module.packed.take_if(|packed| !unpacks(&config, packed.suffix));
    }
    let index = index(&loaded);
    let mut early = BTreeSet::new();
    for name in &wanted_early {
        let module = index.get(name).expect("every wanted module is loaded");
        let closure = index.closure(module).map_err(|missing| StageError::MissingModule {
            needed: missing.needed,
            by: missing.by,
        })?;
        early.extend(closure.into_iter().map(|module| module.name.clone()));
    }
    let early_index = ModuleIndex::new(
        index
            .modules()
            .filter(|module| early.contains(&module.name))
            .map(|module| Module { path: loaded[&module.name].inside.clone(), ..module.clone() }),
    );
    let builtin_text: String = builtin.iter().map(|path| format!("{path}\n")).collect();
    for (name, text) in indexes(&index, &builtin_text) {
        let node = Node::new(0o644, recipe, Kind::File(Content::Bytes(text.into_bytes())));
        staged.tree.insert(&format!("{root}/{name}"), node)?;
    }
    staged.kernel.initramfs_indexes = indexes(&early_index, &builtin_text);
    for (name, module) in loaded {
        let path = module.path();
        staged.packages.insert(module.package);
        if early.contains(&name) {
            let bytes = module.bytes.clone();
            staged.kernel.initramfs.push(InitramfsModule { path: module.inside, bytes });
        }
        let bytes = module.packed.map_or(module.bytes, |packed| packed.bytes);
        let node = Node::new(0o644, recipe, Kind::File(Content::Bytes(bytes)));
        staged.tree.insert(&format!("{root}/{path}"), node)?;
    }
    staged.kernel.initramfs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(())
}

fn indexes(index: &ModuleIndex, builtin: &str) -> Vec<(&'static str, String)> {
    vec![
        ("modules.dep", index.to_dep()),
        ("modules.alias", index.to_alias()),
        ("modules.softdep", index.to_softdep()),
        ("modules.builtin", builtin.to_owned()),
    ]
}

/// The modules of the packages by name.
fn available<'a>(inputs: &'a Inputs, root: &str) -> BTreeMap<String, Packaged<'a>> {
    let mut available = BTreeMap::new();
    for package in &inputs.packages {
        for entry in &package.entries {
            let Some(inside) = entry.path.strip_prefix(root).and_then(|p| p.strip_prefix('/'))
            else {
                continue;
            };
            let plain = inside.trim_end_matches(XZ).trim_end_matches(ZSTD);
            if plain.ends_with(".ko") && matches!(entry.kind, EntryKind::File { .. }) {
                let inside = plain.to_owned();
                let packaged = Packaged { package, path: &entry.path, inside };
                available.insert(module_name(plain), packaged);
            }
        }
    }
    available
}

/// The paths of `modules.builtin`, in its order.
fn builtin(inputs: &Inputs, root: &str) -> Result<Vec<String>, StageError> {
    let path = format!("{root}/modules.builtin");
    let Some((_, file)) = super::package_file(&inputs.packages, &path) else {
        return Ok(Vec::new());
    };
    let bytes = Content::File(file).read()?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

/// The options the kernel was built with, as `/boot/config-RELEASE` has them; none where the packages have no such file.
fn config(inputs: &Inputs, release: &str) -> Result<String, StageError> {
    let Some((_, file)) = super::package_file(&inputs.packages, &format!("boot/config-{release}"))
    else {
        return Ok(String::new());
    };
    Ok(String::from_utf8_lossy(&Content::File(file).read()?).into_owned())
}

/// Whether a kernel with these options unpacks modules with this suffix itself.
pub(super) fn unpacks(config: &str, suffix: &str) -> bool {
    let format =
        if suffix == XZ { "CONFIG_MODULE_COMPRESS_XZ=y" } else { "CONFIG_MODULE_COMPRESS_ZSTD=y" };
    ["CONFIG_MODULE_DECOMPRESS=y", format]
        .iter()
        .all(|option| config.lines().any(|line| line == *option))
}

/// The names of the modules that a recipe's entries stand for.
fn select<'a>(
    recipe: &str,
    entries: &[String],
    available: &'a BTreeMap<String, Packaged<'_>>,
    builtin: &[String],
) -> Result<BTreeSet<&'a str>, StageError> {
    let mut selected = BTreeSet::new();
    for entry in entries {
        let hit = |module: &Packaged<'_>| {
            let Some(path) = module.inside.strip_prefix("kernel/") else { return false };
            if entry.ends_with('/') {
                path.starts_with(entry.as_str())
            } else {
                path.strip_suffix(".ko") == Some(entry.as_str())
            }
        };
        let before = selected.len();
        let found = available.iter().filter(|(_, module)| hit(module));
        let mut count = 0;
        for (name, _) in found {
            selected.insert(name.as_str());
            count += 1;
        }
        if count > 0 || selected.len() > before {
            continue;
        }
        if builtin.iter().any(|path| *path == format!("kernel/{entry}.ko")) {
            return Err(StageError::BuiltIn { recipe: recipe.to_owned(), module: entry.clone() });
        }
        let hint = available
            .get(&module_name(entry))
            .map(|module| module.inside.trim_start_matches("kernel/").trim_end_matches(".ko"))
            .map(|path| format!("; there is `{path}`"))
            .unwrap_or_default();
        return Err(StageError::NoSuchFile {
            recipe: recipe.to_owned(),
            from: entry.clone(),
            place: "the modules of the kernel package".to_owned(),
            hint,
        });
    }
    Ok(selected)
}

const XZ: &str = ".xz";
const ZSTD: &str = ".zst";

struct Loaded {
    /// Path below the release folder without the suffix of its compression.
    inside: String,
    package: String,
    bytes: Vec<u8>,
    /// As the package has it, if that is not plain.
    packed: Option<Packed>,
    info: Vec<(String, String)>,
}

struct Packed {
    suffix: &'static str,
    bytes: Vec<u8>,
}

impl Loaded {
    /// Path below the release folder of `/usr`.
    fn path(&self) -> String {
        let suffix = self.packed.as_ref().map_or("", |packed| packed.suffix);
        format!("{}{suffix}", self.inside)
    }

    fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.info.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    fn depends(&self) -> Vec<String> {
        let names = self.values("depends").flat_map(|list| list.split(','));
        names.filter(|name| !name.is_empty()).map(module_name).collect()
    }
}

/// Reads the modules and all that they need, a generation at a time.
fn load_closure<'a>(
    wanted: impl Iterator<Item = &'a str>,
    available: &BTreeMap<String, Packaged<'_>>,
    builtin: &[String],
) -> Result<BTreeMap<String, Loaded>, StageError> {
    let builtin: BTreeSet<String> = builtin.iter().map(|path| module_name(path)).collect();
    let mut loaded: BTreeMap<String, Loaded> = BTreeMap::new();
    let mut next: BTreeSet<String> = wanted.map(str::to_owned).collect();
    while !next.is_empty() {
        let read: Vec<_> = next
            .par_iter()
            .map(|name| load(&available[name]).map(|module| (name.clone(), module)))
            .collect::<Result<_, _>>()?;
        next.clear();
        for (name, module) in &read {
            for needed in module.depends() {
                if builtin.contains(&needed) || loaded.contains_key(&needed) {
                    continue;
                }
                if !available.contains_key(&needed) {
                    let by = name.clone();
                    return Err(StageError::MissingModule { needed, by });
                }
                next.insert(needed);
            }
        }
        loaded.extend(read);
        next.retain(|name| !loaded.contains_key(name));
    }
    Ok(loaded)
}

fn load(packaged: &Packaged<'_>) -> Result<Loaded, StageError> {
    let file = packaged.package.dir.join(packaged.path);
    let stored = Content::File(file.clone()).read()?;
    let (bytes, packed) =
        match [XZ, ZSTD].into_iter().find(|suffix| packaged.path.ends_with(suffix)) {
            Some(suffix) => {
                let bytes = unpack(suffix, &stored)
                    .map_err(|source| ContentError::Read { path: file, source })?;
                (bytes, Some(Packed { suffix, bytes: stored }))
            }
            None => (stored, None),
        };
    let info = elf::modinfo(&bytes)
        .map_err(|error| StageError::Elf { path: packaged.path.to_owned(), error })?;
    let (inside, package) = (packaged.inside.clone(), packaged.package.name.clone());
    Ok(Loaded { inside, package, bytes, packed, info })
}

fn unpack(suffix: &str, packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if suffix == XZ {
        liblzma::read::XzDecoder::new(packed).read_to_end(&mut bytes)?;
    } else {
        zstd::stream::copy_decode(packed, &mut bytes)?;
    }
    Ok(bytes)
}

fn index(loaded: &BTreeMap<String, Loaded>) -> ModuleIndex {
    let module = |(name, module): (&String, &Loaded)| Module {
        name: name.clone(),
        path: module.path(),
        depends: module.depends().into_iter().filter(|name| loaded.contains_key(name)).collect(),
        aliases: module.values("alias").map(str::to_owned).collect(),
        soft_before: Vec::new(),
    };
    let bare = ModuleIndex::new(loaded.iter().map(module));
    // A softdep may name an alias, as ext4's `crc32c` does: it is told as the modules behind it.
    let with_softdeps = bare.modules().map(|module| {
        let mut names: Vec<String> = Vec::new();
        for list in loaded[&module.name].values("softdep") {
            let words = list.split_whitespace().skip_while(|word| *word != "pre:").skip(1);
            for word in words.take_while(|word| !word.ends_with(':')) {
                names.extend(bare.matching(word).into_iter().map(|found| found.name.clone()));
            }
        }
        names.retain(|name| *name != module.name);
        names.dedup();
        Module { soft_before: names, ..module.clone() }
    });
    ModuleIndex::new(with_softdeps)
}
