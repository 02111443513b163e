//! Setters of systemd.kill(5).

use super::value::{Table, Value, optional, put};
use crate::model::{KillMode, KillSettings};

const MODES: &[(&str, KillMode)] = &[
    ("control-group", KillMode::ControlGroup),
    ("mixed", KillMode::Mixed),
    ("process", KillMode::Process),
    ("none", KillMode::None),
];

pub(crate) const KILL: Table<KillSettings> = &[
    ("KillMode", |k, v| put(&mut k.mode, v.choice(MODES, "control-group, mixed, process or none"))),
    ("KillSignal", |k, v| put(&mut k.signal, v.signal())),
    ("RestartKillSignal", |k, v| optional(&mut k.restart_signal, v, Value::signal)),
    ("FinalKillSignal", |k, v| put(&mut k.final_signal, v.signal())),
    ("WatchdogSignal", |k, v| put(&mut k.watchdog_signal, v.signal())),
    ("SendSIGHUP", |k, v| put(&mut k.send_hup, v.boolean())),
    ("SendSIGKILL", |k, v| put(&mut k.send_kill, v.boolean())),
];
