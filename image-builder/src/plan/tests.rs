//! What a plan holds, and the contradictions between board and recipes with their exact texts.

use keelson_format::disk::{Slot, TABLE};

use super::*;
use crate::board::Board;
use crate::recipe::by_name;

const BOARD: &str = r#"schema = 1
name = "x"
description = "A board"
architecture = "x86-64"
recipes = ["kernel", "boot", "initramfs", "runc"]

[kernel]
command-line = ["console=ttyS0", "quiet"]

[disk]
usr = "512 MiB"
"#;

const RECIPES: [(&str, &str); 4] = [
    (
        "kernel",
        r#"
[source]
type = "kernel"
package = "linux-image-amd64"
modules = ["fs/overlayfs/overlay"]
initramfs-modules = ["fs/erofs/erofs"]
"#,
    ),
    (
        "boot",
        r#"
[source]
type = "debian"
packages = ["systemd-boot-efi"]
build-only = ["usr/lib/linuxx64.efi.stub", "usr/lib/addonx64.efi.stub"]
[[file]]
from = "usr/lib/systemd-bootx64.efi"
"#,
    ),
    (
        "initramfs",
        r#"
[source]
type = "workspace"
package = "keelson-initramfs"
binaries = ["keelson-initramfs"]
build-only = ["keelson-initramfs"]
"#,
    ),
    (
        "runc",
        r#"
[source]
type = "debian"
packages = ["runc", "zlib1g"]
[[file]]
from = "usr/sbin/runc"
[[link]]
path = "usr/bin/runc"
to = "../sbin/runc"
[[directory]]
path = "usr/lib/x"
mode = "0755"
"#,
    ),
];

fn recipe(name: &str, text: &str) -> Recipe {
    let head =
        format!("schema = 1\nname = \"{name}\"\ndescription = \"A recipe\"\nlicense = \"MIT\"");
    Recipe::parse(&format!("mine/{name}.toml"), &(head + text)).expect("a recipe")
}

/// Resolves the board with one recipe replaced or added.
fn resolved(board: &str, changed: (&str, &str)) -> Result<Plan, String> {
    let texts = RECIPES.into_iter().filter(|(name, _)| *name != changed.0).chain([changed]);
    let recipes = by_name(texts.map(|(name, text)| recipe(name, text))).expect("distinct names");
    let board = Board::parse("boards/x.toml", board).expect("a board");
    let version = "1.2".parse().expect("a version");
    resolve(&board, &recipes, &version).map_err(|error| error.to_string())
}

fn plan() -> Plan {
    resolved(BOARD, RECIPES[3]).expect("a plan")
}

#[test]
fn partitions_are_aligned_in_order_and_without_gaps() {
    let board = BOARD.replace("\"boot\"", "\"boot\", \"grub\"") + "[boot]\nbios = true\n";
    let grub = "\n[source]\ntype = \"debian\"\npackages = [\"grub-pc-bin\"]\nbuild-only = [\"boot.img\"]\n";
    let with_bios = resolved(&board, ("grub", grub)).expect("a plan");
    for (plan, roles) in [(plan(), &TABLE[..9]), (with_bios, &TABLE[..])] {
        let found: Vec<Role> = plan.disk.partitions.iter().map(|p| p.role).collect();
        assert_eq!(found, roles);
        let mut end = ByteSize::mib(1).bytes();
        let mut places = plan.disk.partitions.clone();
        places.sort_by_key(|partition| partition.start);
        for partition in &places {
            assert_eq!(partition.start.bytes(), end, "{:?}", partition.role);
            assert!(partition.start.bytes().is_multiple_of(1 << 20));
            end += partition.size.bytes();
        }
        assert_eq!(plan.disk.size.bytes() - end, 1 << 20);
        assert_eq!(places.last().map(|last| last.role), Some(Role::Root), "only the last can grow");
        assert_eq!(plan.disk.partition(Role::UsrData(Slot::B)).size, ByteSize::mib(512));
    }
}

#[test]
fn every_partition_of_a_disk_has_its_own_guid_and_slot_a_those_of_the_root_hash() {
    let plan = plan();
    let hash = RootHash::from_bytes(std::array::from_fn(|i| u8::try_from(i).expect("below 32")));
    let partitions = plan.partitions(&hash);
    let guids: BTreeSet<Uuid> = partitions.iter().map(|partition| partition.guid).collect();
    assert_eq!(guids.len(), TABLE.len() - 1);
    let [data, tree, signature] = [1, 2, 3].map(|i: usize| partitions[i].guid);
    assert_eq!(data, hash.data_guid());
    assert_eq!(tree, hash.hash_guid());
    assert_eq!(signature, hash.signature_guid());
    assert_eq!(partitions[8].label, "ROOT");
}

#[test]
fn identifiers_depend_on_board_and_version_alone() {
    let first = plan();
    assert_eq!(first, plan());
    let board = Board::parse("boards/x.toml", BOARD).expect("a board");
    let recipes = by_name(RECIPES.map(|(name, text)| recipe(name, text))).expect("distinct");
    let version = "1.3".parse().expect("a version");
    let next = resolve(&board, &recipes, &version).expect("a plan");
    assert_ne!(first.disk.guid, next.disk.guid);
    assert_ne!(first.disk.esp_volume_id, next.disk.esp_volume_id);
    assert_ne!(first.usr.uuid, next.usr.uuid);
    assert_ne!(first.verity.salt, next.verity.salt);
}

#[test]
fn a_plan_names_what_is_to_be_fetched_and_built() {
    let plan = plan();
    let packages: Vec<&str> = plan.debian_packages().into_iter().collect();
    assert_eq!(packages, ["linux-image-amd64", "runc", "systemd-boot-efi", "zlib1g"]);
    let programs: Vec<&str> = plan.workspace_programs().map(|w| w.package.as_str()).collect();
    assert_eq!(programs, ["keelson-initramfs"]);
    assert_eq!((plan.crates().count(), plan.file_folders().count()), (0, 0));
    assert_eq!(plan.boot.loader.path, "usr/lib/systemd-bootx64.efi");
    assert_eq!(plan.boot.stub.recipe, "boot");
    assert_eq!(plan.boot.init.path, "keelson-initramfs");
    assert_eq!(plan.boot.uki_limit, ByteSize::mib(170));
    assert_eq!(plan.usr.limit, ByteSize::mib(512));
}

#[test]
fn the_command_line_carries_the_root_hash_and_the_boards_options() {
    let hash = RootHash::from_bytes([0xab; 32]);
    assert_eq!(
        plan().cmdline(hash).to_string(),
        format!(
            "usrhash={hash} keelson.version=1.2 keelson.board=x keelson.verity=panic \
             console=ttyS0 quiet"
        )
    );
}

#[test]
fn os_release_names_version_and_board() {
    let text = plan().os_release;
    for line in ["ID=keelson", "VERSION_ID=\"1.2\"", "VARIANT_ID=\"x\"", "IMAGE_VERSION=\"1.2\""] {
        assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
    }
}

#[test]
fn a_printed_plan_is_toml() {
    let text = plan().to_toml();
    let table: toml::Table = text.parse().expect("TOML");
    assert_eq!(table["disk"]["partition"].as_array().expect("partitions").len(), 9);
    assert_eq!(table["component"][3]["tree"][0].as_str(), Some("usr/bin/runc -> ../sbin/runc"));
    assert_eq!(table["os-release"].as_str(), Some(plan().os_release.as_str()));
}

#[test]
fn recipes_that_are_not_there_are_named_with_the_nearest() {
    let board = BOARD.replace("\"runc\"", "\"rucn\"");
    let error = resolved(&board, RECIPES[3]).expect_err("no such recipe");
    assert_eq!(
        error,
        r#"boards/x.toml:5:43: there is no recipe `rucn`
5 | recipes = ["kernel", "boot", "initramfs", "rucn"]
  |                                           ^^^^^^
  = did you mean `runc`?"#
    );
    let board = BOARD.replace("\"runc\"", "\"containerd\"");
    let error = resolved(&board, RECIPES[3]).expect_err("no such recipe");
    assert!(error.ends_with("= there are: boot, initramfs, kernel, runc"), "{error}");
}

#[test]
fn a_board_needs_one_kernel_and_the_files_it_boots_from() {
    for (board, changed, error) in [
        (
            BOARD.replace("\"kernel\", ", ""),
            RECIPES[3],
            r#"boards/x.toml:5:11: none of these recipes is of type `kernel`
5 | recipes = ["boot", "initramfs", "runc"]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#,
        ),
        (
            BOARD.replace("\"runc\"", "\"cloud\""),
            ("cloud", RECIPES[0].1),
            r#"boards/x.toml:5:43: `cloud` is a second recipe of type `kernel`, after `kernel`
5 | recipes = ["kernel", "boot", "initramfs", "cloud"]
  |                                           ^^^^^^^"#,
        ),
        (
            BOARD.replace("\"initramfs\", ", ""),
            RECIPES[3],
            r#"boards/x.toml:5:11: none of these recipes gives `keelson-initramfs`, the `/init` of the initramfs
5 | recipes = ["kernel", "boot", "runc"]
  |           ^^^^^^^^^^^^^^^^^^^^^^^^^^
  = add the recipe `initramfs`"#,
        ),
    ] {
        assert_eq!(resolved(&board, changed), Err(error.to_owned()));
    }
}

#[test]
fn recipes_in_each_others_way_are_both_named() {
    let source = "\n[source]\ntype = \"debian\"\npackages = [\"xz\"]\n";
    let board = BOARD.replace("\"runc\"]", "\"runc\", \"xz\"]");
    for (entry, error) in [
        (
            "[[file]]\nfrom = \"usr/bin/runc\"",
            r#"mine/xz.toml:9:8: recipe `xz` gives `usr/bin/runc` a second time
9 | from = "usr/bin/runc"
  |        ^^^^^^^^^^^^^^
  = first by recipe `runc` at mine/runc.toml:11"#,
        ),
        (
            "[[file]]\nfrom = \"usr/bin/runc/x\"",
            r#"mine/xz.toml:9:8: recipe `xz` gives `usr/bin/runc/x`, but `usr/bin/runc` is not a directory
9 | from = "usr/bin/runc/x"
  |        ^^^^^^^^^^^^^^^^
  = `usr/bin/runc` is made by recipe `runc` at mine/runc.toml:11"#,
        ),
        (
            "[[file]]\nfrom = \"usr/x\"\n[[directory]]\npath = \"usr/lib/x\"\nmode = \"0700\"",
            r#"mine/xz.toml:11:8: recipe `xz` gives `usr/lib/x` a second time
11 | path = "usr/lib/x"
   |        ^^^^^^^^^^^
   = first by recipe `runc` at mine/runc.toml:14"#,
        ),
        (
            "[[file]]\nfrom = \"usr/x\"\n[[file]]\nfrom = \"usr/y\"\nto = \"usr/x\"",
            r#"mine/xz.toml:12:6: recipe `xz` gives `usr/x` a second time
12 | to = "usr/x"
   |      ^^^^^^^
   = first by recipe `xz` at mine/xz.toml:9"#,
        ),
    ] {
        let text = source.to_owned() + entry;
        assert_eq!(resolved(&board, ("xz", &text)), Err(error.to_owned()));
    }
    let same = "[[file]]\nfrom = \"usr/x\"\n[[directory]]\npath = \"usr/lib/x\"\nmode = \"0755\"";
    assert!(resolved(&board, ("xz", &(source.to_owned() + same))).is_ok());
}

#[test]
fn a_command_line_that_the_kernel_would_cut_off_is_refused() {
    let board = BOARD.replace("quiet", &"x".repeat(1950));
    let error = resolved(&board, RECIPES[3]).expect_err("too long");
    assert!(
        error.starts_with(
            "boards/x.toml:8:16: the kernel command line has 2094 bytes; the kernel takes 1598\n"
        ),
        "{error}"
    );
}
