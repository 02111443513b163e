use super::*;

#[test]
fn an_ordinary_users_header_names_no_unit_and_reaches_no_console() {
    let header = Header {
        identifier: "prog".to_owned(),
        unit: "ssh.service".to_owned(),
        priority: 6,
        level_prefix: true,
        to_console: true,
        to_kmsg: true,
        to_syslog: true,
    };
    let wanted = Header {
        identifier: "prog".to_owned(),
        priority: 6,
        level_prefix: true,
        ..Header::default()
    };
    assert_eq!(untrusted(header), wanted);
}

#[test]
fn a_header_is_kept_as_it_came() {
    let header = Header { unit: "a.service".to_owned(), to_kmsg: true, ..Header::default() };
    assert_eq!(restore(&save(&header)), Some(header));
}
