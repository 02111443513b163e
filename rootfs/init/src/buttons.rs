//! The power button: input devices that have KEY_POWER (kernel: Documentation/input/event-codes.rst).

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::events::{Events, Source, Token};

/// Of `linux/input-event-codes.h`.
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;
/// `struct input_event`: two longs of time, type, code, value.
const EVENT: usize = 24;

/// The devices that are read.
#[derive(Debug, Default)]
pub struct Buttons {
    open: Vec<(String, File, Token)>,
    next_look: Duration,
}

impl Buttons {
    /// Opens the devices with a power key that are not open yet, where it is time to; their drivers come with coldplug.
    /// Gives the time since boot to look again.
    pub fn look(&mut self, now: Duration, events: &mut Events) -> Duration {
        if now >= self.next_look {
            self.open_new(events);
            self.next_look = now.saturating_add(clock::pause_between_looks(now));
        }
        self.next_look
    }

    fn open_new(&mut self, events: &mut Events) {
        for entry in fs::read_dir("/sys/class/input").into_iter().flatten().flatten() {
            let Some(name) = entry
                .file_name()
                .to_str()
                .filter(|name| name.starts_with("event"))
                .map(str::to_owned)
            else {
                continue;
            };
            if self.open.iter().any(|(open, ..)| *open == name) {
                continue;
            }
            let keys = fs::read_to_string(entry.path().join("device/capabilities/key"))
                .unwrap_or_default();
            if has_key(&keys, KEY_POWER) {
                let device = PathBuf::from("/dev/input").join(&name);
                if let Ok(file) =
                    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(device)
                    && let Ok(token) = events.add(Source::Button, &file)
                {
                    self.open.push((name, file, token));
                }
            }
        }
    }

    /// Reads what is there. True when a power key was pressed. Devices that have gone are closed.
    pub fn pressed(&mut self, events: &mut Events) -> bool {
        let mut pressed = false;
        self.open.retain(|(_, file, token)| {
            let mut buffer = [0_u8; EVENT * 16];
            let stays = loop {
                match rustix::io::read(file, &mut buffer) {
                    Ok(0) => break false,
                    Ok(length) => pressed |= buffer[..length].chunks_exact(EVENT).any(is_press),
                    Err(rustix::io::Errno::AGAIN) => break true,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => break false,
                }
            };
            if !stays {
                events.remove(*token, file);
            }
            stays
        });
        pressed
    }
}

fn is_press(event: &[u8]) -> bool {
    let short = |at: usize| u16::from_ne_bytes([event[at], event[at + 1]]);
    let value = i32::from_ne_bytes([event[20], event[21], event[22], event[23]]);
    short(16) == EV_KEY && short(18) == KEY_POWER && value == 1
}

/// Whether a capability bitmap of sysfs (hexadecimal words of 64 bits, the highest first) has a key.
fn has_key(bitmap: &str, key: u16) -> bool {
    let word = bitmap.split_whitespace().rev().nth(usize::from(key / 64));
    word.and_then(|word| u64::from_str_radix(word, 16).ok())
        .is_some_and(|word| word >> (key % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_are_read_from_the_low_end() {
        for (bitmap, expected) in [
            ("10000000000000 0", true), // ACPI power button: KEY_POWER alone
            ("4000 0 0", false),
            ("402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe", true), // a PS/2 keyboard
            ("0", false),
            ("", false),
            ("zz 0", false),
        ] {
            assert_eq!(has_key(bitmap, KEY_POWER), expected, "{bitmap}");
        }
    }

    #[test]
    fn only_the_press_counts() {
        let event = |kind: u16, code: u16, value: i32| {
            let mut bytes = vec![0; 16];
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(code.to_ne_bytes());
            bytes.extend(value.to_ne_bytes());
            bytes
        };
        assert!(is_press(&event(1, 116, 1)));
        assert!(!is_press(&event(1, 116, 0)));
        assert!(!is_press(&event(1, 28, 1)));
        assert!(!is_press(&event(0, 116, 1)));
    }
}
