//! The unit files of Debian's packages hold no directive that is unknown here.

use std::collections::BTreeSet;
use std::path::Path;

use keelson_units::facts::Facts;
use keelson_units::loader::{Loaded, Loader};
use keelson_units::model::UnitName;

use crate::SERVICES;

/// Where packages have their unit files.
const FOLDER: &str = "usr/lib/systemd/system";

/// Units that the packages must have, so that the test cannot pass without reading them.
const EXPECTED: [&str; 11] = [
    "chrony.service",
    "containerd.service",
    "docker.service",
    "docker.socket",
    "etcd.service",
    "haproxy.service",
    "nginx.service",
    "postgresql@.service",
    "prometheus-node-exporter.service",
    "redis-server.service",
    "ssh.service",
];

/// The names of the unit files of a folder, links left out.
fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs_err::read_dir(folder).unwrap_or_else(|error| panic!("{error}"));
    let regular = entries.map(|entry| entry.expect("a readable entry"));
    let regular = regular.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    regular.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_unit_of_the_packages_is_read_without_a_remark() {
    let root = SERVICES.root();
    let names = files(&root.join(FOLDER));
    for name in EXPECTED {
        assert!(names.contains(name), "{name} is not in the packages: {names:?}");
    }
    let facts = Facts {
        machine_id: "0123456789abcdef0123456789abcdef".to_owned(),
        boot_id: "fedcba9876543210fedcba9876543210".to_owned(),
        hostname: "host".to_owned(),
        kernel_release: "6.12".to_owned(),
        architecture: "x86-64".to_owned(),
        ..Facts::default()
    };
    let mut loader = Loader::new(&root, facts);
    let mut offences = Vec::new();
    for file in &names {
        // A template is read through an instance.
        let name = file.replace("@.", "@main.");
        let name: UnitName = name.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        match loader.load(&name) {
            Loaded::Unit(unit) => {
                offences.extend(unit.remarks.iter().map(ToString::to_string));
                offences.extend(unit.bad.iter().map(|bad| format!("bad: {bad}")));
            }
            Loaded::Masked(path) => {
                offences.push(format!("{file} is masked by {}", path.display()));
            }
            Loaded::Missing => offences.push(format!("{file} is not found")),
        }
    }
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}
