use super::table::{Seen, text};
use super::*;
use crate::netlink::object::Link;

fn seen(index: u32, name: &str, device_type: &str, state: &str) -> Seen {
    let link = Link { index, name: name.to_owned(), ..Link::default() };
    Seen { link, device_type: device_type.to_owned(), state: state.to_owned() }
}

#[test]
fn the_list_has_the_columns_people_know() {
    let links = [
        seen(1, "lo", "loopback", "ADMIN_STATE=unmanaged\nOPER_STATE=carrier\n"),
        seen(2, "eth0", "ether", "ADMIN_STATE=configured\nOPER_STATE=routable\n"),
        seen(13, "virbr0", "bridge", ""),
    ];
    let links: Vec<&Seen> = links.iter().collect();
    let expected = "\
IDX LINK   TYPE     OPERATIONAL SETUP
  1 lo     loopback carrier     unmanaged
  2 eth0   ether    routable    configured
 13 virbr0 bridge   off         unmanaged

3 links listed.
";
    assert_eq!(text(&links, true, false), expected);
    assert!(text(&links, false, true).contains("\x1b[0;32;1mroutable"));
}

#[test]
fn arguments_are_read_in_any_order() {
    let parse = |args: &[&str]| parse(args.iter().map(OsString::from).collect());
    let arguments = parse(&["status", "--json=short", "eth0", "-a"]).unwrap().unwrap();
    assert_eq!((arguments.words.len(), arguments.json, arguments.all), (2, Json::Short, true));
    for args in [&["--json=yaml"][..], &["--json"], &["-x"]] {
        assert!(parse(args).is_err(), "{args:?}");
    }
    let unknown = Arguments { words: vec!["sing".to_owned()], ..Arguments::default() };
    assert_eq!(command(&unknown), Err("unknown command sing".to_owned()));
}
