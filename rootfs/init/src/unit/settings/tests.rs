use super::*;
use crate::restart::RestartOn;
use crate::unit::text;
use crate::unit::value::Limit;
use crate::unit::{Input, KillMode, Output, Resource, Type};
use std::time::Duration;

fn unit(name: &str, content: &str) -> (Unit, Vec<String>) {
    let mut remarks = Vec::new();
    let entries = text::parse(content, Path::new(name), &mut remarks);
    let unit = build(name, &entries, &mut remarks);
    (unit, remarks.iter().map(ToString::to_string).collect())
}

fn service(content: &str) -> (Service, Vec<String>) {
    let (unit, remarks) = unit("t.service", content);
    match unit.kind {
        Kind::Service(service) => (*service, remarks),
        Kind::Target => panic!("a service was asked for"),
    }
}

#[test]
fn the_unit_of_debians_containerd_is_understood_whole() {
    let (unit, remarks) = unit("containerd.service", include_str!("debian/containerd.service"));
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(unit.description, "containerd container runtime");
    for name in
        ["network.target", "local-fs.target", "dbus.service", "basic.target", "sysinit.target"]
    {
        assert!(unit.after.contains(name), "{name}");
    }
    let Kind::Service(service) = unit.kind else { panic!("a service") };
    assert_eq!(
        (service.kind, service.kill_mode, service.delegate),
        (Type::Notify, KillMode::Process, true)
    );
    assert!(service.start_pre[0].may_fail);
    assert_eq!(service.start_pre[0].words[1].text, "overlay");
    assert_eq!(
        (service.restart, service.restart_delay),
        (RestartOn::Always, Duration::from_secs(5))
    );
    let unlimited = |resource| (resource, Limit(None), Limit(None));
    assert_eq!(service.limits, [Resource::Nproc, Resource::Core, Resource::Nofile].map(unlimited));
    assert_eq!(service.cgroup_settings["pids.max"], "max");
    assert_eq!(service.oom_score_adjust, Some(-999));
}

#[test]
fn the_unit_of_debians_ssh_is_understood_whole() {
    let (unit, remarks) = unit("ssh.service", include_str!("debian/ssh.service"));
    assert_eq!(remarks, Vec::<String>::new());
    let test = Test::PathExists("/etc/ssh/sshd_not_to_be_run".into());
    assert_eq!(unit.conditions, [Condition { test, negated: true, trigger: false }]);
    let Kind::Service(service) = unit.kind else { panic!("a service") };
    assert_eq!((service.kind, service.restart), (Type::Notify, RestartOn::Failure));
    assert!(service.restart_prevent.contains(&255));
    assert!(service.environment_files[0].may_miss);
    assert_eq!(service.start[0].words.last().expect("words").text, "$SSHD_OPTS");
    assert_eq!(service.directories[0].path, Path::new("/run/sshd"));
    assert_eq!((service.directories[0].mode, service.directories[0].passing), (0o755, true));
}

#[test]
fn defaults_depend_on_the_type() {
    let (simple, _) = service("[Service]\nExecStart=/x\n");
    assert_eq!(
        (simple.kind, simple.start_timeout()),
        (Type::Simple, Some(Duration::from_secs(90)))
    );
    assert_eq!(
        (simple.input, simple.output, simple.kill_mode),
        (Input::Null, Output::Log, KillMode::ControlGroup)
    );
    let (oneshot, _) = service("[Service]\nExecStart=/x\nType=oneshot\n");
    assert_eq!(oneshot.start_timeout(), None);
    let (oneshot, _) = service("[Service]\nTimeoutSec=3\nType=oneshot\n");
    assert_eq!(
        (oneshot.start_timeout(), oneshot.stop_timeout),
        (Some(Duration::from_secs(3)), Some(Duration::from_secs(3)))
    );
    let (unit, _) = unit("t.service", "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/x\n");
    assert!(unit.after.is_empty());
}

#[test]
fn an_empty_value_resets_a_list() {
    let (service, remarks) = service(
        "[Service]\nExecStart=/a\nExecStart=\nExecStart=-@/b c d\nEnvironment=A=1\nEnvironment=\nEnvironment=\"B=2 3\" C=4\n",
    );
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(service.start.len(), 1);
    assert!(service.start[0].may_fail && service.start[0].own_argv0);
    assert_eq!(
        service.environment,
        [("B", "2 3"), ("C", "4")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    );
}

#[test]
fn what_is_not_implemented_is_remarked_by_file_and_line_and_the_rest_counts() {
    let (service, remarks) = service(
        "[Unit]\nOnFailure=x.service\n[Service]\nProtectSystem=strict\nType=dbus\nRestart=sometimes\nRestartSec=soon\n\
         LimitNOFILE=many\nStandardInput=socket\nExecStart=/x \"y\nUMask=9\nTasksMax=1%\nExecStart=%Z\n\
         RuntimeDirectory=../x\nKillMode=mixed\n[Socket]\nListenStream=1\n[Install]\nWantedBy=multi-user.target\n",
    );
    assert_eq!(service.kill_mode, KillMode::Mixed);
    assert_eq!(
        remarks,
        [
            "t.service:2: OnFailure= is not implemented",
            "t.service:4: ProtectSystem= is not implemented",
            "t.service:5: Type=dbus is not implemented; taken as simple",
            "t.service:6: Restart=sometimes is not implemented",
            "t.service:7: `soon` is not a time span",
            "t.service:8: LimitNOFILE=many is not a limit",
            "t.service:9: StandardInput=socket is not implemented",
            "t.service:10: a \" quote is never closed",
            "t.service:11: `9` is not an octal mode",
            "t.service:12: TasksMax=1% is not a limit",
            "t.service:13: unknown specifier %Z",
            "t.service:14: `../x` is not a path below /run",
            "t.service:17: section [Socket] is not implemented",
        ]
    );
}
