//! Tables of shell commands that run in the guest, one after the other in one boot, and what they must print.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use keelson_qemu_tests::ignition::Config;
use keelson_qemu_tests::{Machine, Setup};

use crate::{BOARD, BOOT, END};

/// Where the probe is put.
pub const PROBE: &str = "/opt/probe";

/// What the commands find defined. Each runs in a bash of its own, which reads this first.
const PRELUDE: &str = "\
# until COMMAND holds, half a minute at most
eventually() { for i in {1..300}; do if eval \"$1\"; then return 0; fi; sleep 0.1; done; echo \"never: $1\"; return 1; }
card() { ls /sys/class/net | grep ^en; }
carrier() { cat /sys/class/net/$(card)/carrier 2>/dev/null || echo 0; }
routable() { networkctl --no-legend list | grep \" $(card) \" | grep -q routable; }
state() { systemctl show -P ActiveState \"$1\"; }
show() { systemctl show -P \"$1\" \"$2\"; }
main() { systemctl show -P MainPID \"$1\"; }
# a field of the main process's status file
status() { sed -n \"s/^$2:[[:space:]]*//p\" /proc/$(main \"$1\")/status; }
";

/// What a command must print, its lines joined with `|`.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// This and no more.
    Is(&'static str),
    /// This among others.
    Has(&'static str),
    /// Not this.
    Not(&'static str),
    /// A number up to this one.
    AtMost(u64),
}

pub use Wanted::{AtMost, Has, Is, Not};

/// A command and what it must print.
pub type Check = (&'static str, Wanted);

/// Checks that belong together, by name.
pub type Group = (&'static str, &'static [Check]);

/// What one boot printed.
pub struct Report {
    groups: Vec<Group>,
    values: BTreeMap<String, String>,
    /// Whether the console was clean.
    pub console: Result<(), String>,
    /// How the machine ended.
    pub end: Result<(), String>,
}

/// The configuration with the probe and a script that runs all groups when `after` is up.
pub fn config(after: &str, groups: &[Group]) -> Config {
    let mut script = String::from("export BASH_ENV=/etc/prelude.sh\n");
    for (group, checks) in groups {
        for (index, (command, _)) in checks.iter().enumerate() {
            let quoted = command.replace('\'', "'\\''");
            writeln!(
                script,
                "printf 'CHECK {group}.{index}=%s\\n' \"$(timeout -k 5 60 bash -c '{quoted}' 2>&1 </dev/null | tr '\\n' '|')\""
            )
            .expect("a string takes all");
        }
    }
    script += "echo DONE\n";
    // A session leader that opens a terminal loses what it wrote there when it exits: the subshell is none.
    let script = format!("(\n{script}) >/dev/ttyS1 2>&1\n");
    // Not a oneshot: the boot is complete while it runs.
    let unit = format!(
        "[Unit]\nAfter={after}\n\n[Service]\nType=exec\nExecStart=/bin/bash /etc/checks.sh\n\n\
         [Install]\nWantedBy=multi-user.target\n"
    );
    Config::new()
        .file(PROBE, 0o755, &BOARD.container_program)
        .file("/etc/prelude.sh", 0o644, PRELUDE.as_bytes())
        .file("/etc/checks.sh", 0o755, script.as_bytes())
        .unit("checks.service", &unit)
}

/// Boots `setup`, lets the checks run to their end, and powers off. Lines of the console that hold one of `expected`
/// are no defects.
pub fn run(
    setup: &Setup,
    groups: &[Group],
    expected: &[&str],
) -> Result<Report, Box<dyn std::error::Error>> {
    let mut machine = Machine::boot(&BOARD.tools, setup)?;
    finish(&mut machine, groups, expected)
}

/// The same for a machine that runs already.
pub fn finish(
    machine: &mut Machine,
    groups: &[Group],
    expected: &[&str],
) -> Result<Report, Box<dyn std::error::Error>> {
    machine.wait_for_result("CHECK ", BOOT)?;
    // The machine's own limit, which the setup sets, comes before.
    machine.wait_for_result("DONE", Duration::from_mins(20))?;
    let end = machine.power_off(END).map_err(|error| error.to_string());
    let mut values = BTreeMap::new();
    for line in machine.results() {
        if let Some((key, value)) =
            line.text.strip_prefix("CHECK ").and_then(|rest| rest.split_once('='))
        {
            values.insert(key.to_owned(), value.trim_end_matches('|').to_owned());
        }
    }
    let console = machine.check_console(expected).map_err(|error| error.to_string());
    Ok(Report { groups: groups.to_vec(), values, console, end })
}

impl Report {
    /// Holds the checks of one group against what was printed; says all that is wrong at once.
    #[track_caller]
    pub fn check(&self, group: &str) {
        let (_, checks) =
            self.groups.iter().find(|(name, _)| *name == group).expect("a group of this boot");
        let mut offences = String::new();
        for (index, (command, wanted)) in checks.iter().enumerate() {
            let key = format!("{group}.{index}");
            let found = self.values.get(&key).map_or("nothing was printed", String::as_str);
            let good = match wanted {
                Is(text) => found == *text,
                Has(text) => found.contains(text),
                Not(text) => self.values.contains_key(&key) && !found.contains(text),
                AtMost(most) => found.parse::<u64>().is_ok_and(|number| number <= *most),
            };
            if !good {
                write!(offences, "\n{command}\n  wanted {wanted:?}\n  found  {found}")
                    .expect("a string takes all");
            }
        }
        assert!(offences.is_empty(), "{offences}");
    }
}
