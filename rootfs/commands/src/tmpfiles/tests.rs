use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use keelson_units::facts::Facts;

use super::*;

struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("there")
    }

    fn mode(&self, path: &str) -> u32 {
        fs::symlink_metadata(self.path(path)).expect("there").permissions().mode() & 0o7777
    }

    /// Runs the lines; gives the exit status and what failed.
    fn run(&self, lines: &str, options: &Options) -> (u8, Vec<String>) {
        self.put("usr/lib/tmpfiles.d/test.conf", lines);
        let paths = conf::files(self.folder.path(), "tmpfiles.d");
        let mut status = 0;
        let items = read(&paths, self.folder.path(), options, &mut status).expect("readable");
        let root = walk::open_root(self.folder.path()).expect("opened");
        let failed = apply(&root, self.folder.path(), &items, options);
        (status, failed.into_iter().map(|(_, message)| message).collect())
    }

    fn create(&self, lines: &str) {
        let options = Options { create: true, ..Options::default() };
        assert_eq!(self.run(lines, &options), (0, Vec::new()), "{lines}");
    }
}

#[test]
fn what_is_missing_is_made_and_what_is_there_stays() {
    let host = Host::new();
    let lines = "d /a/b 0750\nf /a/f 0600 - - - two words\\n\nL /a/link - - - - ../t\np /a/pipe 0640\nD /a/d 1777\n";
    for _ in 0..2 {
        host.create(lines);
    }
    assert_eq!(
        (host.mode("a"), host.mode("a/b"), host.mode("a/d"), host.mode("a/f")),
        (0o755, 0o750, 0o1777, 0o600)
    );
    assert_eq!(host.text("a/f"), "two words\n");
    assert_eq!(fs::read_link(host.path("a/link")).expect("a link"), Path::new("../t"));
    assert!(fs::symlink_metadata(host.path("a/pipe")).expect("there").file_type().is_fifo());
    host.put("a/f", "changed");
    host.create(lines);
    assert_eq!(host.text("a/f"), "changed");
    host.create("f+ /a/f - - - - anew\nL+ /a/link - - - - /elsewhere\n");
    assert_eq!(host.text("a/f"), "anew");
    assert_eq!(fs::read_link(host.path("a/link")).expect("a link"), Path::new("/elsewhere"));
}

#[test]
fn files_are_written_copied_and_adjusted() {
    let host = Host::new();
    host.put("usr/share/factory/etc/x/y", "factory");
    host.put("etc/w", "old");
    host.put("log/one/two", "");
    host.create("C /etc/x\nw /etc/w - - - - new\nw+ /etc/w - - - - er\nZ /log ~0750\nz /log/one 0711\nw /etc/none - - - - x\n");
    assert_eq!((host.text("etc/x/y"), host.text("etc/w")), ("factory".into(), "newer".into()));
    assert!(!host.path("etc/none").exists());
    assert_eq!(
        (host.mode("log/one"), host.mode("log/one/two"), host.mode("log")),
        (0o711, 0o640, 0o750)
    );
    host.put("etc/x/y", "mine");
    host.create("C+ /etc/x\nL? /etc/l - - - - /etc/none\nL? /etc/m - - - - x/y\n");
    assert_eq!(host.text("etc/x/y"), "mine");
    assert!(fs::symlink_metadata(host.path("etc/l")).is_err());
    assert!(fs::symlink_metadata(host.path("etc/m")).is_ok());
}

#[test]
fn what_is_in_the_way_fails_unless_it_may_be_replaced() {
    let host = Host::new();
    host.put("x/y", "a file");
    let options = Options { create: true, ..Options::default() };
    let (_, failed) = host.run("d /x/y\n", &options);
    assert_eq!(failed, ["/x/y: is there and is something else"]);
    host.create("d= /x/y\n");
    assert!(host.path("x/y").is_dir());
    symlink("/x/y", host.path("x/link")).expect("linked");
    host.create("d /x/link\n");
    assert!(host.path("x/link").is_symlink());
}

#[test]
fn removal_spares_what_is_elsewhere() {
    let host = Host::new();
    host.put("keep/file", "");
    host.put("tmp/a/b/c", "");
    host.put("tmp/one", "");
    host.put("empty/x/y", "");
    symlink(host.path("keep"), host.path("tmp/a/link")).expect("linked");
    let options = Options { remove: true, ..Options::default() };
    let done = host.run("R /tmp/a\nr /tmp/o*\nr /tmp/none\nD /empty\nR! /keep\n", &options);
    assert_eq!(done, (0, Vec::new()));
    assert!(host.path("keep/file").exists() && host.path("empty").is_dir());
    assert!(
        !host.path("tmp/a").exists()
            && !host.path("tmp/one").exists()
            && !host.path("empty/x").exists()
    );
    let boot = Options { remove: true, boot: true, ..Options::default() };
    assert_eq!(host.run("R! /keep\n", &boot), (0, Vec::new()));
    assert!(!host.path("keep").exists());
}

#[test]
fn only_what_is_old_and_nobody_keeps_is_cleaned() {
    let host = Host::new();
    for path in ["tmp/old", "tmp/sub/old", "tmp/kept/old", "tmp/alone/old", "tmp/own/old"] {
        host.put(path, "");
    }
    host.put("tmp/new", "");
    let ago = UNIX_EPOCH + Duration::from_secs(1000);
    for path in ["tmp/old", "tmp/sub/old", "tmp/kept/old", "tmp/alone/old", "tmp/own/old"] {
        let file = fs::File::options().write(true).open(host.path(path)).expect("opened");
        file.set_times(fs::FileTimes::new().set_accessed(ago).set_modified(ago)).expect("set");
    }
    // The times of being made and changed cannot be set, so these alone count here.
    let lines = "d /tmp 1777 - - am:1h\nx /tmp/kept\nX /tmp/alone\nd /tmp/own\n";
    let options = Options { clean: true, ..Options::default() };
    assert_eq!(host.run(lines, &options), (0, Vec::new()));
    for (path, stays) in [
        ("tmp/old", false),
        ("tmp/new", true),
        ("tmp/sub/old", false),
        ("tmp/kept/old", true),
        ("tmp/alone", true),
        ("tmp/alone/old", false),
        ("tmp/own/old", true),
    ] {
        assert_eq!(host.path(path).exists(), stays, "{path}");
    }
}

#[test]
fn what_is_locked_stays_with_all_below_it() {
    let host = Host::new();
    for path in ["tmp/file", "tmp/folder/below", "tmp/free/below"] {
        host.put(path, "");
    }
    fs::create_dir(host.path("tmp/empty")).expect("made");
    let locked: Vec<fs::File> = ["tmp/file", "tmp/folder", "tmp/empty"]
        .map(|path| fs::File::open(host.path(path)).expect("opened"))
        .into();
    for file in &locked {
        file.try_lock_shared().expect("locked");
    }
    let options = Options { clean: true, ..Options::default() };
    assert_eq!(host.run("d /tmp - - - 0\n", &options), (0, Vec::new()));
    for path in ["tmp/file", "tmp/folder/below", "tmp/empty"] {
        assert!(host.path(path).exists(), "{path}");
    }
    assert!(!host.path("tmp/free").exists());
    drop(locked);
    assert_eq!(host.run("d /tmp - - - 0\n", &options), (0, Vec::new()));
    assert_eq!(fs::read_dir(host.path("tmp")).expect("there").count(), 0);
}

#[test]
fn a_look_into_a_folder_does_not_make_it_young() {
    let host = Host::new();
    fs::create_dir_all(host.path("tmp/empty")).expect("made");
    let ago = UNIX_EPOCH + Duration::from_secs(1000);
    let folder = fs::File::open(host.path("tmp/empty")).expect("opened");
    folder.set_times(fs::FileTimes::new().set_accessed(ago)).expect("set");
    let options = Options { clean: true, ..Options::default() };
    // By the time of its change it is new.
    assert_eq!(host.run("d /tmp - - - AC:1h\n", &options), (0, Vec::new()));
    let found = fs::metadata(host.path("tmp/empty")).expect("there");
    assert_eq!(found.accessed().expect("a time"), ago);
}

#[test]
fn what_cannot_be_removed_spares_nothing_else() {
    let host = Host::new();
    for path in ["tmp/a/old", "tmp/b/old"] {
        host.put(path, "");
    }
    let ago = UNIX_EPOCH + Duration::from_secs(1000);
    for path in ["tmp/a/old", "tmp/b/old"] {
        let file = fs::File::options().write(true).open(host.path(path)).expect("opened");
        file.set_times(fs::FileTimes::new().set_accessed(ago).set_modified(ago)).expect("set");
    }
    let mode = |mode| {
        fs::set_permissions(host.path("tmp/a"), fs::Permissions::from_mode(mode)).expect("set");
    };
    mode(0o555);
    let options = Options { clean: true, ..Options::default() };
    let (_, failed) = host.run("d /tmp - - - am:1h\n", &options);
    // Root may remove it all the same.
    assert_eq!(failed.len(), usize::from(host.path("tmp/a/old").exists()));
    assert!(!host.path("tmp/b/old").exists());
    host.put("tmp/c/more", "");
    let options = Options { remove: true, ..Options::default() };
    host.run("D /tmp\n", &options);
    assert!(!host.path("tmp/c").exists());
    if host.path("tmp/a").exists() {
        mode(0o755);
    }
}

#[test]
fn prefixes_and_boot_lines_choose() {
    let host = Host::new();
    let options = Options {
        create: true,
        prefixes: vec!["/run".into()],
        excluded: vec!["/run/no".into()],
        ..Options::default()
    };
    assert_eq!(
        host.run("d /run/yes\nd /run/no\nd /var/x\nd! /run/boot\n", &options),
        (0, Vec::new())
    );
    let made = ["run/yes", "run/no", "var/x", "run/boot"].map(|path| host.path(path).exists());
    assert_eq!(made, [true, false, false, false]);
}

#[test]
fn bad_lines_give_their_status_and_do_not_stop_the_rest() {
    let host = Host::new();
    let options = Options { create: true, ..Options::default() };
    assert_eq!(
        host.run("d relative\nd /good\nd /ghost - nobody-here\n", &options),
        (DATA_ERROR, Vec::new())
    );
    assert!(host.path("good").is_dir());
    symlink("/nowhere/at/all", host.path("usr/lib/tmpfiles.d/dangling.conf")).expect("linked");
    fs::write(
        host.path("usr/lib/tmpfiles.d/latin.conf"),
        b"# J\xf6rg\nd /fine\nd /J\xf6rg\nd /too\n",
    )
    .expect("written");
    assert_eq!(host.run("d /best\n", &options), (DATA_ERROR, Vec::new()));
    assert!(["best", "fine", "too"].iter().all(|path| host.path(path).is_dir()));
    fs::write(host.path("usr/lib/tmpfiles.d/latin.conf"), b"# J\xf6rg\n").expect("written");
    let graceful = Options { create: true, graceful: true, ..Options::default() };
    assert_eq!(host.run("d /ghost - nobody-here\n", &graceful), (0, Vec::new()));
}

#[test]
fn owners_are_changed_as_the_line_says() {
    let host = Host::new();
    host.put("x", "");
    let meta = fs::metadata(host.path("x")).expect("there");
    let (uid, gid) = (meta.uid(), meta.gid());
    let fd = rustix::fs::open(host.path("x"), rustix::fs::OFlags::PATH, rustix::fs::Mode::empty())
        .expect("opened");
    let stat = rustix::fs::fstat(&fd).expect("a stat");
    let accounts =
        Accounts::parse(&format!("me:x:{uid}:{gid}:::\nthem:x:4242:4242:::\n"), "them:x:4242:\n");
    for (line, made, expected) in [
        ("z /x - me", None, own::Change::default()),
        (
            "z /x 0600 them them",
            None,
            own::Change { user: Some(4242), group: Some(4242), mode: Some(0o600) },
        ),
        ("z /x :0600 :them :them", None, own::Change::default()),
        (
            "z /x :0600 :them",
            Some(0o644),
            own::Change { user: Some(4242), group: None, mode: Some(0o600) },
        ),
        ("z /x ~6755", None, own::Change { mode: Some(0o644), ..own::Change::default() }),
    ] {
        let item = line::parse(line, &Facts::default(), &accounts).expect(line);
        let mut change = own::change(&item, &stat, made);
        // The mode of what a test writes depends on its umask.
        if stat.st_mode & 0o7777 == 0o644 && change.mode.is_none() && line.contains('~') {
            change.mode = Some(0o644);
        }
        assert_eq!(change, expected, "{line}");
    }
}
