use keelson_format::guid::derived;
use tempfile::TempDir;

use super::*;

fn esp() -> Partition {
    Partition {
        number: 1,
        label: "ESP".to_owned(),
        type_guid: derived(&["type"]),
        guid: derived(&["esp"]),
        first: 2048,
        last: 2_099_199,
        entry: [0; 128],
    }
}

#[test]
fn a_load_option_is_as_the_specification_has_it() {
    let option = load_option(&esp());
    let name = utf16("Keelson");
    assert_eq!(option[..4], [1, 0, 0, 0]);
    let length = usize::from(u16::from_le_bytes([option[4], option[5]]));
    assert_eq!(option.len(), 6 + name.len() + length);
    let path = &option[6 + name.len()..];
    assert_eq!(path[..8], [4, 1, 42, 0, 1, 0, 0, 0]);
    assert_eq!(path[8..24], [[0, 8, 0, 0, 0, 0, 0, 0], [0, 0, 32, 0, 0, 0, 0, 0]].concat());
    assert_eq!(path[40..42], [2, 2]);
    assert_eq!(path[path.len() - 4..], [0x7f, 0xff, 4, 0]);
}

#[test]
fn the_entry_is_first_in_the_order_and_made_once() {
    let folder = TempDir::new().expect("a folder");
    let variable = |name: &str| folder.path().join(format!("{name}-{VENDOR}"));
    fs::write(variable("Boot0000"), [7, 0, 0, 0, 1, 0]).expect("written");
    fs::write(variable("BootOrder"), [7, 0, 0, 0, 0, 0, 3, 0]).expect("written");
    fs::write(variable("BootCurrent"), [7, 0, 0, 0, 0, 0]).expect("written");
    for _ in 0..2 {
        assert_eq!(set(folder.path(), &esp()).expect("set"), "Boot0001");
        let order = fs::read(variable("BootOrder")).expect("an order");
        assert_eq!(order[4..], [1, 0, 0, 0, 3, 0]);
    }
    let other = Partition { guid: derived(&["other"]), ..esp() };
    assert_eq!(set(folder.path(), &other).expect("set"), "Boot0002");
}

#[test]
fn an_order_that_is_not_there_is_made_and_one_that_cannot_be_read_is_left() {
    let folder = TempDir::new().expect("a folder");
    let variable = |name: &str| folder.path().join(format!("{name}-{VENDOR}"));
    assert_eq!(set(folder.path(), &esp()).expect("set"), "Boot0000");
    assert_eq!(fs::read(variable("BootOrder")).expect("an order"), [7, 0, 0, 0, 0, 0]);
    fs::remove_file(variable("BootOrder")).expect("removed");
    fs::remove_file(variable("Boot0000")).expect("removed");
    fs::create_dir(variable("BootOrder")).expect("made");
    assert!(set(folder.path(), &esp()).is_err());
    assert!(!variable("Boot0000").exists());
}

#[test]
fn only_keelson_makes_an_entry_that_was_not_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let booted = folder.path().join("boot.json");
    for (there, expected) in [(false, [true, false, false]), (true, [true, false, true])] {
        if there {
            fs::write(&booted, "{}").expect("written");
        }
        let wanted = [Some(true), Some(false), None].map(|asked| is_wanted(asked, &booted));
        assert_eq!(wanted, expected);
    }
}
