use super::*;

#[test]
fn prefixes_are_read_in_every_form_and_written_in_one() {
    for (text, shown) in [
        ("10.0.0.2/24", Some("10.0.0.2/24")),
        ("10.0.0.2/255.255.255.0", Some("10.0.0.2/24")),
        ("10.0.0.2", Some("10.0.0.2/32")),
        ("fe80::1/64", Some("fe80::1/64")),
        ("::", Some("::/128")),
        ("10.0.0.2/33", None),
        ("10.0.0.2/255.0.255.0", None),
        ("fe80::1/129", None),
        ("host/8", None),
        ("", None),
    ] {
        assert_eq!(text.parse::<Prefix>().ok().map(|p| p.to_string()).as_deref(), shown, "{text}");
    }
}

#[test]
fn a_network_has_its_host_bits_zero_and_a_broadcast_all_ones() {
    for (text, network, broadcast) in [
        ("10.1.2.3/24", "10.1.2.0/24", Some("10.1.2.255")),
        ("10.1.2.3/0", "0.0.0.0/0", Some("255.255.255.255")),
        ("10.1.2.3/32", "10.1.2.3/32", None),
        ("10.1.2.3/31", "10.1.2.2/31", None),
        ("2001:db8::5/64", "2001:db8::/64", None),
        ("2001:db8::5/0", "::/0", None),
    ] {
        let prefix: Prefix = text.parse().unwrap();
        assert_eq!(prefix.network().to_string(), network);
        assert_eq!(prefix.broadcast().map(|b| b.to_string()).as_deref(), broadcast);
    }
}

#[test]
fn hardware_addresses_are_read_with_colons_dashes_and_dots() {
    for text in ["52:54:00:12:34:56", "52-54-00-12-34-56", "5254.0012.3456"] {
        assert_eq!(text.parse::<Mac>().unwrap().to_string(), "52:54:00:12:34:56");
    }
    for text in ["52:54:00:12:34", "zz:54:00:12:34:56", "", "5:254:001:2:34:56x"] {
        assert!(text.parse::<Mac>().is_err(), "{text}");
    }
}
