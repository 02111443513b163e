//! House rules that no compiler checks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which crate may use which of ours. An edge that is not here fails.
const EDGES: [(&str, &[&str]); 25] = [
    ("format", &[]),
    ("disk", &["keelson-format"]),
    (
        "fuzz",
        &[
            "keelson-control",
            "keelson-journal",
            "keelson-kernel-modules",
            "keelson-network",
            "keelson-units",
        ],
    ),
    ("sdk", &[]),
    ("image-builder", &["keelson-disk", "keelson-format", "keelson-sdk"]),
    ("initramfs", &["keelson-format", "keelson-kernel-modules"]),
    ("rootfs/kernel-modules", &["keelson-format"]),
    ("rootfs/units", &[]),
    ("rootfs/jobs", &["keelson-units"]),
    ("rootfs/activation", &["keelson-output", "keelson-units"]),
    ("rootfs/execution", &["keelson-units"]),
    ("rootfs/control", &[]),
    ("rootfs/journal", &["keelson-output", "keelson-units"]),
    ("rootfs/network", &["keelson-output", "keelson-units"]),
    ("rootfs/output", &[]),
    (
        "rootfs/commands",
        &[
            "keelson-control",
            "keelson-install",
            "keelson-journal",
            "keelson-jobs",
            "keelson-network",
            "keelson-output",
            "keelson-units",
        ],
    ),
    (
        "rootfs/init",
        &[
            "keelson-activation",
            "keelson-control",
            "keelson-execution",
            "keelson-format",
            "keelson-jobs",
            "keelson-kernel-modules",
            "keelson-output",
            "keelson-units",
        ],
    ),
    ("rootfs/provision", &["keelson-disk", "keelson-format", "keelson-output"]),
    ("rootfs/install", &["keelson-disk", "keelson-format", "keelson-output"]),
    ("rootfs/applets", &[]),
    ("rootfs/coreutils", &["keelson-applets", "keelson-output"]),
    (
        "qemu-tests",
        &["keelson-disk", "keelson-execution", "keelson-format", "keelson-sdk", "keelson-units"],
    ),
    ("qemu-tests/probe", &[]),
    ("upload", &["keelson-disk", "keelson-format"]),
    (
        "xtask",
        &[
            "keelson-disk",
            "keelson-format",
            "keelson-image-builder",
            "keelson-qemu-tests",
            "keelson-sdk",
        ],
    ),
];

/// Files over this many lines want a reason in [`LONG`].
const MOST_LINES: usize = 400;

/// Longer files, each with its reason.
const LONG: [(&str, &str); 0] = [];

/// Folders that are not source.
const SKIPPED: [&str; 4] = [".git", "target", "build", "testdata"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).expect("found below the root").display().to_string()
}

/// Every file of the workspace with this extension.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().expect("a file type");
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                folders.push(entry.path());
            } else if kind.is_file() && entry.path().extension().is_some_and(|e| e == extension) {
                found.push(entry.path());
            }
        }
    }
    assert!(!found.is_empty(), "no .{extension} file was found");
    found.sort();
    found
}

/// Fails with one line for each offence.
fn none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    let is_test = |path: &Path| path.file_name().is_some_and(|name| name == "tests.rs");
    let silent =
        files("rs").into_iter().filter(|path| !is_test(path) && !read(path).starts_with("//!"));
    none(
        &silent
            .map(|path| format!("{} does not begin with `//!`", shown(&path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_left_open_or_silenced() {
    // Written apart so that this file does not offend.
    let words = ["TO DO", "FIX ME", "to do!(", "un implemented!(", "#[ ignore", "#[ allow("];
    let words = words.map(|word| word.replace(' ', ""));
    let mut offences = Vec::new();
    for path in files("rs") {
        for (index, line) in read(&path).lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                offences.push(format!("{}:{}: {word}", shown(&path), index + 1));
            }
        }
    }
    none(&offences);
}

#[test]
fn long_files_have_a_reason() {
    let mut offences = Vec::new();
    for path in files("rs") {
        let (name, lines) = (shown(&path), read(&path).lines().count());
        let excused = LONG.iter().any(|(long, _)| *long == name);
        let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
        if lines > MOST_LINES && !excused && !is_test {
            offences
                .push(format!("{name} has {lines} lines: split it, or give the reason in LONG"));
        }
    }
    none(&offences);
}

#[test]
fn crates_use_only_what_the_design_lets_them() {
    let mut offences = Vec::new();
    let mut seen = BTreeSet::new();
    for path in files("toml").iter().filter(|path| path.ends_with("Cargo.toml")) {
        let folder = shown(path.parent().expect("a file has a folder"));
        if folder.is_empty() {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == folder) else {
            offences.push(format!("{folder} is not in the list of crates"));
            continue;
        };
        seen.insert(folder.clone());
        let text = read(path);
        let dependencies = text.lines().skip_while(|line| !line.starts_with("[dependencies]"));
        for line in dependencies.filter(|line| line.starts_with("keelson-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !allowed.contains(&name) {
                offences.push(format!("{folder} -> {name} is not in the list of edges"));
            }
        }
    }
    none(&offences);
    assert_eq!(seen.len(), EDGES.len(), "a crate of the list is gone");
}

#[test]
fn every_dependency_has_its_reason() {
    let text = read(&root().join("Cargo.toml"));
    let list = text.split("[workspace.dependencies]").nth(1).expect("a list of dependencies");
    let list = list.split("\n[").next().expect("its end");
    let bare = list.lines().filter(|line| line.contains(" = ") && !line.contains("path = "));
    let bare: Vec<_> = bare.filter(|line| !line.contains("# ")).map(str::to_owned).collect();
    none(&bare);
}

#[test]
fn glue_is_not_shell() {
    let script = read(&root().join(".ci/run"));
    assert!(script.lines().count() <= 10, ".ci/run grew to {} lines", script.lines().count());
    assert!(script.contains("cargo xtask test"), ".ci/run does not run the README's test command");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut offences = Vec::new();
    for page in files("md") {
        let folder = page.parent().expect("a file has a folder");
        for link in links(&prose(&read(&page))) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            let found = target.exists()
                && (heading.is_empty() || headings(&prose(&read(&target))).contains(heading));
            if !found {
                offences.push(format!("{}: {link}", shown(&page)));
            }
        }
    }
    none(&offences);
}

#[test]
fn every_page_is_in_its_contents() {
    for (folder, contents) in [("docs", "SUMMARY.md"), ("docs/decisions", "README.md")] {
        let folder = root().join(folder);
        let listed = links(&read(&folder.join(contents)));
        let pages = files("md").into_iter().filter(|page| page.parent() == Some(&folder));
        let name = |page: PathBuf| page.file_name().expect("a name").to_string_lossy().into_owned();
        let missing = pages.map(name).filter(|name| name != contents && !listed.contains(name));
        none(&missing.map(|name| format!("{contents} does not name {name}")).collect::<Vec<_>>());
    }
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    let blocks = text.split("\n```").enumerate();
    blocks.filter(|(number, _)| number % 2 == 0).map(|(_, block)| block).collect()
}

/// Where the links of a page lead, but for those into the network.
fn links(text: &str) -> Vec<String> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let near = ends.map(|(link, _)| link.to_owned()).filter(|link| !link.contains("://"));
    near.collect()
}

/// The names that links to a page's headings have.
fn headings(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let name = |title: &str| {
        let title = title.trim_start_matches('#').trim().to_lowercase();
        title.chars().filter(kept).collect::<String>().replace(' ', "-")
    };
    titles.map(name).collect()
}
