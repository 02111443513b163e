//! From the keys of a board to the checked board: defaults and the smaller sections.

use keelson_format::cmdline::{Debug, OnCorruption};
use keelson_format::size::ByteSize;

use super::raw::{RawBoard, RawBoot, RawUsr, RawVerity};
use super::{
    Architecture, Board, BoardError, Boot, Compression, Enroll, Feature, Firmware, Usr, Verity,
};
use super::{kernel, sizes};
use crate::manifest::{self, Checker, ManifestError, Origin, ValueError};

/// Unit of EROFS: a cluster is a multiple of it.
const BLOCK: ByteSize = ByteSize::new(4096);
/// A balance: larger clusters pack better, but to read one page is to decompress its cluster.
const DEFAULT_CLUSTER: ByteSize = ByteSize::new(64 << 10);
/// The format's own bound (`Z_EROFS_PCLUSTER_MAX_SIZE`).
const MAX_CLUSTER: ByteSize = ByteSize::mib(1);
/// The highest: the level costs time in the build, not on the host.
const LZ4HC_LEVEL: u8 = 12;
/// The highest of the ordinary levels; 20 to 22 are zstd's "ultra" ones.
const ZSTD_LEVEL: u8 = 19;

pub(super) fn board(origin: &Origin) -> Result<Board, ManifestError> {
    let raw: RawBoard = manifest::parse(origin)?;
    let mut checker = Checker::new(origin);
    let c = &mut checker;
    let boot = boot(c, &raw.boot);
    let recipes_span = raw.recipes.span();
    let recipes = c.list("recipes", raw.recipes);
    for recipe in &recipes {
        c.name("a recipe's name", recipe.clone());
    }
    let (kernel, command_line_span) = kernel::check(c, raw.kernel, boot.debug);
    let (disk, budgets) = sizes::check(c, &raw.disk, &raw.budgets, boot.firmware);
    let board = Board {
        name: c.own_name("board", "a board's name", raw.name),
        description: c.text("description", raw.description),
        architecture: c.choice(
            "architecture",
            &raw.architecture,
            &[(Architecture::X86_64.name(), Architecture::X86_64)],
        ),
        recipes,
        kernel,
        usr: usr(c, raw.usr),
        verity: verity(c, &raw.verity),
        boot,
        disk,
        budgets,
        origin: origin.clone(),
        recipes_span,
        command_line_span,
    };
    checker.finish(board)
}

fn usr(c: &mut Checker, raw: RawUsr) -> Usr {
    let zstd = Compression::Zstd { level: ZSTD_LEVEL };
    let lz4hc = Compression::Lz4hc { level: LZ4HC_LEVEL };
    let known = [("zstd", zstd), ("lz4hc", lz4hc), ("none", Compression::None)];
    let mut compression =
        raw.compression.as_ref().map_or(zstd, |word| c.choice("compression", word, &known));
    if let Some(raw_level) = &raw.level {
        match &mut compression {
            Compression::Zstd { level } => *level = c.number("level", raw_level, 1, 22),
            Compression::Lz4hc { level } => *level = c.number("level", raw_level, 1, 12),
            Compression::None => c.note(raw_level.span(), BoardError::LevelOfNothing),
        }
    }
    let mut cluster_size = DEFAULT_CLUSTER;
    if let Some(raw_size) = &raw.cluster_size {
        let key = "cluster-size";
        cluster_size = c.size(key, raw_size, BLOCK);
        if cluster_size > MAX_CLUSTER {
            let (size, least, most) = (cluster_size, BLOCK, MAX_CLUSTER);
            c.note(raw_size.span(), ValueError::Bounds { key, size, least, most });
        }
    }
    let mut features = Vec::new();
    for raw_feature in c.distinct("features", raw.features.unwrap_or_default()) {
        let known = Feature::ALL.map(|feature| (feature.name(), feature));
        let feature = c.choice("features", &raw_feature, &known);
        if compression == Compression::None {
            c.note(raw_feature.span(), BoardError::FeatureOfNothing(feature.name()));
        }
        features.push(feature);
    }
    Usr { compression, cluster_size, features }
}

fn verity(c: &mut Checker, raw: &RawVerity) -> Verity {
    let known = [("panic", OnCorruption::Panic), ("restart", OnCorruption::Restart)];
    // A panic leaves a trace on the console and in pstore.
    let on_corruption = raw
        .on_corruption
        .as_ref()
        .map_or(OnCorruption::Panic, |word| c.choice("on-corruption", word, &known));
    Verity { on_corruption }
}

fn boot(c: &mut Checker, raw: &RawBoot) -> Boot {
    let known = [("off", Debug::Off), ("allowed", Debug::Allowed)];
    // A production image must not be held up at a menu nor stay on a refusal.
    let menu_timeout =
        raw.menu_timeout.as_ref().map_or(0, |seconds| c.number("menu-timeout", seconds, 0, 60));
    let debug = raw.debug.as_ref().map_or(Debug::Off, |word| c.choice("debug", word, &known));
    let known = Enroll::ALL.map(|enroll| (enroll.name(), enroll));
    // Keys of another's choosing are not put into a machine unasked.
    let enroll = raw
        .secure_boot_enroll
        .as_ref()
        .map_or(Enroll::Manual, |word| c.choice("secure-boot-enroll", word, &known));
    // BIOS needs a recipe that not every board has.
    let firmware = match raw.bios {
        Some(true) => Firmware::UefiAndBios,
        Some(false) | None => Firmware::Uefi,
    };
    Boot { menu_timeout, debug, enroll, firmware }
}
