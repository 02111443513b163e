use super::*;

fn of(line: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let mut problems = Vec::new();
    (files(&words_of(line), &mut problems).into_iter().collect(), problems)
}

#[test]
fn every_form_of_ip_becomes_a_file() {
    for (line, file, contains) in [
        ("ip=dhcp", "71-default.network", &["Kind=!*", "DHCP=ipv4"][..]),
        ("ip=eth0:dhcp6", "70-eth0.network", &["Name=eth0", "DHCP=ipv6"]),
        (
            "ip=eth0:any:1400:52:54:00:12:34:56",
            "70-eth0.network",
            &["MTUBytes=1400", "MACAddress=52:54:00:12:34:56"],
        ),
        (
            "ip=10.0.0.2::10.0.0.1:255.255.255.0:host:eth0:none:10.0.0.53:10.0.0.54",
            "70-eth0.network",
            &[
                "Address=10.0.0.2/24",
                "Gateway=10.0.0.1",
                "DHCP=no",
                "DNS=10.0.0.53",
                "DNS=10.0.0.54",
                "Hostname=host",
            ],
        ),
        ("ip=10.0.0.2::10.0.0.1:24::eth0:off", "70-eth0.network", &["Address=10.0.0.2/24"]),
        (
            "ip=[2001:db8::2]::[2001:db8::1]:64::eth0:none",
            "70-eth0.network",
            &["Address=2001:db8::2/64", "Gateway=2001:db8::1"],
        ),
        ("ip=:::::eth1:dhcp", "70-eth1.network", &["DHCP=ipv4"]),
        ("ip=eth0:link6", "70-eth0.network", &["LinkLocalAddressing=ipv6"]),
        ("ip=eth0:link-local", "70-eth0.network", &["LinkLocalAddressing=yes"]),
        ("ip=dhcp nameserver=1.1.1.1", "71-default.network", &["DNS=1.1.1.1"]),
        (
            "ip=eth0:dhcp rd.route=10.0.0.0/8:10.1.0.1:eth0",
            "70-eth0.network",
            &["[Route]", "Destination=10.0.0.0/8", "Gateway=10.1.0.1"],
        ),
        ("vlan=eth0.5:eth0", "70-eth0.5.netdev", &["Kind=vlan", "Id=5"]),
        ("vlan=vlan7:eth0", "70-eth0.network", &["VLAN=vlan7"]),
        (
            "bond=bond0:eth0,eth1:mode=active-backup,miimon=100",
            "70-bond0.netdev",
            &["Mode=active-backup", "MIIMonitorSec=100ms"],
        ),
        ("bond=bond0:eth0,eth1", "70-eth1.network", &["Bond=bond0"]),
        ("bridge=br0:eth0", "70-eth0.network", &["Bridge=br0"]),
        (
            "ifname=lan0:52:54:00:12:34:56",
            "70-lan0.link",
            &["PermanentMACAddress=52:54:00:12:34:56", "Name=lan0"],
        ),
    ] {
        let (files, problems) = of(line);
        assert_eq!(problems, Vec::<String>::new(), "{line}");
        let text = files.get(file).unwrap_or_else(|| panic!("{line}: {files:?}"));
        for part in contains {
            assert!(text.lines().any(|line| line == *part), "{line}: {part} in {text}");
        }
    }
}

#[test]
fn words_that_cannot_be_read_are_told_and_the_others_hold() {
    let (files, problems) =
        of("quiet ip=sometimes ip=10.0.0.300::::eth0:none ip=eth0:dhcp vlan=x vlan=x9999:eth0");
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(files["70-eth0.network"].contains("DHCP=ipv4"));
}

#[test]
fn a_command_line_without_network_makes_no_file() {
    assert!(of("root=/dev/sda1 quiet console=ttyS0 zip=3").0.is_empty());
}
