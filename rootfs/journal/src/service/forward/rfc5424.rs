//! Syslog messages of RFC 5424, framed by their length (RFC 6587 section 3.4.1, RFC 5425 section 4.3). Pure.

use std::fmt::Write;

use crate::civil::Civil;
use crate::entry::{Field, Stamp, get};

/// The most bytes of a message that are sent; RFC 5425 asks receivers for 8192.
const MAX_MESSAGE: usize = 8192;

/// `LENGTH SP MESSAGE` of an entry.
pub fn frame(fields: &[Field], stamp: &Stamp, facility: u32, level: u8) -> Vec<u8> {
    let time = Civil::utc(stamp.realtime);
    let mut head = String::new();
    let name = |field: &str, limit: usize| {
        let text = get(fields, field)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .unwrap_or_default();
        let text: String = text.chars().filter(char::is_ascii_graphic).take(limit).collect();
        if text.is_empty() { "-".to_owned() } else { text }
    };
    let or = |first: String, second: String| if first == "-" { second } else { first };
    let host = name("_HOSTNAME", 255);
    let app = or(name("SYSLOG_IDENTIFIER", 48), name("_COMM", 48));
    let pid = or(name("SYSLOG_PID", 128), name("_PID", 128));
    let id = name("MESSAGE_ID", 32);
    let priority = facility << 3 | u32::from(level);
    // Writing to a string does not fail.
    let _ = write!(head, "<{priority}>1 {} {host} {app} {pid} {id} ", time.rfc3339_micros());
    let _ =
        match get(fields, "_SYSTEMD_UNIT").map(|unit| String::from_utf8_lossy(unit).into_owned()) {
            // 32473 is the enterprise number RFC 5612 keeps for examples; the name says whose it is.
            Some(unit) => write!(head, "[keelson@32473 unit=\"{}\"] ", escape(&unit)),
            None => write!(head, "- "),
        };
    let mut message = head.into_bytes();
    message.extend_from_slice(get(fields, "MESSAGE").unwrap_or_default());
    message.truncate(MAX_MESSAGE);
    let mut out = format!("{} ", message.len()).into_bytes();
    out.append(&mut message);
    out
}

/// A parameter's value (section 6.3.3).
fn escape(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| matches!(c, '"' | '\\' | ']').then_some('\\').into_iter().chain([c]))
        .collect()
}
