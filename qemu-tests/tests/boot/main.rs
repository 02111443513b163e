//! Boots the production image, unmodified or tampered with, and looks at what it does.
//!
//! All tests are in one program, so that they share the machine: one test, and so one guest, per
//! processor at a time. What a test injects comes through Ignition; results come back through the
//! second serial port.

mod bios;
mod buses;
mod checks;
mod container;
mod crash;
mod damaged;
mod enrolment;
mod esp;
mod faults;
mod formats;
mod install;
mod live;
mod logs;
mod netboot;
mod network;
mod packages;
mod platform;
mod secure_boot;
mod services;
mod state;
mod tampered;
mod thousand;

use std::sync::LazyLock;
use std::time::Duration;

use keelson_qemu_tests::Board;

/// A test's result: errors show the end of the console and where its log is.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// How long a boot may take where QEMU translates and other guests run beside it.
const BOOT: Duration = Duration::from_mins(4);

/// How long a clean end may take.
const END: Duration = Duration::from_mins(1);

/// Words for a kernel whose boot is refused: it waits for a disk, and then shows why it is refused, for less long than
/// the half minute and the ten seconds that are usual.
const IMPATIENT: [&str; 2] = ["keelson.rootwait=5", "panic=1"];

static BOARD: LazyLock<Board> =
    LazyLock::new(|| Board::open("amd64-usr").unwrap_or_else(|error| panic!("{error}")));
