//! The network comes up, a login by key works, a login on the console where it is allowed, and the clock is set.

mod clock;
mod modules;

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use keelson_qemu_tests::board::scratch;
use keelson_qemu_tests::{Machine, Network};

use crate::checks::{self, Group, Has, Is, Not, Report};
use crate::{BOARD, BOOT};

/// Before anybody else connects to the server.
const SERVER: Group = (
    "server",
    &[
        // The first connection starts it, as soon as it can start.
        (
            "state ssh; bad=/etc/ssh/sshd_config.d/bad.conf; mkdir -p ${bad%/*}; echo Nonsense >$bad; exec 3<>/dev/tcp/127.0.0.1/22; eventually '[ $(show NRestarts ssh) -ge 1 ]'; state ssh.socket; rm $bad; read -r line <&3; echo ${line%%_*}",
            Is("inactive|active|SSH-2.0-OpenSSH"),
        ),
        (
            "eventually '[ $(state ssh) = active ]'; cat /proc/$(main ssh)/cgroup",
            Has("0::/system.slice/ssh.service"),
        ),
    ],
);

const LINKS: Group = (
    "links",
    &[
        ("systemctl start network-online.target; state network-online.target", Is("active")),
        ("eventually routable && echo routable", Is("routable")),
        (
            "networkctl status --no-pager | grep -o '10\\.0\\.2\\.[0-9]*' | sort -u | head -3",
            Has("10.0.2.15"),
        ),
        ("grep -c 'nameserver 10.0.2.3' /etc/resolv.conf", Is("1")),
        (
            "networkctl status vlan7 --no-pager | grep -c 192.0.2.7; cat /proc/net/vlan/vlan7 | grep -c 'VID: 7'",
            Is("1|1"),
        ),
        (
            "cat /sys/class/net/bridge7/bridge/priority; ls /sys/class/net/bridge7/brif",
            Is("7|dummy8"),
        ),
        (
            "cat /sys/class/net/bond7/bonding/mode; cat /sys/class/net/bond7/bonding/slaves",
            Is("active-backup 1|dummy9"),
        ),
        (
            "cat /sys/class/net/dummy7/mtu; cat /sys/class/net/dummy7/address",
            Is("1400|02:00:00:00:00:07"),
        ),
        ("grep -c 192.0.2.9 /proc/net/fib_trie", Not("0|")),
        // The host pulls the cable out and puts it back.
        (
            "echo FLAP >/dev/ttyS1; eventually '[ $(carrier) = 0 ]'; eventually '! routable'; echo PULLED >/dev/ttyS1; eventually '[ $(carrier) = 1 ]'; eventually routable; networkctl --no-pager status | grep -o '10\\.0\\.2\\.15' | head -1",
            Is("10.0.2.15"),
        ),
    ],
);

const LOGIN: Group = (
    "login",
    &[
        (
            "ls /etc/ssh/ssh_host_*_key | wc -l; stat -c %a /etc/ssh/ssh_host_ed25519_key",
            Is("1|600"),
        ),
        (
            "sshd -T 2>/dev/null | grep -E '^(passwordauthentication|kbdinteractiveauthentication|permitemptypasswords|permitrootlogin) ' | sort",
            Is(
                "kbdinteractiveauthentication no|passwordauthentication no|permitemptypasswords no|permitrootlogin without-password",
            ),
        ),
        (
            "eventually '[ $(state serial-getty@ttyS0) = active ]'; systemctl is-enabled serial-getty@ttyS0 getty@tty1",
            Is("enabled|disabled"),
        ),
    ],
);

/// What `disk.raw` says of where it is.
const METAL: Group = (
    "metal",
    &[
        ("jaq -r .platform /run/keelson/boot.json", Is("metal")),
        ("cat /proc/cmdline", Has(" keelson.platform=metal ")),
        ("test -e /run/chrony-platform || echo none", Is("none")),
    ],
);

const GROUPS: [Group; 6] = [SERVER, LINKS, LOGIN, modules::MODULES, clock::CLOCK, METAL];

/// Configuration of links beside the card.
const FILES: [(&str, &str); 12] = [
    ("10-dummy7.netdev", "[NetDev]\nName=dummy7\nKind=dummy\nMACAddress=02:00:00:00:00:07\n"),
    ("10-dummy8.netdev", "[NetDev]\nName=dummy8\nKind=dummy\n"),
    ("10-dummy9.netdev", "[NetDev]\nName=dummy9\nKind=dummy\n"),
    ("20-vlan7.netdev", "[NetDev]\nName=vlan7\nKind=vlan\n[VLAN]\nId=7\n"),
    ("20-bridge7.netdev", "[NetDev]\nName=bridge7\nKind=bridge\n[Bridge]\nPriority=7\n"),
    ("20-bond7.netdev", "[NetDev]\nName=bond7\nKind=bond\n[Bond]\nMode=active-backup\n"),
    (
        "30-dummy7.network",
        "[Match]\nName=dummy7\n[Link]\nMTUBytes=1400\n[Network]\nVLAN=vlan7\nAddress=192.0.2.1/29\n",
    ),
    ("30-dummy8.network", "[Match]\nName=dummy8\n[Network]\nBridge=bridge7\n"),
    ("30-dummy9.network", "[Match]\nName=dummy9\n[Network]\nBond=bond7\n"),
    ("40-vlan7.network", "[Match]\nName=vlan7\n[Network]\nAddress=192.0.2.7/32\n"),
    (
        "40-bridge7.network",
        "[Match]\nName=bridge7\n[Network]\nAddress=192.0.2.9/32\n[Link]\nRequiredForOnline=no\n",
    ),
    (
        "40-bond7.network",
        "[Match]\nName=bond7\n[Network]\nAddress=192.0.2.11/32\n[Link]\nRequiredForOnline=no\n",
    ),
];

const PASSWORD: &str = "four ordinary words here";

/// The report of the checks, and what the logins gave.
struct Outcomes {
    report: Report,
    by_key: Output,
    by_password: Output,
    console: Result<String, String>,
}

static OUTCOMES: LazyLock<Outcomes> =
    LazyLock::new(|| boot().unwrap_or_else(|error| panic!("{error}")));

fn boot() -> Result<Outcomes, Box<dyn std::error::Error>> {
    let folder = scratch()?;
    let key = folder.path().join("key");
    let mut keygen = BOARD.tools.command("ssh-keygen")?;
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(&key);
    assert!(keygen.status()?.success());
    let public = fs_err::read_to_string(key.with_extension("pub"))?;
    let mut passwd = BOARD.tools.command("openssl")?;
    let hash = passwd.args(["passwd", "-6", "-salt", "test", PASSWORD]).output()?;
    let hash = String::from_utf8(hash.stdout)?;

    let server = clock::Server::start()?;
    let mut config = checks::config("containerd.service keelson-sshd-keygen.service", &GROUPS)
        .user("core", public.trim(), hash.trim())
        .enable("serial-getty@ttyS0.service")
        .file(modules::FILE.0, 0o644, modules::FILE.1.as_bytes())
        .file("/etc/chrony/sources.d/test.sources", 0o644, server.source().as_bytes());
    for (name, text) in FILES {
        config = config.file(&format!("/etc/systemd/network/{name}"), 0o644, text.as_bytes());
    }
    let mut setup = BOARD.setup("network").ignition(&config);
    setup.processors = 2;
    setup.ports = vec![22];
    // The server of the time is on this host; nothing else outside is needed.
    setup.network = Network::Outside;
    let mut machine = Machine::boot(&BOARD.tools, &setup)?;
    machine.wait_for_result("FLAP", BOOT)?;
    machine.set_link(false)?;
    machine.wait_for_result("PULLED", BOOT)?;
    machine.set_link(true)?;
    machine.wait_for_result("CHECK links.9", BOOT)?;
    let console = console_login(&mut machine);
    let ssh = |options: &[&str]| -> Result<Output, Box<dyn std::error::Error>> {
        let mut command: Command = BOARD.tools.command("ssh")?;
        command.args(["-F", "/dev/null", "-o", "StrictHostKeyChecking=accept-new"]);
        command
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", folder.path().join("known").display()));
        command.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=60"]).args(options);
        command.arg("-p").arg(machine.port(22)?.to_string());
        command.args(["core@127.0.0.1", "id -un; sudo id -un; echo $PATH"]);
        Ok(command.stdin(Stdio::null()).output()?)
    };
    let by_key = ssh(&["-i", &key.display().to_string()])?;
    let by_password = ssh(&["-o", "PubkeyAuthentication=no"])?;
    let report = checks::finish(&mut machine, &GROUPS, &[])?;
    Ok(Outcomes { report, by_key, by_password, console })
}

/// Logs in on the serial console: with a wrong password, then with the right one. Gives what the shell answered.
fn console_login(machine: &mut Machine) -> Result<String, String> {
    let mut say = |prompt: &str, text: &str| {
        machine.wait_for(prompt, BOOT).map_err(|error| error.to_string())?;
        machine.type_text(text).map_err(|error| error.to_string())
    };
    // A line of the log may have pushed the prompt away.
    say("", "\r")?;
    say("login: ", "core\r")?;
    say("Password: ", "not these words\r")?;
    say("Login incorrect", "")?;
    say("login: ", "core\r")?;
    say("Password: ", &format!("{PASSWORD}\r"))?;
    say("$ ", "echo I am $(id -un) on $(tty)\r")?;
    let answer = machine.wait_for("I am core", BOOT).map_err(|error| error.to_string());
    machine.type_text("exit\r").map_err(|error| error.to_string())?;
    answer
}

#[test]
fn links_of_every_kind_are_configured_and_survive_a_pulled_cable() {
    OUTCOMES.report.check("links");
}

#[test]
fn logins_are_by_key_alone_and_consoles_only_where_provisioning_says_so() {
    OUTCOMES.report.check("server");
    OUTCOMES.report.check("login");
    let text = |output: &Output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr)
    };
    let by_key = text(&OUTCOMES.by_key);
    assert!(by_key.contains("core\nroot\n/usr/local/sbin:"), "{by_key}");
    let by_password = text(&OUTCOMES.by_password);
    assert!(!OUTCOMES.by_password.status.success(), "{by_password}");
    assert!(by_password.contains("Permission denied (publickey)"), "{by_password}");
    let console = OUTCOMES.console.as_ref().unwrap_or_else(|error| panic!("{error}"));
    assert!(console.contains("I am core on /dev/ttyS0"), "{console}");
}

#[test]
fn modules_are_loaded_as_modprobe_d_says() {
    OUTCOMES.report.check("modules");
}

#[test]
fn the_clock_is_set_within_seconds_and_a_step_is_told() {
    OUTCOMES.report.check("clock");
}

#[test]
fn a_host_from_disk_raw_knows_that_it_is_on_metal() {
    OUTCOMES.report.check("metal");
}

#[test]
fn the_console_of_a_host_with_a_network_is_clean() {
    assert_eq!(OUTCOMES.report.console, Ok(()));
    assert_eq!(OUTCOMES.report.end, Ok(()));
}
