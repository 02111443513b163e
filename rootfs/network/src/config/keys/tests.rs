use super::*;

#[test]
fn typos_are_told_apart_from_what_is_not_implemented() {
    for (kind, section, key, expected) in [
        (
            Kind::Network,
            "Network",
            "Adress",
            "unknown key Adress= in [Network]; did you mean Address?",
        ),
        (Kind::Network, "Network", "LLDP", "LLDP= in [Network] is not implemented; passed over"),
        (Kind::Network, "Netwrk", "DHCP", "unknown section [Netwrk]; did you mean Network?"),
        (Kind::Network, "Network", "Zzzzzz", "unknown key Zzzzzz= in [Network]"),
        (Kind::Netdev, "Bond", "Modus", "unknown key Modus= in [Bond]; did you mean Mode?"),
        (Kind::Link, "Link", "WakeOnLan", "WakeOnLan= in [Link] is not implemented; passed over"),
    ] {
        assert_eq!(remark(kind, section, key), expected);
    }
}
