use super::*;

fn link(index: u32, name: &str) -> Link {
    Link { index, name: name.to_owned(), ..Link::default() }
}

const ONLINE: &str = "ADMIN_STATE=configured\nOPER_STATE=routable\nIPV4_ADDRESS_STATE=routable\n\
                      IPV6_ADDRESS_STATE=degraded\nREQUIRED_FOR_ONLINE=yes\n";
const WAITING: &str = "ADMIN_STATE=configuring\nOPER_STATE=carrier\nREQUIRED_FOR_ONLINE=yes\n";
const NOT_REQUIRED: &str =
    "ADMIN_STATE=configuring\nOPER_STATE=no-carrier\nREQUIRED_FOR_ONLINE=no\n";
const UNMANAGED: &str = "ADMIN_STATE=unmanaged\nOPER_STATE=carrier\n";

#[test]
fn online_is_what_the_required_links_say() {
    let any = ["--any"].as_slice();
    for (args, states, online) in [
        (&[][..], &[ONLINE][..], true),
        (&[], &[ONLINE, UNMANAGED, NOT_REQUIRED], true),
        (&[], &[ONLINE, WAITING], false),
        (any, &[ONLINE, WAITING], true),
        (&[], &[UNMANAGED], false),
        (&[], &[], false),
        (&["-i", "n0"], &[ONLINE, WAITING], true),
        (&["-i", "n1"], &[ONLINE, WAITING], false),
        (&["-i", "n1", "-i", "n0", "--any"], &[ONLINE, WAITING], true),
        (&["-i", "n7"], &[ONLINE], false),
        (&["-i", "n0:carrier:degraded"], &[ONLINE], false),
        (&["--ignore=n1"], &[ONLINE, WAITING], true),
        (&["--ignore=n*"], &[ONLINE], false),
        (&["-4"], &[ONLINE], true),
        (&["-6"], &[ONLINE], true),
        (&["-6", "-o", "routable"], &[ONLINE], false),
        (&["-o", "off:carrier"], &[ONLINE], false),
    ] {
        let wish = parse(args.iter().map(OsString::from).collect()).unwrap().unwrap();
        let links: Vec<Link> =
            (2..).zip(states).map(|(at, _)| link(at, &format!("n{}", at - 2))).collect();
        let states =
            links.iter().zip(states).map(|(link, text)| (link.index, (*text).to_owned())).collect();
        assert_eq!(is_online(&wish, &links, &states), online, "{args:?} {states:?}");
    }
}

#[test]
fn wrong_arguments_are_refused_and_zero_waits_for_ever() {
    let parse = |args: &[&str]| parse(args.iter().map(OsString::from).collect());
    for args in [&["--timeout=soon"][..], &["-o", "happy"], &["-i"], &["--what"], &["word"]] {
        assert!(parse(args).is_err(), "{args:?}");
    }
    assert_eq!(parse(&["--timeout=0"]).unwrap().unwrap().timeout, None);
    assert_eq!(parse(&["--timeout=1min"]).unwrap().unwrap().timeout, Some(Duration::from_mins(1)));
}
