//! The start of a thousand services against another system's, and against what the kernel alone needs for as many
//! processes: in guests of two processors by the host's time, and in guests of one by the count of instructions.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use keelson_qemu_tests::board::Board;
use keelson_qemu_tests::{Clock, Machine, OnReset, Setup, ignition};

use super::boot::BOARD;
use super::head;
use crate::output::println;

/// What the console says of the processes alone, and of the services.
const PROCESSES: &str = "BENCH processes";
const SERVICES: &str = "BENCH services";
const LIMIT: Duration = Duration::from_mins(15);

/// Measures both with the program `$1`, whose argument `wait` has it wait. The services are ordered as those of the
/// boot test are.
const SCRIPT: &str = r#"exec >/dev/kmsg 2>&1
cp "$1" /var/lib/bench-probe
chmod 755 /var/lib/bench-probe
folder=/run/systemd/system
mkdir -p $folder
printf '[Unit]\nPartOf=thousand.target\n[Service]\nExecStart=/var/lib/bench-probe wait\n' >$folder/t@.service
for number in {0..999}; do echo Wants=t@$number.service; done | { echo '[Unit]'; cat; } >$folder/thousand.target
for number in {1..999}; do
    mkdir $folder/t@$number.service.d
    printf '[Unit]\nAfter=t@%d.service t@%d.service t@%d.service\n' $((number - 1)) $((number / 2)) $((number / 3)) \
        >$folder/t@$number.service.d/order.conf
done
systemctl daemon-reload
sleep 5
words=$(/var/lib/bench-probe many 1000)
[[ $words =~ many=1000.*many-ms=([0-9]+) ]] && echo "BENCH processes ${BASH_REMATCH[1]} ms"
sleep 5
began=$(date +%s%N)
systemctl start thousand.target
ended=$(date +%s%N)
[ "$(systemctl list-units --no-legend --state=running 't@*.service' | wc -l)" = 1000 ] \
    && echo "BENCH services $(((ended - began) / 1000000)) ms"
echo BENCH done
"#;

/// Where ours has the script and the program.
const SCRIPT_FILE: &str = "/etc/bench.sh";
const PROGRAM_FILE: &str = "/opt/probe";

/// Starts them here and with `image`, a raw disk with systemd.
pub fn thousand(image: &Path) -> Result<()> {
    let board = Board::open(BOARD)?;
    let unit = format!(
        "[Unit]\nAfter=containerd.service\n[Service]\nExecStart=/bin/bash {SCRIPT_FILE} {PROGRAM_FILE}\n\
         [Install]\nWantedBy=multi-user.target\n"
    );
    let config = ignition::Config::new()
        .file(SCRIPT_FILE, 0o644, SCRIPT.as_bytes())
        .file(PROGRAM_FILE, 0o755, &board.container_program)
        .unit("bench.service", &unit);
    let title = format!("A thousand services, against {}", image.display());
    head(&title, &["what is started", "ours, s", "peer, s", "ours / peer"])?;
    for (clock, by) in [
        (Clock::Instructions, "one processor, 2 ns an instruction"),
        (Clock::Host, "two processors, the host's time"),
    ] {
        let ours = board.setup("bench-services").ignition(&config);
        let mut peer = Setup::new("bench-services-peer", image);
        // It may restart once to enrol its keys.
        peer.on_reset = OnReset::Boot;
        peer.credentials = credentials(&board);
        let (ours, peer) = (measure(&board, ours, clock)?, measure(&board, peer, clock)?);
        for (name, ours, peer) in
            [("processes, by no manager", ours.0, peer.0), ("services", ours.1, peer.1)]
        {
            let ratio = ours / peer;
            println(format_args!("| 1,000 {name}: {by} | {ours:.2} | {peer:.2} | {ratio:.3} |"))?;
        }
    }
    println("")?;
    Ok(())
}

/// What has systemd run the script.
fn credentials(board: &Board) -> Vec<(String, Vec<u8>)> {
    let unit = "[Unit]\nAfter=multi-user.target\n[Service]\nImportCredential=bench.*\n\
        ExecStart=/bin/bash -c 'bash $$CREDENTIALS_DIRECTORY/bench.script $$CREDENTIALS_DIRECTORY/bench.program'\n";
    let wanted = "[Unit]\nWants=bench.service\n";
    let all: [(&str, &[u8]); 4] = [
        ("bench.script", SCRIPT.as_bytes()),
        ("bench.program", &board.container_program),
        ("systemd.extra-unit.bench.service", unit.as_bytes()),
        ("systemd.unit-dropin.multi-user.target", wanted.as_bytes()),
    ];
    all.into_iter().map(|(name, content)| (name.to_owned(), content.to_vec())).collect()
}

/// Seconds of the processes alone and of the services.
fn measure(board: &Board, mut setup: Setup, clock: Clock) -> Result<(f64, f64)> {
    setup.clock = clock;
    setup.processors = 2;
    setup.limit = Some(LIMIT);
    let mut machine = Machine::boot(&board.tools, &setup)?;
    machine.wait_for("BENCH done", LIMIT)?;
    let lines = machine.lines();
    let find = |what: &str| -> Result<f64> {
        let text = lines.iter().find_map(|line| line.text.split_once(what)).map(|(_, rest)| rest);
        let text = text.with_context(|| format!("the console never said `{what}`"))?;
        let words: Vec<&str> = text.split_whitespace().collect();
        ensure!(words.get(1) == Some(&"ms"), "`{what}{text}` has no time in ms");
        Ok(words[0].parse::<f64>()? / 1000.0)
    };
    Ok((find(PROCESSES)?, find(SERVICES)?))
}
