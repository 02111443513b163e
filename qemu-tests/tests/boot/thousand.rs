//! A thousand services, each ordered after the one before it and after two others.

use std::fmt::Write as _;

use keelson_qemu_tests::Setup;
use keelson_qemu_tests::ignition::Config;

use crate::checks::{self, AtMost, Group, Has, Is};
use crate::{BOARD, Outcome};

const COUNT: usize = 1000;

const THOUSAND: Group = (
    "thousand",
    &[
        // Read before, so that the time, which the log of results keeps, is that of the transaction and the starts.
        ("systemctl show -P ActiveState t@999.service", Is("inactive")),
        (
            "began=$(date +%s%N); systemctl start thousand.target; echo $?; ended=$(date +%s%N); echo took $(((ended - began) / 1000000)) ms",
            Has("0|took"),
        ),
        (
            "systemctl list-units --no-pager --no-legend --state=running 't@*.service' | wc -l",
            Is("1000"),
        ),
        // Each began no earlier than the one it comes after.
        (
            "before=0; for i in 0 1 2 100 500 998 999; do at=$(show ActiveEnterTimestampMonotonic t@$i.service); [ $at -ge $before ] || echo $i; before=$at; done",
            Is(""),
        ),
        ("sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/1/status", AtMost(32_000)),
        (
            "systemctl stop thousand.target; timeout 50 bash -c 'until [ $(systemctl list-units --no-legend --state=running \"t@*.service\" | wc -l) = 0 ]; do sleep 0.5; done' && echo stopped",
            Is("stopped"),
        ),
    ],
);

/// The template, a drop-in of each instance with its order, and the target.
fn add(mut config: Config) -> Config {
    let mut wants = String::from("[Unit]\n");
    for number in 0..COUNT {
        writeln!(wants, "Wants=t@{number}.service").expect("a string takes all");
        if number > 0 {
            let others =
                [number - 1, number / 2, number / 3].map(|other| format!("t@{other}.service"));
            let text = format!("[Unit]\nAfter={}\n", others.join(" "));
            let path = format!("/etc/systemd/system/t@{number}.service.d/order.conf");
            config = config.file(&path, 0o644, text.as_bytes());
        }
    }
    let template = "[Unit]\nPartOf=thousand.target\n[Service]\nExecStart=/opt/probe wait\n";
    config.unit_file("t@.service", template).unit_file("thousand.target", &wants)
}

#[test]
fn a_thousand_services_start_in_order() -> Outcome {
    let groups = [THOUSAND];
    let config = add(checks::config("containerd.service", &groups));
    let setup = Setup { processors: 2, ..BOARD.setup("thousand").ignition(&config) };
    let report = checks::run(&setup, &groups, &[])?;
    report.check("thousand");
    report.console?;
    report.end?;
    Ok(())
}
