use super::*;
use crate::model::{
    Amount, CallFilter, Credential, Delegate, DirectoryKind, Input, Output, Protect, Relation,
    Restart, Service, Socket, SocketAddress, Test, Trigger, Weight,
};
use crate::text;
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

fn unit(name: &str, text: &str) -> Unit {
    let file = Path::new("/u");
    let mut remarks = Vec::new();
    let entries = text::parse(text, file, &mut remarks);
    let fragment = Some(file.to_owned());
    let name = name.parse().expect("a name");
    let sources = Sources { fragment, entries, remarks, ..Sources::of(&name) };
    build(sources, &Facts { machine_id: "cafe".into(), ..Facts::default() })
}

fn remarks(unit: &Unit) -> Vec<String> {
    unit.remarks.iter().map(ToString::to_string).collect()
}

fn service(text: &str) -> Service {
    let unit = unit("a@b.service", &format!("[Service]\nExecStart=/bin/a\n{text}\n"));
    assert_eq!(remarks(&unit), Vec::<String>::new(), "{text}");
    match unit.body {
        Body::Service(service) => *service,
        other => panic!("{other:?}"),
    }
}

fn socket(text: &str) -> (Socket, Vec<String>) {
    let unit = unit("a.socket", &format!("[Socket]\n{text}\n"));
    let remarks = remarks(&unit);
    match unit.body {
        Body::Socket(socket) => (*socket, remarks),
        other => panic!("{other:?}"),
    }
}

#[test]
fn command_lines_have_prefixes_words_and_specifiers() {
    let read = service(
        "ExecStart=\nExecStart=-@/bin/sh sh -c 'echo %i $A' \\;\nType=oneshot\nExecStartPre=+!!a ; :|b \"x y\"",
    );
    let texts = |command: &crate::model::Command| -> Vec<String> {
        command.words.iter().map(|word| word.text.clone()).collect()
    };
    assert_eq!(texts(&read.start[0]), ["/bin/sh", "sh", "-c", "echo b $A", ";"]);
    assert!(read.start[0].may_fail && read.start[0].own_argv0 && !read.start[0].privileged);
    assert_eq!(read.start_pre.iter().map(texts).collect::<Vec<_>>(), [vec!["a"], vec!["b", "x y"]]);
    assert!(read.start_pre[0].privileged && !read.start_pre[0].keep_user);
    assert!(read.start_pre[1].literal && read.start_pre[1].shell);
}

#[test]
fn lists_add_up_and_are_reset_by_an_empty_value() {
    let read = service(
        "Environment=A=1 \"B=x y\" C=%i\nEnvironment=A=2\nSupplementaryGroups=a b\nSupplementaryGroups=\n\
        SupplementaryGroups=c\nReadWritePaths=-/a +/b\nBindPaths=/x:/y:norbind -/z\nBindReadOnlyPaths=/r",
    );
    let environment: Vec<(&str, &str)> =
        read.exec.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(environment, [("A", "2"), ("B", "x y"), ("C", "b")]);
    assert_eq!(read.exec.supplementary_groups, ["c"]);
    assert!(read.exec.read_write_paths[0].may_miss && read.exec.read_write_paths[1].below_root);
    let binds: Vec<(&Path, bool, bool)> = read
        .exec
        .bind_mounts
        .iter()
        .map(|bind| (bind.target.as_path(), bind.may_miss, bind.read_only))
        .collect();
    assert_eq!(
        binds,
        [
            (Path::new("/y"), false, false),
            (Path::new("/z"), true, false),
            (Path::new("/r"), false, true)
        ]
    );
}

#[test]
fn filters_keep_their_order_and_masks_their_sense() {
    let read = service(
        "SystemCallFilter=@system-service foo:EPERM\nSystemCallFilter=~@privileged bar:kill\n\
        CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL\n\
        AmbientCapabilities=cap_net_raw\nRestrictNamespaces=~user net\n\
        RestrictAddressFamilies=AF_UNIX AF_INET\nRestrictAddressFamilies=~AF_INET\n\
        SystemCallErrorNumber=EPERM",
    );
    let Some(CallFilter { allow: true, steps }) = read.exec.system_call_filter else {
        panic!("a list of what is allowed")
    };
    let steps: Vec<(bool, &str, Option<i32>)> =
        steps.iter().map(|step| (step.add, step.name.as_str(), step.errno)).collect();
    assert_eq!(
        steps,
        [
            (true, "@system-service", None),
            (true, "foo", Some(1)),
            (false, "@privileged", None),
            (false, "bar", Some(-1))
        ]
    );
    assert_eq!(read.exec.capability_bounding_set, Some(1));
    assert_eq!(read.exec.ambient_capabilities, 1 << 13);
    assert_eq!(read.exec.restrict_namespaces, Some(0x7e02_0000 & !0x5000_0000));
    let families = read.exec.restrict_address_families.expect("families");
    assert!(families.allow && families.members == BTreeSet::from([1]));
    assert_eq!(read.exec.system_call_errno, Some(1));
    let all = service("CapabilityBoundingSet=~CAP_CHOWN\nSystemCallFilter=~@mount");
    assert_eq!(all.exec.capability_bounding_set, Some(!1));
    assert!(all.exec.system_call_filter.is_some_and(|filter| !filter.allow && filter.steps[0].add));
}

#[test]
fn values_of_services_are_typed() {
    let read = service(
        "Restart=on-failure\nRestartSec=250ms\nTimeoutSec=infinity\nWatchdogSec=3min\n\
        SuccessExitStatus=143 SIGHUP TEMPFAIL\nPIDFile=a.pid\nUser=x\nNice=-5\nLimitNOFILE=1024:infinity\n\
        LimitNICE=+5\nUMask=027\nOOMScoreAdjust=-500\nStandardOutput=append:/l\nStandardInput=fd:x\n\
        RuntimeDirectory=a b/c:l\nRuntimeDirectoryMode=0700\nProtectSystem=strict\nProtectHome=read-only\n\
        LoadCredential=x:/p\nSetCredential=x:a\\nb\nDelegate=pids memory\nCPUWeight=idle\nMemoryMax=50%\n\
        TasksMax=33\nCPUQuota=150%\nDeviceAllow=char-pts r\nCPUAffinity=0-1 4\nSyslogFacility=local7\n\
        KillSignal=SIGQUIT\nOpenFile=/x::read-only\nSlice=a-%p.slice",
    );
    assert_eq!(read.restart, Restart::OnFailure);
    assert_eq!(read.restart_delay, Duration::from_millis(250));
    assert_eq!((read.start_timeout(), read.stop_timeout), (None, None));
    assert_eq!(read.success.codes, BTreeSet::from([75, 143]));
    assert_eq!(read.success.signals, BTreeSet::from([1]));
    assert_eq!(read.pid_file.as_deref(), Some(Path::new("/run/a.pid")));
    assert_eq!(read.exec.limits[&7], (Some(1024), None));
    assert_eq!(read.exec.limits[&13], (Some(15), Some(15)));
    assert_eq!(read.exec.umask, Some(0o27));
    assert_eq!(read.exec.output, Some(Output::Append("/l".into())));
    assert_eq!(read.exec.input, Input::Descriptor("x".into()));
    assert_eq!(read.exec.directories[&DirectoryKind::Runtime][1].links, [Path::new("l")]);
    assert_eq!(read.exec.protect_system, Protect::Strict);
    assert_eq!(
        read.exec.credentials["x"],
        [Credential::Load("/p".into()), Credential::Set(b"a\nb".to_vec())]
    );
    assert_eq!(
        read.resources.delegate,
        Delegate::Controllers(vec!["pids".to_owned(), "memory".to_owned()])
    );
    assert_eq!(read.resources.cpu_weight, Some(Weight::Idle));
    assert_eq!(read.resources.memory_max, Some(Amount::Share(5000)));
    assert_eq!(read.resources.cpu_quota_percent, Some(150));
    assert_eq!(read.exec.syslog_facility, Some(23));
    assert_eq!(read.kill.signal, 3);
    assert_eq!((read.open_files[0].name.as_str(), read.open_files[0].read_only), ("x", true));
    assert_eq!(read.resources.slice.expect("a slice").as_str(), "a-a.slice");
}

#[test]
fn mistakes_are_told_with_file_and_line_and_passed_over() {
    let unit = unit(
        "a.service",
        "[Unit]\nAfter=b.service nonsense c.target\nWants=%Z.service\nRequries=d.service\nX-Mine=1\n\
        [Service]\nExecStart=/bin/a\nNice=20\nRestart=sometimes\nRestartSec=1 parsec\nAfter=x.service\n\
        Type=dbus\nTimestamping=us\n[X-Other]\nA=1\n[Sevrice]\nB=1\nC=1\n",
    );
    assert_eq!(
        remarks(&unit),
        [
            "/u:2: After=: `nonsense` does not end in the type of a unit, such as .service; passed over",
            "/u:3: Wants=: unknown specifier %Z; passed over",
            "/u:4: unknown directive Requries= in [Unit]; passed over; did you mean Requires=?",
            "/u:8: Nice=: `20` is not a number in range; passed over",
            "/u:9: Restart=: `sometimes` is not no, always, on-failure or another of Restart=; passed over",
            "/u:10: RestartSec=: `1 parsec` is not a time span; passed over",
            "/u:11: unknown directive After= in [Service]; passed over; it belongs in [Unit]",
            "/u:12: Type=: `dbus` is refused: there is no message bus to wait for; taken as simple; passed over",
            "/u:13: unknown directive Timestamping= in [Service]; passed over; it belongs in [Socket]",
            "/u:17: unknown section [Sevrice]; passed over",
        ]
    );
    assert_eq!(unit.bad, None);
    let after: Vec<&str> = unit.dependencies.of(Relation::After).map(UnitName::as_str).collect();
    assert_eq!(after, ["b.service", "c.target"]);
}

#[test]
fn a_unit_that_would_be_something_else_is_bad() {
    for (name, text, expected) in [
        ("a.service", "[Service]\n", "the service has no ExecStart=, ExecStop= or SuccessAction="),
        (
            "a.service",
            "[Service]\nExecStart=bin/a\n",
            "ExecStart=: `bin/a` is not an absolute path",
        ),
        ("a.service", "[Service]\nExecStart=/a\nExecStart=/b\n", "only a Type=oneshot service"),
        ("a.service", "[Service]\nExecStart=/a\nUser=a b\n", "User=: `a b` is not the name"),
        ("a.service", "[Service]\nExecStart=/a\nRootImage=/i\n", "RootImage= is refused: images"),
        ("a.service", "[Service]\nType=oneshot\nRestart=always\nExecStart=/a\n", "a Type=oneshot"),
        ("a.service", "[Service]\nExecStart=\"/a\n", "ExecStart=: a \" quote is never closed"),
        ("a.socket", "[Socket]\nAccept=yes\n", "the socket has no Listen setting"),
        ("a.timer", "[Timer]\nPersistent=yes\n", "the timer has no On setting"),
        ("a.path", "[Path]\n", "the path unit watches nothing"),
        ("a.mount", "[Mount]\nWhat=x\nWhere=/b\n", "Where=/b does not match the name a.mount"),
        ("a.mount", "[Mount]\nWhere=/a\n", "the mount has no What= setting"),
    ] {
        let bad = unit(name, text).bad.unwrap_or_else(|| panic!("{text} is good"));
        assert!(bad.what.starts_with(expected), "{}", bad.what);
    }
    for text in [
        "[Service]\nExecStart=-bin/a\nExecStart=/a\n",
        "[Unit]\nSuccessAction=reboot\n[Service]\n",
        "[Service]\nRemainAfterExit=yes\nExecStop=/a\n",
    ] {
        assert_eq!(unit("a.service", text).bad, None, "{text}");
    }
}

#[test]
fn sockets_timers_and_conditions_are_read() {
    let (read, remarks) = socket(
        "ListenStream=80\nListenStream=/run/a.sock\nListenStream=@abs\nListenDatagram=127.0.0.1:53\n\
        ListenStream=vsock::99\nListenNetlink=route 1361\nListenFIFO=/f\nIPTOS=low-delay\nListenStream=nowhere",
    );
    assert_eq!(read.listen.len(), 7);
    assert!(matches!(
        &read.listen[4],
        crate::model::Listen::Stream(SocketAddress::Vsock(u32::MAX, 99))
    ));
    assert_eq!(read.ip_tos, Some(16));
    assert_eq!(remarks.len(), 1);
    let timer = unit("a.timer", "[Timer]\nOnBootSec=5\nOnCalendar=daily\nOnCalendar=never\n");
    let Body::Timer(read) = &timer.body else { panic!("a timer") };
    assert!(matches!(&read.triggers[..], [Trigger::Boot(_), Trigger::Calendar(_)]));
    let unit = unit(
        "a.target",
        "[Unit]\nConditionPathExists=!/x\nConditionPathExists=|!/y/%m\nAssertUser=root\nConditionFirstBoot=no\n",
    );
    assert_eq!(unit.conditions.len(), 3);
    assert!(unit.conditions[0].negated && !unit.conditions[0].trigger);
    assert!(unit.conditions[1].negated && unit.conditions[1].trigger);
    assert_eq!(unit.conditions[1].test, Test::PathExists("/y/cafe".into()));
    assert_eq!(unit.assertions[0].test, Test::User("root".into()));
}

/// Every directive there is, for values at random.
fn any_directive() -> impl Strategy<Value = (&'static str, &'static str)> {
    let all: Vec<_> = directives::all().map(|d| (d.section, d.name)).collect();
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn no_value_of_any_directive_makes_it_panic(
        (section, key) in any_directive(),
        value in "[\\PC%~:,/=+@!|0-9-]{0,30}",
        kind in prop::sample::select(&UnitKind::ALL[..]),
    ) {
        unit(&format!("a.{}", kind.suffix()), &format!("[{section}]\n{key}={value}\n{key}=\n"));
        let own = UnitKind::ALL.into_iter().find(|kind| kind.section() == Some(section));
        let own = own.unwrap_or(UnitKind::Service);
        unit(&format!("a@b.{}", own.suffix()), &format!("[{section}]\n{key}={value}\n{key}={value}\n"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        unit("a.service", &String::from_utf8_lossy(&bytes));
    }
}
