use std::fs;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::*;
use crate::system::tests::system;

/// How often a file is opened while something is done.
fn opened(path: &Path, work: impl FnOnce()) -> usize {
    let watch = inotify::init(CreateFlags::NONBLOCK).expect("inotify");
    // With the closing in between the kernel does not take two openings for one.
    inotify::add_watch(&watch, path, WatchFlags::OPEN | WatchFlags::CLOSE_NOWRITE)
        .expect("a watch");
    work();
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = Reader::new(&watch, &mut buffer);
    let events = std::iter::from_fn(|| reader.next().ok().map(|event| event.events()));
    events.filter(|events| events.contains(ReadFlags::OPEN)).count()
}

#[test]
fn a_template_is_read_once_for_all_its_instances_also_when_all_is_read_again() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("usr/lib/systemd/system");
    fs::create_dir_all(&folder).expect("folders");
    let template = folder.join("a@.service");
    fs::write(&template, "[Service]\nExecStart=/a %i\n").expect("a file");
    let wants = "[Unit]\nWants=a@1.service a@2.service a@3.service\n";
    fs::write(folder.join("all.target"), wants).expect("a file");
    let mut system = system(root.path());
    let all: UnitName = "all.target".parse().expect("a name");
    let first = opened(&template, || {
        system.find(&all);
    });
    assert_eq!(first, 1);
    let description = "[Unit]\nDescription=second %i\n[Service]\nExecStart=/a %i\n";
    fs::write(&template, description).expect("a file");
    assert_eq!(opened(&template, || system.reload()), 1);
    for instance in ["1", "2", "3"] {
        let name: UnitName = format!("a@{instance}.service").parse().expect("a name");
        let id = system.find(&name);
        let found = system.unit(id).map(|run| run.unit.description.clone());
        assert_eq!(found, Some(format!("second {instance}")));
    }
}

#[test]
fn a_file_that_comes_later_is_found_without_a_reload() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("usr/lib/systemd/system");
    fs::create_dir_all(&folder).expect("folders");
    fs::write(folder.join("a.target"), "[Unit]\nWants=b.service\n").expect("a file");
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    fs::File::open(&folder).and_then(|file| file.set_modified(hour_ago)).expect("a time");
    let mut system = system(root.path());
    let [a, b, c] = ["a.target", "b.service", "c.service"].map(|name| {
        let name: UnitName = name.parse().expect("a name");
        name
    });
    let load = |system: &mut System, name: &UnitName| {
        let id = system.find(name);
        system.graph.facts(id).load
    };
    assert_eq!(load(&mut system, &a), Load::Loaded);
    assert_eq!(load(&mut system, &c), Load::NotFound);
    for name in [&b, &c] {
        fs::write(folder.join(name.as_str()), "[Service]\nExecStart=/a\n").expect("a file");
    }
    assert_eq!(load(&mut system, &c), Load::Loaded);
    let wanted = system.graph.id(&b).map(|id| system.graph.facts(id).load);
    assert_eq!(wanted, Some(Load::Loaded), "for the other one, too");
}
