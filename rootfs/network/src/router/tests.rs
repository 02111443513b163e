use proptest::prelude::*;

use super::*;

fn option(kind: u8, seconds: u32, body: &[u8]) -> Vec<u8> {
    let units = (8 + body.len()).div_ceil(8);
    let mut bytes = vec![kind, u8::try_from(units).unwrap(), 0, 0];
    bytes.extend(seconds.to_be_bytes());
    bytes.extend(body);
    bytes.resize(units * 8, 0);
    bytes
}

#[test]
fn servers_and_domains_are_read_among_other_options() {
    let server: Ipv6Addr = "2001:db8::53".parse().unwrap();
    let mut bytes = option(3, 0, &[0; 24]);
    bytes.extend(option(25, 600, &server.octets()));
    bytes.extend(option(
        31,
        300,
        &[names::write("example.org"), names::write("example.net")].concat(),
    ));
    assert_eq!(
        read_options(&bytes),
        [
            Advertised::Dns(vec![server], 600),
            Advertised::Domains(vec!["example.org".to_owned(), "example.net".to_owned()], 300),
        ]
    );
}

#[test]
fn what_is_advertised_holds_for_its_time_and_is_taken_back_by_zero() {
    let server: Ipv6Addr = "fe80::1".parse().unwrap();
    let second = Duration::from_secs;
    let mut router = Router::default();
    assert!(router.take(vec![Advertised::Dns(vec![server], 10)], second(0)));
    assert!(!router.take(vec![Advertised::Dns(vec![server], 20)], second(5)));
    assert_eq!(router.deadline(), Some(second(25)));
    assert!(!router.elapsed(second(24)));
    assert!(router.elapsed(second(25)) && router.dns().is_empty());
    router.take(vec![Advertised::Dns(vec![server], u32::MAX)], second(30));
    assert_eq!(router.deadline(), None);
    assert!(
        router.take(vec![Advertised::Dns(vec![server], 0)], second(31)) && router.dns().is_empty()
    );
}

proptest! {
    #[test]
    fn random_options_never_panic_and_never_grow_without_bound(
        floods in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)
    ) {
        let mut router = Router::default();
        for bytes in floods {
            router.take(read_options(&bytes), Duration::ZERO);
        }
        prop_assert!(router.dns().len() <= MOST && router.domains().len() <= MOST);
    }
}
