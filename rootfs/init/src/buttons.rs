//! The power button: input devices that have KEY_POWER (kernel: Documentation/input/event-codes.rst).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use keelson_activation::paths::Watcher;
use keelson_units::model::{PathCondition, PathUnit, Watch};

use crate::events::{Events, Source, Token};

/// Of `linux/input-event-codes.h`.
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;
/// `struct input_event`: two longs of time, type, code, value.
const EVENT: usize = 24;

/// The devices that are read, and the folder where more appear.
#[derive(Debug)]
pub struct Buttons {
    root: PathBuf,
    folder: Watcher,
    token: Token,
    open: Vec<(String, File, Token)>,
}

impl Buttons {
    /// Opens what is there, and from then on what comes: drivers come with coldplug, and the kernel keeps no press for
    /// who opens a device later. `root` is `/` but for tests.
    pub fn open(root: &Path, events: &mut Events) -> io::Result<Self> {
        let watch = Watch { condition: PathCondition::Changed, path: root.join("dev/input") };
        let folder = Watcher::new(&PathUnit { watches: vec![watch], ..PathUnit::default() })?;
        let token = events.add(Source::Button, &folder)?;
        let mut buttons = Self { root: root.to_owned(), folder, token, open: Vec::new() };
        buttons.open_new(events);
        Ok(buttons)
    }

    /// To be called when something is there to read. True when a power key was pressed. After an error the devices that
    /// are open are read on, and no others.
    pub fn pressed(&mut self, events: &mut Events) -> io::Result<bool> {
        let pressed = self.read(events);
        match self.folder.on_event() {
            Ok(true) => self.open_new(events),
            Ok(false) => {}
            Err(error) => {
                events.remove(self.token, &self.folder);
                return if pressed { Ok(true) } else { Err(error) };
            }
        }
        Ok(pressed)
    }

    /// Opens the devices with a power key that are not open yet. One that cannot be opened has gone again.
    fn open_new(&mut self, events: &mut Events) {
        let folder = self.root.join("sys/class/input");
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
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
                let device = self.root.join("dev/input").join(&name);
                if let Ok(file) =
                    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(device)
                    && let Ok(token) = events.add(Source::Button, &file)
                {
                    self.open.push((name, file, token));
                }
            }
        }
    }

    /// Reads what is there. Devices that have gone are closed.
    fn read(&mut self, events: &mut Events) -> bool {
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
mod tests;
