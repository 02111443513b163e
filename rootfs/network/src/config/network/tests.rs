use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::config::files::split;

fn read(text: &str) -> (Network, Vec<String>) {
    let mut remarks = Vec::new();
    let path = Path::new("/etc/systemd/network/a.network");
    let lines = split(text, path, &mut 0, &mut remarks);
    let source = Source { path: path.to_owned(), drop_ins: Vec::new(), lines };
    let network = Network::read(&source, &mut remarks);
    (network, remarks.iter().map(ToString::to_string).collect())
}

#[test]
fn sections_that_come_twice_are_two() {
    let (network, remarks) = read(
        "[Match]\nName=e*\n[Network]\nAddress=10.0.0.1/24\n[Route]\nDestination=10.1.0.0/16\n[Route]\nGateway=10.0.0.2\n\
         Metric=5\n[Address]\nAddress=10.0.1.1/24\n[Address]\nAddress=10.0.2.1/24\n[RoutingPolicyRule]\nFrom=10.0.0.0/8\n\
         [RoutingPolicyRule]\nTable=7\n",
    );
    assert_eq!(remarks, Vec::<String>::new());
    assert_eq!((network.routes.len(), network.addresses.len(), network.rules.len()), (2, 3, 2));
    let route = network.routes[1].on(4, None).unwrap();
    assert_eq!(
        (route.destination.length, route.metric, route.gateway),
        (0, Some(5), "10.0.0.2".parse().ok())
    );
    assert_eq!(
        (network.rules[1].table, network.rules[1].action, network.rules[0].table),
        (7, 1, 254)
    );
}

#[test]
fn a_rule_that_is_not_understood_whole_is_left_out() {
    let (network, remarks) = read(
        "[RoutingPolicyRule]\nFrom=10.0.0.0/8\nTable=7\nL3MasterDevice=yes\n[RoutingPolicyRule]\nTable=8\nUser=alice\n\
         [RoutingPolicyRule]\nTabel=9\n[RoutingPolicyRule]\nTable=10\n",
    );
    assert_eq!(network.rules.iter().map(|rule| rule.table).collect::<Vec<_>>(), [10]);
    assert_eq!(remarks.len(), 3);
    assert!(remarks.iter().all(|remark| remark.ends_with("the rule is left out")), "{remarks:?}");
}

#[test]
fn a_rule_has_all_its_selectors() {
    let (network, remarks) = read(
        "[RoutingPolicyRule]\nFamily=both\nInvertRule=yes\nFirewallMark=0x5/0xff\nSuppressPrefixLength=0\nUser=0-999\n\
         IPProtocol=tcp\nSourcePort=1024-2048\nDestinationPort=53\nPriority=9\nTable=7\n\
         [RoutingPolicyRule]\nTo=2001:db8::1/32\n",
    );
    assert_eq!(remarks, Vec::<String>::new());
    let expected = Rule {
        inverted: true,
        mark: Some((5, 255)),
        suppressed_length: Some(0),
        users: Some((0, 999)),
        protocol: Some(6),
        source_ports: Some((1024, 2048)),
        destination_ports: Some((53, 53)),
        priority: Some(9),
        table: 7,
        action: 1,
        ..Rule::default()
    };
    let to = "2001:db8::/32".parse().ok();
    assert_eq!(
        network.rules,
        [
            expected.clone(),
            Rule { ipv6: true, ..expected },
            Rule { ipv6: true, to, table: 254, action: 1, ..Rule::default() },
        ]
    );
}

#[test]
fn lists_are_reset_by_an_empty_value() {
    let (network, _) = read(
        "[Network]\nDNS=1.1.1.1\nDNS=\nDNS=9.9.9.9 [2620:fe::9]:53 8.8.8.8#dns.google\nDomains=a.b ~. ~c.d\n",
    );
    assert_eq!(network.dns, ["9.9.9.9", "2620:fe::9", "8.8.8.8"]);
    assert_eq!(
        (network.search, network.routed),
        (vec!["a.b".to_owned()], vec![".".to_owned(), "c.d".to_owned()])
    );
}

#[test]
fn what_cannot_be_used_is_told_with_its_line_and_the_rest_holds() {
    let (network, remarks) = read(
        "[Network]\nDHCP=perhaps\nAdress=10.0.0.1\nIPMasquerade=both\nAddress=10.0.0.1/24\nLLDP=yes\n[Link]\n\
         RequiredForOnline=sometimes\nX-Own=1\n",
    );
    assert_eq!(network.addresses.len(), 1);
    let lines: Vec<_> = remarks.iter().map(|remark| remark.split(": ").next().unwrap()).collect();
    let file = "/etc/systemd/network/a.network";
    assert_eq!(lines, [2, 3, 4, 6, 8].map(|line| format!("{file}:{line}")), "{remarks:?}");
}

#[test]
fn dhcp_and_online_settings_are_read() {
    for (text, check) in [
        ("[Network]\nDHCP=yes\n", (|n| n.dhcp == Families::BOTH) as fn(&Network) -> bool),
        ("[Network]\nDHCP=v4\n", |n| n.dhcp == Families::ONLY4),
        ("[DHCPv4]\nUseDNS=no\nRouteMetric=50\n", |n| {
            !n.dhcp4.uses.dns && n.dhcp4.uses.metric == 50
        }),
        ("[DHCP]\nClientIdentifier=mac\n", |n| {
            n.dhcp4.client_id == crate::config::dhcp::ClientId::Mac
        }),
        ("[Network]\nUseDomains=yes\n", |n| n.ra.uses.domains == UseDomains::Search),
        ("[Link]\nRequiredForOnline=no\n", |n| !n.link.required),
        ("[Link]\nRequiredForOnline=carrier:routable\n", |n| {
            n.link.required_state.is_some() && n.link.required
        }),
        ("[Link]\nActivationPolicy=manual\n", |n| !n.link.required),
        ("[Link]\nMTUBytes=9K\n", |n| n.link.mtu == Some(9216)),
        ("[Network]\nIgnoreCarrierLoss=yes\n", |n| n.carrier_grace.is_none()),
        ("[Network]\nIPv6AcceptRA=no\n", |n| !n.accepts_ra()),
        ("[Network]\nLinkLocalAddressing=no\n", |n| !n.accepts_ra()),
        ("[Network]\nBond=bo0\n", |n| n.link_local == Families::ONLY6),
        ("[Network]\nLinkLocalAddressing=ipv6\nBridge=br0\n", |n| n.link_local.ipv6),
        ("[Network]\nBridge=br0\n", |n| n.link_local == Families::NEITHER),
        ("[Network]\nLinkLocalAddressing=ipv4-fallback\n", |n| n.link_local == Families::ONLY4),
        ("[Network]\nBridge=br0\n", |n| !n.accepts_ra() && n.master.as_deref() == Some("br0")),
    ] {
        let (network, remarks) = read(text);
        assert!(check(&network) && remarks.is_empty(), "{text}: {remarks:?}");
    }
}

proptest! {
    #[test]
    fn random_files_never_panic(text in "(\\[(Match|Network|Route|Address|Link|DHCPv4)\\]\n|[A-Za-z]{0,8}=?[ -~]{0,20}\n){0,30}") {
        read(&text);
    }
}
