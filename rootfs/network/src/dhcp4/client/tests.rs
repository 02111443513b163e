use proptest::prelude::*;

use super::*;
use crate::address::Mac;

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const GIVEN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings() -> Settings {
    Settings {
        mac: MAC,
        client_id: Some(vec![1, 2, 0, 0, 0, 0, 1]),
        hostname: Some("host".to_owned()),
        vendor_class: None,
        user_class: Vec::new(),
        wanted: vec![code::SUBNET_MASK],
        rapid_commit: true,
        broadcast: false,
        attempts: None,
    }
}

fn client() -> Client {
    Client::new(settings(), Random::new(7))
}

fn reply(client: &Client, kind: MessageType, lease: u32) -> Packet {
    let mut packet = Packet::request(client.transaction, MAC);
    packet.direction = Direction::Reply;
    packet.yours = GIVEN;
    packet.options.insert(code::MESSAGE_TYPE, vec![kind.number()]);
    packet.options.insert(code::SERVER_ID, SERVER.octets().to_vec());
    packet.options.insert(code::LEASE_TIME, lease.to_be_bytes().to_vec());
    packet
}

/// A client that got a lease at `now`.
fn bound(lease: u32, now: Duration) -> Client {
    let mut client = client();
    client.start(now, None);
    client.received(&reply(&client, MessageType::Offer, lease), now);
    let actions = client.received(&reply(&client, MessageType::Ack, lease), now);
    assert!(matches!(actions.as_slice(), [Action::Bound(_)]));
    client
}

fn sent(actions: &[Action]) -> (&Packet, Option<Ipv4Addr>) {
    match actions {
        [Action::Broadcast(packet)] => (packet, None),
        [Action::Unicast(server, packet)] => (packet, Some(*server)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_has_answered_after_three_attempts_or_all_that_are_wished() {
    for (attempts, asked) in [(None, 4), (Some(2), 2)] {
        let mut client = Client::new(Settings { attempts, ..settings() }, Random::new(7));
        let mut sent = client.start(seconds(0), None).len();
        while !client.is_unanswered() {
            let due = client.deadline().expect("it goes on");
            sent += client.elapsed(due).len();
        }
        assert_eq!(sent, asked, "{attempts:?}");
    }
    assert!(!bound(3600, seconds(0)).is_unanswered());
}

#[test]
fn other_settings_are_taken_unless_they_make_it_another_client() {
    let mut client = bound(3600, seconds(0));
    assert!(client.adopt(&Settings { hostname: Some("other".to_owned()), ..settings() }));
    let actions = client.renew(seconds(9));
    assert_eq!(sent(&actions).0.options[&code::HOSTNAME], b"other");
    for other in [
        Settings { mac: Mac([2, 0, 0, 0, 0, 2]), ..settings() },
        Settings { client_id: None, ..settings() },
    ] {
        assert!(!client.adopt(&other));
    }
}

#[test]
fn an_offer_is_requested_from_its_server_and_the_answer_binds() {
    let mut client = client();
    let actions = client.start(seconds(5), None);
    assert_eq!(MessageType::of(sent(&actions).0), Some(MessageType::Discover));
    let actions = client.received(&reply(&client, MessageType::Offer, 100), seconds(6));
    let (request, to) = sent(&actions);
    assert_eq!((to, MessageType::of(request)), (None, Some(MessageType::Request)));
    assert_eq!(request.options[&code::SERVER_ID], SERVER.octets());
    assert_eq!(request.options[&code::REQUESTED], GIVEN.octets());
    assert_eq!(request.client, Ipv4Addr::UNSPECIFIED);
    assert_eq!(request.options[&code::HOSTNAME], b"host");
    client.received(&reply(&client, MessageType::Ack, 100), seconds(6));
    assert_eq!(client.lease().unwrap().expiry(), Some(seconds(106)));
    assert_eq!(client.deadline(), Some(seconds(56)));
    assert!(!client.needs_packet_socket());
}

#[test]
fn answers_of_others_and_to_others_do_nothing() {
    let mut client = client();
    client.start(seconds(0), None);
    let offer = reply(&client, MessageType::Offer, 100);
    let change: [fn(&mut Packet); 6] = [
        |packet| packet.transaction ^= 1,
        |packet| packet.mac = Mac([9; 6]),
        |packet| packet.direction = Direction::Request,
        |packet| packet.yours = Ipv4Addr::UNSPECIFIED,
        |packet| drop(packet.options.remove(&code::SERVER_ID)),
        |packet| drop(packet.options.remove(&code::LEASE_TIME)),
    ];
    for change in change {
        let mut packet = offer.clone();
        change(&mut packet);
        assert_eq!(client.received(&packet, seconds(1)), []);
    }
    client.received(&offer, seconds(1));
    let mut other = reply(&client, MessageType::Ack, 100);
    other.yours = Ipv4Addr::new(10, 0, 0, 77);
    assert_eq!(client.received(&other, seconds(1)), []);
}

#[test]
fn discovers_wait_longer_each_time_up_to_a_minute() {
    let mut client = client();
    client.start(seconds(0), None);
    let mut now = Duration::ZERO;
    for expected in [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 64.0, 64.0] {
        let due = client.deadline().unwrap();
        let wait = due.saturating_sub(now).as_secs_f64();
        assert!((expected * 0.9..=expected * 1.1).contains(&wait), "{wait} for {expected}");
        now = due;
        assert_eq!(MessageType::of(sent(&client.elapsed(now)).0), Some(MessageType::Discover));
    }
}

#[test]
fn a_lease_is_renewed_with_its_server_then_with_anybody_then_lost() {
    let mut client = bound(1000, seconds(0));
    let (request, to) = (client.deadline(), client.elapsed(seconds(500)));
    assert_eq!(request, Some(seconds(500)));
    let (request, server) = sent(&to);
    assert_eq!((server, request.client), (Some(SERVER), GIVEN));
    assert!(
        !request.options.contains_key(&code::REQUESTED)
            && !request.options.contains_key(&code::SERVER_ID)
    );
    assert_eq!(client.deadline(), Some(seconds(500) + seconds(375) / 2));
    let actions = client.elapsed(seconds(875));
    let (request, server) = sent(&actions);
    assert_eq!((server, request.client), (None, GIVEN));
    let actions = client.elapsed(seconds(1000));
    assert!(matches!(actions.as_slice(), [Action::Lost(Loss::Expired), Action::Broadcast(_)]));
    assert_eq!(client.lease(), None);
}

#[test]
fn a_renewed_lease_counts_from_its_answer() {
    let mut client = bound(1000, seconds(0));
    client.elapsed(seconds(500));
    let actions = client.received(&reply(&client, MessageType::Ack, 2000), seconds(501));
    assert!(
        matches!(actions.as_slice(), [Action::Bound(lease)] if lease.expiry() == Some(seconds(2501)))
    );
    assert_eq!(client.deadline(), Some(seconds(1501)));
}

#[test]
fn a_refusal_starts_over_at_once_and_then_ever_slower() {
    let mut client = bound(1000, seconds(0));
    client.elapsed(seconds(500));
    let actions = client.received(&reply(&client, MessageType::Nak, 0), seconds(501));
    assert!(matches!(
        actions.as_slice(),
        [Action::Lost(Loss::Refused(SERVER)), Action::Broadcast(_)]
    ));
    let mut waits = Vec::new();
    for _ in 0..4 {
        let now = seconds(600);
        client.received(&reply(&client, MessageType::Offer, 100), now);
        assert_eq!(client.received(&reply(&client, MessageType::Nak, 0), now), []);
        let due = client.deadline().unwrap();
        waits.push(due.saturating_sub(now).as_secs());
        client.elapsed(due);
    }
    assert!(waits.is_sorted() && waits[0] >= 1 && waits[3] >= 14, "{waits:?}");
}

#[test]
fn a_remembered_lease_is_used_at_once_and_confirmed() {
    let lease = bound(1000, seconds(0)).lease().unwrap().clone();
    let mut client = client();
    let actions = client.start(seconds(10), Some(lease.clone()));
    let [Action::Bound(used), Action::Broadcast(request)] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(used, &lease);
    assert_eq!(request.options[&code::REQUESTED], GIVEN.octets());
    assert!(!request.options.contains_key(&code::SERVER_ID));
    // Nobody answers: it is looked for anew, and the lease stays until its own end.
    for _ in 0..3 {
        client.elapsed(client.deadline().unwrap());
    }
    assert!(matches!(client.state, State::Selecting) && client.lease().is_some());
    let mut over = self::client();
    assert!(matches!(over.start(seconds(1001), Some(lease)).as_slice(), [Action::Broadcast(_)]));
}

#[test]
fn a_rapid_answer_binds_without_a_request_only_where_it_says_so() {
    for (said, expected) in [(true, true), (false, false)] {
        let mut client = client();
        client.start(seconds(0), None);
        let mut ack = reply(&client, MessageType::Ack, 100);
        if said {
            ack.options.insert(code::RAPID_COMMIT, Vec::new());
        }
        client.received(&ack, seconds(1));
        assert_eq!(client.lease().is_some(), expected);
    }
}

#[test]
fn a_release_names_the_address_and_the_server() {
    let mut client = bound(1000, seconds(0));
    let actions = client.release();
    let (packet, to) = sent(&actions);
    assert_eq!(
        (MessageType::of(packet), to, packet.client),
        (Some(MessageType::Release), Some(SERVER), GIVEN)
    );
    assert_eq!((client.lease(), client.deadline()), (None, None));
    assert_eq!(client.release(), []);
}

proptest! {
    /// Whatever comes in, a finite lease that nobody renews is lost, at its end and not later.
    #[test]
    fn silence_always_ends_in_loss(lease in 1_u32..100_000, t1: u32, t2: u32) {
        let mut client = client();
        client.start(seconds(0), None);
        client.received(&reply(&client, MessageType::Offer, lease), seconds(0));
        let mut ack = reply(&client, MessageType::Ack, lease);
        ack.options.insert(code::T1, t1.to_be_bytes().to_vec());
        ack.options.insert(code::T2, t2.to_be_bytes().to_vec());
        client.received(&ack, seconds(0));
        let end = client.lease().unwrap().expiry().unwrap();
        let mut lost = false;
        for _ in 0..10_000 {
            let now = client.deadline().unwrap();
            prop_assert!(now <= end);
            if client.elapsed(now).contains(&Action::Lost(Loss::Expired)) {
                prop_assert_eq!(now, end);
                lost = true;
                break;
            }
        }
        prop_assert!(lost);
    }

    /// Random answers at random times: no panic, a deadline while it runs, no lease past its end, no loop without time.
    #[test]
    fn random_answers_keep_the_rules(
        steps in prop::collection::vec((0_u8..9, 0_u32..5000, any::<u32>(), any::<u32>(), any::<bool>()), 1..60)
    ) {
        let mut client = client();
        let mut now = seconds(1);
        client.start(now, None);
        for (kind, lease, t1, t2, wait) in steps {
            if wait && let Some(due) = client.deadline() {
                now = now.max(due);
                prop_assert!(client.elapsed(now).len() <= 3);
            }
            let mut packet = reply(&client, MessageType::Ack, lease);
            packet.options.insert(code::MESSAGE_TYPE, vec![kind]);
            packet.options.insert(code::T1, t1.to_be_bytes().to_vec());
            packet.options.insert(code::T2, t2.to_be_bytes().to_vec());
            prop_assert!(client.received(&packet, now).len() <= 3);
            prop_assert!(client.deadline().is_some());
            if let Some(end) = client.lease().and_then(Lease::expiry) {
                prop_assert!(end > now);
            }
        }
    }
}
