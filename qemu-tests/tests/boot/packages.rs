//! Docker and etcd of Debian run from their unit files as shipped.
//!
//! Their packages are on a second disk, an EROFS of their files laid over /usr: what a system extension
//! will do.

use std::path::Path;
use std::sync::LazyLock;

use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::{oci, tools};
use keelson_sdk::Tools;

use crate::checks::{self, Group, Has, Is, Report};
use crate::{BOARD, Outcome};

const DOCKER: Group = (
    "docker",
    &[
        (
            "systemctl start run-extension.mount; mount -t overlay -o ro,lowerdir=/run/extension:/usr overlay /usr; systemctl daemon-reload; systemctl start docker; echo $?; state docker",
            Is("0|active"),
        ),
        (
            "show FragmentPath docker; show Type docker",
            Is("/usr/lib/systemd/system/docker.service|notify"),
        ),
        (
            "docker info 2>/dev/null | grep -E 'Server Version|Cgroup Driver|Cgroup Version|Storage Driver' | sed 's/^ *//; s/26\\..*/26/'",
            Is(
                "Server Version: 26|Storage Driver: overlay2|Cgroup Driver: cgroupfs|Cgroup Version: 2",
            ),
        ),
        (
            "docker import --change 'ENTRYPOINT [\"/probe\"]' /var/lib/layer.tar keelson/probe >/dev/null; docker run --rm --memory 64m --pids-limit 20 --network none keelson/probe hello /probe",
            Has("PROBE memory.max=67108864|PROBE pids.max=20"),
        ),
        ("docker run --rm --network none keelson/probe exit 7; echo $?", Is("7")),
        // It began by its socket, which stays when the service stops.
        (
            "state docker.socket; systemctl stop docker 2>/dev/null; state docker; docker version >/dev/null 2>&1; state docker",
            Is("active|inactive|active"),
        ),
        (
            "grep -E '^Max (open files|processes)' /proc/$(main docker)/limits | sed 's/  */ /g'",
            Has("Max processes unlimited unlimited"),
        ),
        (
            "cat /proc/$(main docker)/oom_score_adj; cat /proc/$(main docker)/cgroup",
            Is("-500|0::/system.slice/docker.service"),
        ),
        ("show Type containerd; cat /proc/$(main containerd)/oom_score_adj", Is("notify|-999")),
    ],
);

const ETCD: Group = (
    "etcd",
    &[
        ("systemctl start etcd; echo $?; state etcd; show Type etcd", Is("0|active|notify")),
        (
            "etcdctl put key 'a value'; etcdctl get key --print-value-only; etcdctl endpoint health 2>&1 | grep -o 'is healthy'",
            Is("OK|a value|is healthy"),
        ),
        ("stat -c '%U %a' /var/lib/etcd/default", Has("etcd 700")),
        (
            "p=$(main etcd); stat -c %U /proc/$p; grep -E '^Max open files' /proc/$p/limits | sed 's/  */ /g'",
            Is("etcd|Max open files 65536 65536 files "),
        ),
        (
            "kill -9 $(main etcd); eventually '[ $(state etcd) = active ]'; etcdctl get key --print-value-only",
            Is("a value"),
        ),
    ],
);

const GROUPS: [Group; 2] = [DOCKER, ETCD];

/// The files of the packages that the services run. Shared libraries of the image are those of the same suite.
const PROGRAMS: [&str; 7] = [
    "usr/bin/docker",
    "usr/bin/etcd",
    "usr/bin/etcdctl",
    "usr/lib/systemd/system/docker.service",
    "usr/lib/systemd/system/docker.socket",
    "usr/lib/systemd/system/etcd.service",
    "usr/sbin/dockerd",
];

/// Libraries that those programs are linked with and the image does not have are taken too.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Makes an EROFS of the packages' files, with the libraries that they name.
fn extension(services: &Tools, to: &Path) -> Outcome {
    let folder = scratch()?;
    let mut left: Vec<String> = PROGRAMS.map(str::to_owned).into();
    for optional in [
        "usr/bin/docker-init",
        "usr/libexec/docker/docker-init",
        "usr/bin/docker-proxy",
        "usr/sbin/docker-proxy",
    ] {
        left.extend(services.path(optional).exists().then(|| optional.to_owned()));
    }
    while let Some(path) = left.pop() {
        let (from, copy) =
            (services.path(&path), folder.path().join(path.trim_start_matches("usr/")));
        if copy.exists() {
            continue;
        }
        fs_err::create_dir_all(copy.parent().ok_or("a path without a folder")?)?;
        fs_err::copy(&from, &copy)?;
        let bytes = fs_err::read(&from)?;
        if bytes.starts_with(b"\x7fELF") {
            for name in needed(&bytes)? {
                let library = format!("{LIBRARIES}/{name}");
                left.extend(services.path(&library).exists().then_some(library));
            }
        }
    }
    let mut command = BOARD.tools.command("mkfs.erofs")?;
    let output = command.args(["--quiet", "--all-root"]).arg(to).arg(folder.path()).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// The libraries that a program or library names (`DT_NEEDED`).
fn needed(bytes: &[u8]) -> Result<Vec<String>, object::Error> {
    use object::elf::{DT_NEEDED, FileHeader64};
    use object::read::elf::{Dyn as _, FileHeader as _};
    let header = FileHeader64::<object::Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let Some((entries, link)) = sections.dynamic(endian, bytes)? else { return Ok(Vec::new()) };
    let strings = sections.strings(endian, bytes, link)?;
    let names = entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED);
    let name = |offset: u32| strings.get(offset).ok().map(String::from_utf8_lossy);
    Ok(names
        .filter_map(|entry| name(entry.val32(endian)?))
        .map(std::borrow::Cow::into_owned)
        .collect())
}

/// The disk, which the test lays over /usr.
const EXTENSION: &str = "[Mount]\nWhat=/dev/vdb\nWhere=/run/extension\nType=erofs\nOptions=ro\n";

static REPORT: LazyLock<Report> =
    LazyLock::new(|| boot().unwrap_or_else(|error| panic!("{error}")));

fn boot() -> Result<Report, Box<dyn std::error::Error>> {
    let services = tools::services(&tools::sdk()?, "amd64-usr")?;
    let folder = scratch()?;
    let disk = folder.path().join("extension.erofs");
    extension(&services, &disk)?;
    let config = checks::config("containerd.service", &GROUPS)
        .unit_file("run-extension.mount", EXTENSION)
        .file("/var/lib/layer.tar", 0o644, &oci::layer(&BOARD.container_program))
        // What the packages' scripts make on an installation.
        .file("/etc/sysusers.d/etcd.conf", 0o644, b"u etcd - \"etcd\" /var/lib/etcd\n")
        .file("/etc/tmpfiles.d/etcd.conf", 0o644, b"d /var/lib/etcd 0755 etcd etcd\n");
    let mut setup = BOARD.setup("packages").ignition(&config);
    setup.processors = 2;
    setup.more_disks.push(disk);
    setup.limit = Some(std::time::Duration::from_mins(8));
    checks::run(&setup, &GROUPS, &[])
}

#[test]
fn docker_runs_from_debians_unit_files() {
    REPORT.check("docker");
}

#[test]
fn etcd_runs_from_debians_unit_file_and_is_healed() {
    REPORT.check("etcd");
}

#[test]
fn the_console_of_a_host_with_docker_is_clean() {
    assert_eq!(REPORT.console, Ok(()));
    assert_eq!(REPORT.end, Ok(()));
}
