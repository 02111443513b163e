use super::*;

#[test]
fn the_host_name_is_the_first_line_that_can_be_one() {
    for (text, expected) in [
        ("box\n", "box"),
        ("# a comment\n\n  node-1.example \nother\n", "node-1.example"),
        ("", DEFAULT_NAME),
        ("no spaces please\n", DEFAULT_NAME),
        ("\u{1b}[31m\n", DEFAULT_NAME),
    ] {
        assert_eq!(host_name(text), expected, "{text:?}");
    }
    assert_eq!(host_name(&"a".repeat(65)), DEFAULT_NAME);
}

#[test]
fn a_drawn_machine_id_is_one() {
    let text = draw_machine_id().expect("there is /dev/urandom");
    assert!(is_machine_id(text.trim_end()), "{text}");
    for text in [
        "",
        "uninitialized",
        "00000000000000000000000000000000",
        "0123456789ABCDEF0123456789ABCDEF",
    ] {
        assert!(!is_machine_id(text), "{text}");
    }
}

#[test]
fn sysctl_lines_name_files_below_proc_sys() {
    for (line, file, value, may_fail) in [
        ("net.ipv4.ip_forward = 1", "/proc/sys/net/ipv4/ip_forward", "1", false),
        (
            "-net/ipv4/conf/eth0.1/rp_filter=2",
            "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
            "2",
            true,
        ),
        (
            "net.ipv4.conf.eth0/1.rp_filter=2",
            "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
            "2",
            false,
        ),
        (
            "kernel.core_pattern=|/bin/false a=b",
            "/proc/sys/kernel/core_pattern",
            "|/bin/false a=b",
            false,
        ),
    ] {
        let setting = sysctl_line(line).expect("a setting");
        assert_eq!(
            (setting.file, setting.value, setting.may_fail),
            (PathBuf::from(file), value, may_fail)
        );
    }
    for line in ["", "# a.b=c", "; a.b=c", "nothing", "/etc/passwd=x", "a/../../../etc/passwd=x"] {
        assert_eq!(sysctl_line(line), None, "{line}");
    }
}
