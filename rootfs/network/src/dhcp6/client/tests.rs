use proptest::prelude::*;

use super::*;
use crate::dhcp6::packet::Options;

const DUID: [u8; 4] = [0, 2, 0, 7];
const SERVER: [u8; 3] = [9, 9, 9];
const IAID: u32 = 5;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn client() -> Client {
    let settings = Settings {
        duid: DUID.to_vec(),
        iaid: IAID,
        rapid_commit: true,
        hostname: Some("host".to_owned()),
    };
    Client::new(settings, Random::new(7))
}

#[test]
fn other_settings_are_taken_unless_they_make_it_another_client() {
    let (mut client, own) = (bound(), client().settings);
    assert!(client.adopt(&Settings { hostname: Some("other".to_owned()), ..own.clone() }));
    assert_eq!(client.settings.hostname.as_deref(), Some("other"));
    assert!(!client.adopt(&Settings { iaid: IAID + 1, ..own }));
}

fn reply(client: &Client, kind: MessageType, preferred: u32, valid: u32) -> Message {
    let mut options = Options::default();
    options.push(code::CLIENT_ID, DUID.to_vec());
    options.push(code::SERVER_ID, SERVER.to_vec());
    options
        .push(code::DNS, "2001:db8::53".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec());
    if valid > 0 {
        let mut address = "2001:db8::9".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec();
        address.extend(preferred.to_be_bytes());
        address.extend(valid.to_be_bytes());
        let mut inner = Options::default();
        inner.push(code::IA_ADDRESS, address);
        options.push(code::IA_NA, [&IAID.to_be_bytes()[..], &[0; 8], &inner.write()].concat());
    }
    Message { kind, transaction: client.transaction, options }
}

fn sent(actions: &[Action]) -> &Message {
    match actions {
        [Action::Send(message)] => message,
        other => panic!("{other:?}"),
    }
}

fn bound() -> Client {
    let mut client = client();
    assert_eq!(sent(&client.start(Mode::Addresses, seconds(0))).kind, MessageType::Solicit);
    let actions = client.received(&reply(&client, MessageType::Advertise, 1000, 2000), seconds(0));
    let request = sent(&actions);
    assert_eq!(
        (request.kind, request.options.get(code::SERVER_ID)),
        (MessageType::Request, Some(&SERVER[..]))
    );
    client.received(&reply(&client, MessageType::Reply, 1000, 2000), seconds(0));
    client
}

#[test]
fn a_lease_is_bound_renewed_rebound_and_lost() {
    let mut client = bound();
    let lease = client.lease().unwrap();
    assert_eq!(
        (lease.t1, lease.t2, lease.expiry()),
        (seconds(500), seconds(800), Some(seconds(2000)))
    );
    assert_eq!(client.deadline(), Some(seconds(500)));
    let actions = client.elapsed(seconds(500));
    assert_eq!(sent(&actions).kind, MessageType::Renew);
    let mut kinds = Vec::new();
    let mut lost = None;
    while lost.is_none() {
        let now = client.deadline().unwrap();
        for action in client.elapsed(now) {
            match action {
                Action::Send(message) => kinds.push((now, message.kind)),
                Action::Lost => lost = Some(now),
                Action::Bound(_) => panic!("nobody answered"),
            }
        }
    }
    assert_eq!(lost, Some(seconds(2000)));
    assert!(kinds.contains(&(seconds(800), MessageType::Rebind)));
    assert!(kinds.iter().all(|(at, kind)| (*at < seconds(800)) == (*kind == MessageType::Renew)));
}

/// A client whose link was away, what it said first when that came back and when.
fn flapped() -> (Client, Vec<Action>, Duration) {
    let mut client = bound();
    client.pause();
    assert_eq!(client.deadline(), Some(seconds(2000)), "the lease ends also meanwhile");
    assert_eq!(client.start(Mode::Addresses, seconds(100)), [], "not everybody speaks at once");
    let first = client.deadline().unwrap();
    assert!(seconds(100) < first && first <= seconds(101));
    let actions = client.elapsed(first);
    (client, actions, first)
}

#[test]
fn a_lease_is_confirmed_when_the_link_is_back_and_keeps_its_times() {
    let (mut client, actions, _) = flapped();
    let message = sent(&actions);
    assert_eq!(message.kind, MessageType::Confirm);
    assert_eq!(message.options.get(code::ELAPSED), Some(&[0, 0][..]), "it is the first");
    assert!(message.options.get(code::SERVER_ID).is_none());
    assert!(message.options.get(code::IA_NA).is_some_and(|value| value.len() > 12));
    let before = client.lease().cloned().unwrap();
    for status in [0_u16, 1] {
        let (mut client, ..) = flapped();
        let mut answer = reply(&client, MessageType::Reply, 0, 0);
        answer.options.push(code::STATUS, status.to_be_bytes().to_vec());
        assert_eq!(client.received(&answer, seconds(101)), [Action::Bound(before.clone())]);
        assert_eq!(client.deadline(), Some(seconds(500)), "T1 counts from when it was given");
    }
    let mut answer = reply(&client, MessageType::Reply, 0, 0);
    answer.options.push(code::STATUS, 4_u16.to_be_bytes().to_vec());
    assert_eq!(client.received(&answer, seconds(101)), [Action::Lost]);
    let due = client.deadline().unwrap();
    assert_eq!(sent(&client.elapsed(due)).kind, MessageType::Solicit);
}

#[test]
fn a_lease_that_nobody_confirms_is_kept_after_ten_seconds() {
    let (mut client, _, first) = flapped();
    let mut asked = 1;
    let (kept, actions) = loop {
        let now = client.deadline().unwrap();
        let actions = client.elapsed(now);
        if let [Action::Send(message)] = &actions[..] {
            assert_eq!(message.kind, MessageType::Confirm);
            asked += 1;
        } else {
            break (now, actions);
        }
    };
    assert_eq!((kept, asked), (first + seconds(10), 4));
    assert!(matches!(&actions[..], [Action::Bound(lease)] if lease.acquired == seconds(0)));
    assert_eq!(sent(&client.elapsed(seconds(500))).kind, MessageType::Renew);
}

#[test]
fn information_is_asked_for_again_when_it_is_old() {
    let mut client = client();
    let actions = client.start(Mode::Information, seconds(0));
    assert_eq!(sent(&actions).kind, MessageType::InformationRequest);
    assert!(sent(&actions).options.get(code::IA_NA).is_none());
    let mut answer = reply(&client, MessageType::Reply, 0, 0);
    answer.options.push(code::REFRESH, 3600_u32.to_be_bytes().to_vec());
    client.received(&answer, seconds(1));
    assert_eq!(client.lease().unwrap().dns.len(), 1);
    assert_eq!(client.deadline(), Some(seconds(3601)));
    assert_eq!(sent(&client.elapsed(seconds(3601))).kind, MessageType::InformationRequest);
}

#[test]
fn answers_of_others_and_to_others_do_nothing() {
    let mut client = client();
    client.start(Mode::Addresses, seconds(0));
    let offer = reply(&client, MessageType::Advertise, 1000, 2000);
    let change: [fn(&mut Message); 4] = [
        |message| message.transaction ^= 1,
        |message| message.options.0.retain(|(code, _)| *code != code::SERVER_ID),
        |message| message.options.0[0].1.push(1),
        |message| message.options.0.retain(|(code, _)| *code != code::IA_NA),
    ];
    for change in change {
        let mut message = offer.clone();
        change(&mut message);
        assert_eq!(client.received(&message, seconds(1)), []);
    }
}

#[test]
fn a_release_names_the_addresses_and_the_server() {
    let mut client = bound();
    let actions = client.release();
    let message = sent(&actions);
    assert_eq!(message.kind, MessageType::Release);
    assert!(message.options.get(code::IA_NA).is_some_and(|value| value.len() > 12));
    assert!(!client.is_running() && client.lease().is_none());
}

/// A reply whose association has a status, or an address that ended.
fn refusal(client: &Client, status: Option<u16>, ended: bool) -> Message {
    let mut message = reply(client, MessageType::Reply, 0, 0);
    let mut inner = Options::default();
    if let Some(status) = status {
        inner.push(code::STATUS, status.to_be_bytes().to_vec());
    }
    if ended {
        let address = "2001:db8::9".parse::<std::net::Ipv6Addr>().unwrap().octets();
        inner.push(code::IA_ADDRESS, [address.as_slice(), &[0; 8]].concat());
    }
    let bytes = [&IAID.to_be_bytes()[..], &[0; 8], &inner.write()].concat();
    message.options.push(code::IA_NA, bytes);
    message
}

#[test]
fn a_server_that_fails_costs_no_lease_and_one_that_refuses_does() {
    let rows = [
        (Some(1), false, true),
        (Some(5), false, true),
        (None, false, true),
        (Some(2), false, false),
        (Some(4), false, false),
        (None, true, false),
    ];
    for (status, ended, kept) in rows {
        let mut client = bound();
        client.elapsed(seconds(500));
        let actions = client.received(&refusal(&client, status, ended), seconds(501));
        assert_eq!(client.lease().is_some(), kept, "{status:?}");
        assert_eq!(actions.contains(&Action::Lost), !kept, "{status:?}");
    }
    let mut client = bound();
    client.elapsed(seconds(500));
    let mut top = reply(&client, MessageType::Reply, 0, 0);
    top.options.push(code::STATUS, 1_u16.to_be_bytes().to_vec());
    assert_eq!(client.received(&top, seconds(501)), []);
    assert!(client.lease().is_some());
}

#[test]
fn a_server_without_the_binding_is_asked_for_it() {
    let mut client = bound();
    client.elapsed(seconds(500));
    let actions = client.received(&refusal(&client, Some(3), false), seconds(501));
    assert_eq!(sent(&actions).kind, MessageType::Request);
    assert!(client.lease().is_some());
    client.received(&reply(&client, MessageType::Reply, 1000, 2000), seconds(502));
    assert_eq!(client.lease().unwrap().acquired, seconds(502));
}

#[test]
fn information_alone_does_not_serve_who_wants_addresses() {
    let mut client = client();
    assert!(!client.serves(Mode::Information));
    client.start(Mode::Information, seconds(0));
    assert!(client.serves(Mode::Information) && !client.serves(Mode::Addresses));
    let actions = client.start(Mode::Addresses, seconds(1));
    assert_eq!(sent(&actions).kind, MessageType::Solicit);
    assert!(client.serves(Mode::Information) && client.serves(Mode::Addresses));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(message) = Message::read(&noise) {
            let _ = (Lease::of(&message.options, IAID, seconds(0)), message.write());
        }
    }

    #[test]
    fn random_answers_keep_the_rules(
        steps in prop::collection::vec((any::<bool>(), any::<u32>(), any::<u32>(), any::<bool>()), 1..40)
    ) {
        let mut client = client();
        let mut now = seconds(1);
        client.start(Mode::Addresses, now);
        for (advertise, preferred, valid, wait) in steps {
            if wait && let Some(due) = client.deadline() {
                now = now.max(due);
                prop_assert!(client.elapsed(now).len() <= 3);
            }
            let kind = if advertise { MessageType::Advertise } else { MessageType::Reply };
            prop_assert!(client.received(&reply(&client, kind, preferred, valid), now).len() <= 3);
            prop_assert!(client.deadline().is_some());
            if let Some(end) = client.lease().and_then(Lease::expiry) {
                prop_assert!(end > now);
            }
        }
    }
}
