use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const OWN: Mac = Mac([2, 0, 0, 0, 0, 1]);
const OTHER: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn client() -> Client {
    Client::new(OWN, Random::new(7), Duration::ZERO)
}

/// Goes on to the next moment at which something is due.
fn step(client: &mut Client) -> (Duration, Vec<Action>) {
    let now = client.deadline().expect("something is due");
    (now, client.elapsed(now))
}

fn bound() -> (Client, Duration) {
    let mut client = client();
    loop {
        let (now, actions) = step(&mut client);
        if client.address().is_some() {
            assert_eq!(actions.len(), 2);
            step(&mut client);
            return (client, now);
        }
    }
}

fn claim(client: &Client) -> Packet {
    let (sender, target) = (client.address, client.address);
    Packet { operation: Operation::Reply, mac: OTHER, sender, target }
}

#[test]
fn an_address_is_probed_three_times_and_announced_twice() {
    let mut client = client();
    let mut sent = Vec::new();
    while client.deadline().is_some() {
        let (now, actions) = step(&mut client);
        for action in actions {
            match action {
                Action::Send(packet) => sent.push((now, packet)),
                Action::Bound(address) => assert_eq!((address, sent.len()), (client.address, 3)),
                Action::Lost(_) => panic!("nobody else is there"),
            }
        }
    }
    let address = client.address().expect("it is ours");
    assert!(address.is_link_local() && (1..=254).contains(&address.octets()[2]), "{address}");
    let senders: Vec<_> = sent.iter().map(|(_, packet)| packet.sender).collect();
    let none = Ipv4Addr::UNSPECIFIED;
    assert_eq!(senders, [none, none, none, address, address]);
    assert!(sent.iter().all(|(_, packet)| packet.target == address && packet.mac == OWN));
    assert!(sent[0].0 <= PROBE_WAIT);
    let waits: Vec<_> = sent.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
    let longest = PROBE_SHORTEST + PROBE_MORE;
    assert!(waits[..2].iter().all(|wait| (PROBE_SHORTEST..=longest).contains(wait)));
    assert_eq!(waits[2..], [ANNOUNCE_WAIT, ANNOUNCE_INTERVAL]);
}

#[test]
fn a_card_tries_the_same_addresses_at_every_boot_and_another_card_others() {
    let first = |mac| Client::new(mac, Random::from_kernel(), Duration::ZERO).address;
    assert_eq!(first(OWN), first(OWN));
    assert_ne!(first(OWN), first(OTHER));
}

#[test]
fn neighbouring_cards_begin_with_different_addresses() {
    let first =
        |last| Client::new(Mac([2, 0, 0, 0, 0, last]), Random::new(7), Duration::ZERO).address;
    let addresses: BTreeSet<_> = (0..=u8::MAX).map(first).collect();
    assert_eq!(addresses.len(), 256);
}

#[test]
fn an_address_that_another_has_or_probes_is_left_to_it() {
    let ours = |client: &Client| client.address;
    for probed in [false, true] {
        let mut client = client();
        step(&mut client);
        let before = ours(&client);
        let probe = Packet {
            operation: Operation::Request,
            sender: Ipv4Addr::UNSPECIFIED,
            ..claim(&client)
        };
        let conflict = if probed { probe } else { claim(&client) };
        let own = Packet { mac: OWN, ..conflict };
        let elsewhere = Ipv4Addr::new(169, 254, 0, 1);
        let asked = Packet { operation: Operation::Request, sender: elsewhere, ..conflict };
        for harmless in [own, asked] {
            assert_eq!(client.received(&harmless, Duration::ZERO), []);
            assert_eq!(ours(&client), before);
        }
        assert_eq!(client.received(&conflict, Duration::ZERO), []);
        assert_ne!(ours(&client), before);
    }
}

#[test]
fn after_ten_conflicts_one_address_is_tried_a_minute() {
    let mut client = client();
    for _ in 0..MOST_CONFLICTS {
        let now = client.deadline().expect("a probe is due");
        client.received(&claim(&client), now);
        assert!(client.deadline().expect("a probe is due") <= now + PROBE_WAIT);
    }
    let now = client.deadline().expect("a probe is due");
    client.received(&claim(&client), now);
    assert!(client.deadline().expect("a probe is due") >= now + RATE_LIMIT);
}

#[test]
fn an_address_is_defended_once_in_ten_seconds_and_then_given_up() {
    let (mut client, now) = bound();
    let address = client.address().expect("it is ours");
    for late in [0, 11] {
        let now = now + Duration::from_secs(late);
        let actions = client.received(&claim(&client), now);
        assert!(matches!(&actions[..], [Action::Send(packet)] if packet.sender == address));
    }
    let now = now + Duration::from_secs(20);
    assert_eq!(client.received(&claim(&client), now), [Action::Lost(address)]);
    assert_eq!(client.address(), None);
    let (_, actions) = step(&mut client);
    assert!(matches!(&actions[..], [Action::Send(probe)] if probe.target != address));
}

#[test]
fn an_address_is_kept_while_the_link_is_away_and_probed_when_it_is_back() {
    let (mut client, now) = bound();
    let address = client.address();
    client.pause();
    assert_eq!((client.address(), client.deadline()), (address, None));
    let back = now + Duration::from_mins(1);
    client.resume(back);
    assert!(client.deadline().is_some_and(|due| due <= back + PROBE_WAIT));
    let mut probes = 0;
    let (_, actions) = loop {
        assert_eq!(client.address(), address);
        let (now, actions) = step(&mut client);
        match &actions[..] {
            [Action::Send(probe)] if probe.sender.is_unspecified() => probes += 1,
            _ => break (now, actions),
        }
    };
    assert_eq!(probes, PROBES);
    assert_eq!(actions[0], Action::Bound(address.expect("it is ours")));
}

#[test]
fn an_address_that_another_took_while_the_link_was_away_is_given_up() {
    let (mut client, now) = bound();
    let address = client.address().expect("it is ours");
    client.pause();
    client.resume(now);
    assert_eq!(client.received(&claim(&client), now), [Action::Lost(address)]);
    assert_eq!(client.address(), None);
    assert_eq!(client.received(&claim(&client), now), [], "that one was not ours yet");
}

#[test]
fn a_search_that_was_halted_begins_again_without_an_address() {
    let mut client = client();
    step(&mut client);
    client.pause();
    assert_eq!((client.address(), client.deadline()), (None, None));
    client.resume(Duration::from_secs(9));
    assert!(client.address().is_none() && client.deadline().is_some());
}

proptest! {
    #[test]
    fn whatever_others_send_the_address_is_a_link_local_one_that_was_probed(
        steps in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>()), 1..60)
    ) {
        let (mut client, mut now, mut probes) = (client(), Duration::ZERO, 0);
        for (wait, conflict, reply) in steps {
            if wait && let Some(due) = client.deadline() {
                now = now.max(due);
                for action in client.elapsed(now) {
                    match action {
                        Action::Send(packet) if packet.sender.is_unspecified() => probes += 1,
                        Action::Bound(_) => prop_assert_eq!(probes, PROBES),
                        _ => {}
                    }
                }
            }
            let before = client.address;
            if conflict {
                let operation = if reply { Operation::Reply } else { Operation::Request };
                client.received(&Packet { operation, ..claim(&client) }, now);
            }
            if client.address != before {
                probes = 0;
            }
            prop_assert!(client.address.is_link_local());
            prop_assert!(client.address().is_some() || client.deadline().is_some());
        }
    }
}
