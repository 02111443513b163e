use super::*;

/// The value of one setting of a link whose file says nothing but what `change` does.
fn wish(key: &str, change: impl FnOnce(&mut Network)) -> Option<String> {
    let mut network = Network::empty(PathBuf::new());
    change(&mut network);
    let path = format!("ipv6/conf/n0/{key}");
    wishes(&network, "n0").into_iter().find(|(found, _)| *found == path).map(|(_, value)| value)
}

#[test]
fn ipv6_is_turned_on_where_the_file_wants_it_and_else_left_as_it_is() {
    assert_eq!(wish("disable_ipv6", |_| {}).as_deref(), Some("0"));
    let without = |network: &mut Network| network.link_local.ipv6 = false;
    assert_eq!(wish("disable_ipv6", without), None);
}

#[test]
fn routers_are_listened_to_whether_or_not_packets_are_forwarded() {
    let cases: [(Option<bool>, Option<bool>, &str); 4] = [
        (None, None, "2"),
        (Some(true), Some(true), "2"),
        (Some(false), None, "0"),
        (None, Some(true), "0"),
    ];
    for (accept_ra, forwarding6, expected) in cases {
        let found = wish("accept_ra", |network| {
            (network.accept_ra, network.forwarding6) = (accept_ra, forwarding6);
        });
        assert_eq!(found.as_deref(), Some(expected), "{accept_ra:?} {forwarding6:?}");
    }
}
