use super::*;

/// The value of one setting of a link whose file says nothing but what `change` does.
fn wish(key: &str, change: impl FnOnce(&mut Network)) -> Option<String> {
    let mut network = Network::empty(PathBuf::new());
    change(&mut network);
    let path = format!("ipv6/conf/n0/{key}");
    wishes(&network, "n0").into_iter().find(|(found, _)| *found == path).map(|(_, value)| value)
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
