//! Setters of `[Mount]`, `[Automount]` and `[Swap]` (systemd.mount(5), systemd.automount(5), systemd.swap(5)).

use std::time::Duration;

use super::value::{Table, Value, optional, put};
use crate::model::{Automount, Mount, Swap};

pub(crate) const MOUNT: Table<Mount> = &[
    ("What", |m, v| put(&mut m.what, v.text())),
    ("Where", |m, v| put(&mut m.mount_point, v.path())),
    ("Type", |m, v| optional(&mut m.fs_type, v, Value::text)),
    ("Options", |m, v| put(&mut m.options, v.text())),
    ("SloppyOptions", |m, v| put(&mut m.sloppy, v.boolean())),
    ("LazyUnmount", |m, v| put(&mut m.lazy_unmount, v.boolean())),
    ("ForceUnmount", |m, v| put(&mut m.force_unmount, v.boolean())),
    ("ReadWriteOnly", |m, v| put(&mut m.read_write_only, v.boolean())),
    ("DirectoryMode", |m, v| optional(&mut m.directory_mode, v, Value::mode)),
    ("TimeoutSec", |m, v| {
        m.timeout = Some(v.timeout()?.unwrap_or(Duration::MAX));
        Ok(())
    }),
];

pub(crate) const AUTOMOUNT: Table<Automount> = &[
    ("Where", |a, v| put(&mut a.mount_point, v.path())),
    ("ExtraOptions", |a, v| put(&mut a.extra_options, v.text())),
    ("DirectoryMode", |a, v| optional(&mut a.directory_mode, v, Value::mode)),
    ("TimeoutIdleSec", |a, v| put(&mut a.idle_timeout, v.timeout())),
];

pub(crate) const SWAP: Table<Swap> = &[
    ("What", |s, v| put(&mut s.what, v.text())),
    ("Priority", |s, v| optional(&mut s.priority, v, Value::number)),
    ("Options", |s, v| put(&mut s.options, v.text())),
    ("TimeoutSec", |s, v| {
        s.timeout = Some(v.timeout()?.unwrap_or(Duration::MAX));
        Ok(())
    }),
];
