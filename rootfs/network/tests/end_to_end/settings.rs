//! What stands in files: addresses, routes, rules, neighbours, and links that software makes.

use keelson_network::service::control::{Request, ask};

use crate::checks::served;
use crate::host::Host;

pub fn static_settings_are_made_and_taken_back_by_a_reload() {
    let files = [(
        "10-n0.network",
        "[Match]\nName=n0\n[Link]\nMTUBytes=1400\n[Network]\nAddress=10.9.0.7/24\nAddress=2001:db8::7/64\n\
         Gateway=10.9.0.1\nDNS=10.9.0.53\nDomains=example.org\n[Address]\nAddress=10.9.1.7/24\n\
         DuplicateAddressDetection=none\n[Route]\nDestination=192.168.9.0/24\nGateway=10.9.0.2\nMetric=7\n\
         [RoutingPolicyRule]\nFrom=10.9.1.0/24\nTable=77\nPriority=100\n\
         [Neighbor]\nAddress=10.9.0.99\nLinkLayerAddress=52:54:00:00:00:99\n",
    )];
    let (mut host, _server) = served(&files);
    host.start();
    host.wait_for("the settings", |host| {
        host.has_address("n0", "10.9.0.7/24")
            && host.has_address("n0", "10.9.1.7/24")
            && host.has_address("n0", "2001:db8::7/64")
            && host.has_route("n0", "0.0.0.0/0", "10.9.0.1")
            && host.has_route("n0", "192.168.9.0/24", "10.9.0.2")
    });
    assert_eq!(host.link("n0").unwrap().mtu, Some(1400));
    host.wait_for("the state", |host| {
        host.state("n0").contains("ADMIN_STATE=configured")
            && host.state("n0").contains("OPER_STATE=routable")
    });
    assert!(
        host.read("run/systemd/resolve/resolv.conf")
            .ends_with("search example.org\noptions edns0\n")
    );
    host.write(
        "etc/systemd/network/10-n0.network.d/a.conf",
        "[Network]\nAddress=\nAddress=10.9.0.8/24\n",
    );
    ask(host.root.path(), &Request::Reload).unwrap();
    host.wait_for("the new address", |host| {
        host.has_address("n0", "10.9.0.8/24") && !host.has_address("n0", "10.9.0.7/24")
    });
    host.remove(&["n0"]);
}

pub fn rules_neighbours_and_routes_to_nowhere_are_taken_back() {
    let plain = "[Match]\nName=n0\n[Network]\nAddress=10.9.0.7/24\nLinkLocalAddressing=no\n";
    let more = format!(
        "{plain}[RoutingPolicyRule]\nFrom=10.9.1.0/24\nTable=77\nInvertRule=yes\nSuppressPrefixLength=0\nUser=0\n\
         IPProtocol=udp\nDestinationPort=53\n[Neighbor]\nAddress=10.9.0.99\nLinkLayerAddress=52:54:00:00:00:99\n\
         [Route]\nDestination=198.51.100.0/24\nType=blackhole\n\
         [Route]\nDestination=2001:db8:9::/48\nType=unreachable\n\
         [Route]\nDestination=198.51.101.7/32\nType=local\n"
    );
    let file = "etc/systemd/network/n0.network";
    let counts = |host: &mut Host| {
        let routes = host.kernel.routes().unwrap();
        let nowhere = routes.iter().filter(|route| [6, 7].contains(&route.kind));
        let neighbors = std::fs::read_to_string("/proc/net/arp").unwrap();
        (
            host.kernel.rules().unwrap().len(),
            nowhere.count(),
            neighbors.contains("10.9.0.99 ") && neighbors.contains("52:54:00:00:00:99"),
        )
    };
    let (mut host, _server) = served(&[("n0.network", &more)]);
    host.start();
    host.wait_for("the settings", |host| counts(host) == (1, 2, true));
    host.wait_for("the state", |host| host.state("n0").contains("ADMIN_STATE=configured"));
    host.write(file, plain);
    ask(host.root.path(), &Request::Reload).unwrap();
    host.wait_for("their end", |host| counts(host) == (0, 0, false));
    host.write(file, &more);
    ask(host.root.path(), &Request::Reload).unwrap();
    host.wait_for("the settings again", |host| counts(host) == (1, 2, true));
    // What the file asks for stays through another life, the rest of the one before goes.
    host.kill();
    std::fs::remove_dir_all(host.path("run")).unwrap();
    host.start();
    host.wait_for("the next life", |host| host.state("n0").contains("ADMIN_STATE=configured"));
    assert_eq!(counts(&mut host), (1, 2, true));
    host.kill();
    host.write(file, plain);
    host.start();
    host.wait_for("the end of the earlier life", |host| {
        let (rules, nowhere, _) = counts(host);
        (rules, nowhere) == (0, 0)
    });
    host.remove(&["n0"]);
}

pub fn bridges_veth_pairs_and_upper_links_are_made() {
    let files = [
        ("br0.netdev", "[NetDev]\nName=br0\nKind=bridge\n[Bridge]\nSTP=no\nForwardDelaySec=2\n"),
        (
            "br0.network",
            "[Match]\nName=br0\n[Network]\nAddress=10.8.0.1/24\nLinkLocalAddressing=no\n",
        ),
        ("pair.netdev", "[NetDev]\nName=p0\nKind=veth\n[Peer]\nName=p1\n"),
        ("p0.network", "[Match]\nName=p0\n[Network]\nBridge=br0\n"),
        ("p1.network", "[Match]\nName=p1\n[Network]\nMACVLAN=mv0\nLinkLocalAddressing=no\n"),
        (
            "mv0.netdev",
            "[NetDev]\nName=mv0\nKind=macvlan\nMACAddress=02:00:00:00:00:05\n[MACVLAN]\nMode=bridge\n",
        ),
        (
            "vx0.netdev",
            "[NetDev]\nName=vx0\nKind=vxlan\n[VXLAN]\nVNI=5\nIndependent=yes\nRemote=10.8.0.2\n",
        ),
    ];
    let mut host = Host::new(&files);
    host.start();
    host.wait_for("the links", |host| {
        ["br0", "p0", "p1", "mv0", "vx0"].iter().all(|name| host.link(name).is_some())
    });
    let bridge = host.link("br0").unwrap().index;
    host.wait_for("the port", |host| {
        host.link("p0").is_some_and(|link| link.master == Some(bridge))
    });
    host.wait_for("the port's state", |host| host.state("p0").contains("OPER_STATE=enslaved"));
    host.wait_for("the bridge's address", |host| host.has_address("br0", "10.8.0.1/24"));
    host.write(
        "etc/systemd/network/p0.network",
        "[Match]\nName=p0\n[Network]\nAddress=10.8.1.1/24\nLinkLocalAddressing=no\n",
    );
    ask(host.root.path(), &Request::Reload).unwrap();
    host.wait_for("a link of its own", |host| {
        host.link("p0").is_some_and(|link| link.master.is_none())
            && host.has_address("p0", "10.8.1.1/24")
    });
    host.wait_for("its state", |host| host.state("p0").contains("OPER_STATE=routable"));
    assert_eq!(host.link("mv0").unwrap().mac.unwrap().to_string(), "02:00:00:00:00:05");
    host.remove(&["mv0", "vx0", "p0", "br0"]);
}

/// Bond, VLAN and dummy are modules that many kernels of build machines lack: where they are there they must be made,
/// where not, the rest of the network must stand.
pub fn kinds_this_kernel_lacks_fail_alone() {
    let files = [
        (
            "bond0.netdev",
            "[NetDev]\nName=bond9\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n",
        ),
        ("vlan5.netdev", "[NetDev]\nName=n0.5\nKind=vlan\n[VLAN]\nId=5\n"),
        ("dummy0.netdev", "[NetDev]\nName=dum0\nKind=dummy\n"),
        ("all.link", "[Match]\nOriginalName=lo\n[Link]\nName=loop\n"),
        (
            "n0.network",
            "[Match]\nName=n0\n[Network]\nAddress=10.9.0.7/24\nVLAN=n0.5\nLinkLocalAddressing=no\n",
        ),
    ];
    let (mut host, _server) = served(&files);
    host.start();
    host.wait_for("the address", |host| host.has_address("n0", "10.9.0.7/24"));
    for (name, kind) in [("bond9", "bond"), ("n0.5", "vlan"), ("dum0", "dummy")] {
        match host.link(name) {
            Some(link) => assert_eq!(link.kind.as_deref(), Some(kind)),
            None => println!("this kernel has no {kind}"),
        }
    }
    assert!(host.link("lo").is_some(), "the loopback keeps its name");
    host.remove(&["n0.5", "bond9", "dum0", "n0"]);
}
