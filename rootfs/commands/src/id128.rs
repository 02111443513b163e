//! `systemd-id128` (systemd-id128(1)): 128-bit IDs.

use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use keelson_output::eprintln;
use lexopt::prelude::*;

use crate::screen;

const HELP: &str = "\
systemd-id128 [OPTIONS...] COMMAND

  new             a new random ID
  machine-id      that of this machine
  boot-id         that of this boot
  invocation-id   that of this run of this service
  -p --pretty  -u --uuid  -P --value  --no-pager  --no-legend  -h --help  --version
";

/// Runs it.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    match work(arguments) {
        Ok(text) => {
            screen::print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln(format_args!("systemd-id128: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn work(arguments: Vec<OsString>) -> Result<String> {
    let (mut uuid, mut word) = (false, None);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(option) = parser.next()? {
        match option {
            Short('u') | Long("uuid") => uuid = true,
            Short('p' | 'P') | Long("pretty" | "value" | "no-pager" | "no-legend") => {}
            Short('h') | Long("help") => return Ok(HELP.to_owned()),
            Long("version") => return Ok(crate::VERSION_TEXT.to_owned()),
            Value(verb) if word.is_none() => word = Some(verb.to_string_lossy().into_owned()),
            other => bail!(other.unexpected()),
        }
    }
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("reading {path}"));
    let text = match word.as_deref() {
        Some("new") => read("/proc/sys/kernel/random/uuid")?,
        Some("machine-id") => read("/etc/machine-id")?,
        Some("boot-id") => read("/proc/sys/kernel/random/boot_id")?,
        Some("invocation-id") => {
            std::env::var("INVOCATION_ID").context("this is not run by a service")?
        }
        Some(verb) => bail!("Unknown command verb '{verb}'."),
        None => bail!("Command verb required."),
    };
    shown(&text, uuid).map(|text| text + "\n").context("what is there is no ID")
}

fn shown(text: &str, uuid: bool) -> Option<String> {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    if !uuid {
        return Some(digits);
    }
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_shown_in_both_forms() {
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(shown(uuid, false).as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert_eq!(shown("0123456789abcdef0123456789abcdef\n", true).as_deref(), Some(uuid));
        assert_eq!(shown("uninitialized\n", false), None);
        let new = work(vec!["new".into()]).expect("a new one");
        assert_eq!(new.len(), 33);
        assert!(work(vec!["old".into()]).is_err());
    }
}
