//! Unit files of every type: whatever the text, there is a unit, and its remarks name lines that are there.

#![no_main]

use std::cell::RefCell;
use std::path::Path;

use keelson_units::facts::Facts;
use keelson_units::loader::Loader;
use keelson_units::model::UnitName;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = [
    "a.service",
    "a@b.service",
    "a.socket",
    "a.timer",
    "a.path",
    "run-a.mount",
    "a.slice",
    "a.target",
];

thread_local! {
    static LOADER: RefCell<Loader> =
        RefCell::new(Loader::new(Path::new("/nowhere"), Facts::default()));
}

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    // One type at a time: the first byte chooses.
    let name: UnitName =
        NAMES[usize::from(*first) % NAMES.len()].parse().expect("a name of a unit");
    let text = String::from_utf8_lossy(rest);
    let unit = LOADER.with_borrow_mut(|loader| loader.transient(&name, &text));
    let lines = text.lines().count();
    for remark in &unit.remarks {
        assert!(remark.place.line <= lines.max(1), "{remark}");
    }
});
