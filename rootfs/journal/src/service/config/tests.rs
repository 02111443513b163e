use super::*;

fn read(text: &str) -> (Config, Vec<String>) {
    let (mut config, mut remarks) = (Config::default(), Vec::new());
    config.apply(text, Path::new("journald.conf"), &mut remarks);
    (config, remarks.iter().map(ToString::to_string).collect())
}

#[test]
fn settings_are_read() {
    let text = "[Journal]\nStorage=volatile\nSystemMaxUse=10M\nRateLimitBurst=5\nLineMax=10\nSyncIntervalSec=1min\n\
                ForwardToConsole=yes\nMaxLevelConsole=crit\nMaxRetentionSec=2day\nX-ForwardToRemote=tls://[::1]:99\n\
                Compress=yes\nSplitMode=uid\n";
    let (config, remarks) = read(text);
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!(
        (config.storage, config.system.max_use, config.rate.burst),
        (Storage::Volatile, Some(10 << 20), 5)
    );
    assert_eq!((config.line_max, config.sync_interval), (79, Duration::from_mins(1)));
    assert_eq!(config.console, Forward { on: true, max_level: 2 });
    assert_eq!(config.max_age, Some(Duration::from_hours(48)));
    assert_eq!(config.remote, Some(Remote { host: "::1".to_owned(), port: 99, tls: true }));
}

#[test]
fn mistakes_are_told_with_their_line_and_passed_over() {
    let (config, remarks) = read("[Journal]\nStorage=maybe\nColour=red\n[Other]\nX=1\n");
    assert_eq!(config, Config::default());
    assert_eq!(
        remarks,
        [
            "journald.conf:2: `maybe` is no value for Storage=; passed over",
            "journald.conf:3: unknown setting `Colour=`; passed over",
            "journald.conf:5: unknown section [Other]; passed over",
        ]
    );
}

#[test]
fn remote_servers_have_their_default_ports() {
    let server = |host: &str, port, tls| Some(Remote { host: host.to_owned(), port, tls });
    let rows = [
        ("tcp://log.example.org", server("log.example.org", 514, false)),
        ("tls://log.example.org", server("log.example.org", 6514, true)),
        ("tcp://10.0.0.1:1514/", server("10.0.0.1", 1514, false)),
        ("tls://[fe80::1]", server("fe80::1", 6514, true)),
        ("udp://x", None),
        ("tcp://", None),
        ("tcp://x:port", None),
    ];
    for (text, wanted) in rows {
        assert_eq!(Remote::parse(text), wanted, "{text}");
    }
}

#[test]
fn drop_ins_weigh_more_and_etc_hides_usr() {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("etc/systemd/journald.conf", "[Journal]\nRateLimitBurst=1\nSystemMaxFiles=9\n");
    put("usr/lib/systemd/journald.conf.d/10-a.conf", "[Journal]\nRateLimitBurst=2\n");
    put("usr/lib/systemd/journald.conf.d/20-b.conf", "[Journal]\nSystemMaxFiles=7\n");
    put("etc/systemd/journald.conf.d/20-b.conf", "");
    put(
        "proc/cmdline",
        "quiet systemd.journald.forward_to_console systemd.journald.max_level_console=debug\n",
    );
    let mut remarks = Vec::new();
    let config = Config::load(root.path(), &mut remarks);
    assert_eq!((config.rate.burst, config.system.max_files), (2, Some(9)));
    assert_eq!(config.console, Forward { on: true, max_level: 7 });
    assert!(remarks.is_empty());
}
