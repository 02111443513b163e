//! Containers run, within their limits and apart from the host.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Machine, oci};
use serde_json::json;

use crate::{BOARD, BOOT, END, Outcome};

/// Where the image's archive is put.
const ARCHIVE: &str = "/var/lib/probe.tar";
/// Where the image is mounted for the containers that have a specification of their own.
const ROOT: &str = "/run/probe-root";

/// Memory of the host in use with containerd running, and no container yet.
const IDLE_BUDGET: u64 = 96_000_000;

/// Lines that the kernel writes because a container reached its limit.
const EXPECTED: [&str; 3] =
    ["Memory cgroup out of memory", "oom-kill:constraint=CONSTRAINT_MEMCG", "Call Trace:"];

/// What one boot's script printed.
struct Report {
    /// `key=value` by step and key, as `hello.pid`.
    values: BTreeMap<String, String>,
    console: Result<(), String>,
    end: Result<(), String>,
}

impl Report {
    fn get(&self, key: &str) -> &str {
        self.values.get(key).unwrap_or_else(|| panic!("no `{key}` in {:#?}", self.values))
    }

    fn number(&self, key: &str) -> u64 {
        let value = self.get(key);
        value.parse().unwrap_or_else(|_| panic!("{key}={value} is not a number"))
    }
}

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    boot("container", 2048, &script(&STEPS)).unwrap_or_else(|error| panic!("{error}"))
});

/// Steps of the script: a name, and the arguments of `ctr run` after `--rm`.
const STEPS: [(&str, &str); 7] = [
    ("hello", "--memory-limit 67108864 --hostname box IMAGE hello /probe one two"),
    ("exit", "IMAGE exit /probe exit 7"),
    ("memory", "--memory-limit 33554432 IMAGE memory /probe memory"),
    ("spin", "--cpu-quota 25000 --cpu-period 100000 IMAGE spin /probe spin 4"),
    ("readonly", "--read-only IMAGE readonly /probe"),
    ("limits", "--config /var/lib/limits.json limits"),
    ("fork", "--config /var/lib/fork.json fork"),
];

fn script(steps: &[(&str, &str)]) -> String {
    let mut script = format!(
        "step() {{\n  name=$1; shift\n  echo \"BEGIN $name\"\n  \"$@\"\n  echo \"PROBE status=$?\"\n}}\n\
         echo BEGIN host\n\
         for name in pid mnt net uts ipc cgroup; do\n  \
           echo \"PROBE ns.$name=$(readlink /proc/self/ns/$name)\"\ndone\n\
         while read -r name value unit; do echo \"PROBE $name$value\"; done </proc/meminfo\n\
         step import ctr images import {ARCHIVE}\n\
         mkdir -p {ROOT}\n\
         step mount ctr images mount --rw {image} {ROOT}\n",
        image = oci::NAME
    );
    script.extend(steps.iter().map(|(name, arguments)| {
        format!("step {name} ctr run --rm {}\n", arguments.replace("IMAGE", oci::NAME))
    }));
    script += "echo DONE\n";
    script
}

/// An OCI runtime specification with limits and a namespace that `ctr run` has no options for.
fn specification(name: &str) -> Vec<u8> {
    let namespaces = ["pid", "mount", "network", "uts", "ipc", "cgroup"];
    json!({
        "ociVersion": "1.1.0",
        "process": {
            "args": [oci::PROGRAM, name], "cwd": "/", "env": ["PATH=/"],
            "user": { "uid": 0, "gid": 0 }, "noNewPrivileges": true,
        },
        "root": { "path": ROOT },
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            {
                "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                "options": ["ro", "nosuid", "nodev", "noexec"],
            },
        ],
        "linux": {
            "cgroupsPath": format!("/default/{name}"),
            "namespaces": namespaces.map(|name| json!({ "type": name })),
            "resources": {
                "memory": { "limit": 50_331_648 },
                "cpu": { "quota": 50000, "period": 100_000 },
                "pids": { "limit": 20 },
            },
        },
    })
    .to_string()
    .into_bytes()
}

fn boot(name: &str, memory_mib: u32, script: &str) -> Result<Report, Box<dyn std::error::Error>> {
    let config = Config::new()
        .file(ARCHIVE, 0o644, &BOARD.container_image)
        .file("/var/lib/limits.json", 0o644, &specification("limits"))
        .file("/var/lib/fork.json", 0o644, &specification("fork"))
        .script("container-test", "containerd.service", script);
    let mut setup = BOARD.setup(name).ignition(&config);
    setup.processors = 2;
    setup.memory_mib = memory_mib;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_result("BEGIN host", BOOT)?;
    machine.wait_for_result("DONE", BOOT)?;
    machine.wait_for("boot complete in", BOOT)?;
    let end = machine.power_off(END).map_err(|error| error.to_string());
    Ok(Report {
        values: values(&machine),
        console: machine.check_console(&EXPECTED).map_err(|error| error.to_string()),
        end,
    })
}

fn values(machine: &Machine) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut step = String::new();
    for line in machine.results() {
        if let Some(name) = line.text.strip_prefix("BEGIN ") {
            name.clone_into(&mut step);
        } else if let Some((key, value)) =
            line.text.strip_prefix("PROBE ").and_then(|rest| rest.split_once(['=', ':']))
        {
            values.insert(format!("{step}.{key}"), value.to_owned());
        }
    }
    values
}

#[test]
fn a_container_gets_its_arguments_and_gives_its_output_and_exit_status() {
    let report = &*REPORT;
    assert_eq!(report.get("import.status"), "0");
    assert_eq!(report.get("hello.hello"), "from the container");
    assert_eq!(report.get("hello.argv"), "/probe one two");
    assert_eq!(report.get("hello.status"), "0");
    assert_eq!(report.get("exit.status"), "7");
}

#[test]
fn a_container_lives_in_namespaces_of_its_own() {
    let report = &*REPORT;
    // `ctr run` shares the cgroup namespace; specifications may ask for one.
    for (step, name) in ["pid", "mnt", "net", "uts", "ipc"]
        .map(|name| ("hello", name))
        .into_iter()
        .chain([("limits", "cgroup")])
    {
        let host = report.get(&format!("host.ns.{name}"));
        let container = report.get(&format!("{step}.ns.{name}"));
        assert!(container.starts_with(&format!("{name}:[")), "{container}");
        assert_ne!(host, container, "{name}");
    }
    assert_eq!(report.get("hello.pid"), "1");
    assert_eq!(report.get("hello.hostname"), "box");
}

#[test]
fn a_container_has_few_rights_and_a_root_of_its_own() {
    let report = &*REPORT;
    assert_eq!(report.get("hello.NoNewPrivs"), "1");
    assert_eq!(report.get("hello.CapEff"), "00000000a80425fb");
    assert_eq!(report.get("hello.root"), "writable");
    assert_eq!(report.get("readonly.root"), "read-only");
}

#[test]
fn the_limits_of_a_container_reach_its_cgroup() {
    let report = &*REPORT;
    assert_eq!(report.get("limits.memory.max"), "50331648");
    assert_eq!(report.get("limits.cpu.max"), "50000 100000");
    assert_eq!(report.get("limits.pids.max"), "20");
}

#[test]
fn a_container_that_takes_more_memory_than_it_may_is_killed() {
    assert_eq!(REPORT.get("memory.status"), "137");
}

#[test]
fn a_container_that_makes_more_processes_than_it_may_is_refused() {
    let report = &*REPORT;
    assert_eq!(report.get("fork.fork"), "EAGAIN");
    let made = report.number("fork.forked");
    assert!((10..20).contains(&made), "{made} processes");
    assert_eq!(report.get("fork.status"), "0");
}

#[test]
fn a_container_gets_no_more_processor_time_than_its_quota() {
    let report = &*REPORT;
    let (wall, cpu) = (report.number("spin.wall-ms"), report.number("spin.cpu-ms"));
    assert!(wall >= 4000 && cpu > 0, "{cpu} ms of {wall} ms");
    // A quarter, and as much again for the edges of the periods.
    assert!(cpu * 2 <= wall, "{cpu} ms of {wall} ms");
}

#[test]
fn the_idle_host_uses_little_memory() {
    let report = &*REPORT;
    let kib = |name: &str| report.number(&format!("host.{name}"));
    let used =
        (kib("MemTotal") - kib("MemFree") - kib("Buffers") - kib("Cached") - kib("SReclaimable"))
            * 1024;
    assert!(used <= IDLE_BUDGET, "{used} bytes in use, the budget is {IDLE_BUDGET}");
}

#[test]
fn the_console_of_a_host_with_containers_is_clean_and_the_power_button_ends_it() {
    assert_eq!(REPORT.console, Ok(()));
    assert_eq!(REPORT.end, Ok(()));
}

#[test]
fn a_host_with_256_mib_of_memory_runs_a_container() -> Outcome {
    let report = boot("small-memory", 256, &script(&STEPS[..2]))?;
    assert_eq!(report.get("hello.hello"), "from the container");
    assert_eq!(report.get("exit.status"), "7");
    report.console?;
    report.end?;
    Ok(())
}
