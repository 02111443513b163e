use std::fs;

use super::*;

const RELEASE: [(&str, &str); 4] = [
    (
        "modules.dep",
        "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n\
         kernel/fs/jbd2/jbd2.ko:\n\
         kernel/crypto/crc32c_generic.ko:\n\
         kernel/drivers/net/a-b.ko:\n",
    ),
    (
        "modules.alias",
        "alias fs-ext4 ext4\nalias crc32c crc32c_generic\nalias pci:v00001AF4* a_b\n",
    ),
    ("modules.softdep", "softdep ext4 pre: crc32c\n"),
    ("modules.builtin", "kernel/fs/proc-fs.ko\n"),
];

fn release(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("keelson-modules-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a scratch folder");
    for (file, text) in RELEASE {
        fs::write(folder.join(file), text).expect("a scratch file");
    }
    folder
}

#[test]
fn soft_dependencies_are_resolved_through_aliases_and_come_first() {
    let folder = release("soft");
    let modules = Modules::open(&folder).expect("an index");
    let ext4 = modules.index.get("ext4").expect("ext4");
    let names: Vec<_> =
        modules.with_soft(ext4).expect("a closure").into_iter().map(|m| &*m.name).collect();
    assert_eq!(names, ["jbd2", "crc32c_generic", "ext4"]);
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn built_in_is_no_error_and_unknown_is() {
    let folder = release("builtin");
    let modules = Modules::open(&folder).expect("an index");
    let mut present = BTreeSet::new();
    assert_eq!(modules.load_into(&mut present, "proc_fs", "").expect("built in"), []);
    let error = modules.load_into(&mut present, "nothing", "").expect_err("unknown");
    assert_eq!(error.to_string(), format!("there is no module nothing in {}", folder.display()));
    assert!(modules.knows("pci:v00001AF4d0") && !modules.knows("pci:v00001AF5d0"));
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn what_is_present_is_not_loaded_again_and_a_missing_file_is_named() {
    let folder = release("present");
    let modules = Modules::open(&folder).expect("an index");
    let mut present: BTreeSet<String> =
        ["jbd2", "crc32c_generic", "ext4"].into_iter().map(str::to_owned).collect();
    assert_eq!(modules.load_into(&mut present, "fs-ext4", "").expect("all there"), []);
    let error = modules.load_into(&mut present, "a-b", "").expect_err("no such file");
    let path = folder.join("kernel/drivers/net/a-b.ko");
    assert_eq!(
        error.to_string(),
        format!("opening {}: No such file or directory (os error 2)", path.display())
    );
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}

#[test]
fn a_missing_index_is_named() {
    let error = Modules::open(Path::new("/nowhere")).expect_err("no index");
    assert!(error.to_string().starts_with("reading /nowhere/modules.dep: "), "{error}");
}

#[test]
fn only_live_modules_count_as_loaded() {
    let text = "ext4 1 1 - Live 0x0\nhalf 1 0 - Loading 0x0\njbd2 1 1 ext4, Live 0x0\n";
    assert_eq!(kernel::parse_loaded(text).into_iter().collect::<Vec<_>>(), ["ext4", "jbd2"]);
}

#[test]
fn the_command_line_gives_parameters_and_a_blacklist() {
    let options = Options::parse(
        "quiet nvme-core.io_timeout=5 a.b modprobe.blacklist=x-y,z \"q q\".z=1 nvme_core.q=\"a b\"",
    );
    assert_eq!(options.params("nvme_core", "given=1"), "io_timeout=5 given=1");
    assert_eq!(options.params("a", ""), "b");
    assert_eq!(options.params("other", ""), "");
    assert!(options.blacklisted("x_y") && options.blacklisted("z") && !options.blacklisted("a"));
}

#[test]
fn aliases_are_found_below_a_folder_without_following_links() {
    let folder = release("sys");
    fs::create_dir_all(folder.join("pci/virtio")).expect("folders");
    fs::write(folder.join("pci/modalias"), "pci:v1\n").expect("a file");
    fs::write(folder.join("pci/virtio/modalias"), "virtio:d2\n").expect("a file");
    std::os::unix::fs::symlink("..", folder.join("pci/subsystem")).expect("a link");
    let found: Vec<_> = coldplug::modaliases(&folder).into_iter().collect();
    assert_eq!(found, ["pci:v1", "virtio:d2"]);
    fs::remove_dir_all(folder).expect("removing the scratch folder");
}
