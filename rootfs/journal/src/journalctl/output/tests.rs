use super::*;
use crate::entry::{Id, Stamp, field};

fn entry(message: &[u8]) -> Entry {
    Entry {
        store: Id([1; 16]),
        sequence: 10,
        stamp: Stamp { realtime: 1_709_210_096_123_456, monotonic: 5_000_001, boot: Id([2; 16]) },
        fields: vec![
            field("MESSAGE", message),
            field("PRIORITY", "3"),
            field("SYSLOG_IDENTIFIER", "sshd"),
            field("_PID", "42"),
            field("_HOSTNAME", "host"),
            field("_SYSTEMD_UNIT", "ssh.service"),
            field("_BOOT_ID", Id([2; 16]).to_string()),
        ],
    }
}

fn show(mode: Mode, entry: &Entry) -> String {
    let style = Style { utc: true, ..Style::plain(mode) };
    String::from_utf8(style.render(entry, None)).unwrap()
}

#[test]
fn the_modes_of_one_line_look_as_people_know_them() {
    let rows = [
        (Mode::Short, "Feb 29 12:34:56 host sshd[42]: hello\n"),
        (Mode::ShortPrecise, "Feb 29 12:34:56.123456 host sshd[42]: hello\n"),
        (Mode::ShortIso, "2024-02-29T12:34:56+00:00 host sshd[42]: hello\n"),
        (Mode::ShortIsoPrecise, "2024-02-29T12:34:56.123456+00:00 host sshd[42]: hello\n"),
        (Mode::ShortFull, "Thu 2024-02-29 12:34:56 UTC host sshd[42]: hello\n"),
        (Mode::ShortMonotonic, "[    5.000001] host sshd[42]: hello\n"),
        (Mode::ShortUnix, "1709210096.123456 host sshd[42]: hello\n"),
        (Mode::WithUnit, "Thu 2024-02-29 12:34:56 UTC host ssh.service[42]: hello\n"),
        (Mode::Cat, "hello\n"),
    ];
    for (mode, wanted) in rows {
        assert_eq!(show(mode, &entry(b"hello")), wanted, "{mode:?}");
    }
}

#[test]
fn lines_are_indented_and_bytes_that_are_no_text_are_counted() {
    let two = show(Mode::Short, &entry(b"one\ntwo"));
    assert_eq!(two, "Feb 29 12:34:56 host sshd[42]: one\n                               two\n");
    assert!(show(Mode::Short, &entry(b"a\0b")).ends_with("sshd[42]: [3B blob data]\n"));
    assert!(show(Mode::Short, &entry(b"\x1b[31mred\x1b[0m\tx")).ends_with(": red        x\n"));
}

#[test]
fn who_wrote_a_line_cannot_forge_another() {
    let mut forged = entry(b"hello");
    forged.fields.retain(|(name, _)| !["SYSLOG_IDENTIFIER", "_PID"].contains(&name.as_str()));
    forged.fields.push(field("SYSLOG_IDENTIFIER", "x: ok\nNov 22 09:00:00 host sshd[1]"));
    forged.fields.push(field("SYSLOG_PID", "1\x1b]0;title\x07"));
    forged.fields.push(field("_PID", "7"));
    assert_eq!(show(Mode::Short, &forged), "Feb 29 12:34:56 host unknown[7]: hello\n");
    forged.fields.push(field("_COMM", "prog"));
    assert_eq!(show(Mode::Short, &forged), "Feb 29 12:34:56 host prog[7]: hello\n");
}

#[test]
fn levels_have_colours() {
    let style = Style { colours: true, no_hostname: true, ..Style::plain(Mode::Cat) };
    assert_eq!(style.render(&entry(b"x"), None), b"\x1b[0;1;31mx\x1b[0m\n");
}

#[test]
fn json_has_strings_bytes_and_lists() {
    let mut entry = entry(b"a\0b");
    entry.fields.push(field("TWICE", "1"));
    entry.fields.push(field("TWICE", "2"));
    entry.fields.push(field("LONG", "x".repeat(5000)));
    let value: serde_json::Value = serde_json::from_str(&show(Mode::Json, &entry)).unwrap();
    assert_eq!(value["MESSAGE"], serde_json::json!([97, 0, 98]));
    assert_eq!(value["TWICE"], serde_json::json!(["1", "2"]));
    assert_eq!(value["LONG"], serde_json::Value::Null);
    assert_eq!(value["__REALTIME_TIMESTAMP"], "1709210096123456");
    assert!(value["__CURSOR"].as_str().unwrap().contains(";i=a;"));
}

#[test]
fn the_export_format_has_lengths_for_bytes_that_are_no_text() {
    let out = Style::plain(Mode::Export).render(&entry(b"a\nb"), None);
    let mut wanted = b"\nMESSAGE\n".to_vec();
    wanted.extend_from_slice(&3_u64.to_le_bytes());
    wanted.extend_from_slice(b"a\nb\nPRIORITY=3\n");
    assert!(out.windows(wanted.len()).any(|window| window == wanted));
    assert!(out.ends_with(b"\n\n"));
}
