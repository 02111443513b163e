use std::io::Write;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

/// As the kernel writes it.
fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(code.to_ne_bytes());
    bytes.extend(value.to_ne_bytes());
    bytes
}

/// A device below `root` with these keys, as a pipe. Gives the end that the driver has.
fn plug_in(root: &Path, name: &str, keys: &str) -> File {
    let sys = root.join("sys/class/input").join(name).join("device/capabilities");
    fs::create_dir_all(&sys).unwrap();
    fs::write(sys.join("key"), keys).unwrap();
    let folder = root.join("dev/input");
    fs::create_dir_all(&folder).unwrap();
    // It appears with its driver's end open, as a device does.
    let (made, device) = (root.join("made"), folder.join(name));
    mknodat(CWD, &made, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let driver = OpenOptions::new().read(true).write(true).open(&made).unwrap();
    fs::rename(made, device).unwrap();
    driver
}

/// Takes what is ready, as PID 1 does.
fn take(buttons: &mut Buttons, events: &mut Events) -> bool {
    let ready = events.wait(Some(Duration::ZERO));
    ready.contains(&Source::Button) && buttons.pressed(events).unwrap()
}

#[test]
fn a_button_that_comes_late_is_heard_from_its_first_press_on() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("dev")).unwrap();
    let mut events = Events::new().unwrap();
    let mut buttons = Buttons::open(root.path(), &mut events).unwrap();
    assert!(!take(&mut buttons, &mut events));

    let mut first = plug_in(root.path(), "event0", "10000000000000 0");
    assert!(!take(&mut buttons, &mut events));
    let keyboard = plug_in(root.path(), "event1", "4000 0 0");
    let mut second = plug_in(root.path(), "event2", "10000000000000 0");
    assert!(!take(&mut buttons, &mut events));
    let names: Vec<&str> = buttons.open.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["event0", "event2"], "a keyboard without a power key is left alone");
    for button in [&mut first, &mut second] {
        button.write_all(&event(EV_KEY, KEY_POWER, 0)).unwrap();
        assert!(!take(&mut buttons, &mut events));
        button.write_all(&event(EV_KEY, KEY_POWER, 1)).unwrap();
        assert!(take(&mut buttons, &mut events));
        assert!(!take(&mut buttons, &mut events), "one press is told once");
    }
    drop(keyboard);
}

#[test]
fn a_button_that_has_gone_is_closed_and_heard_when_it_comes_again() {
    let root = tempfile::tempdir().unwrap();
    let mut events = Events::new().unwrap();
    let driver = plug_in(root.path(), "event0", "10000000000000 0");
    let mut buttons = Buttons::open(root.path(), &mut events).unwrap();
    assert_eq!(buttons.open.len(), 1);
    fs::remove_file(root.path().join("dev/input/event0")).unwrap();
    drop(driver);
    assert!(!take(&mut buttons, &mut events));
    assert!(buttons.open.is_empty());
    let mut driver = plug_in(root.path(), "event0", "10000000000000 0");
    assert!(!take(&mut buttons, &mut events));
    driver.write_all(&event(EV_KEY, KEY_POWER, 1)).unwrap();
    assert!(take(&mut buttons, &mut events));
}

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
    assert!(is_press(&event(1, 116, 1)));
    assert!(!is_press(&event(1, 116, 0)));
    assert!(!is_press(&event(1, 28, 1)));
    assert!(!is_press(&event(0, 116, 1)));
}
